/*
 * admin_listener.c - where operators reach a footfall, and the file that says its pid.
 */
#include "process/admin_listener.h"

#include "base/runtime_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

        if (listener_is_in_use(listener) && !listener->is_admin && !listener->is_dropped &&
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

/* Writes the pid, whole or not at all. 0 or -errno. */
static int write_pid(const char *path)
{
    char draft[PATH_MAX + 8];
    int result = 0;
    int fd;

    (void)snprintf(draft, sizeof draft, "%s.new", path);
    fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return -errno;
    }
    if (dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        result = -errno;
    }
    (void)close(fd);
    if (result == 0 && rename(draft, path) < 0) {
        result = -errno;
    }
    if (result < 0) {
        (void)unlink(draft);
    }
    return result;
}

/* By default: PORT.sock and PORT.pid in the runtime folder, or a warning. */
static void open_usual(struct listeners *listeners, struct pid_file *out_file)
{
    struct address address = {.is_unix = true};
    char reason[LISTENER_REASON_BYTES];
    char folder[ADDRESS_PATH_BYTES_MAX];
    unsigned port = first_port(listeners);
    int length;
    int result;

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
    if (listeners_want(listeners, &address, true, reason) < 0) {
        warn(reason);
        return;
    }
    (void)snprintf(out_file->path, sizeof out_file->path, "%s/%u.pid", folder, port);
    result = write_pid(out_file->path);
    if (result < 0) {
        LOG_EVENT(LOG_WARN, "no_pid_file", LOG_FIELD_TEXT("path", out_file->path),
                  LOG_FIELD_TEXT("reason", strerror(-result)));
        out_file->path[0] = '\0';
    }
}

int admin_listener_open(const struct settings *settings, struct listeners *listeners,
                        struct pid_file *out_file, char out_reason[LISTENER_REASON_BYTES])
{
    int result = 0;

    out_file->path[0] = '\0';
    switch (settings->admin_kind) {
    case SETTING_ADMIN_NONE:
        break;
    case SETTING_ADMIN_AUTO:
        open_usual(listeners, out_file);
        break;
    case SETTING_ADMIN_NAMED:
        result = listeners_want(listeners, &settings->admin, true, out_reason);
        break;
    }
    return result;
}

void pid_file_remove(const struct pid_file *file)
{
    FILE *stream = file->path[0] != '\0' ? fopen(file->path, "re") : NULL;
    long pid = 0;

    if (stream == NULL) {
        return;
    }
    if (fscanf(stream, "%ld", &pid) == 1 && pid == (long)getpid()) {
        (void)unlink(file->path);
    }
    (void)fclose(stream);
}
