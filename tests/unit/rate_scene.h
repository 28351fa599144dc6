/*
 * rate_scene.h - clients of a rate table, numbered, for its tests.
 */
#ifndef FOOTFALL_TEST_RATE_SCENE_H
#define FOOTFALL_TEST_RATE_SCENE_H

#include "base/network_address.h"
#include "base/rate_table.h"
#include "test.h"

#include <arpa/inet.h>

/* 10.0.0.0 and on. */
static inline struct network_address client_of(uint32_t number)
{
    struct network_address client = {{[10] = 0xff, [11] = 0xff}};
    const uint32_t ipv4 = htonl(0x0a000000 + number);

    memcpy(client.bytes + 12, &ipv4, sizeof ipv4);
    return client;
}

static inline struct rate_answer take(struct rate_table *table, uint32_t client_number,
                                      struct rate_limit limit, uint64_t now_s)
{
    const struct network_address client = client_of(client_number);

    return rate_table_take(table, &client, &limit, now_s);
}

#define ASSERT_ANSWER(answer, verdict_wanted, remaining_wanted, left_wanted)                       \
    do {                                                                                           \
        const struct rate_answer given = (answer);                                                 \
        assert_int_equal(given.verdict, verdict_wanted);                                           \
        assert_int_equal(given.remaining, remaining_wanted);                                       \
        assert_int_equal(given.window_left_s, left_wanted);                                        \
    } while (0)

#endif
