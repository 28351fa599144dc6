/*
 * listen_socket.c - resolving, binding, and what is at a unix socket's path before.
 */
#include "process/listen_socket.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 4096, /* the kernel takes net.core.somaxconn if that is less */
    BIND_RETRY_FOR_MS = 1000,
    BIND_RETRY_EVERY_MS = 50,
};

/* ---- what an address names ---- */

static void target_set(struct listen_target *target, const void *address, size_t length)
{
    *target = (struct listen_target){.length = (socklen_t)length};
    memcpy(&target->address, address, length);
}

/* Every address, IPv6 and IPv4 in one socket; or IPv4 alone. */
static void target_set_all(struct listen_target *target, uint16_t port, bool is_dual)
{
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (is_dual) {
        target_set(target, &six, sizeof six);
    } else {
        target_set(target, &four, sizeof four);
    }
    target->is_dual = is_dual;
}

static void target_set_unix(struct listen_target *target, const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    (void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    target_set(target, &name, sizeof name);
}

/* Every address of a name, or the one address that it is. */
static int resolve(const struct address *address, struct listen_target *targets,
                   uint32_t targets_max, uint32_t *out_count, const char **out_why)
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
    *out_count = 0;
    for (const struct addrinfo *each = found; each != NULL && result == 0; each = each->ai_next) {
        if (*out_count == targets_max) {
            result = -E2BIG;
        } else {
            target_set(&targets[(*out_count)++], each->ai_addr, each->ai_addrlen);
        }
    }
    freeaddrinfo(found);
    return result;
}

int listen_targets_find(const struct address *address, struct listen_target *targets,
                        uint32_t targets_max, uint32_t *out_count, const char **out_why)
{
    if (!address->is_unix && address->host[0] != '\0') {
        return resolve(address, targets, targets_max, out_count, out_why);
    }
    if (targets_max == 0) {
        return -E2BIG;
    }
    if (address->is_unix) {
        target_set_unix(targets, address->path);
    } else {
        target_set_all(targets, address->port, true);
    }
    *out_count = 1;
    return 0;
}

bool listen_target_fall_back(struct listen_target *target, int result)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&target->address;

    if (!target->is_dual || target->address.ss_family != AF_INET6 ||
        (result != -EAFNOSUPPORT && result != -EADDRNOTAVAIL)) {
        return false;
    }
    target_set_all(target, ntohs(six->sin6_port), false);
    return true;
}

/* ---- opening ---- */

/* bind(2), tried again for a second, if there is patience for it, while the port is taken: a
 * process that is just going away holds it for some milliseconds after its death. */
static int bind_patiently(int fd, const struct listen_target *target, bool is_patient)
{
    const struct timespec pause = {.tv_nsec = BIND_RETRY_EVERY_MS * 1000000L};
    uint64_t end_ms = clock_monotonic_ms() + (is_patient ? BIND_RETRY_FOR_MS : 0);

    while (bind(fd, (const struct sockaddr *)&target->address, target->length) < 0) {
        if (errno != EADDRINUSE || clock_monotonic_ms() >= end_ms) {
            return -errno;
        }
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

/* A bound and listening socket in *out_fd. 0 or -errno. */
static int open_tcp(const struct listen_target *target, bool is_patient, int *out_fd)
{
    const int on = 1;
    const int only_v6 = target->is_dual ? 0 : 1;
    const sa_family_t family = target->address.ss_family;
    int result = 0;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -errno;
    }
    /* Accepted sockets inherit TCP_NODELAY: answers leave at once without a call for each. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        (family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) < 0)) {
        result = -errno;
    }
    if (result == 0) {
        result = bind_patiently(fd, target, is_patient);
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

static int open_unix(const struct listen_target *target, int *out_fd)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&target->address;
    struct stat information;
    bool is_bound;
    int fd;

    if (stat(name->sun_path, &information) == 0 && S_ISSOCK(information.st_mode)) {
        if (is_answered(name)) {
            return -EADDRINUSE;
        }
        (void)unlink(name->sun_path); /* what could not be taken away shows in bind(2) */
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    is_bound = bind(fd, (const struct sockaddr *)name, target->length) == 0;
    if (!is_bound || listen(fd, BACKLOG) < 0) {
        const int result = -errno;

        if (is_bound) {
            (void)unlink(name->sun_path);
        }
        (void)close(fd);
        return result;
    }
    *out_fd = fd;
    return 0;
}

int listen_socket_open(const struct listen_target *target, bool is_patient, int *out_fd)
{
    return target->address.ss_family == AF_UNIX ? open_unix(target, out_fd)
                                                : open_tcp(target, is_patient, out_fd);
}

/* ---- comparing ---- */

/* A socket's name as each family has it. */
union name {
    struct sockaddr_storage any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un path;
};

/* Where the socket is bound; of no family when that cannot be told. */
static union name name_of(int fd)
{
    union name name = {.any = {.ss_family = AF_UNSPEC}};
    socklen_t length = sizeof name;

    if (getsockname(fd, (struct sockaddr *)&name.any, &length) < 0) {
        name.any.ss_family = AF_UNSPEC;
    }
    return name;
}

static bool is_dual_socket(int fd)
{
    int only_v6 = 0;
    socklen_t length = sizeof only_v6;

    return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &length) == 0 && only_v6 == 0;
}

static bool is_same_path(const union name *one, const union name *other)
{
    return strncmp(one->path.sun_path, other->path.sun_path, sizeof one->path.sun_path) == 0;
}

static bool is_same_port(in_port_t bound, in_port_t wanted, bool any_port)
{
    return wanted == 0 ? any_port : bound == wanted;
}

static bool is_same_six(int fd, const union name *bound, const union name *wanted, bool is_dual,
                        bool any_port)
{
    return is_dual_socket(fd) == is_dual &&
           is_same_port(bound->six.sin6_port, wanted->six.sin6_port, any_port) &&
           bound->six.sin6_scope_id == wanted->six.sin6_scope_id &&
           memcmp(&bound->six.sin6_addr, &wanted->six.sin6_addr, sizeof bound->six.sin6_addr) == 0;
}

bool listen_socket_is_at(int fd, const struct listen_target *target, bool any_port)
{
    const union name wanted = {.any = target->address};
    const union name bound = name_of(fd);

    if (bound.any.ss_family != wanted.any.ss_family) {
        return false;
    }
    switch (bound.any.ss_family) {
    case AF_UNIX:
        return is_same_path(&bound, &wanted);
    case AF_INET6:
        return is_same_six(fd, &bound, &wanted, target->is_dual, any_port);
    case AF_INET:
        return is_same_port(bound.four.sin_port, wanted.four.sin_port, any_port) &&
               bound.four.sin_addr.s_addr == wanted.four.sin_addr.s_addr;
    default:
        return false;
    }
}

/* The port, in either family; 0 of a unix socket. */
static in_port_t port_of(const union name *name)
{
    switch (name->any.ss_family) {
    case AF_INET6:
        return name->six.sin6_port;
    case AF_INET:
        return name->four.sin_port;
    default:
        return 0;
    }
}

static bool is_any(const union name *name)
{
    return name->any.ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&name->six.sin6_addr) != 0
                                           : name->four.sin_addr.s_addr == INADDR_ANY;
}

static bool is_same_host(const union name *one, const union name *other)
{
    return one->any.ss_family == AF_INET6
               ? memcmp(&one->six.sin6_addr, &other->six.sin6_addr, sizeof one->six.sin6_addr) == 0
               : one->four.sin_addr.s_addr == other->four.sin_addr.s_addr;
}

bool listen_socket_is_in_way(int fd, const struct listen_target *target)
{
    const union name wanted = {.any = target->address};
    const union name bound = name_of(fd);

    if (bound.any.ss_family == AF_UNIX || wanted.any.ss_family == AF_UNIX) {
        return bound.any.ss_family == wanted.any.ss_family && is_same_path(&bound, &wanted);
    }
    if (port_of(&bound) == 0 || port_of(&bound) != port_of(&wanted)) {
        return false;
    }
    if (bound.any.ss_family !=
        wanted.any.ss_family) { /* IPv6 has IPv4's addresses where it is dual */
        return bound.any.ss_family == AF_INET6 ? is_any(&bound) && is_dual_socket(fd)
                                               : target->is_dual;
    }
    return is_any(&bound) || is_any(&wanted) || is_same_host(&bound, &wanted);
}
