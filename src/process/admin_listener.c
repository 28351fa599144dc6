/*
 * admin_listener.c - where operators reach a footfall.
 */
#include "process/admin_listener.h"

#include "base/runtime_folder.h"
#include "process/listener_change.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The port that the first TCP listener got; 0 when all are unix sockets. */
static unsigned first_port(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        const struct listener *listener = &listeners->list[i];
        union {
            struct sockaddr_storage any;
            struct sockaddr_in four;
            struct sockaddr_in6 six;
        } address = {.any = {.ss_family = AF_UNSPEC}};
        socklen_t length = sizeof address;

        if (listener_is_in_use(listener) && !listener->is_admin &&
            getsockname(listener->fd, (struct sockaddr *)&address.any, &length) == 0 &&
            address.any.ss_family != AF_UNIX) {
            return ntohs(address.any.ss_family == AF_INET6 ? address.six.sin6_port
                                                           : address.four.sin_port);
        }
    }
    return 0;
}

static void warn(const char *reason)
{
    LOG_EVENT(LOG_WARN, "no_admin", LOG_FIELD_TEXT("reason", reason));
}

/* By default: PORT.sock and PORT.pid in the runtime folder, or a warning. */
static void open_usual(const struct listeners *current, struct listeners *next,
                       struct pid_file *out_file)
{
    struct address address = {.is_unix = true};
    char reason[LISTENER_REASON_BYTES];
    char folder[ADDRESS_PATH_BYTES_MAX];
    unsigned port = first_port(next);
    int length;

    if (!runtime_folder_find(folder, sizeof folder)) {
        warn("there is no runtime folder; name a place with --admin, or --admin none");
        return;
    }
    (void)mkdir(folder, 0755); /* what is wrong shows when the socket is made */
    length = snprintf(address.path, sizeof address.path, "%s/%u.sock", folder, port);
    if (length < 0 || (size_t)length >= sizeof address.path) {
        warn("the runtime folder's name is too long; name a place with --admin");
        return;
    }
    if (listener_change_want(current, next, &address, 1, true, reason) < 0) {
        warn(reason);
        return;
    }
    (void)snprintf(out_file->path, sizeof out_file->path, "%s/%u.pid", folder, port);
}

int admin_listener_want(const struct settings *settings, const struct listeners *current,
                        struct listeners *next, struct pid_file *out_file,
                        char out_reason[LISTENER_REASON_BYTES])
{
    int result = 0;

    out_file->path[0] = '\0';
    switch (settings->admin_kind) {
    case SETTING_ADMIN_NONE:
        break;
    case SETTING_ADMIN_AUTO:
        open_usual(current, next, out_file);
        break;
    case SETTING_ADMIN_NAMED:
        result = listener_change_want(current, next, &settings->admin, 1, true, out_reason);
        break;
    }
    return result;
}
