/*
 * scoreboard.c - the mapping that master and workers share.
 */
#include "base/scoreboard.h"

#include "base/counter.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

int scoreboard_create(struct scoreboard **out_scoreboard)
{
    void *memory = mmap(NULL, sizeof(struct scoreboard), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct scoreboard *scoreboard;
    int result;

    if (memory == MAP_FAILED) {
        return -errno;
    }
    scoreboard = memory;
    result = census_create(SCOREBOARD_SLOTS_MAX, &scoreboard->census);
    if (result < 0) {
        (void)munmap(scoreboard, sizeof *scoreboard);
        return result;
    }
    for (unsigned i = 0; i < SCOREBOARD_SLOTS_MAX; i++) {
        scoreboard->slots[i].census = &scoreboard->census->sheets[i];
    }
    *out_scoreboard = scoreboard;
    return 0;
}

void scoreboard_begin(struct scoreboard *scoreboard, int64_t pid, uint64_t now_ms, int64_t wall_ms)
{
    atomic_store(&scoreboard->master.pid, pid);
    atomic_store(&scoreboard->master.started_ms, now_ms);
    atomic_store(&scoreboard->master.started_at_ms, wall_ms);
    atomic_store(&scoreboard->master.generation, 1);
}

void scoreboard_change_begin(struct scoreboard_master *master, enum change_kind kind,
                             int64_t wall_ms)
{
    shared_text_write(&master->change.reason, "");
    atomic_store(&master->change.ended_ms, 0);
    atomic_store(&master->change.result, CHANGE_UNDER_WAY);
    atomic_store(&master->change.kind, kind);
    atomic_store(&master->change.asked_ms, wall_ms);
}

void scoreboard_change_end(struct scoreboard_master *master, const char *reason, int64_t wall_ms)
{
    shared_text_write(&master->change.reason, reason == NULL ? "" : reason);
    atomic_store(&master->change.ended_ms, wall_ms);
    atomic_store(&master->change.result, reason == NULL ? CHANGE_DONE : CHANGE_FAILED);
}

void scoreboard_destroy(struct scoreboard *scoreboard)
{
    if (scoreboard != NULL) {
        census_destroy(scoreboard->census, SCOREBOARD_SLOTS_MAX);
        (void)munmap(scoreboard, sizeof *scoreboard);
    }
}

static void store_clear(struct scoreboard_store *store)
{
    atomic_store(&store->is_linked, false);
    atomic_store(&store->since_ms, 0);
    shared_text_write(&store->last_error, "");
    shared_text_write(&store->risk, "");
    shared_text_write(&store->warning, "");
}

void scoreboard_slot_clear(struct scoreboard_slot *slot, enum worker_state state, uint64_t now_ms)
{
    for (unsigned i = 0; i < DEAL_WINDOW / 64; i++) {
        atomic_store(&slot->refused[i], 0);
    }
    atomic_store(&slot->taken, 0);
    atomic_store(&slot->dealt, 0);
    atomic_store(&slot->beat_ms, now_ms);
    atomic_store(&slot->connections, 0);
    census_sheet_clear(slot->census);
    atomic_store(&slot->others_serve, false);
    atomic_store(&slot->can_count, false);
    atomic_store(&slot->state, state);
    slot->reason[0] = '\0';
    store_clear(&slot->store);
}

void scoreboard_slot_begin(struct scoreboard_slot *slot, int64_t pid, uint64_t now_ms)
{
    atomic_store(&slot->pid, pid);
    atomic_store(&slot->started_ms, now_ms);
    counter_add(&slot->starts, 1);
}

void scoreboard_slot_refuse(struct scoreboard_slot *slot, uint64_t number)
{
    uint64_t bit = number % DEAL_WINDOW;

    (void)atomic_fetch_or(&slot->refused[bit / 64], UINT64_C(1) << bit % 64);
}

bool scoreboard_slot_forget_refused(struct scoreboard_slot *slot, uint64_t number)
{
    uint64_t bit = number % DEAL_WINDOW;
    uint64_t mask = UINT64_C(1) << bit % 64;

    return (atomic_fetch_and(&slot->refused[bit / 64], ~mask) & mask) != 0;
}

void scoreboard_slot_set_reason(struct scoreboard_slot *slot, const char *reason)
{
    (void)snprintf(slot->reason, sizeof slot->reason, "%s", reason);
}
