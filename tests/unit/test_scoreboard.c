/*
 * test_scoreboard.c - what processes know of each other.
 */
#include "base/scoreboard.h"
#include "test.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* As the linker knows it where file offsets have 64 bits (meson's default). */
static int failing_mmap;
static int mmaps_before_it;

void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (failing_mmap == 0 || mmaps_before_it-- > 0) {
        return __real_mmap64(address, length, protection, flags, fd, offset);
    }
    errno = failing_mmap;
    return MAP_FAILED;
}

static void slots_begin_empty_and_no_two_share_a_cache_line(void **state)
{
    struct scoreboard *scoreboard;

    (void)state;
    assert_int_equal(scoreboard_create(&scoreboard), 0);
    assert_int_equal((uintptr_t)&scoreboard->slots[0] % CACHE_LINE_BYTES, 0);
    assert_int_equal(sizeof scoreboard->slots[0] % CACHE_LINE_BYTES, 0);
    for (unsigned i = 0; i < SCOREBOARD_SLOTS_MAX; i++) {
        assert_int_equal(atomic_load(&scoreboard->slots[i].taken), 0);
        assert_int_equal(atomic_load(&scoreboard->slots[i].state), WORKER_ABSENT);
        assert_string_equal(scoreboard->slots[i].reason, "");
    }
    scoreboard_destroy(scoreboard);
    scoreboard_destroy(NULL);
}

static void what_a_child_writes_its_parent_reads(void **state)
{
    struct scoreboard *scoreboard;
    pid_t child;
    int status;

    (void)state;
    assert_int_equal(scoreboard_create(&scoreboard), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        atomic_store(&scoreboard->slots[SCOREBOARD_SLOTS_MAX - 1].taken, 42);
        scoreboard_slot_set_reason(&scoreboard->slots[SCOREBOARD_SLOTS_MAX - 1], "because");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(atomic_load(&scoreboard->slots[SCOREBOARD_SLOTS_MAX - 1].taken), 42);
    assert_string_equal(scoreboard->slots[SCOREBOARD_SLOTS_MAX - 1].reason, "because");
    assert_int_equal(atomic_load(&scoreboard->slots[SCOREBOARD_SLOTS_MAX - 2].taken), 0);
    scoreboard_destroy(scoreboard);
}

static void each_deal_of_a_window_has_a_note_of_its_own(void **state)
{
    struct scoreboard *scoreboard;
    struct scoreboard_slot *slot;

    (void)state;
    assert_int_equal(scoreboard_create(&scoreboard), 0);
    slot = &scoreboard->slots[0];
    for (uint64_t number = 1; number <= DEAL_WINDOW; number++) {
        scoreboard_slot_refuse(slot, number);
        for (uint64_t other = 1; other <= DEAL_WINDOW; other++) {
            assert_int_equal(scoreboard_slot_forget_refused(slot, other), other == number);
        }
        assert_false(scoreboard_slot_forget_refused(slot, number)); /* forgotten */
    }
    scoreboard_slot_refuse(slot, DEAL_WINDOW + 5); /* the same place, a window later */
    assert_true(scoreboard_slot_forget_refused(slot, 5));
    scoreboard_destroy(scoreboard);
}

static void clearing_makes_a_slot_as_before_its_first_worker(void **state)
{
    struct scoreboard *scoreboard;
    struct scoreboard_slot *slot;

    (void)state;
    assert_int_equal(scoreboard_create(&scoreboard), 0);
    slot = &scoreboard->slots[1];
    atomic_store(&slot->taken, 1);
    atomic_store(&slot->connections, 2);
    atomic_store(&slot->traffic.limits[LIMIT_IDLE], 7);
    scoreboard_slot_refuse(slot, 3);
    scoreboard_slot_refuse(slot, 100);
    scoreboard_slot_set_reason(slot, "because");
    scoreboard_slot_clear(slot, WORKER_STARTING, 4711);
    assert_int_equal(atomic_load(&slot->taken), 0);
    assert_int_equal(atomic_load(&slot->connections), 0);
    assert_int_equal(atomic_load(&slot->traffic.limits[LIMIT_IDLE]), 7); /* the slot's for ever */
    assert_int_equal(atomic_load(&slot->beat_ms), 4711);
    assert_int_equal(atomic_load(&slot->state), WORKER_STARTING);
    assert_false(scoreboard_slot_forget_refused(slot, 3));
    assert_false(scoreboard_slot_forget_refused(slot, 100));
    assert_string_equal(slot->reason, "");
    scoreboard_destroy(scoreboard);
}

static void assert_empty(const struct shared_text *shared)
{
    char text[SHARED_TEXT_BYTES];

    assert_true(shared_text_read(shared, text));
    assert_string_equal(text, "");
}

/* A worker may have been killed while it wrote one of the texts. */
static void clearing_forgets_how_the_store_was_doing_and_keeps_what_was_counted(void **state)
{
    static struct scoreboard_slot slot;

    (void)state;
    atomic_store(&slot.store.is_linked, true);
    atomic_store(&slot.store.since_ms, 1);
    atomic_store(&slot.store.reconnects, 2);
    atomic_store(&slot.store.batches_resent, 3);
    atomic_store(&slot.store.hits_refused, 4);
    atomic_store(&slot.store.went_back, 5);
    shared_text_write(&slot.store.last_error, "reset");
    shared_text_write(&slot.store.risk, "a crash of it loses every count");
    shared_text_write(&slot.store.warning, "it is a replica");
    atomic_fetch_add(&slot.store.warning.version, 1);
    scoreboard_slot_clear(&slot, WORKER_STARTING, 4711);
    assert_false(atomic_load(&slot.store.is_linked));
    assert_int_equal(atomic_load(&slot.store.since_ms), 0);
    assert_int_equal(atomic_load(&slot.store.reconnects), 2);
    assert_int_equal(atomic_load(&slot.store.batches_resent), 3);
    assert_int_equal(atomic_load(&slot.store.hits_refused), 4);
    assert_int_equal(atomic_load(&slot.store.went_back), 5);
    assert_empty(&slot.store.last_error);
    assert_empty(&slot.store.risk);
    assert_empty(&slot.store.warning);
}

static void a_slot_knows_its_worker_and_how_many_it_has_had(void **state)
{
    static struct scoreboard_slot slot;

    (void)state;
    scoreboard_slot_begin(&slot, 4711, 100);
    scoreboard_slot_clear(&slot, WORKER_STARTING, 200);
    scoreboard_slot_begin(&slot, 4712, 200);
    assert_int_equal(slot.pid, 4712);
    assert_int_equal(slot.started_ms, 200);
    assert_int_equal(slot.starts, 2);
}

static void a_reason_is_cut_to_fit(void **state)
{
    static struct scoreboard_slot slot;
    char longer[SCOREBOARD_REASON_BYTES + 10];

    (void)state;
    memset(longer, 'r', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    scoreboard_slot_set_reason(&slot, longer);
    assert_int_equal(strlen(slot.reason), SCOREBOARD_REASON_BYTES - 1);
}

static void without_memory_no_scoreboard_is_made(void **state)
{
    struct scoreboard *untouched = NULL;

    (void)state;
    failing_mmap = ENOMEM;
    for (int before = 0; before < 2; before++) { /* the census has memory of its own */
        mmaps_before_it = before;
        assert_int_equal(scoreboard_create(&untouched), -ENOMEM);
    }
    failing_mmap = 0;
    assert_null(untouched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_begin_empty_and_no_two_share_a_cache_line),
        cmocka_unit_test(what_a_child_writes_its_parent_reads),
        cmocka_unit_test(each_deal_of_a_window_has_a_note_of_its_own),
        cmocka_unit_test(clearing_makes_a_slot_as_before_its_first_worker),
        cmocka_unit_test(clearing_forgets_how_the_store_was_doing_and_keeps_what_was_counted),
        cmocka_unit_test(a_slot_knows_its_worker_and_how_many_it_has_had),
        cmocka_unit_test(a_reason_is_cut_to_fit),
        cmocka_unit_test(without_memory_no_scoreboard_is_made),
    };

    return cmocka_run_group_tests_name("scoreboard", tests, NULL, NULL);
}
