/*
 * deal_intake.c - connections from the master.
 */
#include "base/fault_point.h"
#include "process/channel.h"
#include "process/intake.h"

#include "loop/descriptor.h"

#include <errno.h>
#include <stdlib.h>

enum { DEALS_PER_TURN = 32 };

struct deal_intake {
    struct descriptor channel;
    struct scoreboard_slot *slot;
    struct intake_events events;
};

/* Takes one deal; 1, 0 at the end, -EAGAIN when there is none, -errno. */
static int take_deal(struct deal_intake *intake)
{
    struct deal deal;
    int connection_fd;
    int result = channel_receive_deal(intake->channel.fd, &deal, &connection_fd);

    if (result <= 0) {
        return result;
    }
    FAULT_POINT(FAULT_DEAL_RECEIVED);
    if (connection_fd < 0) {
        /* Out of descriptors: the master has a copy and deals it to another. */
        scoreboard_slot_refuse(intake->slot, deal.number);
    }
    /* Before the first receive: what was read but not taken would be dealt again without its
     * bytes. */
    atomic_store_explicit(&intake->slot->taken, deal.number, memory_order_release);
    if (connection_fd >= 0) {
        FAULT_POINT(FAULT_TAKEN_STORED);
        intake->events.took(intake->events.owner, connection_fd);
    }
    return 1;
}

static void channel_readable(void *owner, int result, const char *bytes)
{
    struct deal_intake *intake = owner;
    int taken = 1;

    (void)result;
    (void)bytes;
    for (int i = 0; i < DEALS_PER_TURN && taken > 0; i++) {
        taken = take_deal(intake);
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
