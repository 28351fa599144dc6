/*
 * reception.c - accept, deal, look what was taken, and at the end empty the queues.
 */
#include "process/reception.h"

#include "loop/descriptor.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    COLLECT_MS = 5,        /* between two looks at *taken* while copies are out */
    ACCEPT_AGAIN_MS = 100, /* when descriptors or memory are short */
};

enum reception_state {
    RECEPTION_CLOSED, /* nobody could serve yet */
    RECEPTION_OPEN,
    RECEPTION_ENDING, /* the queues are emptied */
    RECEPTION_ENDED,
};

/* A listener on the loop. */
struct source {
    struct reception *reception;
    uint32_t index;
    struct descriptor descriptor;
    bool is_open;
    bool is_ours; /* else workers accept there by themselves */
    int held_fd;  /* a connection that no worker has room for; -1: none */
    enum entrance held_entrance;
};

struct reception {
    struct loop *loop;
    struct listeners *listeners;
    struct dealer *dealer;
    enum reception_state state;
    bool leaves_queue; /* at the end: to another process */
    struct timer_queue timers;
    struct timer collect;
    struct timer accept_again;
    struct deferred look;
    void (*ended)(void *owner);
    void *owner;
    uint32_t sources_count;
    struct source sources[LISTENERS_MAX];
};

/* Deals a connection, or holds it until there is room. */
static bool offer(struct source *source, int fd, enum entrance entrance)
{
    struct reception *reception = source->reception;

    if (dealer_deal(reception->dealer, fd, entrance, loop_now_ms(reception->loop)) == 0) {
        source->held_fd = -1;
        return true;
    }
    source->held_fd = fd;
    source->held_entrance = entrance;
    return false;
}

static bool offer_held(struct source *source)
{
    return source->held_fd < 0 || offer(source, source->held_fd, source->held_entrance);
}

static bool offer_accepted(struct source *source, int fd)
{
    return offer(source, fd, listener_entrance(&source->reception->listeners->list[source->index]));
}

/* Goes on accepting where nothing is held. */
static void accept_on(struct reception *reception)
{
    for (uint32_t i = 0; i < reception->sources_count; i++) {
        struct source *source = &reception->sources[i];

        if (!offer_held(source) || !source->is_open || !source->is_ours) {
            continue;
        }
        if (source->descriptor.read == READ_NONE && !timer_is_running(&reception->accept_again)) {
            descriptor_accept(&source->descriptor);
        }
    }
}

static void close_source(struct source *source)
{
    if (!source->is_open) {
        return;
    }
    source->is_open = false;
    descriptor_cancel_read(&source->descriptor);
    descriptor_release(&source->descriptor);
    source->reception->listeners->list[source->index].fd = -1;
}

/* Deals what is queued at a listener, then closes it. False while no worker has room, or we have
 * none. */
static bool end_source(struct source *source)
{
    int fd;

    if (!offer_held(source)) {
        return false;
    }
    if (!source->is_open) {
        return true;
    }
    if (!source->is_ours || source->reception->leaves_queue) {
        close_source(source); /* what is queued there is others' */
        return true;
    }
    while ((fd = descriptor_accept_now(&source->descriptor)) >= 0) {
        if (!offer_accepted(source, fd)) {
            return false;
        }
    }
    if (fd != -EAGAIN) {
        return false; /* short of descriptors or memory, until copies are taken */
    }
    close_source(source);
    return true;
}

static void end_all(struct reception *reception)
{
    bool ended = true;

    for (uint32_t i = 0; i < reception->sources_count; i++) {
        ended = end_source(&reception->sources[i]) && ended;
    }
    dealer_flush(reception->dealer, loop_now_ms(reception->loop));
    if (ended && dealer_waiting(reception->dealer) == 0) {
        reception->state = RECEPTION_ENDED;
        reception->ended(reception->owner);
    }
}

/* Whether there is a reason to look again soon. */
static bool is_waiting(const struct reception *reception)
{
    for (uint32_t i = 0; i < reception->sources_count; i++) {
        if (reception->sources[i].held_fd >= 0 && reception->state != RECEPTION_CLOSED) {
            return true;
        }
    }
    return reception->state == RECEPTION_ENDING || dealer_outstanding(reception->dealer) > 0 ||
           dealer_waiting(reception->dealer) > 0;
}

/* Looks what was taken, and does what that has made room for. */
static void look(void *owner)
{
    struct reception *reception = owner;

    dealer_collect(reception->dealer, loop_now_ms(reception->loop));
    if (reception->state == RECEPTION_OPEN) {
        accept_on(reception);
    } else if (reception->state == RECEPTION_ENDING) {
        end_all(reception);
    }
    dealer_flush(reception->dealer, loop_now_ms(reception->loop));
    if (is_waiting(reception) && !timer_is_running(&reception->collect)) {
        timer_start(&reception->collect, &reception->timers, COLLECT_MS);
    }
}

void reception_look(struct reception *reception)
{
    deferred_start(&reception->look, reception->loop);
}

static void accepted(void *owner, int result, const char *bytes)
{
    struct source *source = owner;
    struct reception *reception = source->reception;

    (void)bytes;
    if (result < 0) {
        /* Out of descriptors or memory: the queue holds them until there are some again. */
        timer_start(&reception->accept_again, &reception->timers, ACCEPT_AGAIN_MS);
        return;
    }
    if (offer_accepted(source, result)) {
        descriptor_accept(&source->descriptor);
    }
    reception_look(reception);
}

static const struct descriptor_events source_events = {.read_done = accepted};

static void open_source(struct source *source, int fd)
{
    descriptor_open(&source->descriptor, source->reception->loop, fd, &source_events, source);
    source->is_open = true;
}

void reception_change(struct reception *reception, const struct listeners *next,
                      bool workers_accept)
{
    for (uint32_t i = reception->sources_count; i < next->count; i++) {
        reception->sources[i] = (struct source){.reception = reception, .index = i, .held_fd = -1};
    }
    reception->sources_count = next->count;
    for (uint32_t i = 0; i < reception->sources_count; i++) {
        const struct listener *listener = &next->list[i];
        struct source *source = &reception->sources[i];

        if (source->is_open && !listener_is_in_use(listener)) {
            close_source(source);
        } else if (!source->is_open && listener->fd >= 0) {
            open_source(source, listener->fd);
        }
        source->is_ours = !workers_accept || listener->is_admin;
        if (source->is_open && !source->is_ours) {
            descriptor_cancel_read(&source->descriptor);
        }
    }
}

int reception_create(struct loop *loop, struct listeners *listeners, struct dealer *dealer,
                     bool workers_accept, struct reception **out_reception)
{
    struct reception *reception = calloc(1, sizeof *reception);

    if (reception == NULL) {
        return -ENOMEM;
    }
    reception->loop = loop;
    reception->listeners = listeners;
    reception->dealer = dealer;
    timer_queue_init(&reception->timers, loop);
    timer_init(&reception->collect, look, reception);
    timer_init(&reception->accept_again, look, reception);
    deferred_init(&reception->look, look, reception);
    reception_change(reception, listeners, workers_accept);
    *out_reception = reception;
    return 0;
}

void reception_open(struct reception *reception)
{
    reception->state = RECEPTION_OPEN;
    reception_look(reception);
}

static void cancel_all(struct reception *reception)
{
    timer_stop(&reception->accept_again);
    for (uint32_t i = 0; i < reception->sources_count; i++) {
        if (reception->sources[i].is_open) {
            descriptor_cancel_read(&reception->sources[i].descriptor);
        }
    }
}

void reception_pause(struct reception *reception)
{
    reception->state = RECEPTION_CLOSED;
    cancel_all(reception);
}

void reception_end(struct reception *reception, bool leaves_queue, void (*ended)(void *owner),
                   void *owner)
{
    bool was_open = reception->state == RECEPTION_OPEN;

    reception->leaves_queue = leaves_queue;
    reception->ended = ended;
    reception->owner = owner;
    cancel_all(reception);
    if (was_open) {
        reception->state = RECEPTION_ENDING;
        look(reception);
    } else {
        for (uint32_t i = 0; i < reception->sources_count; i++) {
            close_source(&reception->sources[i]);
        }
        reception->state = RECEPTION_ENDED;
        ended(owner);
    }
}

void reception_destroy(struct reception *reception)
{
    if (reception == NULL) {
        return;
    }
    for (uint32_t i = 0; i < reception->sources_count; i++) {
        if (reception->sources[i].held_fd >= 0) {
            (void)close(reception->sources[i].held_fd);
        }
    }
    deferred_cancel(&reception->look);
    timer_queue_finish(&reception->timers);
    free(reception);
}
