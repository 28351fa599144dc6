/*
 * loop_choice.c - a ring is made, used once and thrown away: the only sure way to know.
 *
 * It is old kernels that lack io_uring or a part of it, and containers and
 * /proc/sys/kernel/io_uring_disabled that forbid it.
 */
#include "process/loop_choice.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

static int try_io_uring(void)
{
    struct loop *loop;
    int result = loop_create(LOOP_IO_URING, &loop);

    if (result == 0) {
        loop_destroy(loop);
    }
    return result;
}

static const char *reason_of(int result)
{
    switch (result) {
    case -EOPNOTSUPP:
        return "io_uring of this kernel is too old, it takes Linux 6.0";
    case -ENOSYS:
        return "this kernel has no io_uring";
    case -EPERM:
    case -EACCES:
        return "io_uring is forbidden here";
    default:
        return strerrordesc_np(-result);
    }
}

static void log_choice(enum loop_kind kind, const char *reason)
{
    LOG_EVENT(LOG_INFO, "loop_chosen", LOG_FIELD_TEXT("loop", loop_kind_name(kind)),
              LOG_FIELD_TEXT("reason", reason));
}

int loop_choose(enum setting_loop wanted, enum loop_kind *out_kind,
                char out_reason[LOOP_CHOICE_REASON_BYTES])
{
    int result;

    *out_kind = LOOP_EPOLL;
    if (wanted == SETTING_LOOP_EPOLL) {
        log_choice(LOOP_EPOLL, "it was asked for");
        return 0;
    }
    result = try_io_uring();
    if (result < 0 && wanted == SETTING_LOOP_IO_URING) {
        (void)snprintf(out_reason, LOOP_CHOICE_REASON_BYTES,
                       "io_uring was asked for: %s; --loop auto would take epoll",
                       reason_of(result));
        return result;
    }
    if (result == 0) {
        *out_kind = LOOP_IO_URING;
    }
    log_choice(*out_kind, result < 0                        ? reason_of(result)
                          : wanted == SETTING_LOOP_IO_URING ? "it was asked for"
                                                            : "the kernel lets it");
    return 0;
}
