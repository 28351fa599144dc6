/*
 * redis_server.c - a Redis server as a store sees it.
 */
#include "store/redis_server.h"

#include "loop/loop.h"

#include <errno.h>

void redis_server_counted(struct redis_server *server)
{
    server->has_counted = true;
    redis_news_counted(&server->report.news);
}

void redis_server_refused(struct redis_server *server, struct slice error)
{
    redis_report_refused(&server->report, loop_now_ms(server->loop), error);
}

/* One that has counted was right until now, so its name is looked up again; else the name's next
 * address is tried. */
void redis_server_leave(struct redis_server *server)
{
    redis_news_left(&server->report.news);
    if (server->has_counted) {
        redis_link_cut(server->terms.link, -EAGAIN, server->report.last_error);
    } else {
        redis_link_skip(server->terms.link, -EAGAIN, server->report.last_error);
    }
}

/* ---- the opening ---- */

/* Once both are known: that it counts, and what it may lose. */
static void tell_up(struct redis_server *server)
{
    if (server->is_ready && server->opening.questions_left == 0) {
        redis_report_serving(&server->report, loop_now_ms(server->loop));
    }
}

static void opening_ready(void *owner, enum redis_ledger_form form)
{
    struct redis_server *server = owner;

    server->terms.form = form;
    server->is_ready = true;
    if (form != REDIS_LEDGER_PLAIN) {
        redis_report_scripted(&server->report);
    }
    server->events->up(server->owner);
    redis_report_ready(&server->report);
    tell_up(server);
    if (server->is_ready) { /* the notice may have closed us */
        server->events->ready(server->owner);
    }
}

static void opening_forbidden(void *owner, struct slice error)
{
    struct redis_server *server = owner;

    redis_report_plain(&server->report, error);
}

static void opening_not_now(void *owner, struct slice error)
{
    struct redis_server *server = owner;

    redis_server_refused(server, error);
    redis_server_leave(server);
}

static void opening_inspected(void *owner, const struct redis_inspection *inspection)
{
    struct redis_server *server = owner;

    redis_report_inspected(&server->report, inspection);
    tell_up(server);
}

static const struct redis_opening_events opening_events = {
    .ready = opening_ready,
    .forbidden = opening_forbidden,
    .not_now = opening_not_now,
    .inspected = opening_inspected,
};

/* ---- the link ---- */

static void link_went_up(void *owner, const char *detail)
{
    struct redis_server *server = owner;

    server->has_counted = false;
    server->terms.link_number++;
    redis_report_link_up(&server->report, loop_now_ms(server->loop), detail);
    redis_opening_start(&server->opening, server->is_plain_wanted);
}

static void link_went_down(void *owner, const char *detail)
{
    struct redis_server *server = owner;

    server->is_ready = false;
    server->events->down(server->owner);
    redis_report_link_down(&server->report, loop_now_ms(server->loop), detail);
}

static void link_sent(void *owner)
{
    const struct redis_server *server = owner;

    server->events->sent(server->owner);
}

static const struct redis_link_events link_events = {
    .up = link_went_up,
    .down = link_went_down,
    .sent = link_sent,
};

int redis_server_open(struct redis_server *server, struct loop *loop, const struct redis_url *url,
                      uint32_t timeout_ms, const struct store_events *store_events,
                      const struct redis_server_events *events, void *owner)
{
    int result;

    *server = (struct redis_server){
        .loop = loop,
        .events = events,
        .owner = owner,
        .is_plain_wanted = url->is_plain,
    };
    redis_ledger_init(&server->terms.ledger, timeout_ms);
    redis_report_init(&server->report, store_events);
    result = redis_link_open(loop, url, timeout_ms, &link_events, server, &server->terms.link);
    if (result < 0) {
        return result;
    }
    redis_opening_init(&server->opening, server->terms.link, &opening_events, server);
    return 0;
}
