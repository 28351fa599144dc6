/*
 * loop.h - the event loop: one thread, operations that are started and later complete.
 *
 * The shape is io_uring's: an operation is started (descriptor.h), and its completion comes
 * later as one call of its owner, never from inside the call that started it. What is started
 * during a turn is gathered and handed to the kernel together at the turn's end. Backends
 * (io_uring, epoll) sit behind backend.h and are seen by nobody outside this folder.
 *
 * A loop and all that is registered on it belong to one thread; wakeup_signal() alone may be
 * called from another.
 */
#ifndef FOOTFALL_LOOP_LOOP_H
#define FOOTFALL_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

enum loop_kind {
    LOOP_EPOLL,
    LOOP_IO_URING, /* Linux 6.0; often forbidden in containers */
};

/* Makes a loop. 0: the caller owns *out_loop and frees it with loop_destroy(). -ENOMEM, -errno of
 * epoll_create1(2) or io_uring_setup(2), -EOPNOTSUPP where the kernel's io_uring lacks what is
 * needed: *out_loop is untouched. Must be called after fork(2) by the process that runs it. */
int loop_create(enum loop_kind kind, struct loop **out_loop);

/* Frees the loop. Everything on it must be closed and stopped before. NULL is fine. */
void loop_destroy(struct loop *loop);

/* Turns until loop_stop(); may be called again after that. 0, or -errno when waiting itself fails
 * (never -EINTR). */
int loop_run(struct loop *loop);

/* Ends loop_run(), or the next one, once everything that was started or closed before has been
 * submitted and told. */
void loop_stop(struct loop *loop);

/* The next wait takes what is there and does not sleep: there is more to do than was done. */
void loop_stay_awake(struct loop *loop);

/* The time of the present turn in milliseconds, CLOCK_MONOTONIC: read once a turn. */
uint64_t loop_now_ms(const struct loop *loop);

/* "epoll" or "io_uring". */
const char *loop_kind_name(enum loop_kind kind);

/* The name of the backend in use, "epoll" or "io_uring". */
const char *loop_backend_name(const struct loop *loop);

/* ---- deferred: a call later in the same turn ---- */

/* A call put off to the end of the turn, when everything that the kernel reported has been
 * handled and before anything is submitted. Embedded in its owner; zero-initialized is idle. */
struct deferred {
    void (*run)(void *owner);
    void *owner;
    struct loop *loop; /* NULL while it is not put off */
    struct deferred *next;
    struct deferred **previous; /* what points at this one */
};

void deferred_init(struct deferred *deferred, void (*run)(void *owner), void *owner);

/* Puts the call off; does nothing when it is put off already. One that is put off by a
 * deferred call runs in the same turn, up to a bound, then in the next. */
void deferred_start(struct deferred *deferred, struct loop *loop);

/* Forgets the call if it has not run yet. */
void deferred_cancel(struct deferred *deferred);

#endif
