/*
 * dealer_scene.h - a dealer, its scoreboard, and workers that are the far ends of real channels.
 *
 * Connections are socket pairs: one end is dealt, the other is the client's and has sent its own
 * index, so that whoever gets the connection can say which one it is.
 */
#ifndef FOOTFALL_TEST_DEALER_SCENE_H
#define FOOTFALL_TEST_DEALER_SCENE_H

#include "counted_descriptors.h"
#include "process/channel.h"
#include "process/dealer.h"
#include "test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SLOTS = 3,
    CLIENTS_MAX = 400,
    NOTHING = -1,    /* no deal is there */
    ENDED = -2,      /* the channel is */
    START_MS = 5000, /* some moment */
};

struct client {
    enum entrance entrance; /* as what it was dealt */
    int fd;
    int dealt_fd; /* the dealer's copy */
};

struct scene {
    struct scoreboard *scoreboard;
    struct dealer *dealer;
    uint64_t now_ms;
    unsigned descriptors_before;
    int master_fds[SLOTS];
    int worker_fds[SLOTS];
    uint64_t last_number[SLOTS]; /* of the deals that worker has received */
    struct deals arrived[SLOTS]; /* in its last message */
    uint32_t next[SLOTS];        /* of them */
    unsigned clients_count;
    struct client clients[CLIENTS_MAX];
};

static inline struct scoreboard_slot *slot_of(const struct scene *scene, uint32_t slot)
{
    return &scene->scoreboard->slots[slot];
}

/* A new worker in the slot, which is ready. */
static inline void open_slot(struct scene *scene, uint32_t slot)
{
    int fds[2];

    assert_int_equal(channel_open(fds), 0);
    scene->master_fds[slot] = fds[0];
    scene->worker_fds[slot] = fds[1];
    scene->last_number[slot] = 0;
    scene->arrived[slot].count = scene->next[slot] = 0;
    scoreboard_slot_clear(slot_of(scene, slot), WORKER_SERVING, scene->now_ms);
    dealer_open_slot(scene->dealer, slot, fds[0]);
}

/* The worker's end of the channel closes, as with its death. */
static inline void end_worker(struct scene *scene, uint32_t slot)
{
    while (scene->next[slot] < scene->arrived[slot].count) {
        assert_int_equal(close(scene->arrived[slot].fds[scene->next[slot]++]), 0);
    }
    assert_int_equal(close(scene->worker_fds[slot]), 0);
    scene->worker_fds[slot] = -1;
}

/* Buries the slot's worker. */
static inline uint32_t bury(struct scene *scene, uint32_t slot)
{
    uint32_t untaken;

    dealer_flush(scene->dealer, scene->now_ms);
    if (scene->worker_fds[slot] >= 0) {
        end_worker(scene, slot);
    }
    untaken = dealer_bury_slot(scene->dealer, slot, scene->now_ms);
    assert_int_equal(close(scene->master_fds[slot]), 0);
    scene->master_fds[slot] = -1;
    return untaken;
}

/* Fewer than fill three windows. */
enum { SCENE_COPIES_MAX = 2 * DEAL_WINDOW + 10 };

static inline void scene_init(struct scene *scene, uint32_t worker_connections_max)
{
    struct dealer_settings settings = {
        .slots_count = SLOTS,
        .worker_connections_max = worker_connections_max,
        .copies_max = SCENE_COPIES_MAX,
    };

    *scene = (struct scene){.now_ms = START_MS, .descriptors_before = descriptors_open_now()};
    assert_int_equal(scoreboard_create(&scene->scoreboard), 0);
    settings.scoreboard = scene->scoreboard;
    assert_int_equal(dealer_create(&settings, &scene->dealer), 0);
    for (uint32_t i = 0; i < SLOTS; i++) {
        scene->master_fds[i] = scene->worker_fds[i] = -1;
    }
}

static inline void open_all_slots(struct scene *scene)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        open_slot(scene, i);
    }
}

static inline void scene_finish(struct scene *scene)
{
    dealer_destroy(scene->dealer);
    scoreboard_destroy(scene->scoreboard);
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (scene->master_fds[i] >= 0) {
            assert_int_equal(close(scene->master_fds[i]), 0);
        }
        if (scene->worker_fds[i] >= 0) {
            end_worker(scene, i);
        }
    }
    for (unsigned i = 0; i < scene->clients_count; i++) {
        assert_int_equal(close(scene->clients[i].fd), 0);
    }
    assert_int_equal(descriptors_open_now(), scene->descriptors_before);
}

/* A client connects; `fd` of its connection is not dealt yet. Returns its index. */
static inline int connect_client(struct scene *scene)
{
    const int index = (int)scene->clients_count;
    int fds[2];

    assert_true(scene->clients_count < CLIENTS_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(send(fds[0], &index, sizeof index, 0), sizeof index);
    scene->clients[scene->clients_count++] = (struct client){.fd = fds[0], .dealt_fd = fds[1]};
    return index;
}

static inline int deal_as(struct scene *scene, int index, enum entrance entrance)
{
    scene->clients[index].entrance = entrance;
    return dealer_deal(scene->dealer, scene->clients[index].dealt_fd, entrance, scene->now_ms);
}

static inline int deal_client(struct scene *scene, int index)
{
    return deal_as(scene, index, index % 3 == 0 ? ENTRANCE_PROXIED : ENTRANCE_VISITORS);
}

/* A new client is dealt to whoever is next. Returns its index. */
static inline int deal(struct scene *scene)
{
    int index = connect_client(scene);

    assert_int_equal(deal_client(scene, index), 0);
    return index;
}

/* A new client finds no worker with room. */
static inline void deal_in_vain(struct scene *scene)
{
    int index = connect_client(scene);

    assert_int_equal(deal_client(scene, index), -EAGAIN);
    assert_int_equal(close(scene->clients[index].dealt_fd), 0); /* it is still ours */
}

/* Receives the worker's next deal, whose descriptor is the caller's. 1, 0 or -EAGAIN. */
static inline int receive_deal(struct scene *scene, uint32_t slot, struct deal *out_deal,
                               int *out_fd)
{
    struct deals *arrived = &scene->arrived[slot];

    dealer_flush(scene->dealer, scene->now_ms);
    if (scene->next[slot] == arrived->count) {
        int result = channel_receive_deals(scene->worker_fds[slot], arrived);

        scene->next[slot] = 0;
        if (result != 1) {
            arrived->count = 0;
            return result;
        }
    }
    *out_deal = arrived->list[scene->next[slot]];
    *out_fd = arrived->fds[scene->next[slot]++];
    return 1;
}

/* The client whose connection the worker receives next, or NOTHING, or ENDED. */
static inline int received(struct scene *scene, uint32_t slot)
{
    struct deal message;
    int index;
    int fd;
    int result = receive_deal(scene, slot, &message, &fd);

    if (result != 1) {
        assert_true(result == 0 || result == -EAGAIN);
        return result == 0 ? ENDED : NOTHING;
    }
    assert_int_equal(message.number, scene->last_number[slot] + 1);
    scene->last_number[slot]++;
    assert_int_equal(recv(fd, &index, sizeof index, MSG_PEEK), sizeof index);
    assert_int_equal(message.entrance, scene->clients[index].entrance);
    assert_int_equal(close(fd), 0);
    return index;
}

/* The worker notes all deals up to `number` as taken. */
static inline void take(struct scene *scene, uint32_t slot, uint64_t number)
{
    atomic_store(&slot_of(scene, slot)->taken, number);
}

static inline void refuse(struct scene *scene, uint32_t slot, uint64_t number)
{
    scoreboard_slot_refuse(slot_of(scene, slot), number);
    take(scene, slot, number);
}

static inline void collect(struct scene *scene)
{
    dealer_flush(scene->dealer, scene->now_ms);
    dealer_collect(scene->dealer, scene->now_ms);
}

static inline bool copy_is_open(const struct scene *scene, int index)
{
    return descriptor_is_open(scene->clients[index].dealt_fd);
}

/* Whether the client sees the end of its connection. */
static inline bool is_ended(const struct scene *scene, int index)
{
    char byte;

    return recv(scene->clients[index].fd, &byte, 1, 0) == 0 || errno == ECONNRESET;
}

#endif
