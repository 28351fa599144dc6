/*
 * deal_intake.c - connections from the master.
 */
#include "base/fault_point.h"
#include "process/channel.h"
#include "process/intake.h"

#include "loop/descriptor.h"

#include <errno.h>
#include <stdlib.h>

enum { MESSAGES_PER_TURN = 4 }; /* then others have their turn */

struct deal_intake {
    struct descriptor channel;
    struct scoreboard_slot *slot;
    struct intake_events events;
};

static void take_deal(struct deal_intake *intake, const struct deal *deal, int connection_fd)
{
    FAULT_POINT(FAULT_DEAL_RECEIVED);
    if (connection_fd < 0) {
        /* Out of descriptors: the master has a copy and deals it to another. */
        scoreboard_slot_refuse(intake->slot, deal->number);
    }
    /* Before the first receive: what was read but not taken would be dealt again without its
     * bytes. */
    atomic_store_explicit(&intake->slot->taken, deal->number, memory_order_release);
    if (connection_fd >= 0) {
        FAULT_POINT(FAULT_TAKEN_STORED);
        intake->events.took(intake->events.owner, connection_fd, (enum entrance)deal->entrance);
    }
}

/* Takes the deals of one message; 1, 0 at the end, -EAGAIN when there is none, -errno. */
static int take_message(struct deal_intake *intake)
{
    struct deals deals;
    int result = channel_receive_deals(intake->channel.fd, &deals);

    if (result <= 0) {
        return result;
    }
    if (deals.count == 0 && intake->events.begun != NULL) {
        intake->events.begun(intake->events.owner);
    }
    for (uint32_t i = 0; i < deals.count; i++) {
        take_deal(intake, &deals.list[i], deals.fds[i]);
    }
    return 1;
}

/* Whether more is on its way: saves the receive that finds nothing. */
static bool is_more_dealt(const struct deal_intake *intake)
{
    return atomic_load_explicit(&intake->slot->dealt, memory_order_acquire) >
           atomic_load_explicit(&intake->slot->taken, memory_order_relaxed);
}

static void channel_readable(void *owner, int result, const char *bytes)
{
    struct deal_intake *intake = owner;
    int taken = take_message(intake);

    (void)result;
    (void)bytes;
    for (int i = 1; i < MESSAGES_PER_TURN && taken > 0 && is_more_dealt(intake); i++) {
        taken = take_message(intake);
    }
    if (taken > 0 || taken == -EAGAIN || taken == -EINTR) {
        descriptor_await_readable(&intake->channel);
    } else {
        intake->events.ended(intake->events.owner);
    }
}

static void channel_closed(void *owner)
{
    free(owner);
}

static const struct descriptor_events channel_events = {
    .read_done = channel_readable,
    .closed = channel_closed,
};

int deal_intake_create(struct loop *loop, int channel_fd, struct scoreboard_slot *slot,
                       const struct intake_events *events, struct deal_intake **out_intake)
{
    struct deal_intake *intake = calloc(1, sizeof *intake);

    if (intake == NULL) {
        return -ENOMEM;
    }
    intake->slot = slot;
    intake->events = *events;
    descriptor_open(&intake->channel, loop, channel_fd, &channel_events, intake);
    descriptor_await_readable(&intake->channel);
    *out_intake = intake;
    return 0;
}

void deal_intake_tell_ready(struct deal_intake *intake)
{
    /* Fails only when the master is gone, which the next receive tells. */
    (void)channel_send_word(intake->channel.fd, CHANNEL_READY);
}

void deal_intake_tell_leaving(struct deal_intake *intake)
{
    (void)channel_send_word(intake->channel.fd, CHANNEL_LEAVING);
}

void deal_intake_destroy(struct deal_intake *intake)
{
    if (intake != NULL) {
        descriptor_release(&intake->channel);
    }
}
