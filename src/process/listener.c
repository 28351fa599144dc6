/*
 * listener.c - resolving, binding and naming.
 */
#include "process/listener.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 4096, /* the kernel takes net.core.somaxconn if that is less */
    BIND_RETRY_FOR_MS = 1000,
    BIND_RETRY_EVERY_MS = 50,
};

/* bind(2), tried again for a second while the port is taken: a process that is just going away
 * holds it for some milliseconds after its death. */
static int bind_patiently(int fd, const struct sockaddr *address, socklen_t length)
{
    const struct timespec pause = {.tv_nsec = BIND_RETRY_EVERY_MS * 1000000L};
    uint64_t end_ms = clock_monotonic_ms() + BIND_RETRY_FOR_MS;

    while (bind(fd, address, length) < 0) {
        if (errno != EADDRINUSE || clock_monotonic_ms() >= end_ms) {
            return -errno;
        }
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

/* A bound and listening socket in *out_fd. 0 or -errno. */
static int open_tcp(const struct sockaddr *address, socklen_t length, bool is_dual, int *out_fd)
{
    const int on = 1;
    const int only_v6 = is_dual ? 0 : 1;
    int result = 0;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -errno;
    }
    /* Accepted sockets inherit TCP_NODELAY: answers leave at once without a call for each. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        (address->sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) < 0)) {
        result = -errno;
    }
    if (result == 0) {
        result = bind_patiently(fd, address, length);
    }
    if (result == 0 && listen(fd, BACKLOG) < 0) {
        result = -errno;
    }
    if (result < 0) {
        (void)close(fd);
        return result;
    }
    *out_fd = fd;
    return 0;
}

/* Writes "http://ADDRESS:PORT" of a bound socket. 0 or -errno. */
static int write_name(struct listener *listener)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof storage;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];

    if (getsockname(listener->fd, (struct sockaddr *)&storage, &length) < 0) {
        return -errno;
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

static int add_tcp(struct listeners *listeners, const struct sockaddr *address, socklen_t length,
                   bool is_dual)
{
    struct listener *listener = &listeners->list[listeners->count];
    int result;

    if (listeners->count == LISTENERS_MAX) {
        return -E2BIG;
    }
    *listener = (struct listener){.fd = -1};
    result = open_tcp(address, length, is_dual, &listener->fd);
    if (result < 0) {
        return result;
    }
    listeners->count++;
    return write_name(listener);
}

/* Every address, IPv6 and IPv4 in one socket; a host without IPv6 serves on IPv4 alone. */
static int add_all_addresses(struct listeners *listeners, uint16_t port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    int result = add_tcp(listeners, (const struct sockaddr *)&six, sizeof six, true);

    if (result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL) {
        result = add_tcp(listeners, (const struct sockaddr *)&four, sizeof four, false);
    }
    return result;
}

/* Every address of a name, or the one address that it is. */
static int add_host(struct listeners *listeners, const struct address *address,
                    const char **out_why)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    struct addrinfo *found;
    char port[8];
    int result;

    (void)snprintf(port, sizeof port, "%u", address->port);
    result = getaddrinfo(address->host, port, &hints, &found);
    if (result != 0) {
        *out_why = gai_strerror(result);
        return -EADDRNOTAVAIL;
    }
    for (const struct addrinfo *each = found; each != NULL && result == 0; each = each->ai_next) {
        result = add_tcp(listeners, each->ai_addr, each->ai_addrlen, false);
    }
    freeaddrinfo(found);
    return result;
}

/* Whether somebody answers on the socket at `address`. */
static bool is_answered(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool answered;

    if (fd < 0) {
        return true; /* not known: leave it alone */
    }
    /* Only a refusal says that nobody is there. EAGAIN is a full backlog, EPROTOTYPE a socket of
     * another type, EACCES one that is not for us: somebody's. */
    answered = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
               (errno != ECONNREFUSED && errno != ENOENT);
    (void)close(fd);
    return answered;
}

static int add_unix(struct listeners *listeners, const struct address *address)
{
    struct listener *listener = &listeners->list[listeners->count];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct stat information;
    bool bound;
    int result;

    if (listeners->count == LISTENERS_MAX) {
        return -E2BIG;
    }
    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", address->path);
    if (stat(address->path, &information) == 0 && S_ISSOCK(information.st_mode)) {
        if (is_answered(&name)) {
            return -EADDRINUSE;
        }
        (void)unlink(address->path); /* what could not be taken away shows in bind(2) */
    }
    *listener =
        (struct listener){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (listener->fd < 0) {
        return -errno;
    }
    bound = bind(listener->fd, (const struct sockaddr *)&name, sizeof name) == 0;
    if (!bound || listen(listener->fd, BACKLOG) < 0 || stat(address->path, &information) < 0) {
        result = -errno;
        if (bound) {
            (void)unlink(address->path);
        }
        (void)close(listener->fd);
        return result;
    }
    listener->device = information.st_dev;
    listener->inode = information.st_ino;
    (void)snprintf(listener->path, sizeof listener->path, "%s", address->path);
    (void)snprintf(listener->name, sizeof listener->name, "unix:%s", address->path);
    listeners->count++;
    return 0;
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

/* Opens what one address names. 0, or -errno and why. */
static int add_address(struct listeners *listeners, const struct address *address,
                       const char *option, char *out_reason)
{
    const char *why = NULL;
    int result;

    if (address->is_unix) {
        result = add_unix(listeners, address);
    } else if (address->host[0] == '\0') {
        result = add_all_addresses(listeners, address->port);
    } else {
        result = add_host(listeners, address, &why);
    }
    if (result < 0) {
        explain(address, result, why, option, out_reason);
    }
    return result;
}

int listeners_open(const struct address *addresses, uint32_t addresses_count,
                   struct listeners *out_listeners, char out_reason[LISTENER_REASON_BYTES])
{
    out_listeners->count = 0;
    for (uint32_t i = 0; i < addresses_count; i++) {
        const uint32_t first = out_listeners->count;
        int result = add_address(out_listeners, &addresses[i], "--listen", out_reason);

        for (uint32_t j = first; j < out_listeners->count; j++) {
            out_listeners->list[j].is_proxied = addresses[i].is_proxied;
        }
        if (result < 0) {
            listeners_close(out_listeners);
            listeners_unlink(out_listeners);
            return result;
        }
    }
    return 0;
}

int listeners_add_admin(struct listeners *listeners, const struct address *address,
                        char out_reason[LISTENER_REASON_BYTES])
{
    const uint32_t first = listeners->count;
    const mode_t mask = umask(0117); /* before there is a second thread */
    const int result = add_address(listeners, address, "--admin", out_reason);

    (void)umask(mask);
    for (uint32_t i = first; i < listeners->count; i++) {
        listeners->list[i].is_admin = true;
        if (result < 0) {
            (void)close(listeners->list[i].fd);
        }
    }
    if (result < 0) {
        listeners->count = first;
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

void listeners_unlink(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        const struct listener *listener = &listeners->list[i];
        struct stat information;

        if (listener->path[0] != '\0' && stat(listener->path, &information) == 0 &&
            information.st_dev == listener->device && information.st_ino == listener->inode) {
            (void)unlink(listener->path);
        }
    }
}

void listeners_log_ready(const struct listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        const struct listener *listener = &listeners->list[i];

        if (listener->is_admin) {
            LOG_EVENT(LOG_INFO, "admin_ready", LOG_FIELD_TEXT("at", listener->name));
        } else {
            log_ready(listener->name);
        }
    }
}
