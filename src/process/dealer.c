/*
 * dealer.c - round robin with windows, copies and second chances.
 */
#include "process/dealer.h"

#include "process/channel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection in the dealer's hands. */
struct copy {
    int fd;
    enum entrance entrance;
    uint64_t dealt_ms;
    uint64_t tried[SCOREBOARD_SLOTS_MAX / 64]; /* slots that have had it */
};

struct slot {
    int channel_fd;                  /* -1: not open */
    uint64_t dealt;                  /* number of the last deal */
    uint64_t seen;                   /* the last number known to be taken: its copy is closed */
    struct deals unsent;             /* the last ones of those dealt */
    struct copy window[DEAL_WINDOW]; /* deal `number` at number % DEAL_WINDOW */
};

/* A connection that waits to be dealt again, in order. */
struct waiting {
    struct waiting *next;
    struct copy copy;
    uint64_t not_before_ms;
};

struct dealer {
    struct dealer_settings settings;
    uint32_t cursors[2]; /* the slot after the last one dealt to: of visitors, of the admin side */
    uint32_t used;       /* slots that have been opened: the first ones */
    uint32_t outstanding;
    uint32_t waiting_count;
    struct waiting *waiting;
    struct waiting **waiting_end;
    struct slot slots[];
};

int dealer_create(const struct dealer_settings *settings, struct dealer **out_dealer)
{
    struct dealer *dealer;

    assert(settings->slots_count >= 1 && settings->slots_count <= SCOREBOARD_SLOTS_MAX);
    dealer = calloc(1, sizeof *dealer + settings->slots_count * sizeof(struct slot));
    if (dealer == NULL) {
        return -ENOMEM;
    }
    dealer->settings = *settings;
    dealer->waiting_end = &dealer->waiting;
    for (uint32_t i = 0; i < settings->slots_count; i++) {
        dealer->slots[i].channel_fd = -1;
    }
    *out_dealer = dealer;
    return 0;
}

static struct scoreboard_slot *board_slot(const struct dealer *dealer, uint32_t slot)
{
    return &dealer->settings.scoreboard->slots[slot];
}

static struct copy *copy_of(struct slot *slot, uint64_t number)
{
    return &slot->window[number % DEAL_WINDOW];
}

void dealer_open_slot(struct dealer *dealer, uint32_t slot, int channel_fd)
{
    struct slot *opened = &dealer->slots[slot];

    assert(opened->channel_fd < 0 && opened->seen == opened->dealt);
    opened->channel_fd = channel_fd;
    if (dealer->used <= slot) {
        dealer->used = slot + 1;
    }
    opened->dealt = opened->seen = 0;
    for (struct waiting *waiting = dealer->waiting; waiting != NULL; waiting = waiting->next) {
        waiting->copy.tried[slot / 64] &= ~(UINT64_C(1) << slot % 64); /* another process */
        waiting->not_before_ms = 0;
    }
}

static bool is_admin(const struct copy *copy)
{
    return copy->entrance == ENTRANCE_ADMIN;
}

/* Whether the slot can be given a connection now. */
static bool slot_has_room(const struct dealer *dealer, uint32_t index, bool for_admin,
                          uint64_t now_ms)
{
    const uint32_t places = for_admin ? DEAL_WINDOW : DEAL_WINDOW - DEALER_ADMIN_PLACES;
    const struct slot *slot = &dealer->slots[index];
    uint64_t untaken = slot->dealt - slot->seen;
    uint32_t connections;

    if (slot->channel_fd < 0 || untaken >= places) {
        return false;
    }
    if (untaken > 0 &&
        now_ms - slot->window[(slot->seen + 1) % DEAL_WINDOW].dealt_ms >= DEALER_STALL_MS) {
        return false; /* a stopped worker would collect its share of all visitors */
    }
    if (for_admin) {
        return true; /* it does not count with the visitors */
    }
    connections =
        atomic_load_explicit(&board_slot(dealer, index)->connections, memory_order_relaxed);
    return connections + untaken < dealer->settings.worker_connections_max;
}

bool dealer_has_room(const struct dealer *dealer, uint64_t now_ms)
{
    for (uint32_t i = 0; i < dealer->used; i++) {
        if (slot_has_room(dealer, i, false, now_ms)) {
            return true;
        }
    }
    return false;
}

static bool was_tried(const struct copy *copy, uint32_t slot)
{
    return (copy->tried[slot / 64] >> slot % 64 & 1) != 0;
}

/* Puts a connection on the list of those to be dealt again. Without memory it is ended. */
static void wait_again(struct dealer *dealer, const struct copy *copy)
{
    struct waiting *waiting = malloc(sizeof *waiting);

    if (waiting == NULL) {
        (void)shutdown(copy->fd, SHUT_RDWR);
        (void)close(copy->fd);
        return;
    }
    *waiting = (struct waiting){.copy = *copy};
    *dealer->waiting_end = waiting;
    dealer->waiting_end = &waiting->next;
    dealer->waiting_count++;
}

/* Deal `number` of the slot is not its worker's any more, and is to be dealt again. */
static void take_back(struct dealer *dealer, struct slot *slot, uint64_t number)
{
    struct copy *copy = copy_of(slot, number);

    dealer->outstanding--;
    wait_again(dealer, copy);
    copy->fd = -1;
}

/* Puts what could not be sent to the slot's worker on the list of those to be dealt again. */
static void take_back_unsent(struct dealer *dealer, struct slot *slot)
{
    for (uint32_t i = 0; i < slot->unsent.count; i++) {
        take_back(dealer, slot, slot->unsent.list[i].number);
    }
    slot->dealt -= slot->unsent.count;
    slot->unsent.count = 0;
}

void dealer_close_slot(struct dealer *dealer, uint32_t slot)
{
    take_back_unsent(dealer, &dealer->slots[slot]);
    dealer->slots[slot].channel_fd = -1;
}

/* False when it could not be sent, and is to be dealt again. */
static bool flush_slot(struct dealer *dealer, uint32_t index)
{
    struct slot *slot = &dealer->slots[index];

    if (slot->unsent.count == 0) {
        return true;
    }
    if (channel_send_deals(slot->channel_fd, &slot->unsent) < 0) {
        take_back_unsent(dealer, slot); /* a worker that is gone is buried once it was reaped */
        return false;
    }
    slot->unsent.count = 0;
    atomic_store_explicit(&board_slot(dealer, index)->dealt, slot->dealt, memory_order_release);
    return true;
}

/* Gives the connection to the next worker in turn that can take it and has not had it. 0, and the
 * copy is kept in its window; -EAGAIN when there is none. */
static int deal_in_turn(struct dealer *dealer, const struct copy *copy, uint64_t now_ms)
{
    uint32_t *cursor = &dealer->cursors[is_admin(copy) ? 1 : 0];

    for (uint32_t i = 0; i < dealer->used; i++) {
        uint32_t index = (*cursor + i) % dealer->used;
        struct slot *slot = &dealer->slots[index];
        struct copy *kept = copy_of(slot, slot->dealt + 1);

        if (was_tried(copy, index) || !slot_has_room(dealer, index, is_admin(copy), now_ms)) {
            continue;
        }
        *kept = *copy;
        kept->dealt_ms = now_ms;
        kept->tried[index / 64] |= UINT64_C(1) << index % 64;
        slot->dealt++;
        slot->unsent.list[slot->unsent.count] =
            (struct deal){.number = slot->dealt, .entrance = copy->entrance};
        slot->unsent.fds[slot->unsent.count] = copy->fd;
        slot->unsent.count++;
        dealer->outstanding++;
        *cursor = index + 1; /* of one more slot, if another is opened by then */
        if (slot->unsent.count == CHANNEL_DEALS_MAX) {
            (void)flush_slot(dealer, index);
        }
        return 0;
    }
    return -EAGAIN;
}

int dealer_deal(struct dealer *dealer, int fd, enum entrance entrance, uint64_t now_ms)
{
    const struct copy copy = {.fd = fd, .entrance = entrance};

    if (dealer->outstanding + dealer->waiting_count >= dealer->settings.copies_max) {
        return -EAGAIN;
    }
    for (const struct waiting *waiting = dealer->waiting; waiting != NULL;
         waiting = waiting->next) {
        if (waiting->not_before_ms <= now_ms && is_admin(&waiting->copy) == is_admin(&copy)) {
            return -EAGAIN; /* those come first */
        }
    }
    return deal_in_turn(dealer, &copy, now_ms);
}

/* Takes one off the list. `link` is what points at it. */
static void unlink_waiting(struct dealer *dealer, struct waiting **link)
{
    struct waiting *waiting = *link;

    *link = waiting->next;
    if (dealer->waiting_end == &waiting->next) {
        dealer->waiting_end = link;
    }
    dealer->waiting_count--;
    free(waiting);
}

static void deal_waiting(struct dealer *dealer, uint64_t now_ms)
{
    struct waiting **link = &dealer->waiting;

    while (*link != NULL) {
        struct waiting *waiting = *link;

        if (waiting->not_before_ms > now_ms) {
            link = &waiting->next;
        } else if (deal_in_turn(dealer, &waiting->copy, now_ms) == 0) {
            unlink_waiting(dealer, link);
        } else {
            if (dealer_has_room(dealer, now_ms)) {
                /* Everybody has had it, or cannot be reached: a pause, then everybody may have it
                 * once more. */
                memset(waiting->copy.tried, 0, sizeof waiting->copy.tried);
                waiting->not_before_ms = now_ms + DEALER_TRY_AGAIN_MS;
            }
            link = &waiting->next;
        }
    }
}

void dealer_flush(struct dealer *dealer, uint64_t now_ms)
{
    bool is_flushed;

    /* Ends: what comes back has been tried with one worker more. */
    do {
        is_flushed = true;
        for (uint32_t i = 0; i < dealer->used; i++) {
            is_flushed = flush_slot(dealer, i) && is_flushed;
        }
        if (!is_flushed) {
            deal_waiting(dealer, now_ms);
        }
    } while (!is_flushed);
}

/* Closes copies that were taken, puts refused ones back. */
static void collect_slot(struct dealer *dealer, uint32_t index)
{
    struct slot *slot = &dealer->slots[index];
    uint64_t taken = atomic_load_explicit(&board_slot(dealer, index)->taken, memory_order_acquire);
    const uint64_t sent = slot->dealt - slot->unsent.count;

    if (taken > sent) {
        taken = sent; /* a worker gone mad must not make us close what is not there */
    }
    while (slot->seen < taken) {
        struct copy *copy = copy_of(slot, ++slot->seen);

        if (scoreboard_slot_forget_refused(board_slot(dealer, index), slot->seen)) {
            take_back(dealer, slot, slot->seen);
        } else {
            dealer->outstanding--;
            (void)close(copy->fd); /* never shutdown, which would cut the worker's */
            copy->fd = -1;
        }
    }
}

void dealer_collect(struct dealer *dealer, uint64_t now_ms)
{
    for (uint32_t i = 0; i < dealer->used; i++) {
        collect_slot(dealer, i);
    }
    deal_waiting(dealer, now_ms);
}

uint32_t dealer_bury_slot(struct dealer *dealer, uint32_t slot, uint64_t now_ms)
{
    struct slot *buried = &dealer->slots[slot];
    uint32_t untaken = 0;

    buried->channel_fd = -1;
    buried->unsent.count = 0;   /* they are among those that were not taken */
    collect_slot(dealer, slot); /* what it took before it died is gone with it */
    while (buried->seen < buried->dealt) {
        take_back(dealer, buried, ++buried->seen);
        untaken++;
    }
    deal_waiting(dealer, now_ms);
    return untaken;
}

uint32_t dealer_outstanding(const struct dealer *dealer)
{
    return dealer->outstanding;
}

uint32_t dealer_waiting(const struct dealer *dealer)
{
    return dealer->waiting_count;
}

void dealer_destroy(struct dealer *dealer)
{
    if (dealer == NULL) {
        return;
    }
    while (dealer->waiting != NULL) {
        (void)close(dealer->waiting->copy.fd);
        unlink_waiting(dealer, &dealer->waiting);
    }
    for (uint32_t i = 0; i < dealer->used; i++) {
        struct slot *slot = &dealer->slots[i];

        while (slot->seen < slot->dealt) {
            (void)close(copy_of(slot, ++slot->seen)->fd);
        }
    }
    free(dealer);
}
