/*
 * test_redis_link_closing.c - a link is closed, whatever it is doing.
 */
#include "redis_link_scene.h"

/* ---- closing ---- */

static void a_link_may_be_closed_before_its_first_turn(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    end(&scene);
    assert_int_equal(scene.ups_count + scene.downs_count, 0);
}

static void a_link_may_be_closed_while_it_waits_for_the_next_attempt(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    fake_stop_listening(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    end(&scene);
    assert_int_equal(scene.downs_count, 1);
}

static void a_link_may_be_closed_while_a_lookup_hangs(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    atomic_store(&lookup_hangs, true);
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_for(&scene.turning, 20);
    end(&scene);
    assert_int_equal(sem_post(&let_go), 0);
    assert_int_equal(scene.ups_count + scene.downs_count, 0);
}

static void a_link_may_be_closed_while_it_connects(void **state)
{
    struct scene scene;
    int fds[3];
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    make_black_hole(&scene, fds);
    open_link(&scene, black_hole_url(), "", TIMEOUT_MS);
    turn_for(&scene.turning, 20);
    end(&scene);
    close_black_hole(fds);
    assert_int_equal(scene.ups_count + scene.downs_count, 0);
}

static void a_link_may_be_closed_while_it_greets(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = say_nothing;
    fake_listen(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    turn_for(&scene.turning, 20);
    assert_int_equal(scene.server.accepted_count, 1);
    end(&scene);
    assert_int_equal(scene.ups_count + scene.downs_count, 0);
}

static void a_link_that_is_closed_tells_its_unanswered_commands_and_nothing_else(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    scene.server.command = only_greet;
    send_commands(&scene, 4); /* on their way */
    turn_for(&scene.turning, 5);
    for (unsigned i = 4; i < 8; i++) { /* not yet */
        assert_int_equal(send_command(&scene, i), 0);
    }
    end(&scene);
    check_lost(&scene, 0, 8, -ECANCELED);
    assert_int_equal(scene.downs_count, 0);
}

static void close_now(struct scene *scene)
{
    if (scene->link != NULL && !scene->link_is_closed) {
        redis_link_close(scene->link, note_link_closed, scene);
        scene->on_up = NULL;
        scene->on_down = NULL;
    }
}

static void close_at_the_second_answer(struct scene *scene, struct answer *answer)
{
    if (answer == &scene->answers[1]) {
        scene->on_answer = NULL;
        close_now(scene);
    }
}

static void close_at_an_error(struct scene *scene, struct answer *answer)
{
    if (answer->result < 0) {
        scene->on_answer = NULL;
        close_now(scene);
    }
}

static void finish_closed(struct scene *scene)
{
    turn_until(&scene->turning, is_link_closed, scene);
    end(scene);
}

static void a_link_may_be_closed_from_inside_up(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.on_up = close_now;
    fake_listen(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    finish_closed(&scene);
    assert_int_equal(scene.downs_count, 0);
}

static void a_link_may_be_closed_from_inside_down(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene); /* an attempt that failed */
    fake_listen(&scene.server);
    fake_stop_listening(&scene.server);
    scene.on_down = close_now;
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    finish_closed(&scene);
    begin(&scene); /* a lookup that failed */
    atomic_store(&lookup_error, EAI_NONAME);
    scene.on_down = close_now;
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    finish_closed(&scene);
    begin_up(&scene, TIMEOUT_MS); /* a link that fell, with commands on it */
    scene.on_down = close_now;
    scene.server.command = close_behind_the_greeting;
    send_commands(&scene, 3);
    finish_closed(&scene);
    assert_int_equal(scene.answers[0].result, 0);
    check_lost(&scene, 1, 3, -ECANCELED);
}

static void a_link_may_be_closed_from_inside_an_answer(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    scene.on_answer = close_at_the_second_answer;
    send_commands(&scene, 4);
    finish_closed(&scene);
    assert_int_equal(scene.answers[1].integer, 2);
    check_lost(&scene, 2, 4, -ECANCELED);
    begin_up(&scene, TIMEOUT_MS); /* one that tells the loss of the link */
    scene.on_answer = close_at_an_error;
    worst = worst_is_garbage;
    scene.server.command = answer_one_and_then_the_worst;
    send_commands(&scene, 4);
    finish_closed(&scene);
    assert_int_equal(scene.answers[1].result, -EPROTO);
    check_lost(&scene, 2, 4, -ECANCELED);
}

/* Between the fall and the close of the descriptor. */
static void close_link_later(void *owner)
{
    close_now(owner);
}

static struct deferred closing;

static void close_in_the_same_turn(struct scene *scene)
{
    scene->on_down = NULL;
    deferred_init(&closing, close_link_later, scene);
    deferred_start(&closing, scene->turning.loop);
}

static void a_link_may_be_closed_while_its_connection_is_being_cut(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    scene.on_down = close_in_the_same_turn;
    fake_close(fake_last(&scene.server));
    finish_closed(&scene);
    assert_int_equal(scene.downs_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_may_be_closed_before_its_first_turn),
        cmocka_unit_test(a_link_may_be_closed_while_it_waits_for_the_next_attempt),
        cmocka_unit_test(a_link_may_be_closed_while_a_lookup_hangs),
        cmocka_unit_test(a_link_may_be_closed_while_it_connects),
        cmocka_unit_test(a_link_may_be_closed_while_it_greets),
        cmocka_unit_test(a_link_that_is_closed_tells_its_unanswered_commands_and_nothing_else),
        cmocka_unit_test(a_link_may_be_closed_from_inside_up),
        cmocka_unit_test(a_link_may_be_closed_from_inside_down),
        cmocka_unit_test(a_link_may_be_closed_from_inside_an_answer),
        cmocka_unit_test(a_link_may_be_closed_while_its_connection_is_being_cut),
    };

    assert_int_equal(sem_init(&let_go, 0, 0), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
