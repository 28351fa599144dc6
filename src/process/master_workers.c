/*
 * master_workers.c - what the master does when a worker is ready, leaves or has ended.
 */
#include "process/master_state.h"

#include "base/counter.h"
#include "process/channel.h"
#include "process/listener.h"
#include "process/worker_exit.h"

/* ---- their number ---- */

bool master_add_worker(struct master *master, const struct settings *settings, uint32_t *out_slot)
{
    if (!supervisor_add(master->supervisor, out_slot)) {
        return false;
    }
    master->slots[*out_slot] = (struct master_slot){
        .settings = settings,
        .generation = master->generation,
        .channel_fd = -1,
    };
    atomic_store(&master_board_slot(master, *out_slot)->is_wanted, true);
    atomic_store(&master_board_slot(master, *out_slot)->placed_at,
                 counter_get(&master_board_slot(master, *out_slot)->starts));
    atomic_store(&master->context->scoreboard->master.slots, supervisor_slots(master->supervisor));
    return true;
}

void master_let_serve(struct master *master, uint32_t slot)
{
    const int channel_fd = master->slots[slot].channel_fd;

    dealer_open_slot(master->dealer, slot, channel_fd);
    if (master->slots[slot].settings->balance == BALANCE_KERNEL) {
        (void)channel_send_word(channel_fd,
                                CHANNEL_BEGIN); /* fails when it is gone: that is told */
    }
}

void master_retire_worker(struct master *master, uint32_t slot)
{
    atomic_store(&master_board_slot(master, slot)->is_wanted, false);
    atomic_store(&master_board_slot(master, slot)->others_serve, true);
    dealer_close_slot(master->dealer, slot);
    supervisor_retire(master->supervisor, slot);
}

static bool is_wanted(const struct master *master, uint32_t slot)
{
    return atomic_load(&master_board_slot(master, slot)->is_wanted) &&
           !master->slots[slot].is_candidate;
}

uint32_t master_wanted(const struct master *master)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        count += is_wanted(master, i) ? 1 : 0;
    }
    return count;
}

uint32_t master_ready(const struct master *master)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        count += is_wanted(master, i) && master->slots[i].is_ready ? 1 : 0;
    }
    return count;
}

/* ---- their lives ---- */

static void fork_due(void *owner)
{
    struct master *master = owner;

    loop_stop(master->loop); /* forks happen outside of it */
}

static void begin_serving(struct master *master)
{
    master_set_state(master, MASTER_SERVING);
    notifier_ready(master->context->notifier, master_ready(master), master_wanted(master));
    master->context->events->serving(master->context->events->owner);
    listeners_log_ready(master->context->listeners);
    reception_open(master->reception);
    deferred_start(&master->run_pending, master->loop);
}

static void worker_ready(void *owner, uint32_t slot, int channel_fd)
{
    struct master *master = owner;

    master->slots[slot].is_ready = true;
    master->slots[slot].channel_fd = channel_fd;
    if (master_state(master) == MASTER_STOPPING) {
        supervisor_end_deals(master->supervisor, slot);
        return;
    }
    if (master->slots[slot].is_candidate) {
        master_candidate_ready(master);
        return;
    }
    if (!is_wanted(master, slot)) {
        return; /* it has been told already that it is to leave */
    }
    master_let_serve(master, slot);
    master_tell_status(master);
    if (master_state(master) == MASTER_STARTING && master_ready(master) == master_wanted(master)) {
        begin_serving(master);
    }
    reception_look(master->reception);
}

/* Acted on at the end of the turn: a signal to the whole group reaches the workers and us at once,
 * and then they still take what is queued. */
static void worker_leaving(void *owner, uint32_t slot)
{
    struct master *master = owner;

    master->slots[slot].is_leaving = true;
    deferred_start(&master->let_leave, master->loop);
}

void master_let_leave(void *owner)
{
    struct master *master = owner;
    const bool is_stopping = master_state(master) == MASTER_STOPPING;

    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->slots[i].is_leaving && (!is_stopping || master->deals_ended)) {
            master->slots[i].is_leaving = false;
            atomic_store(&master_board_slot(master, i)->others_serve,
                         !is_stopping || master->is_handed_over);
            dealer_close_slot(master->dealer, i);
            supervisor_end_deals(master->supervisor, i);
        }
    }
}

const char *master_reason_of(const struct master *master, uint32_t slot)
{
    return master_board_slot(master, slot)->reason;
}

static void log_end(const struct master *master, uint32_t slot, const struct worker_end *end,
                    uint32_t dealt_again)
{
    if (master_reason_of(master, slot)[0] != '\0') {
        LOG_EVENT(LOG_WARN, "worker_not_ready", LOG_FIELD_NUMBER("slot", slot),
                  LOG_FIELD_TEXT("reason", master_reason_of(master, slot)));
    } else if (end->signal == 0 && end->exit_status == WORKER_EXIT_DRAINED) {
        LOG_EVENT(LOG_INFO, "worker_left", LOG_FIELD_NUMBER("slot", slot),
                  LOG_FIELD_NUMBER("pid", end->pid), LOG_FIELD_NUMBER("dealt_again", dealt_again));
    } else {
        LOG_EVENT(LOG_WARN, "worker_died", LOG_FIELD_NUMBER("slot", slot),
                  LOG_FIELD_NUMBER("pid", end->pid), LOG_FIELD_NUMBER("signal", end->signal),
                  LOG_FIELD_NUMBER("exit_status", end->exit_status),
                  LOG_FIELD_NUMBER("lived_ms", end->lived_ms),
                  LOG_FIELD_NUMBER("dealt_again", dealt_again));
    }
}

/* A worker cannot work with these settings. At the start, or when it was the last, that is the end.
 */
static void give_up(struct master *master, uint32_t slot)
{
    const bool is_start = master_state(master) == MASTER_STARTING;
    const bool is_end = is_start || supervisor_expected(master->supervisor) == 0;

    if (master_state(master) == MASTER_STOPPING) {
        return; /* said already */
    }
    atomic_store(&master_board_slot(master, slot)->is_wanted, false);
    atomic_store(&master->context->scoreboard->master.workers_wanted, master_wanted(master));
    LOG_EVENT(is_end ? LOG_ERROR : LOG_WARN, is_start ? "start_failed" : "worker_given_up",
              LOG_FIELD_TEXT("reason", master_reason_of(master, slot)));
    if (is_end) {
        master->exit_status = 1;
        if (is_start) {
            master->context->events->failed(master->context->events->owner,
                                            master_reason_of(master, slot));
        }
        master_stop(master);
    }
}

static void worker_ended(void *owner, uint32_t slot, const struct worker_end *end)
{
    struct master *master = owner;
    const bool was_wanted = is_wanted(master, slot);
    uint32_t dealt_again = dealer_bury_slot(master->dealer, slot, loop_now_ms(master->loop));

    master->slots[slot].is_ready = master->slots[slot].is_leaving = false;
    master->slots[slot].channel_fd = -1;
    master_tell_status(master);
    if (master->slots[slot].is_candidate) {
        master_candidate_ended(master, slot, end);
    } else if (was_wanted && (end->not_again || (master_state(master) == MASTER_STARTING &&
                                                 master_reason_of(master, slot)[0] != '\0'))) {
        give_up(master, slot);
    } else {
        log_end(master, slot, end, dealt_again);
    }
    reception_look(master->reception);
    master_finish_if_alone(master);
}

/* A reload may have waited for it. */
static void slot_freed(void *owner)
{
    struct master *master = owner;

    deferred_start(&master->run_pending, master->loop);
}

struct supervisor_events master_worker_events(struct master *master)
{
    return (struct supervisor_events){
        .fork_due = fork_due,
        .ready = worker_ready,
        .leaving = worker_leaving,
        .ended = worker_ended,
        .freed = slot_freed,
        .owner = master,
    };
}
