/*
 * test_shared_text.c - a short text that one process writes and others read, without a lock.
 */
#include "base/shared_text.h"
#include "test.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITES = 50000 };

static struct shared_text shared;

static void assert_reads(const char *expected)
{
    char text[SHARED_TEXT_BYTES];

    memset(text, '#', sizeof text);
    assert_true(shared_text_read(&shared, text));
    assert_string_equal(text, expected);
}

static void assert_cannot_be_read(void)
{
    char text[SHARED_TEXT_BYTES];

    memset(text, '#', sizeof text);
    assert_false(shared_text_read(&shared, text));
    assert_string_equal(text, "");
}

static void zeroed_memory_is_the_empty_text(void **state)
{
    (void)state;

    memset(&shared, 0, sizeof shared);
    assert_reads("");
}

static void what_was_written_is_read_until_the_next_is_written(void **state)
{
    (void)state;

    shared_text_write(&shared, "connection refused");
    assert_reads("connection refused");
    assert_reads("connection refused");
    shared_text_write(&shared, "no");
    assert_reads("no"); /* and nothing of the longer one */
    shared_text_write(&shared, "");
    assert_reads("");
}

static void every_length_up_to_255_bytes_comes_back_whole(void **state)
{
    char text[SHARED_TEXT_BYTES];

    (void)state;
    for (size_t length = 0; length < SHARED_TEXT_BYTES; length++) {
        memset(text, 'a' + (int)(length % 26), length);
        text[length] = '\0';
        shared_text_write(&shared, text);
        assert_reads(text);
    }
}

static void a_longer_text_is_cut_to_255_bytes(void **state)
{
    char longer[3 * SHARED_TEXT_BYTES];
    char text[SHARED_TEXT_BYTES];

    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    shared_text_write(&shared, longer);
    assert_true(shared_text_read(&shared, text));
    assert_int_equal(strlen(text), SHARED_TEXT_BYTES - 1);
    assert_int_equal(strspn(text, "x"), SHARED_TEXT_BYTES - 1);
    longer[SHARED_TEXT_BYTES - 1] = '\0';
    shared_text_write(&shared, longer);
    assert_reads(longer);
}

static void a_text_whose_writer_was_killed_in_the_middle_is_unreadable_until_the_next(void **state)
{
    (void)state;

    shared_text_write(&shared, "before");
    atomic_fetch_add(&shared.version, 1); /* odd: as its writer left it */
    atomic_store(&shared.words[0], UINT64_C(0x2323232323232323));
    assert_cannot_be_read();
    assert_cannot_be_read();
    shared_text_write(&shared, "after");
    assert_int_equal(atomic_load(&shared.version) % 2, 0);
    assert_reads("after");
    shared_text_write(&shared, "and on");
    assert_reads("and on");
}

static void each_write_has_another_version_and_none_is_left_odd(void **state)
{
    uint32_t before = atomic_load(&shared.version);

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        uint32_t version;

        shared_text_write(&shared, "the same");
        version = atomic_load(&shared.version);
        assert_int_equal(version % 2, 0);
        assert_true(version != before);
        before = version;
    }
}

static void a_version_that_is_at_its_end_begins_anew(void **state)
{
    (void)state;

    atomic_store(&shared.version, UINT32_MAX - 1);
    shared_text_write(&shared, "last");
    assert_int_equal(atomic_load(&shared.version), 0);
    assert_reads("last");
    atomic_store(&shared.version, UINT32_MAX); /* and killed in the middle */
    assert_cannot_be_read();
    shared_text_write(&shared, "first");
    assert_reads("first");
}

/* ---- a writer and a reader at the same time ---- */

/* Two texts without a byte in common, of different lengths. */
static const char *text_of(unsigned i)
{
    static char texts[2][SHARED_TEXT_BYTES];

    if (texts[0][0] == '\0') {
        memset(texts[0], 'a', SHARED_TEXT_BYTES - 1);
        memset(texts[1], 'b', SHARED_TEXT_BYTES / 2);
    }
    return texts[i % 2];
}

static void write_in_turn(struct shared_text *text, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        shared_text_write(text, text_of(i));
    }
}

/* What a reader saw until told to end; it asserts nothing, since it may not be in the test. */
struct reading {
    struct shared_text *shared;
    _Atomic bool has_begun;
    _Atomic bool is_over;
    _Atomic unsigned whole;
    _Atomic unsigned torn;
    _Atomic unsigned missed; /* not within a few tries, and "" */
};

static void read_on(struct reading *reading)
{
    while (!atomic_load(&reading->is_over)) {
        char text[SHARED_TEXT_BYTES];

        if (!shared_text_read(reading->shared, text)) {
            (void)atomic_fetch_add(text[0] == '\0' ? &reading->missed : &reading->torn, 1);
        } else if (strcmp(text, text_of(0)) == 0 || strcmp(text, text_of(1)) == 0) {
            (void)atomic_fetch_add(&reading->whole, 1);
        } else {
            (void)atomic_fetch_add(&reading->torn, 1);
        }
        atomic_store(&reading->has_begun, true);
    }
}

static void *read_in_a_thread(void *reading)
{
    read_on(reading);
    return NULL;
}

static void *write_in_a_thread(void *text)
{
    write_in_turn(text, WRITES);
    return NULL;
}

static void a_thread_that_reads_sees_no_torn_text(void **state)
{
    static struct reading reading;
    pthread_t reader;

    (void)state;
    reading = (struct reading){.shared = &shared};
    write_in_turn(&shared, 2);
    assert_int_equal(pthread_create(&reader, NULL, read_in_a_thread, &reading), 0);
    while (!atomic_load(&reading.has_begun)) {
    }
    write_in_turn(&shared, WRITES);
    atomic_store(&reading.is_over, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(atomic_load(&reading.torn), 0);
    assert_true(atomic_load(&reading.whole) + atomic_load(&reading.missed) > 0);
    assert_reads(text_of(WRITES - 1));
}

/* Two readers at once do not disturb each other. */
static void two_threads_that_read_see_no_torn_text(void **state)
{
    static struct reading reading;
    pthread_t reader;
    pthread_t writer;

    (void)state;
    reading = (struct reading){.shared = &shared};
    write_in_turn(&shared, 2);
    assert_int_equal(pthread_create(&writer, NULL, write_in_a_thread, &shared), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_in_a_thread, &reading), 0);
    for (unsigned i = 0; i < WRITES / 10; i++) {
        char text[SHARED_TEXT_BYTES];

        if (shared_text_read(&shared, text)) {
            assert_true(strcmp(text, text_of(0)) == 0 || strcmp(text, text_of(1)) == 0);
        }
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    atomic_store(&reading.is_over, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(atomic_load(&reading.torn), 0);
}

static void a_process_that_reads_sees_no_torn_text(void **state)
{
    struct {
        struct shared_text text;
        struct reading reading;
    } *memory =
        mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t child;

    (void)state;
    assert_ptr_not_equal(memory, MAP_FAILED);
    memory->reading.shared = &memory->text;
    write_in_turn(&memory->text, 2);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        read_on(&memory->reading);
        _exit(0);
    }
    while (!atomic_load(&memory->reading.has_begun)) {
        (void)usleep(100);
    }
    write_in_turn(&memory->text, WRITES);
    atomic_store(&memory->reading.is_over, true);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(atomic_load(&memory->reading.torn), 0);
    assert_true(atomic_load(&memory->reading.whole) + atomic_load(&memory->reading.missed) > 0);
    assert_int_equal(munmap(memory, sizeof *memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_the_empty_text),
        cmocka_unit_test(what_was_written_is_read_until_the_next_is_written),
        cmocka_unit_test(every_length_up_to_255_bytes_comes_back_whole),
        cmocka_unit_test(a_longer_text_is_cut_to_255_bytes),
        cmocka_unit_test(a_text_whose_writer_was_killed_in_the_middle_is_unreadable_until_the_next),
        cmocka_unit_test(each_write_has_another_version_and_none_is_left_odd),
        cmocka_unit_test(a_version_that_is_at_its_end_begins_anew),
        cmocka_unit_test(a_thread_that_reads_sees_no_torn_text),
        cmocka_unit_test(two_threads_that_read_see_no_torn_text),
        cmocka_unit_test(a_process_that_reads_sees_no_torn_text),
    };

    return cmocka_run_group_tests_name("shared_text", tests, NULL, NULL);
}
