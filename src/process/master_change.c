/*
 * master_change.c - reload, upgrade, pause and scale: one at a time, each whole or not at all.
 *
 * A reload starts workers with the new settings beside the old ones. When all of them are ready,
 * and can count where the old ones could, they are dealt to and the old ones drain; when one of
 * them is not, they leave and nothing has happened.
 */
#include "process/master_state.h"

#include "base/log.h"
#include "process/channel.h"
#include "process/listener_change.h"

#include <signal.h>
#include <string.h>

enum { LOOK_AGAIN_MS = 50 };

static bool is_busy(const struct master *master)
{
    return master_state(master) == MASTER_STARTING || change_is_under_way(&master->change);
}

static void publish(struct master *master)
{
    struct scoreboard_master *board = &master->context->scoreboard->master;

    atomic_store(&board->workers_wanted, master_wanted(master));
    atomic_store(&board->generation, master->generation);
    master_tell_status(master);
}

/* ---- reload ---- */

/* Lets the new workers go. */
static void drop_candidates(struct master *master)
{
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->slots[i].is_candidate) {
            master->slots[i].is_candidate = false;
            master_retire_worker(master, i);
        }
    }
    master->candidate = NULL;
    master->context->events->settle(master->context->events->owner, false);
}

/* `reason`: why it has failed, or NULL. */
static void end_reload(struct master *master, const char *reason)
{
    master->waits_for_slots = false;
    timer_stop(&master->look_again);
    change_end_reload(&master->change, reason);
}

static void fail_reload(struct master *master, const char *reason)
{
    drop_candidates(master);
    end_reload(master, reason);
    if (master_state(master) == MASTER_SERVING && master_wanted(master) == 0) {
        master->exit_status = 1; /* the last of the old workers was given up meanwhile */
        master_stop(master);
    }
}

/* The oldest workers that are leaving may not take their time any more. */
static void hurry_oldest(struct master *master)
{
    uint64_t oldest = UINT64_MAX;

    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (supervisor_has(master->supervisor, i) && master->slots[i].generation < oldest) {
            oldest = master->slots[i].generation;
        }
    }
    LOG_EVENT(LOG_WARN, "drain_hurried", LOG_FIELD_NUMBER("generation", oldest));
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->slots[i].generation == oldest && oldest < master->generation) {
            supervisor_signal(master->supervisor, i, SIGTERM);
        }
    }
}

static bool start_candidates(struct master *master)
{
    for (uint32_t i = 0; i < master->candidate->workers; i++) {
        uint32_t slot;

        if (!master_add_worker(master, master->candidate, &slot)) {
            return false;
        }
        master->slots[slot].is_candidate = true;
        master->slots[slot].generation = master->generation + 1;
    }
    return true;
}

/* Reads the settings, and starts workers with them; or waits until there are slots for those. */
static void try_reload(struct master *master)
{
    char reason[MASTER_REASON_BYTES];

    master->waits_for_slots = false;
    master->candidate =
        master->context->events->read_settings(master->context->events->owner, reason);
    if (master->candidate == NULL) {
        end_reload(master, reason);
    } else if (!start_candidates(master)) {
        drop_candidates(master);
        hurry_oldest(master);
        master->waits_for_slots = true;
    }
}

void master_reload(struct master *master)
{
    if (master_state(master) == MASTER_STOPPING || master->waits_for_slots) {
        return; /* one that waits reads the settings when it can */
    }
    if (is_busy(master)) {
        master->pending.is_reload = true;
        return;
    }
    change_begin_reload(&master->change);
    try_reload(master);
}

/* Whether what counts has changed, or a worker of the old settings can count: then the new ones
 * must, before those leave. */
static bool must_count(const struct master *master)
{
    if (strcmp(master->candidate->store, master->settings->store) != 0 ||
        strcmp(master->candidate->key, master->settings->key) != 0) {
        return true;
    }
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (!master->slots[i].is_candidate &&
            atomic_load(&master_board_slot(master, i)->can_count)) {
            return true;
        }
    }
    return false;
}

/* Whether every new worker is ready, and can count where it must. *out_slot: the first that is
 * not. */
static bool candidates_serve(const struct master *master, uint32_t *out_slot)
{
    const bool have_to_count = must_count(master);

    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->slots[i].is_candidate &&
            (!master->slots[i].is_ready ||
             (have_to_count && !atomic_load(&master_board_slot(master, i)->can_count)))) {
            *out_slot = i;
            return false;
        }
    }
    return true;
}

/* From now on the new workers serve, and the old ones drain. */
static void change_workers(struct master *master)
{
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->slots[i].is_candidate) {
            master_let_serve(master, i);
        }
    }
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (!master->slots[i].is_candidate &&
            atomic_load(&master_board_slot(master, i)->is_wanted)) {
            master_retire_worker(master, i);
        }
        master->slots[i].is_candidate = false;
    }
}

static void take_over(struct master *master)
{
    const struct master_events *events = master->context->events;

    master->settings = master->candidate;
    master->candidate = NULL;
    master->generation++;
    listener_change_log(master->context->listeners, master->context->next_listeners);
    reception_change(master->reception, master->context->next_listeners,
                     master->settings->balance == BALANCE_KERNEL);
    change_workers(master);
    events->settle(events->owner, true);
    supervisor_set_worker_timeout(master->supervisor, master->settings->worker_timeout_ms);
    if (master_state(master) == MASTER_PAUSED) {
        master_set_state(master, MASTER_SERVING);
        reception_open(master->reception);
    }
    reception_look(master->reception);
    publish(master);
    end_reload(master, NULL);
}

void master_candidate_ready(struct master *master)
{
    uint32_t slot;

    if (master->candidate == NULL) {
        return;
    }
    if (candidates_serve(master, &slot)) {
        take_over(master);
    } else if (master->slots[slot].is_ready) {
        timer_start(&master->look_again, &master->timers, LOOK_AGAIN_MS);
    }
}

static void look_again(void *owner)
{
    master_candidate_ready(owner);
}

void master_candidate_ended(struct master *master, uint32_t slot, const struct worker_end *end)
{
    char reason[MASTER_REASON_BYTES];

    master->slots[slot].is_candidate = false;
    supervisor_retire(master->supervisor, slot);
    atomic_store(&master_board_slot(master, slot)->is_wanted, false);
    if (master_reason_of(master, slot)[0] != '\0') {
        (void)snprintf(reason, sizeof reason, "%s", master_reason_of(master, slot));
    } else if (end->signal != 0) {
        (void)snprintf(reason, sizeof reason, "a new worker died of signal %d", end->signal);
    } else {
        (void)snprintf(reason, sizeof reason, "a new worker ended with status %d",
                       end->exit_status);
    }
    fail_reload(master, reason);
}

static void reload_timed_out(void *owner)
{
    struct master *master = owner;
    char reason[MASTER_REASON_BYTES];
    char error[SHARED_TEXT_BYTES] = "";
    uint32_t slot = 0;

    if (master->waits_for_slots) {
        end_reload(master, "every slot is in use: workers that drain still have theirs");
        return;
    }
    if (candidates_serve(master, &slot)) {
        take_over(master);
        return;
    }
    if (master->slots[slot].is_ready) {
        (void)shared_text_read(&master_board_slot(master, slot)->store.last_error, error);
    }
    (void)snprintf(reason, sizeof reason, "%s within %d seconds%s%s",
                   master->slots[slot].is_ready ? "the new workers cannot count"
                                                : "the new workers are not ready",
                   CHANGE_LIMIT_MS / 1000, error[0] != '\0' ? ": " : "", error);
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->slots[i].is_candidate && !master->slots[i].is_ready) {
            supervisor_signal(master->supervisor, i, SIGKILL);
        }
    }
    fail_reload(master, reason);
}

/* ---- upgrade ---- */

void master_upgrade(struct master *master)
{
    if (master_state(master) == MASTER_STOPPING) {
        return;
    }
    if (is_busy(master)) {
        master->pending.is_upgrade = true;
        return;
    }
    change_upgrade(&master->change);
}

/* ---- pause and scale ---- */

void master_pause(struct master *master)
{
    if (is_busy(master)) {
        master->pending.is_pause = true;
        return;
    }
    if (master_state(master) != MASTER_SERVING) {
        return;
    }
    master->paused_workers = master_wanted(master);
    master_set_state(master, MASTER_PAUSED);
    reception_pause(master->reception);
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (atomic_load(&master_board_slot(master, i)->is_wanted)) {
            master_retire_worker(master, i);
        }
    }
    LOG_EVENT(LOG_INFO, "paused", LOG_FIELD_NUMBER("workers", master->paused_workers));
    publish(master);
}

static void refuse_scale(const char *reason)
{
    LOG_EVENT(LOG_WARN, "scale_refused", LOG_FIELD_TEXT("reason", reason));
}

static void resume(struct master *master)
{
    uint32_t slot;

    for (uint32_t i = 0; i < master->paused_workers; i++) {
        if (!master_add_worker(master, master->settings, &slot)) {
            refuse_scale("every slot is in use: workers that drain still have theirs");
        }
    }
    master_set_state(master, MASTER_SERVING);
    reception_open(master->reception);
    LOG_EVENT(LOG_INFO, "resumed", LOG_FIELD_NUMBER("workers", master_wanted(master)));
}

static void add_one(struct master *master)
{
    uint32_t slot;

    if (master_wanted(master) >= SETTINGS_WORKERS_MAX) {
        refuse_scale("there are as many workers as there may be");
    } else if (!master_add_worker(master, master->settings, &slot)) {
        refuse_scale("every slot is in use: workers that drain still have theirs");
    }
}

/* The one in the last slot goes. */
static void remove_one(struct master *master)
{
    uint32_t slot = supervisor_slots(master->supervisor);

    if (master_wanted(master) <= 1) {
        refuse_scale("one worker stays; WINCH or a stop ends it");
        return;
    }
    while (slot > 0 && !atomic_load(&master_board_slot(master, slot - 1)->is_wanted)) {
        slot--;
    }
    master_retire_worker(master, slot - 1);
}

void master_scale(struct master *master, int32_t workers)
{
    if (is_busy(master)) {
        master->pending.workers += workers;
        return;
    }
    if (master_state(master) == MASTER_PAUSED && workers > 0) {
        resume(master);
    } else if (master_state(master) == MASTER_PAUSED) {
        refuse_scale("it is paused: nobody serves");
    } else if (master_state(master) == MASTER_SERVING) {
        for (; workers > 0; workers--) {
            add_one(master);
        }
        for (; workers < 0; workers++) {
            remove_one(master);
        }
        LOG_EVENT(LOG_INFO, "scaled", LOG_FIELD_NUMBER("workers", master_wanted(master)));
    }
    publish(master);
}

/* ---- one at a time ---- */

static void run_pending(void *owner)
{
    struct master *master = owner;
    struct master_pending *pending = &master->pending;
    const struct master_pending now = *pending;

    if (master->waits_for_slots && master_state(master) != MASTER_STOPPING) {
        try_reload(master);
    }
    if (is_busy(master) || master_state(master) == MASTER_STOPPING) {
        return;
    }
    *pending = (struct master_pending){.workers = 0};
    if (now.is_pause) {
        master_pause(master);
    }
    if (now.workers != 0) {
        master_scale(master, now.workers);
    }
    if (now.is_reload) {
        master_reload(master);
    }
    if (now.is_upgrade) {
        master_upgrade(master);
    }
}

static void handed_over(void *owner)
{
    master_hand_over(owner);
}

static void ended(void *owner)
{
    struct master *master = owner;

    notifier_ready(master->context->notifier, master_ready(master), master_wanted(master));
    deferred_start(&master->run_pending, master->loop);
}

void master_change_init(struct master *master)
{
    const struct change_context context = {
        .loop = master->loop,
        .timers = &master->timers,
        .board = &master->context->scoreboard->master,
        .notifier = master->context->notifier,
        .plan = master->context->upgrade,
        .listeners = master->context->listeners,
    };
    const struct change_events events = {reload_timed_out, handed_over, ended, master};

    change_init(&master->change, &context, &events);
    timer_init(&master->look_again, look_again, master);
    deferred_init(&master->run_pending, run_pending, master);
    deferred_init(&master->let_leave, master_let_leave, master);
}

void master_change_abandon(struct master *master)
{
    if (master->candidate != NULL) {
        drop_candidates(master);
    }
    if (master->change.kind == CHANGE_RELOAD) {
        end_reload(master, "it was asked to stop");
    }
    change_stop_upgrade(&master->change);
}
