/*
 * redis_link_scene.h - a link, a scripted server on the same loop, and what is to fail.
 *
 * For the tests of redis_link.c. Names are looked up by the test, and each turn of the loop takes
 * a millisecond by its clock, so that no deadline passes because the machine is busy; its program
 * is linked with --wrap for each function below that begins with __wrap_.
 */
#ifndef FOOTFALL_TEST_REDIS_LINK_SCENE_H
#define FOOTFALL_TEST_REDIS_LINK_SCENE_H

#include "fake_redis.h"
#include "store/redis_link.h"
#include "test.h"
#include "turning_loop.h"

#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum {
    ANSWERS_MAX = 64,
    TIMEOUT_MS = 2000,      /* where it is not to be reached */
    SHORT_TIMEOUT_MS = 100, /* where it is */
    SPLIT_PAUSE_MS = 3,
};

/* How one command ended. */
struct answer {
    bool is_told;
    int result;
    enum resp_type type;
    int64_t integer;
};

struct scene {
    struct turning_loop turning;
    struct fake_redis server;
    struct redis_link *link;
    bool link_is_closed;
    unsigned ups_count;
    unsigned downs_count;
    unsigned reasons_count; /* told, each as often as it changed */
    char up_detail[300];
    char down_detail[300];
    struct answer answers[ANSWERS_MAX];
    unsigned answers_count; /* told */
    unsigned wanted_answers;
    void (*on_up)(struct scene *scene);
    void (*on_down)(struct scene *scene);
    void (*on_answer)(struct scene *scene, struct answer *answer);
};

/* ---- what the test makes fail ---- */

static atomic_int lookup_error;
static const char *lookup_addresses[3]; /* NULL: none */
static atomic_bool lookup_hangs;
static atomic_uint lookups_count;
static sem_t let_go;
static unsigned failing_calloc;
static unsigned failing_malloc;
static unsigned failing_realloc;
static int failing_eventfd;
static int failing_pthread_create;
static int failing_socket;
static unsigned sockets_count;
static unsigned allocations_count;
static uint64_t turns_count; /* the time */

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
uint64_t __wrap_clock_monotonic_ms(void);
int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list)
{
    struct addrinfo numeric = *hints;
    struct addrinfo **end = out_list;
    int error = 0;

    if ((hints->ai_flags & AI_NUMERICHOST) != 0) {
        return __real_getaddrinfo(host, port, hints, out_list);
    }
    (void)atomic_fetch_add(&lookups_count, 1);
    while (atomic_load(&lookup_hangs) && sem_wait(&let_go) < 0) {
        /* a signal: wait on */
    }
    error = atomic_load(&lookup_error);
    numeric.ai_flags |= AI_NUMERICHOST;
    for (int i = 0; error == 0 && i < 3 && lookup_addresses[i] != NULL; i++) {
        error = __real_getaddrinfo(lookup_addresses[i], port, &numeric, end);
        while (error == 0 && *end != NULL) {
            end = &(*end)->ai_next;
        }
    }
    return error;
}

static inline bool fails(unsigned *countdown)
{
    return *countdown > 0 && --*countdown == 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations_count++;
    return fails(&failing_calloc) ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
    allocations_count++;
    return fails(&failing_malloc) ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations_count++;
    return fails(&failing_realloc) ? NULL : __real_realloc(memory, size);
}

int __wrap_eventfd(unsigned count, int flags)
{
    errno = failing_eventfd;
    return failing_eventfd != 0 ? -1 : __real_eventfd(count, flags);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    return failing_pthread_create != 0 ? failing_pthread_create
                                       : __real_pthread_create(thread, attributes, run, argument);
}

uint64_t __wrap_clock_monotonic_ms(void)
{
    return ++turns_count;
}

int __wrap_socket(int family, int type, int protocol)
{
    sockets_count++;
    errno = failing_socket;
    return failing_socket != 0 ? -1 : __real_socket(family, type, protocol);
}

/* ---- the scene ---- */

static inline void note_up(void *owner, const char *detail)
{
    struct scene *scene = owner;

    assert_true(redis_link_is_up(scene->link));
    scene->ups_count++;
    (void)snprintf(scene->up_detail, sizeof scene->up_detail, "%s", detail);
    if (scene->on_up != NULL) {
        scene->on_up(scene);
    }
}

static inline void note_down(void *owner, const char *detail)
{
    struct scene *scene = owner;

    assert_false(redis_link_is_up(scene->link));
    scene->downs_count++;
    scene->reasons_count += strcmp(detail, scene->down_detail) != 0;
    (void)snprintf(scene->down_detail, sizeof scene->down_detail, "%s", detail);
    if (scene->on_down != NULL) {
        scene->on_down(scene);
    }
}

static inline void note_sent(void *owner)
{
    const struct scene *scene = owner;

    assert_true(redis_link_is_up(scene->link));
}

static const struct redis_link_events link_events = {
    .up = note_up, .down = note_down, .sent = note_sent};

static inline void note_answer(void *owner, void *subject, int result,
                               const struct resp_reply *reply)
{
    struct scene *scene = owner;
    struct answer *answer = subject;

    assert_false(answer->is_told); /* exactly once */
    answer->is_told = true;
    answer->result = result;
    assert_int_equal(reply == NULL, result < 0);
    if (reply != NULL) {
        answer->type = reply->type;
        answer->integer = reply->integer;
    }
    scene->answers_count++;
    if (scene->on_answer != NULL) {
        scene->on_answer(scene, answer);
    }
}

static inline void note_link_closed(void *owner)
{
    struct scene *scene = owner;

    assert_false(scene->link_is_closed);
    scene->link_is_closed = true;
    scene->link = NULL;
}

static inline bool is_up(void *test)
{
    const struct scene *scene = test;

    return scene->link != NULL && redis_link_is_up(scene->link);
}

static inline bool is_down(void *test)
{
    return ((const struct scene *)test)->downs_count > 0;
}

static inline bool is_link_closed(void *test)
{
    return ((const struct scene *)test)->link_is_closed;
}

static inline bool is_server_closed(void *test)
{
    return fake_is_closed(&((const struct scene *)test)->server);
}

static inline bool has_answers(void *test)
{
    const struct scene *scene = test;

    return scene->answers_count >= scene->wanted_answers;
}

static inline void begin(struct scene *scene)
{
    *scene = (struct scene){.link = NULL};
    atomic_store(&lookup_error, 0);
    atomic_store(&lookup_hangs, false);
    atomic_store(&lookups_count, 0);
    sockets_count = 0;
    failing_calloc = failing_malloc = failing_realloc = 0;
    failing_eventfd = failing_pthread_create = failing_socket = 0;
    memset(lookup_addresses, 0, sizeof lookup_addresses);
    turning_init(&scene->turning);
    fake_init(&scene->server, scene->turning.loop, scene);
}

/* Opens a link to the server by a URL that has its port between those two. */
static inline void open_link(struct scene *scene, const char *before_port, const char *after_port,
                             uint32_t timeout_ms)
{
    const unsigned port = scene->server.port > 0 ? scene->server.port : 1; /* it never listened */
    char text[256];
    struct redis_url url;
    const char *problem;

    (void)snprintf(text, sizeof text, "%s:%u%s", before_port, port, after_port);
    assert_int_equal(redis_url_parse(slice_of(text), &url, &problem), 0);
    assert_int_equal(
        redis_link_open(scene->turning.loop, &url, timeout_ms, &link_events, scene, &scene->link),
        0);
    memset(&url, '#', sizeof url); /* it was to be copied */
    assert_int_equal(scene->ups_count + scene->downs_count, 0);
}

static inline void begin_up(struct scene *scene, uint32_t timeout_ms)
{
    begin(scene);
    fake_listen(&scene->server);
    open_link(scene, "redis://127.0.0.1", "", timeout_ms);
    turn_until(&scene->turning, is_up, scene);
}

static inline void close_link(struct scene *scene)
{
    redis_link_close(scene->link, note_link_closed, scene);
    assert_false(scene->link_is_closed); /* never from inside */
    turn_until(&scene->turning, is_link_closed, scene);
}

static inline void end(struct scene *scene)
{
    if (!scene->link_is_closed) {
        close_link(scene);
    }
    fake_close_all(&scene->server);
    turn_until(&scene->turning, is_server_closed, scene);
    fake_finish(&scene->server);
    turning_finish(&scene->turning);
}

/* Sends "INCRBY key 1" as the i-th command. */
static inline int send_command(struct scene *scene, unsigned i)
{
    const struct slice words[] = {SLICE("INCRBY"), SLICE("key"), SLICE("1")};
    const unsigned answers_before = scene->answers_count;
    int result = redis_link_send(scene->link, words, 3, note_answer, scene, &scene->answers[i]);

    assert_int_equal(scene->answers_count, answers_before); /* never from inside */
    return result;
}

static inline void send_commands(struct scene *scene, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(send_command(scene, i), 0);
    }
    scene->wanted_answers = count;
}

/* Expects the answers from `first` on to be that error. */
static inline void check_lost(const struct scene *scene, unsigned first, unsigned count, int result)
{
    assert_int_equal(scene->answers_count, count);
    for (unsigned i = first; i < count; i++) {
        assert_true(scene->answers[i].is_told);
        assert_int_equal(scene->answers[i].result, result);
    }
}

/* ---- servers ---- */

static inline void say_nothing(struct fake_connection *connection, const char *command)
{
    (void)connection;
    (void)command;
}

/* Greets, and answers no INCRBY. */
static inline void only_greet(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "INCRBY", 6) != 0) {
        fake_answer(connection, command);
    }
}

static inline void close_behind_the_greeting(struct fake_connection *connection,
                                             const char *command)
{
    fake_answer(connection, command);
    fake_close(connection);
}

/* Greets, answers the first INCRBY of a connection, and then does the worst it can. */
static void (*worst)(struct fake_connection *connection);

static inline void answer_one_and_then_the_worst(struct fake_connection *connection,
                                                 const char *command)
{
    fake_answer(connection, command);
    if (strncmp(command, "INCRBY", 6) == 0) {
        connection->is_mute = true;
        worst(connection);
    }
}

static inline void worst_is_garbage(struct fake_connection *connection)
{
    fake_send(connection, "\r\nwhat?\r\n");
}

/* An address of this process alone, so that none beside it has the port there. */
static inline const char *black_hole_url(void)
{
    static char url[32];
    const unsigned pid = (unsigned)getpid(); /* 22 bits at most, proc_sys_kernel(5) */

    (void)snprintf(url, sizeof url, "redis://127.%u.%u.%u", 1 + pid / 65536 % 254, pid / 256 % 256,
                   pid % 256);
    return url;
}

static inline const char *black_hole_host(void)
{
    return black_hole_url() + strlen("redis://");
}

/* A listener whose queue is full answers no SYN: a black hole. Returns its descriptors. */
static inline void make_black_hole(const struct scene *scene, int fds[3])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(scene->server.port)};

    assert_int_equal(inet_pton(AF_INET, black_hole_host(), &address.sin_addr), 1);
    for (int i = 0; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fds[i] >= 0);
    }
    /* The last connection there may still hold the port. */
    assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fds[0], (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    for (int i = 1; i < 3; i++) {
        (void)connect(fds[i], (const struct sockaddr *)&address, sizeof address);
    }
}

static inline void close_black_hole(const int fds[3])
{
    for (int i = 0; i < 3; i++) {
        (void)close(fds[i]);
    }
}

#endif
