/*
 * listener.c - where listening sockets are bound, and what becomes of their files.
 */
#include "process/listener.h"

#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- one of them ---- */

bool listener_is_in_use(const struct listener *listener)
{
    return listener->name[0] != '\0';
}

static void note_unix(struct listener *listener, const struct sockaddr_un *name)
{
    struct stat information;

    (void)snprintf(listener->name, sizeof listener->name, "unix:%.*s", (int)sizeof name->sun_path,
                   name->sun_path);
    if (stat(name->sun_path, &information) == 0) {
        listener->device = information.st_dev;
        listener->inode = information.st_ino;
        (void)snprintf(listener->path, sizeof listener->path, "%.*s", (int)sizeof name->sun_path,
                       name->sun_path);
    }
}

/* Finds out where the socket is bound, and calls it "http://ADDRESS:PORT" or "unix:PATH". 0 or
 * -errno. */
static int note_socket(struct listener *listener)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof storage;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];

    if (getsockname(listener->fd, (struct sockaddr *)&storage, &length) < 0) {
        return -errno;
    }
    if (storage.ss_family == AF_UNIX) {
        note_unix(listener, (const struct sockaddr_un *)&storage);
        return 0;
    }
    if (getnameinfo((struct sockaddr *)&storage, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return -EINVAL;
    }
    (void)snprintf(listener->name, sizeof listener->name,
                   storage.ss_family == AF_INET6 ? "http://[%.80s]:%.8s" : "http://%.80s:%.8s",
                   host, port);
    return 0;
}

int listener_init(struct listener *out_listener, int fd)
{
    struct listener listener = {.fd = fd};
    int result = note_socket(&listener);

    if (result < 0) {
        (void)close(fd);
        return result;
    }
    *out_listener = listener;
    return 0;
}

enum entrance listener_entrance(const struct listener *listener)
{
    if (listener->is_admin) {
        return ENTRANCE_ADMIN;
    }
    return listener->is_proxied ? ENTRANCE_PROXIED : ENTRANCE_VISITORS;
}

void listener_unlink(const struct listener *listener)
{
    struct stat information;

    if (listener->path[0] != '\0' && !listener->is_lent &&
        stat(listener->path, &information) == 0 && information.st_dev == listener->device &&
        information.st_ino == listener->inode) {
        (void)unlink(listener->path);
    }
}

void listener_log_ready(const struct listener *listener)
{
    if (listener->is_admin) {
        LOG_EVENT(LOG_INFO, "admin_ready", LOG_FIELD_TEXT("at", listener->name));
    } else {
        log_ready(listener->name);
    }
}

/* ---- all of them ---- */

int listeners_inherit(struct listeners *listeners, const struct inherited_listener *inherited)
{
    struct listener *listener = &listeners->list[listeners->count];
    int result;

    if (listeners->count == LISTENERS_MAX) {
        (void)close(inherited->fd);
        return -E2BIG;
    }
    result = listener_init(listener, inherited->fd);
    if (result == 0) {
        listeners->count++;
        listener->is_admin = inherited->is_admin;
        listener->is_proxied = inherited->is_proxied;
        listener->device = inherited->device; /* what is at its path now may be somebody else's */
        listener->inode = inherited->inode;
        listener->is_inherited = listener->is_lent = listener->has_any_port = true;
    }
    return result;
}

void listeners_close(struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (listeners->list[i].fd >= 0) {
            (void)close(listeners->list[i].fd);
            listeners->list[i].fd = -1;
        }
    }
}

void listeners_own(struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count && !listeners->are_activated; i++) {
        listeners->list[i].is_lent = false;
    }
}

void listeners_unlink(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        listener_unlink(&listeners->list[i]);
    }
}

void listeners_log_ready(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (listener_is_in_use(&listeners->list[i])) {
            listener_log_ready(&listeners->list[i]);
        }
    }
}
