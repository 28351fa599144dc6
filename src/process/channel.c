/*
 * channel.c - messages with a descriptor beside them.
 */
#include "process/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor, aligned as cmsg(3) wants it. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int channel_open(int out_fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out_fds) < 0) {
        return -errno;
    }
    return 0;
}

int channel_send_deal(int fd, const struct deal *deal, int connection_fd)
{
    union control control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)deal, .iov_len = sizeof *deal};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &connection_fd, sizeof connection_fd);
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0) {
        /* ETOOMANYREFS: descriptors on their way are bounded for ordinary users (unix(7)). */
        return errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM || errno == EINTR
                   ? -EAGAIN
                   : -errno;
    }
    return 0;
}

int channel_receive_deal(int fd, struct deal *out_deal, int *out_connection_fd)
{
    union control control;
    struct deal deal;
    struct iovec part = {.iov_base = &deal, .iov_len = sizeof deal};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t received = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *header;

    if (received < 0) {
        return -errno;
    }
    if (received == 0) {
        return 0;
    }
    if ((size_t)received != sizeof deal) {
        return -EPROTO;
    }
    *out_deal = deal;
    *out_connection_fd = -1;
    header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(out_connection_fd, CMSG_DATA(header), sizeof *out_connection_fd);
    }
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
