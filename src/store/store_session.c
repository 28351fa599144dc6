/*
 * store_session.c - a loop that turns while somebody waits.
 */
#include "store/store_session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void session_ready(void *owner)
{
    struct store_session *session = owner;

    store_session_wake(session);
}

static void session_notice(void *owner, enum store_notice level, const char *event,
                           const char *detail)
{
    struct store_session *session = owner;

    (void)event;
    if (level == STORE_NOTICE_ERROR) {
        (void)snprintf(session->trouble, sizeof session->trouble, "%.400s", detail);
    } else if (level == STORE_NOTICE_INFO) {
        session->trouble[0] = '\0';
    }
}

/* Each refusal is told here, before its batch is; of notices some are left out. */
static void session_status(void *owner, const struct store_status *status)
{
    struct store_session *session = owner;

    if (status->last_error[0] != '\0') {
        (void)snprintf(session->trouble, sizeof session->trouble, "%.400s", status->last_error);
    }
}

static void session_overdue(void *owner)
{
    struct store_session *session = owner;

    session->is_overdue = true;
    loop_stop(session->loop);
}

void store_session_wake(struct store_session *session)
{
    loop_stop(session->loop);
}

int store_session_wait(struct store_session *session, uint64_t patience_ms)
{
    int result;

    session->is_overdue = false;
    if (patience_ms > 0) {
        timer_start(&session->timer, &session->timers, patience_ms);
    }
    result = loop_run(session->loop);
    timer_stop(&session->timer);
    return result < 0 ? result : session->is_overdue ? -ETIMEDOUT : 0;
}

static int wait_until_ready(struct store_session *session, uint64_t timeout_ms, char *out_reason)
{
    int result = 0;

    while (result == 0 && !store_is_ready(session->store)) {
        result = store_session_wait(session, timeout_ms);
    }
    if (result < 0) {
        (void)snprintf(out_reason, STORE_REASON_BYTES, "the store does not serve: %.400s",
                       session->trouble[0] != '\0' ? session->trouble : strerror(-result));
    }
    return result;
}

int store_session_open(struct store_session *session, const struct store_url *url,
                       uint64_t timeout_ms, char out_reason[STORE_REASON_BYTES])
{
    const struct store_events events = {
        .ready = session_ready,
        .notice = session_notice,
        .status = session_status,
        .owner = session,
    };
    int result;

    *session = (struct store_session){.loop = NULL};
    result = loop_create(LOOP_EPOLL, &session->loop);
    if (result < 0) {
        (void)snprintf(out_reason, STORE_REASON_BYTES, "there is no event loop: %s",
                       strerror(-result));
        return result;
    }
    timer_queue_init(&session->timers, session->loop);
    timer_init(&session->timer, session_overdue, session);
    result = store_url_open(url, session->loop, timeout_ms, &events, &session->store, out_reason);
    if (result == 0) {
        result = wait_until_ready(session, timeout_ms, out_reason);
    }
    if (result < 0) {
        store_session_close(session);
    }
    return result;
}

static void session_closed(void *owner)
{
    struct store_session *session = owner;

    session->store = NULL;
    loop_stop(session->loop);
}

void store_session_close(struct store_session *session)
{
    if (session->loop == NULL) {
        return;
    }
    if (session->store != NULL) {
        store_close(session->store, session_closed, session);
    }
    while (session->store != NULL && loop_run(session->loop) == 0) {
        /* what is in flight comes to its end */
    }
    loop_stop(session->loop);
    (void)loop_run(session->loop); /* until all that is closing is closed */
    timer_queue_finish(&session->timers);
    loop_destroy(session->loop);
    session->loop = NULL;
}
