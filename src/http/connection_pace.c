/*
 * connection_pace.c - a body that comes too slowly, answers that are taken too slowly.
 *
 * What has come, or was taken, is looked at once in a window, by a timer that runs only while there
 * is a body or a send to look at: nothing is measured on the way of a request, and a window that
 * finds nothing is the last. The first window of a send only notes where it stands, so a reader who
 * takes nothing is closed after one to two windows.
 *
 * What a reader takes is what its kernel has acknowledged (tcpi_bytes_acked, Linux 4.1). A unix
 * socket does not tell, so there a send has the idle time-out, as it has where there is no least
 * rate.
 */
#include "http/connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { WINDOW_MS = 10000 }; /* no shorter than the default patience with a body */

/* Of a window whose send is not known yet. */
#define NO_SEND UINT64_MAX

void connection_abort_slow_reader(struct connection *connection)
{
    /* A reset, for the kernel would keep for minutes what the peer does not take: socket(7). */
    const struct linger at_once = {.l_onoff = 1};

    (void)setsockopt(connection->descriptor.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connection_tell_limit(connection, LIMIT_SLOW_READER);
    connection_abort(connection);
}

static bool has_to_be_watched(const struct connection *connection)
{
    return connection->output != NULL || connection->state == CONNECTION_BODY;
}

static uint64_t least_bytes(const struct connection *connection)
{
    return connection->server->settings.min_rate * WINDOW_MS / 1000;
}

/* Bytes that the peer's kernel has had in all. False where nobody knows. */
static bool read_acknowledged(const struct connection *connection, uint64_t *out_bytes)
{
    struct tcp_info information = {0};
    socklen_t length = sizeof information;

    if (getsockopt(connection->descriptor.fd, IPPROTO_TCP, TCP_INFO, &information, &length) < 0 ||
        length <
            offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof information.tcpi_bytes_acked) {
        return false;
    }
    *out_bytes = information.tcpi_bytes_acked;
    return true;
}

static bool is_slow_sender(const struct connection *connection)
{
    return connection->state == CONNECTION_BODY &&
           loop_now_ms(connection->server->loop) - connection->entered_ms >= WINDOW_MS &&
           connection->pace.body_bytes < least_bytes(connection);
}

/* Whether one send has gone on for the whole window, with too few bytes taken. A send that is a
 * newer one means that a good part of the socket's buffer was emptied. Begins the next window. */
static bool is_slow_reader(struct connection *connection)
{
    struct pace *pace = &connection->pace;
    const uint64_t send_before_ms = pace->send_ms;
    const uint64_t acknowledged_before = pace->acknowledged_bytes;

    pace->send_ms = NO_SEND;
    if (connection->output == NULL) {
        return false;
    }
    pace->is_unknown = !read_acknowledged(connection, &pace->acknowledged_bytes);
    if (pace->is_unknown) {
        return false;
    }
    pace->send_ms = connection->sent_ms;
    return send_before_ms == pace->send_ms &&
           pace->acknowledged_bytes - acknowledged_before < least_bytes(connection);
}

static void window_is_over(void *owner)
{
    struct connection *connection = owner;

    if (is_slow_reader(connection)) {
        connection_abort_slow_reader(connection);
        return;
    }
    if (is_slow_sender(connection)) {
        connection_tell_limit(connection, LIMIT_SLOW_SENDER);
        connection_refuse(connection, 408, "The body of the request came too slowly.");
    }
    connection->pace.body_bytes = 0;
    if (has_to_be_watched(connection)) {
        timer_start(&connection->pace.timer, &connection->server->pace_timers, WINDOW_MS);
    }
}

void connection_pace_init(struct connection *connection)
{
    connection->pace = (struct pace){.send_ms = NO_SEND};
    timer_init(&connection->pace.timer, window_is_over, connection);
}

void connection_pace_watch(struct connection *connection)
{
    if (connection->server->settings.min_rate > 0 && !timer_is_running(&connection->pace.timer)) {
        connection->pace.send_ms = NO_SEND;
        connection->pace.body_bytes = 0;
        timer_start(&connection->pace.timer, &connection->server->pace_timers, WINDOW_MS);
    }
}

bool connection_pace_is_watched(const struct connection *connection)
{
    return connection->server->settings.min_rate > 0 && !connection->pace.is_unknown;
}
