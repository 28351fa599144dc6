/*
 * listen_socket.h - the sockets that an address stands for, one by one.
 */
#ifndef FOOTFALL_PROCESS_LISTEN_SOCKET_H
#define FOOTFALL_PROCESS_LISTEN_SOCKET_H

#include "base/address.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where one socket is bound. */
struct listen_target {
    struct sockaddr_storage address;
    socklen_t length;
    bool is_dual; /* of all addresses: IPv6 and IPv4 in one socket */
};

/* What `address` stands for: a name may have several targets. 0; -E2BIG beyond `targets_max`; or
 * -EADDRNOTAVAIL, with why in *out_why (getaddrinfo(3)). Blocks for a name's look-up. */
int listen_targets_find(const struct address *address, struct listen_target *targets,
                        uint32_t targets_max, uint32_t *out_count, const char **out_why);

/* After opening has failed with `result`: a host without IPv6 serves "all addresses" on IPv4 alone,
 * which is then the target. False where there is nothing to fall back on. */
bool listen_target_fall_back(struct listen_target *target, int result);

/* A bound, listening socket, nonblocking and close-on-exec, in *out_fd. A port that somebody is
 * just leaving is tried again for a second where `is_patient`; a unix socket that nobody answers on
 * is replaced. 0 or -errno. */
int listen_socket_open(const struct listen_target *target, bool is_patient, int *out_fd);

/* Whether the socket is bound there. `any_port`: where the target's is 0, whatever it got. */
bool listen_socket_is_at(int fd, const struct listen_target *target, bool any_port);

/* Whether the socket is in the way of another one there. */
bool listen_socket_is_in_way(int fd, const struct listen_target *target);

#endif
