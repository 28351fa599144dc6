/*
 * test_http_bodies.c - bodies that are kept for who wants them: by length, chunked, however they
 * are cut; and what becomes of a call.
 */
#include "http/server.h"

#include "base/network_address.h"
#include "test.h"
#include "turning_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY_BYTES = 40000 }; /* several receives */

static bool next_allocation_fails;

/* Compilers make a malloc(3) of a realloc(3) of nothing. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool allocation_fails(void)
{
    const bool fails = next_allocation_fails;

    next_allocation_fails = false;
    return fails;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

/* A server with one connection, whose calls want their body unless the path is "/no". */
struct bodies {
    struct turning_loop turning;
    struct http_server *server;
    int fd; /* the client's end */
    unsigned begun;
    unsigned dropped;
    size_t body_length; /* of the last one */
    char body[2 * BODY_BYTES];
    bool is_drained;
    size_t received;
    char answer[4096];
};

static _Atomic uint32_t connections;
static int one_call; /* what a call points at */

static void begin(void *owner, uint64_t ticket)
{
    struct bodies *bodies = owner;
    const struct slice body = http_server_body(bodies->server, ticket);
    struct reply reply = {.status = 200};

    assert_ptr_equal(http_server_call(bodies->server, ticket), &one_call);
    assert_true(body.length <= sizeof bodies->body);
    if (body.length > 0) {
        memcpy(bodies->body, body.bytes, body.length);
    }
    bodies->body_length = body.length;
    bodies->begun++;
    http_server_answer(bodies->server, ticket, &reply);
}

static bool resolve(void *owner, const struct request *request, const struct request_fields *fields,
                    const struct network_address *client, struct routed *out_routed,
                    struct reply *out_reply)
{
    (void)owner;
    (void)fields;
    (void)client;
    (void)out_reply;
    *out_routed = (struct routed){
        .handler = begin,
        .call = &one_call,
        .wants_body = !slice_is(request->path, "/no"),
    };
    return true;
}

static void drop(void *owner, void *call)
{
    struct bodies *bodies = owner;

    assert_ptr_equal(call, &one_call);
    bodies->dropped++;
}

static void drained(void *owner)
{
    ((struct bodies *)owner)->is_drained = true;
}

static void bodies_init(struct bodies *bodies)
{
    const struct http_settings settings = {
        .limits = http_default_limits,
        .unanswered_max = HTTP_UNANSWERED_MAX,
        .calls = {resolve, drop, bodies},
        .owner = bodies,
        .connections_gauge = &connections,
    };
    const struct network_address nobody = {0};
    int fds[2];

    memset(bodies, 0, sizeof *bodies);
    turning_init(&bodies->turning);
    assert_int_equal(http_server_create(bodies->turning.loop, &settings, &bodies->server), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    bodies->fd = fds[0];
    assert_int_equal(http_server_take(bodies->server, fds[1], &nobody, 0), 0);
}

static bool is_over(void *test)
{
    return ((struct bodies *)test)->is_drained;
}

static void bodies_finish(struct bodies *bodies)
{
    (void)close(bodies->fd);
    http_server_drain(bodies->server, false, drained);
    http_server_abort(bodies->server);
    turn_until(&bodies->turning, is_over, bodies);
    http_server_destroy(bodies->server);
    turning_finish(&bodies->turning);
}

/* Sends in pieces of `piece` bytes, one a turn. */
static void send_cut(struct bodies *bodies, struct slice bytes, size_t piece)
{
    while (bytes.length > 0) {
        const size_t length = bytes.length < piece ? bytes.length : piece;
        const ssize_t sent = send(bodies->fd, bytes.bytes, length, MSG_NOSIGNAL);

        assert_true(sent > 0 || errno == EAGAIN);
        bytes = slice_after(bytes, sent > 0 ? (size_t)sent : 0);
        turn_for(&bodies->turning, 1);
    }
}

static bool one_has_begun(void *test)
{
    return ((struct bodies *)test)->begun > 0;
}

/* The request, cut like that, has this body. */
static void assert_body(const char *request, size_t piece, const char *body)
{
    static struct bodies bodies;

    bodies_init(&bodies);
    send_cut(&bodies, slice_of(request), piece);
    turn_until(&bodies.turning, one_has_begun, &bodies);
    if (bodies.body_length != strlen(body) || memcmp(bodies.body, body, strlen(body)) != 0) {
        fail_msg("\"%.*s\", not \"%s\"", (int)bodies.body_length, bodies.body, body);
    }
    turn_for(&bodies.turning, 2);
    assert_int_equal(bodies.dropped, 1);
    bodies_finish(&bodies);
    assert_int_equal(bodies.dropped, 1);
}

#define BY_LENGTH "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world"
#define CHUNKED                                                                                    \
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"                            \
    "1\r\nh\r\n4;a=\"b\"\r\nello\r\n006\r\n world\r\n0\r\nTrailer: x\r\n\r\n"

static void a_body_is_kept_however_it_comes(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 60, 1000};

    (void)state;
    for (unsigned i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        assert_body(BY_LENGTH, pieces[i], "hello world");
        assert_body(CHUNKED, pieces[i], "hello world");
    }
}

static void there_is_none_where_nobody_wants_it_or_nothing_came(void **state)
{
    (void)state;
    assert_body("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 1000, "");
    assert_body("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 1000, "");
    assert_body("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", 1000, "");
    assert_body("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1000,
                "");
}

static bool three_have_begun(void *test)
{
    return ((struct bodies *)test)->begun == 3;
}

static void the_next_request_in_the_pipeline_is_no_part_of_it(void **state)
{
    static struct bodies bodies;

    (void)state;
    bodies_init(&bodies);
    send_cut(&bodies, SLICE(CHUNKED "GET /no HTTP/1.1\r\nHost: a\r\n\r\n" BY_LENGTH), 10000);
    turn_until(&bodies.turning, three_have_begun, &bodies);
    assert_int_equal(bodies.body_length, 11);
    assert_memory_equal(bodies.body, "hello world", 11);
    bodies_finish(&bodies);
    assert_int_equal(bodies.dropped, 3);
}

static void a_long_body_is_kept_whole(void **state)
{
    static struct bodies bodies;
    static char request[BODY_BYTES + 200];
    size_t length = (size_t)snprintf(
        request, 200, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY_BYTES);

    (void)state;
    bodies_init(&bodies);
    for (unsigned i = 0; i < BODY_BYTES; i++) {
        request[length + i] = (char)(i % 251);
    }
    send_cut(&bodies, (struct slice){request, length + BODY_BYTES}, 5000);
    turn_until(&bodies.turning, one_has_begun, &bodies);
    assert_int_equal(bodies.body_length, BODY_BYTES);
    assert_memory_equal(bodies.body, request + length, BODY_BYTES);
    bodies_finish(&bodies);
}

static void a_connection_that_goes_away_drops_its_call(void **state)
{
    static struct bodies bodies;

    (void)state;
    bodies_init(&bodies);
    send_cut(&bodies, SLICE("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello"),
             1000);
    assert_int_equal(bodies.dropped, 0);
    bodies_finish(&bodies);
    assert_int_equal(bodies.begun, 0);
    assert_int_equal(bodies.dropped, 1);
}

static void without_memory_the_body_is_refused_and_the_call_dropped(void **state)
{
    static struct bodies bodies;

    (void)state;
    bodies_init(&bodies);
    send_cut(&bodies, SLICE("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"), 1000);
    next_allocation_fails = true; /* that of the body: its answer needs some as well */
    send_cut(&bodies, SLICE("hello world"), 1000);
    turn_for(&bodies.turning, 5);
    assert_false(next_allocation_fails);
    assert_int_equal(bodies.begun, 0);
    assert_int_equal(bodies.dropped, 1);
    bodies.received = (size_t)recv(bodies.fd, bodies.answer, sizeof bodies.answer - 1, 0);
    assert_memory_equal(bodies.answer, "HTTP/1.1 413 ", 13);
    bodies_finish(&bodies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_kept_however_it_comes),
        cmocka_unit_test(there_is_none_where_nobody_wants_it_or_nothing_came),
        cmocka_unit_test(the_next_request_in_the_pipeline_is_no_part_of_it),
        cmocka_unit_test(a_long_body_is_kept_whole),
        cmocka_unit_test(a_connection_that_goes_away_drops_its_call),
        cmocka_unit_test(without_memory_the_body_is_refused_and_the_call_dropped),
    };

    return cmocka_run_group_tests_name("http_bodies", tests, NULL, NULL);
}
