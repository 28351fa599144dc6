/*
 * listener.c - the list of listening sockets, and how it changes.
 */
#include "process/listener.h"

#include "base/log.h"
#include "process/listen_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool listener_is_in_use(const struct listener *listener)
{
    return listener->name[0] != '\0';
}

/* ---- one of them ---- */

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

/* A place of the list that is free, perhaps the one behind its last; or NULL. */
static struct listener *find_free(struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (!listener_is_in_use(&listeners->list[i])) {
            return &listeners->list[i];
        }
    }
    return listeners->count == LISTENERS_MAX ? NULL : &listeners->list[listeners->count];
}

/* The listening socket `fd` in a place of the list, whose it is then; closed after a failure. */
static int add(struct listeners *listeners, int fd, struct listener **out_listener)
{
    struct listener added = {.fd = fd};
    struct listener *listener = find_free(listeners);
    int result = listener == NULL ? -E2BIG : note_socket(&added);

    if (result < 0) {
        (void)close(fd);
        return result;
    }
    *listener = added;
    if (listener == &listeners->list[listeners->count]) {
        listeners->count++;
    }
    *out_listener = listener;
    return 0;
}

enum entrance listener_entrance(const struct listener *listener)
{
    if (listener->is_admin) {
        return ENTRANCE_ADMIN;
    }
    return listener->was_proxied ? ENTRANCE_PROXIED : ENTRANCE_VISITORS;
}

int listeners_inherit(struct listeners *listeners, const struct inherited_listener *inherited)
{
    struct listener *listener;
    int result = add(listeners, inherited->fd, &listener);

    if (result == 0) {
        listener->is_admin = inherited->is_admin;
        listener->is_proxied = inherited->is_proxied;
        listener->device = inherited->device; /* what is at its path now may be somebody else's */
        listener->inode = inherited->inode;
        listener->is_inherited = listener->is_lent = listener->has_any_port = true;
    }
    return result;
}

/* Whether it is a service manager's, whatever the settings want. */
static bool is_fixed(const struct listeners *listeners, const struct listener *listener)
{
    return listeners->are_activated && listener->is_inherited && listener_is_in_use(listener);
}

static bool has_fixed_admin(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (listeners->list[i].is_admin && is_fixed(listeners, &listeners->list[i])) {
            return true;
        }
    }
    return false;
}

/* ---- what an address wants ---- */

/* One that is there already and is not claimed yet. */
static struct listener *find_dropped(struct listeners *listeners,
                                     const struct listen_target *target, bool is_admin)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->list[i];

        if (listener_is_in_use(listener) && listener->is_dropped &&
            listener->is_admin == is_admin &&
            listen_socket_is_at(listener->fd, target, listener->has_any_port)) {
            return listener;
        }
    }
    return NULL;
}

static bool keep(struct listeners *listeners, const struct listen_target *target,
                 const struct address *address, bool is_admin)
{
    struct listen_target other = *target;
    struct listener *listener = find_dropped(listeners, target, is_admin);

    if (listener == NULL && listen_target_fall_back(&other, -EAFNOSUPPORT)) {
        listener = find_dropped(listeners, &other, is_admin);
    }
    if (listener != NULL) {
        listener->is_dropped = false;
        listener->is_proxied = address->is_proxied;
    }
    return listener != NULL;
}

static int open_new(struct listeners *listeners, struct listen_target *target,
                    const struct address *address, bool is_admin)
{
    struct listener *listener;
    mode_t mask = 0;
    int fd = -1;
    int result;

    if (find_free(listeners) == NULL) {
        return -E2BIG;
    }
    if (is_admin) {
        mask = umask(0117);
    }
    result = listen_socket_open(target, listeners->is_patient, &fd);
    if (result < 0 && listen_target_fall_back(target, result)) {
        result = listen_socket_open(target, listeners->is_patient, &fd);
    }
    if (is_admin) {
        (void)umask(mask);
    }
    if (result == 0) {
        result = add(listeners, fd, &listener);
    }
    if (result == 0) {
        listener->is_new = true;
        listener->is_admin = is_admin;
        listener->is_proxied = address->is_proxied;
        listener->has_any_port = !address->is_unix && address->port == 0;
    }
    return result;
}

/* What an operator is told. */
static void explain(const struct address *address, int result, const char *why, const char *option,
                    char *out_reason)
{
    char where[ADDRESS_HOST_BYTES_MAX + 16];
    const char *remedy = "";

    if (address->is_unix) {
        (void)snprintf(where, sizeof where, "unix:%s", address->path);
    } else {
        (void)snprintf(where, sizeof where,
                       strchr(address->host, ':') == NULL ? "%s:%u" : "[%s]:%u", address->host,
                       address->port);
    }
    if (result == -EADDRINUSE) {
        remedy = "another process serves there: stop it, or ";
    } else if (result == -EACCES) {
        remedy = "this user may not (ports below 1024 need a right): ";
    }
    (void)snprintf(out_reason, LISTENER_REASON_BYTES,
                   "cannot serve on %s: %s; %sname another with %s", where,
                   why != NULL ? why : strerror(-result), remedy, option);
}

int listeners_want(struct listeners *listeners, const struct address *address, bool is_admin,
                   char out_reason[LISTENER_REASON_BYTES])
{
    struct listen_target targets[LISTENERS_MAX];
    const char *why = NULL;
    uint32_t count = 0;
    int result;

    if (is_admin && has_fixed_admin(listeners)) {
        return 0;
    }
    result = listen_targets_find(address, targets, LISTENERS_MAX, &count, &why);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        if (!keep(listeners, &targets[i], address, is_admin)) {
            result = open_new(listeners, &targets[i], address, is_admin);
        }
    }
    if (result < 0) {
        explain(address, result, why, is_admin ? "--admin" : "--listen", out_reason);
    }
    return result;
}

/* ---- a change of all ---- */

void listeners_begin_change(struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->list[i];

        listener->is_new = false;
        listener->was_proxied = listener->is_proxied;
        listener->is_dropped = listener_is_in_use(listener) && !is_fixed(listeners, listener);
    }
}

static void forget(struct listener *listener)
{
    if (listener->fd >= 0) {
        (void)close(listener->fd);
    }
    *listener = (struct listener){.fd = -1};
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

void listeners_end_change(struct listeners *listeners, bool is_taken)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->list[i];

        if (is_taken && listener->is_dropped) {
            if (listener->is_admin) {
                listener_unlink(listener);
            }
            forget(listener);
        } else if (!is_taken && listener->is_new) {
            listener_unlink(listener);
            forget(listener);
        }
        if (is_taken) {
            listener->was_proxied = listener->is_proxied;
        } else {
            listener->is_proxied = listener->was_proxied;
        }
        listener->is_new = listener->is_dropped = false;
    }
}

int listeners_open(const struct address *addresses, uint32_t addresses_count,
                   struct listeners *out_listeners, char out_reason[LISTENER_REASON_BYTES])
{
    int result = 0;

    *out_listeners = (struct listeners){.is_patient = true};
    listeners_begin_change(out_listeners);
    for (uint32_t i = 0; i < addresses_count && result == 0; i++) {
        result = listeners_want(out_listeners, &addresses[i], false, out_reason);
    }
    listeners_end_change(out_listeners, result == 0);
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

static void log_one(const struct listener *listener)
{
    if (listener->is_admin) {
        LOG_EVENT(LOG_INFO, "admin_ready", LOG_FIELD_TEXT("at", listener->name));
    } else {
        log_ready(listener->name);
    }
}

void listeners_log_ready(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (listener_is_in_use(&listeners->list[i])) {
            log_one(&listeners->list[i]);
        }
    }
}

void listeners_log_change(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        const struct listener *listener = &listeners->list[i];

        if (listener->is_new) {
            log_one(listener);
        } else if (listener->is_dropped) {
            LOG_EVENT(LOG_INFO, "listener_closed", LOG_FIELD_TEXT("at", listener->name));
        }
    }
}
