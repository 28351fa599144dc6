/*
 * admin.c - the admin side: its server and its routes.
 */
#include "admin/admin.h"

#include "admin/pages.h"
#include "base/network_address.h"
#include "http/server.h"
#include "loop/loop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Many connections at once would be somebody's mistake. */
enum { CONNECTIONS_MAX = 64, REQUEST_MS_MAX = 10000, IDLE_MS_MAX = 60000 };

static void answer_short(const struct admin *admin, uint64_t ticket, uint16_t status,
                         const char *body)
{
    struct reply reply = {.status = status, .body_length = (uint8_t)strlen(body)};

    memcpy(reply.body, body, reply.body_length);
    http_server_answer(admin->server, ticket, &reply);
}

/* Answers with a page, whose text is finished here. */
static void answer_page(const struct admin *admin, uint64_t ticket, struct text *page,
                        const char *content_type)
{
    struct reply reply = {.status = 200, .content_type = content_type};
    struct content *content = NULL;

    if (!page->has_failed) {
        content = malloc(sizeof *content + page->length);
    }
    if (content == NULL) {
        reply_set_error(&reply, 503, "There is no memory for this page.");
    } else {
        content->length = page->length;
        memcpy(content->bytes, page->bytes, page->length);
        reply.content = content;
    }
    text_finish(page);
    http_server_answer(admin->server, ticket, &reply);
}

static void show_status(void *owner, uint64_t ticket)
{
    const struct admin *admin = owner;
    struct text page = {0};

    status_page_write(&page, &admin->view, loop_now_ms(admin->loop));
    answer_page(admin, ticket, &page, "application/json");
}

static void show_metrics(void *owner, uint64_t ticket)
{
    const struct admin *admin = owner;
    struct text page = {0};

    metrics_page_write(&page, &admin->view);
    answer_page(admin, ticket, &page, "text/plain; version=0.0.4; charset=utf-8");
}

static void show_live(void *owner, uint64_t ticket)
{
    answer_short(owner, ticket, 200, "{\"live\":true}");
}

static void show_ready(void *owner, uint64_t ticket)
{
    const struct admin *admin = owner;
    const bool is_ready = admin->events.can_count(admin->events.owner);

    answer_short(admin, ticket, is_ready ? 200 : 503,
                 is_ready ? "{\"ready\":true}" : "{\"ready\":false}");
}

#define ADMIN_ROUTE(route_path, handler)                                                           \
    {                                                                                              \
        .path = (route_path), .allow = "GET, HEAD, OPTIONS",                                       \
        .handlers = {[METHOD_GET] = (handler), [METHOD_HEAD] = (handler)},                         \
    }

static const struct route routes[] = {
    ADMIN_ROUTE("/status", show_status),
    ADMIN_ROUTE("/metrics", show_metrics),
    ADMIN_ROUTE("/health/live", show_live),
    ADMIN_ROUTE("/health/ready", show_ready),
};

static void drained(void *owner)
{
    const struct admin *admin = owner;

    admin->events.drained(admin->events.owner);
}

int admin_open(struct admin *admin, struct loop *loop, const struct admin_view *view,
               const struct admin_events *events)
{
    const struct http_settings settings = {
        .header_timeout_ms = REQUEST_MS_MAX,
        .body_timeout_ms = REQUEST_MS_MAX,
        .idle_timeout_ms = IDLE_MS_MAX,
        .limits = http_default_limits,
        .unanswered_max = HTTP_UNANSWERED_MAX,
        .routes = routes,
        .routes_count = sizeof routes / sizeof routes[0],
        .routes_owner = admin,
        .owner = admin,
        .connections_gauge = &admin->connections,
    };

    admin->loop = loop;
    admin->view = *view;
    admin->events = *events;
    return http_server_create(loop, &settings, &admin->server);
}

void admin_take(struct admin *admin, int connection_fd)
{
    static const struct network_address nobody; /* nothing here asks who it is */

    if (http_server_connections(admin->server) >= CONNECTIONS_MAX) {
        (void)close(connection_fd);
        return;
    }
    (void)http_server_take(admin->server, connection_fd, &nobody,
                           0); /* without memory it has closed it */
}

void admin_drain(struct admin *admin)
{
    http_server_drain(admin->server, false, drained);
}

void admin_abort(struct admin *admin)
{
    if (admin->server != NULL) {
        http_server_abort(admin->server);
    }
}

uint32_t admin_connections(const struct admin *admin)
{
    return http_server_connections(admin->server);
}

void admin_finish(struct admin *admin)
{
    http_server_destroy(admin->server);
    admin->server = NULL;
}
