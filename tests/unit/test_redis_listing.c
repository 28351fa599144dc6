/*
 * test_redis_listing.c - pages of counters: what is asked, and what becomes of answers.
 */
#include "redis_catalogue_scene.h"

/* Lists "ns/" and returns what came of it. */
static int list(struct scene *scene, struct store_listing *page)
{
    scene->changes[0] = (struct store_change){.kind = STORE_LIST, .listing = page};
    apply_change(scene, 0, "ns/");
    turn_until(&scene->turning, is_all_done, scene);
    return scene->hits[0][0].result;
}

static void a_page_is_names_and_then_counts(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    forget(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = TWO_NAMES;
    answer_to_mget = "*2\r\n$1\r\n7\r\n$2\r\n-3\r\n";
    assert_int_equal(list(&scene, page), 0);
    assert_int_equal(page->count, 2);
    assert_true(page->list[0].value == 7 && page->list[1].value == -3);
    await_all(&scene, "CLAIM|ZRANGEBYLEX footfall:1:counters [ns/ (ns0 LIMIT 0 400|"
                      "MGET footfall:ns/one footfall:ns/two|");
    free(page);
    end(&scene);
}

static void a_name_without_a_counter_is_on_no_page_and_taken_out(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = TWO_NAMES;
    answer_to_mget = "*2\r\n$-1\r\n$2\r\n-3\r\n";
    assert_int_equal(list(&scene, page), 0);
    assert_int_equal(page->count, 1);
    assert_true(page->list[0].value == -3);
    await(&scene, "|ZREM footfall:1:counters ns/one|");
    free(page);
    end(&scene);
}

static void what_no_counter_can_be_is_left_out_or_refused(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = TWO_NAMES;
    answer_to_mget = "*2\r\n$1\r\nx\r\n$2\r\n-3\r\n";
    assert_int_equal(list(&scene, page), 0);
    assert_int_equal(page->count, 1);
    answer_to_mget = "*2\r\n$3\r\n1\n2\r\n$2\r\n-3\r\n"; /* whose is which? */
    assert_int_equal(list(&scene, page), -EIO);
    answer_to_range = "*1\r\n$0\r\n\r\n";
    assert_int_equal(list(&scene, page), -EIO);
    assert_string_equal(scene.notices,
                        "redis_refused: ERR a counter that is several lines|"
                        "redis_refused: ERR a name in footfall:1:counters that is none|");
    assert_int_equal(scene.server.accepted_count, 1);
    free(page);
    end(&scene);
}

static void answer_garbage_once(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "MGET", 4) == 0) {
        connection->server->command = answer_lists_as_told;
        fake_send(connection, "*1\r\n$1\r\n5\r\n");
    } else {
        answer_lists_as_told(connection, command);
    }
}

static void close_once(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "MGET", 4) == 0) {
        connection->server->command = answer_lists_as_told;
        fake_close(connection);
    } else {
        answer_lists_as_told(connection, command);
    }
}

static void a_list_that_is_lost_begins_anew(void **state)
{
    static void (*const losing[])(struct fake_connection * connection,
                                  const char *command) = {answer_garbage_once, close_once};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct scene scene;
        struct store_listing *page = store_listing_create(5);

        begin_logging(&scene);
        answer_to_range = TWO_NAMES;
        answer_to_mget = "*2\r\n$1\r\n7\r\n$2\r\n-3\r\n";
        scene.server.command = losing[i];
        assert_int_equal(list(&scene, page), 0);
        assert_int_equal(page->count, 2);
        assert_int_equal(scene.server.accepted_count, 2);
        free(page);
        end(&scene);
    }
}

static void a_list_that_redis_refuses_is_not_to_be_had(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = "-NOPERM no\r\n";
    assert_int_equal(list(&scene, page), -EOPNOTSUPP);
    assert_int_equal(list(&scene, page), -EOPNOTSUPP);
    assert_string_equal(scene.notices, "redis_unlisted: counters are neither listed nor limited in "
                                       "number: NOPERM no|");
    free(page);
    end(&scene);
}

static void a_list_under_way_ends_with_the_store(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = "";
    scene.changes[0] = (struct store_change){.kind = STORE_LIST, .listing = page};
    apply_change(&scene, 0, "ns/");
    await(&scene, "ZRANGEBYLEX");
    close_store(&scene);
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].result, -ECANCELED);
    free(page);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_names_and_then_counts),
        cmocka_unit_test(a_name_without_a_counter_is_on_no_page_and_taken_out),
        cmocka_unit_test(what_no_counter_can_be_is_left_out_or_refused),
        cmocka_unit_test(a_list_that_is_lost_begins_anew),
        cmocka_unit_test(a_list_that_redis_refuses_is_not_to_be_had),
        cmocka_unit_test(a_list_under_way_ends_with_the_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
