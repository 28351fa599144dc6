/*
 * tally_scene.h - a tally on a turning loop, its scripted store, and what its owner was told.
 */
#ifndef FOOTFALL_TEST_TALLY_SCENE_H
#define FOOTFALL_TEST_TALLY_SCENE_H

#include "base/scoreboard.h"
#include "scripted_store.h"
#include "test.h"
#include "turning_loop.h"
#include "visits/tally.h"

#include <errno.h>

enum {
    TOLD_MAX = 8192,
    TIMEOUT_MS = 30,
    LONG_MS = 10000, /* longer than any test */
};

struct told {
    uint64_t ticket;
    int result;
    int64_t number;
    uint64_t at_ms; /* loop time */
};

struct scene {
    struct turning_loop turning;
    struct scripted_store store;
    struct tally *tally;
    struct scoreboard_traffic traffic;
    bool is_counting;     /* inside of tally_count() */
    unsigned count_again; /* hits to be counted from inside of done() */
    int again_result;     /* what they are to be told */
    uint64_t next_ticket;
    unsigned went_back_count;
    int64_t went_back_before; /* of the last time */
    int64_t went_back_number;
    unsigned told_count;
    struct told told[TOLD_MAX];
};

static inline int count_on(struct scene *scene, const char *key)
{
    int result;

    scene->is_counting = true;
    result = tally_count(scene->tally, &(struct tally_target){.key = slice_of(key)},
                         scene->next_ticket, 1);
    scene->is_counting = false;
    if (result == 0) {
        scene->next_ticket++;
    }
    return result;
}

/* Counts `count` hits; their tickets are consecutive from 1. */
static inline void count(struct scene *scene, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(count_on(scene, "counter"), 0);
    }
}

static inline void note_done(void *owner, uint64_t ticket, int result, int64_t number)
{
    struct scene *scene = owner;

    assert_false(scene->is_counting);
    assert_true(scene->told_count < TOLD_MAX);
    for (unsigned i = scene->told_count > 200 ? scene->told_count - 200 : 0; i < scene->told_count;
         i++) {
        assert_true(scene->told[i].ticket != ticket); /* nobody is told twice */
    }
    scene->told[scene->told_count++] = (struct told){
        .ticket = ticket,
        .result = result,
        .number = number,
        .at_ms = loop_now_ms(scene->turning.loop),
    };
    if (scene->count_again > 0) {
        scene->count_again--;
        assert_int_equal(count_on(scene, "counter"), scene->again_result);
    }
}

static inline void note_went_back(void *owner, struct slice key, int64_t before, int64_t number)
{
    struct scene *scene = owner;

    assert_true(slice_is(key, "counter"));
    scene->went_back_count++;
    scene->went_back_before = before;
    scene->went_back_number = number;
}

static inline struct tally_events scene_events(struct scene *scene)
{
    return (struct tally_events){note_done, NULL, note_went_back, scene};
}

static inline void scene_init(struct scene *scene, uint32_t waiting_hits_max, uint64_t timeout_ms)
{
    const struct tally_settings settings = {waiting_hits_max, timeout_ms, &scene->traffic, 0};
    const struct tally_events events = scene_events(scene);

    *scene = (struct scene){.next_ticket = 1};
    turning_init(&scene->turning);
    scripted_init(&scene->store);
    assert_int_equal(tally_create(scene->turning.loop, &settings, &events, &scene->tally), 0);
    tally_set_store(scene->tally, &scene->store.base);
}

static inline void turn(struct scene *scene)
{
    turn_for(&scene->turning, 1);
}

/* Ends what is in flight, as a store that is closed does. */
static inline void scene_finish(struct scene *scene)
{
    scene->store.is_ready = false;
    for (unsigned i = 0; i < scene->store.batches_count; i++) {
        if (scene->store.batches[i].batch != NULL) {
            scripted_fail(&scene->store, i, -ECANCELED);
        }
    }
    tally_destroy(scene->tally);
    turning_finish(&scene->turning);
}

static inline void assert_told(const struct scene *scene, unsigned index, uint64_t ticket,
                               int result, int64_t number)
{
    assert_true(index < scene->told_count);
    assert_int_equal(scene->told[index].ticket, ticket);
    assert_int_equal(scene->told[index].result, result);
    assert_int_equal(scene->told[index].number, number);
}

/* Hits 1 to `count` were counted and told in their order, with numbers from `first_number`. */
static inline void assert_all_counted(const struct scene *scene, unsigned count,
                                      int64_t first_number)
{
    assert_int_equal(scene->told_count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_told(scene, i, i + 1, 0, first_number + i);
    }
}

static inline bool all_are_told(void *test)
{
    const struct scene *scene = test;

    return scene->told_count == scene->next_ticket - 1;
}

static inline bool one_is_told(void *test)
{
    return ((const struct scene *)test)->told_count > 0;
}

#endif
