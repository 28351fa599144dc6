/*
 * channel.c - messages with a descriptor beside them.
 */
#include "process/channel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for the descriptors of a message, aligned as cmsg(3) wants it. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(CHANNEL_DEALS_MAX * sizeof(int))];
};

int channel_open(int out_fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out_fds) < 0) {
        return -errno;
    }
    return 0;
}

int channel_send_deals(int fd, const struct deals *deals)
{
    const size_t fds_bytes = deals->count * sizeof deals->fds[0];
    union control control = {.bytes = {0}};
    struct iovec part = {
        .iov_base = (void *)deals->list,
        .iov_len = deals->count * sizeof deals->list[0],
    };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(fds_bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    assert(deals->count >= 1 && deals->count <= CHANNEL_DEALS_MAX);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds_bytes);
    memcpy(CMSG_DATA(header), deals->fds, fds_bytes);
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0) {
        /* ETOOMANYREFS: descriptors on their way are bounded for ordinary users (unix(7)). */
        return errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM || errno == EINTR
                   ? -EAGAIN
                   : -errno;
    }
    return 0;
}

/* The descriptors that came, the first ones of those that were sent; the others are -1. */
static void take_descriptors(struct msghdr *message, struct deals *out_deals)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);

    for (uint32_t i = 0; i < out_deals->count; i++) {
        out_deals->fds[i] = -1;
    }
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        memcpy(out_deals->fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    }
}

int channel_receive_deals(int fd, struct deals *out_deals)
{
    union control control;
    struct iovec part = {.iov_base = out_deals->list, .iov_len = sizeof out_deals->list};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t received = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

    if (received < 0) {
        return -errno;
    }
    if (received == 0) {
        return 0;
    }
    if (received == 1 && *(const unsigned char *)out_deals->list == CHANNEL_BEGIN) {
        out_deals->count = 0;
        return 1;
    }
    if ((size_t)received % sizeof out_deals->list[0] != 0 || (message.msg_flags & MSG_TRUNC) != 0) {
        return -EPROTO;
    }
    out_deals->count = (uint32_t)((size_t)received / sizeof out_deals->list[0]);
    take_descriptors(&message, out_deals);
    return 1;
}

int channel_send_word(int fd, enum channel_word word)
{
    const unsigned char byte = (unsigned char)word;

    return send(fd, &byte, sizeof byte, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int channel_receive_word(int fd, enum channel_word *out_word)
{
    unsigned char byte;
    ssize_t received = recv(fd, &byte, sizeof byte, 0);

    if (received < 0) {
        return -errno;
    }
    if (received == 0) {
        return 0;
    }
    *out_word = (enum channel_word)byte;
    return 1;
}
