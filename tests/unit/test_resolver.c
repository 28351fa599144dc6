/*
 * test_resolver.c - addresses looked up off the loop.
 *
 * getaddrinfo(3) is the test's: no name server is asked. It may be made to hang until it is let
 * go, as it does behind a dead name server.
 */
#include "resolver_lookups.h"

struct scene {
    struct turning_loop turning;
    struct resolver resolver;
    unsigned answers_count;
    bool is_closed;
    struct resolver_answer answer;
};

static void note_resolved(void *owner, const struct resolver_answer *answer)
{
    struct scene *scene = owner;

    scene->answers_count++;
    scene->answer = *answer;
}

static void note_closed(void *owner)
{
    struct scene *scene = owner;

    assert_false(scene->is_closed);
    scene->is_closed = true;
}

static const struct resolver_events events = {
    .resolved = note_resolved,
    .closed = note_closed,
};

static bool has_answer(void *test)
{
    return ((const struct scene *)test)->answers_count > 0;
}

static bool has_closed(void *test)
{
    return ((const struct scene *)test)->is_closed;
}

static bool has_ended_all_lookups(void *test)
{
    (void)test;
    return atomic_load(&lookups_ended) == threads_count;
}

/* How many lookups of names the present test has brought about. */
static unsigned lookups_count(void)
{
    return atomic_load(&lookups_begun) - lookups_begun_before;
}

static bool has_begun_a_lookup(void *test)
{
    (void)test;
    return lookups_count() > 0;
}

static void begin(struct scene *scene)
{
    *scene = (struct scene){.answers_count = 0};
    atomic_store(&lookup_error, 0);
    atomic_store(&lookup_errno, 0);
    atomic_store(&lookup_addresses, 1);
    atomic_store(&lookup_hangs, false);
    lookups_begun_before = atomic_load(&lookups_begun);
    turning_init(&scene->turning);
    assert_int_equal(resolver_open(&scene->resolver, scene->turning.loop, &events, scene), 0);
}

static void end(struct scene *scene)
{
    resolver_close(&scene->resolver);
    turn_until(&scene->turning, has_closed, scene);
    turning_finish(&scene->turning);
}

/* Asks for `host` and waits for what comes. */
static void ask(struct scene *scene, const char *host, uint16_t port)
{
    scene->answers_count = 0;
    assert_int_equal(resolver_start(&scene->resolver, host, port), 0);
    assert_int_equal(scene->answers_count, 0); /* never from inside */
    turn_until(&scene->turning, has_answer, scene);
    assert_int_equal(scene->answers_count, 1);
}

/* The i-th address as "10.0.0.1:6379". */
static void check_address(const struct scene *scene, unsigned i, const char *host, const char *port)
{
    const struct resolver_address *address = &scene->answer.addresses[i];
    char host_text[NI_MAXHOST];
    char port_text[NI_MAXSERV];

    assert_int_equal(getnameinfo((const struct sockaddr *)&address->address, address->length,
                                 host_text, sizeof host_text, port_text, sizeof port_text,
                                 NI_NUMERICHOST | NI_NUMERICSERV),
                     0);
    assert_string_equal(host_text, host);
    assert_string_equal(port_text, port);
}

static void an_address_in_digits_needs_no_thread_and_is_told_later(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    failing_pthread_create = EAGAIN;
    ask(&scene, "127.0.0.1", 6379);
    assert_int_equal(scene.answer.result, 0);
    assert_int_equal(scene.answer.addresses_count, 1);
    check_address(&scene, 0, "127.0.0.1", "6379");
    ask(&scene, "::1", 1);
    assert_int_equal(scene.answer.addresses_count, 1);
    check_address(&scene, 0, "::1", "1");
    failing_pthread_create = 0;
    assert_int_equal(lookups_count(), 0);
    end(&scene);
}

static void a_name_is_looked_up_anew_each_time_it_is_asked_for(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    atomic_store(&lookup_addresses, 2);
    for (unsigned round = 1; round <= 3; round++) {
        ask(&scene, "redis.example", 65535);
        assert_int_equal(scene.answer.result, 0);
        assert_null(scene.answer.problem);
        assert_int_equal(scene.answer.addresses_count, 2);
        check_address(&scene, 0, "10.0.0.1", "65535");
        check_address(&scene, 1, "10.0.0.2", "65535");
        assert_int_equal(lookups_count(), round);
    }
    end(&scene);
}

static void of_very_many_addresses_the_first_sixteen_are_told(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    atomic_store(&lookup_addresses, RESOLVER_ADDRESSES_MAX);
    ask(&scene, "redis.example", 1);
    assert_int_equal(scene.answer.addresses_count, RESOLVER_ADDRESSES_MAX);
    atomic_store(&lookup_addresses, RESOLVER_ADDRESSES_MAX + 1);
    ask(&scene, "redis.example", 1);
    assert_int_equal(scene.answer.addresses_count, RESOLVER_ADDRESSES_MAX);
    check_address(&scene, RESOLVER_ADDRESSES_MAX - 1, "10.0.0.16", "1");
    end(&scene);
}

static void every_failure_of_a_lookup_is_told_with_its_reason(void **state)
{
    static const struct {
        int error;
        int system_error;
        int result;
    } failures[] = {
        {EAI_NONAME, 0, -ENOENT}, {EAI_NODATA, 0, -ENOENT}, {EAI_FAIL, 0, -ENOENT},
        {EAI_AGAIN, 0, -EAGAIN},  {EAI_MEMORY, 0, -ENOMEM}, {EAI_SYSTEM, EMFILE, -EMFILE},
        {EAI_SYSTEM, 0, -EIO},
    };
    struct scene scene;
    (void)state;

    begin(&scene);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        atomic_store(&lookup_error, failures[i].error);
        atomic_store(&lookup_errno, failures[i].system_error);
        ask(&scene, "redis.example", 1);
        assert_int_equal(scene.answer.result, failures[i].result);
        assert_int_equal(scene.answer.addresses_count, 0);
        assert_string_equal(scene.answer.problem, gai_strerror(failures[i].error));
    }
    end(&scene);
}

static void a_cancelled_lookup_tells_nothing(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    resolver_cancel(&scene.resolver); /* nothing was asked: fine */
    assert_int_equal(resolver_start(&scene.resolver, "127.0.0.1", 1), 0);
    resolver_cancel(&scene.resolver);
    assert_int_equal(resolver_start(&scene.resolver, "redis.example", 1), 0);
    resolver_cancel(&scene.resolver);
    turn_until(&scene.turning, has_ended_all_lookups, &scene);
    turn_for(&scene.turning, 20);
    assert_int_equal(scene.answers_count, 0);
    end(&scene);
}

/* A name server that takes longer than a time-out must not get a new question each time. */
static void a_lookup_that_hangs_is_gone_on_with_when_the_same_host_is_asked_for(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    atomic_store(&lookup_hangs, true);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(resolver_start(&scene.resolver, "redis.example", 7), 0);
        turn_for(&scene.turning, 5);
        resolver_cancel(&scene.resolver);
    }
    assert_int_equal(resolver_start(&scene.resolver, "redis.example", 7), 0);
    turn_for(&scene.turning, 5);
    assert_int_equal(scene.answers_count, 0);
    assert_int_equal(sem_post(&let_go), 0);
    turn_until(&scene.turning, has_answer, &scene);
    assert_int_equal(scene.answers_count, 1);
    check_address(&scene, 0, "10.0.0.1", "7");
    assert_int_equal(lookups_count(), 1);
    end(&scene);
}

static void a_lookup_that_ended_while_nobody_waited_answers_the_next_question(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    atomic_store(&lookup_hangs, true);
    assert_int_equal(resolver_start(&scene.resolver, "redis.example", 7), 0);
    turn_until(&scene.turning, has_begun_a_lookup, &scene);
    resolver_cancel(&scene.resolver);
    assert_int_equal(sem_post(&let_go), 0);
    turn_until(&scene.turning, has_ended_all_lookups, &scene);
    ask(&scene, "redis.example", 7);
    assert_int_equal(lookups_count(), 1);
    end(&scene);
}

static void another_host_does_not_wait_for_one_that_hangs(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    atomic_store(&lookup_hangs, true);
    assert_int_equal(resolver_start(&scene.resolver, "one.example", 7), 0);
    turn_until(&scene.turning, has_begun_a_lookup, &scene);
    resolver_cancel(&scene.resolver);
    atomic_store(&lookup_hangs, false);
    atomic_store(&lookup_addresses, 2);
    ask(&scene, "other.example", 7);
    assert_int_equal(scene.answer.addresses_count, 2);
    ask(&scene, "other.example", 8); /* another port is another question */
    check_address(&scene, 0, "10.0.0.1", "8");
    assert_int_equal(sem_post(&let_go), 0); /* what was left behind frees itself */
    turn_until(&scene.turning, has_ended_all_lookups, &scene);
    turn_for(&scene.turning, 20);
    assert_int_equal(scene.answers_count, 1);
    end(&scene);
}

static void closing_does_not_wait_for_a_lookup_that_hangs(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    atomic_store(&lookup_hangs, true);
    assert_int_equal(resolver_start(&scene.resolver, "redis.example", 7), 0);
    turn_until(&scene.turning, has_begun_a_lookup, &scene);
    end(&scene);
    memset(&scene.resolver, '#', sizeof scene.resolver);
    assert_false(has_ended_all_lookups(NULL));
    assert_int_equal(sem_post(&let_go), 0); /* the thread must not touch what is gone */
    begin(&scene);
    turn_until(&scene.turning, has_ended_all_lookups, &scene);
    turn_for(&scene.turning, 20);
    assert_int_equal(scene.answers_count, 0);
    end(&scene);
}

static void closing_is_fine_at_any_time_of_a_lookup(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 200; i++) {
        struct scene scene;

        begin(&scene);
        assert_int_equal(resolver_start(&scene.resolver, i % 4 == 0 ? "::1" : "redis.example", 1),
                         0);
        for (unsigned spin = 0; spin < i * 100; spin++) {
            atomic_thread_fence(memory_order_seq_cst);
        }
        end(&scene);
        turning_init(&scene.turning);
        turn_until(&scene.turning, has_ended_all_lookups, &scene);
        turning_finish(&scene.turning);
    }
}

static void what_cannot_be_started_is_said_at_once_and_works_later(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    failing_calloc = 1;
    assert_int_equal(resolver_start(&scene.resolver, "redis.example", 1), -ENOMEM);
    failing_mutex_init = ENOMEM;
    assert_int_equal(resolver_start(&scene.resolver, "redis.example", 1), -ENOMEM);
    failing_mutex_init = 0;
    failing_pthread_create = EAGAIN;
    assert_int_equal(resolver_start(&scene.resolver, "redis.example", 1), -EAGAIN);
    failing_pthread_create = 0;
    turn_for(&scene.turning, 5);
    assert_int_equal(scene.answers_count, 0);
    ask(&scene, "redis.example", 1);
    end(&scene);
}

static void without_an_eventfd_there_is_no_resolver(void **state)
{
    struct turning_loop turning;
    struct resolver resolver;
    (void)state;

    turning_init(&turning);
    failing_eventfd = EMFILE;
    assert_int_equal(resolver_open(&resolver, turning.loop, &events, NULL), -EMFILE);
    failing_eventfd = 0;
    turning_finish(&turning);
}

/* Signals are the loop's: a thread that took one would end the process. */
static void the_thread_takes_no_signal_and_the_test_still_does(void **state)
{
    struct scene scene;
    sigset_t blocked;
    (void)state;

    begin(&scene);
    ask(&scene, "redis.example", 1);
    assert_true(atomic_load(&lookup_blocks_signals));
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    assert_int_equal(sigismember(&blocked, SIGTERM), 0);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_in_digits_needs_no_thread_and_is_told_later),
        cmocka_unit_test(a_name_is_looked_up_anew_each_time_it_is_asked_for),
        cmocka_unit_test(of_very_many_addresses_the_first_sixteen_are_told),
        cmocka_unit_test(every_failure_of_a_lookup_is_told_with_its_reason),
        cmocka_unit_test(a_cancelled_lookup_tells_nothing),
        cmocka_unit_test(a_lookup_that_hangs_is_gone_on_with_when_the_same_host_is_asked_for),
        cmocka_unit_test(a_lookup_that_ended_while_nobody_waited_answers_the_next_question),
        cmocka_unit_test(another_host_does_not_wait_for_one_that_hangs),
        cmocka_unit_test(closing_does_not_wait_for_a_lookup_that_hangs),
        cmocka_unit_test(closing_is_fine_at_any_time_of_a_lookup),
        cmocka_unit_test(what_cannot_be_started_is_said_at_once_and_works_later),
        cmocka_unit_test(without_an_eventfd_there_is_no_resolver),
        cmocka_unit_test(the_thread_takes_no_signal_and_the_test_still_does),
    };

    assert_int_equal(sem_init(&let_go, 0, 0), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
