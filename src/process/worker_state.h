/*
 * worker_state.h - what the parts of a worker share. Private to them.
 *
 * worker.c makes it, worker_serve.c is what happens while it serves, worker_drain.c its end.
 */
#ifndef FOOTFALL_PROCESS_WORKER_STATE_H
#define FOOTFALL_PROCESS_WORKER_STATE_H

#include "admin/access_log.h"
#include "admin/admin.h"
#include "http/server.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "process/alone.h"
#include "process/intake.h"
#include "process/visitor_limits.h"
#include "process/worker.h"
#include "store/store_url.h"
#include "visits/counting.h"
#include "visits/proxy_watch.h"

struct worker {
    const struct worker_context *context;
    const struct settings *settings; /* in use */
    struct alone alone;
    struct loop *loop;
    struct signals signals;
    struct deal_intake *deals;     /* behind a master, though it may never deal */
    struct accept_intake *accepts; /* alone, or at listeners shared with other workers */
    struct http_server *server;
    struct access_log *access_log; /* NULL: there is none */
    struct admin admin;
    const char *listen[LISTENERS_MAX]; /* the names of the listeners */
    char store_text[STORE_URL_TEXT_BYTES];
    struct counting counting;
    struct timer_queue timers;
    struct timer beat;
    struct timer drain_limit;
    struct timer idle_limit;
    bool draining;
    bool intake_ended;
    bool store_closing;
    uint32_t stop_signals;
    int exit_status;
    struct log_limit refused_limit;
    struct proxy_watch proxy_watch;
    struct visitor_limits limits;
};

static inline bool worker_is_alone(const struct worker *worker)
{
    return worker->context->channel_fd < 0;
}

/* ---- worker_drain.c ---- */

/* Answers what has come, and leaves. `keeps_idle`: others serve on, so a connection may wait for
 * its next answer to be told. */
void worker_drain(struct worker *worker, bool keeps_idle);

/* Ends when it drains and nothing is left. For an owner of struct worker. */
void worker_drained(void *owner);

/* The store is closed: leaves the loop. */
void worker_store_closed(void *owner);

/* The timers of the drain. */
void worker_drain_init(struct worker *worker);

/* ---- worker_serve.c ---- */

/* The events of its intakes, its server and its signals. */
void worker_took(void *owner, int connection_fd, enum entrance entrance);
void worker_intake_ended(void *owner);
void worker_deals_ended(void *owner);
void worker_deals_begun(void *owner);
void worker_connection_ended(void *owner, uint32_t place);
void worker_request_refused(void *owner, const struct refusal *refusal);
void worker_signal_received(void *owner, int signal_number, bool from_process);

/* Whether it would count a visit now. */
bool worker_can_count(void *owner);

/* A sign of life, and the next one later. */
void worker_beat(void *owner);

/* Makes what a single process has in place of a master. */
void worker_open_alone(struct worker *worker);

#endif
