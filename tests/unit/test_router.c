/*
 * test_router.c - which handler a request is for.
 */
#include "http/router.h"

#include "base/network_address.h"
#include "test.h"

static void get_root(void *owner, uint64_t ticket)
{
    (void)owner;
    (void)ticket;
}

static void post_root(void *owner, uint64_t ticket)
{
    (void)owner;
    (void)ticket;
}

static void options_other(void *owner, uint64_t ticket)
{
    (void)owner;
    (void)ticket;
}

static const struct network_address nobody;

static const struct route routes[] = {
    {
        .path = "/",
        .allow = "GET, POST, OPTIONS",
        .handlers = {[METHOD_GET] = get_root, [METHOD_POST] = post_root},
    },
    {
        .path = "/other",
        .allow = "OPTIONS",
        .handlers = {[METHOD_OPTIONS] = options_other},
    },
};

static const struct router router = {.routes = routes, .routes_count = 2};

struct row {
    enum method method;
    enum target_form form;
    const char *path;
    bool expects_other;
    route_handler *handler; /* NULL: answered at once */
    uint16_t status;
    const char *allow;
};

static const struct row rows[] = {
    {METHOD_GET, TARGET_ORIGIN, "/", false, get_root, 0, NULL},
    {METHOD_POST, TARGET_ABSOLUTE, "/", false, post_root, 0, NULL},
    {METHOD_OPTIONS, TARGET_ORIGIN, "/other", false, options_other, 0, NULL},
    {METHOD_HEAD, TARGET_ORIGIN, "/", false, NULL, 405, "GET, POST, OPTIONS"},
    {METHOD_OTHER, TARGET_ORIGIN, "/", false, NULL, 405, "GET, POST, OPTIONS"},
    {METHOD_GET, TARGET_ORIGIN, "/other", false, NULL, 405, "OPTIONS"},
    {METHOD_OPTIONS, TARGET_ORIGIN, "/", false, NULL, 204, "GET, POST, OPTIONS"},
    {METHOD_OPTIONS, TARGET_ASTERISK, "*", false, NULL, 204, "GET, HEAD, POST, OPTIONS"},
    {METHOD_GET, TARGET_ORIGIN, "", false, NULL, 404, NULL},
    {METHOD_GET, TARGET_ORIGIN, "//", false, NULL, 404, NULL},
    {METHOD_GET, TARGET_ORIGIN, "/Other", false, NULL, 404, NULL},
    {METHOD_GET, TARGET_ORIGIN, "/other/", false, NULL, 404, NULL},
    {METHOD_OPTIONS, TARGET_ORIGIN, "/none", false, NULL, 404, NULL},
    {METHOD_OTHER, TARGET_AUTHORITY, "", false, NULL, 404, NULL}, /* CONNECT */
    {METHOD_GET, TARGET_ORIGIN, "/", true, NULL, 417, NULL},
    {METHOD_OPTIONS, TARGET_ASTERISK, "*", true, NULL, 417, NULL},
};

static void each_request_finds_its_handler_or_its_answer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct request request = {
            .method = rows[i].method,
            .form = rows[i].form,
            .path = slice_of(rows[i].path),
            .expects_other = rows[i].expects_other,
        };
        const struct request_fields fields = {.count = 0};
        struct routed routed;
        struct reply reply;

        memset(&reply, 0xa5, sizeof reply);
        router_find(&router, &request, &fields, &nobody, &routed, &reply);
        if (routed.handler != rows[i].handler || routed.call != NULL) {
            fail_msg("row %u finds another handler", i);
        }
        if (rows[i].handler != NULL) {
            continue;
        }
        assert_int_equal(reply.status, rows[i].status);
        assert_true(reply_has_status(reply.status));
        if (rows[i].allow == NULL) {
            assert_null(reply.allow);
        } else {
            assert_string_equal(reply.allow, rows[i].allow);
        }
        assert_int_equal(reply.body_length > 0, reply.status != 204);
    }
}

static void without_routes_nothing_is_found(void **state)
{
    const struct router empty = {.routes_count = 0};
    const struct request request = {.method = METHOD_GET, .path = SLICE("/")};
    const struct request_fields fields = {.count = 0};
    struct routed routed;
    struct reply reply;

    (void)state;
    router_find(&empty, &request, &fields, &nobody, &routed, &reply);
    assert_null(routed.handler);
    assert_int_equal(reply.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_finds_its_handler_or_its_answer),
        cmocka_unit_test(without_routes_nothing_is_found),
    };

    return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
