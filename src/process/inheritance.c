/*
 * inheritance.c - environment variables to listeners and back.
 */
#include "process/inheritance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool set_number(const char *name, long number)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%ld", number);
    return setenv(name, text, 1) == 0;
}

bool inheritance_export(const struct inheritance *inheritance)
{
    char names[LISTENERS_MAX * 8] = "";
    char succession[64 + LISTENERS_MAX * 48]; /* two numbers of 20 digits each */
    size_t names_length = 0;
    size_t length = (size_t)snprintf(succession, sizeof succession, "%d,%d", inheritance->words_fd,
                                     inheritance->are_activated ? 1 : 0);

    for (uint32_t i = 0; i < inheritance->count; i++) {
        const struct inherited_listener *inherited = &inheritance->sockets[i];

        names_length += (size_t)snprintf(names + names_length, sizeof names - names_length, "%s%s",
                                         i > 0 ? ":" : "",
                                         inherited->is_admin     ? "admin"
                                         : inherited->is_proxied ? "proxy"
                                                                 : "visit");
        length += (size_t)snprintf(succession + length, sizeof succession - length, ",%ju:%ju",
                                   (uintmax_t)inherited->device, (uintmax_t)inherited->inode);
    }
    return set_number("LISTEN_PID", (long)getpid()) &&
           set_number("LISTEN_FDS", (long)inheritance->count) &&
           setenv("LISTEN_FDNAMES", names, 1) == 0 &&
           setenv("FOOTFALL_SUCCESSION", succession, 1) == 0 &&
           (getenv("WATCHDOG_PID") == NULL || set_number("WATCHDOG_PID", (long)getpid()));
}

/* Whether the socket `index` has that name of five letters in a list that colons divide. */
static bool is_named(uint32_t index, const char *name)
{
    const char *names = getenv("LISTEN_FDNAMES");

    for (uint32_t i = 0; names != NULL && i < index; i++) {
        names = strchr(names, ':');
        names = names == NULL ? NULL : names + 1;
    }
    return names != NULL && strncmp(names, name, 5) == 0 && (names[5] == '\0' || names[5] == ':');
}

/* Makes a socket that was handed over as one of ours is. */
static bool adopt(struct inherited_listener *inherited, uint32_t index, struct listeners *listeners,
                  char *out_reason)
{
    const int fd = INHERITANCE_FIRST_FD + (int)index;
    int is_listening = 0;
    socklen_t length = sizeof is_listening;
    int result = getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) < 0 ? -errno : 0;

    if (result == 0 && is_listening == 0) {
        result = -EINVAL;
    }
    if (result == 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
                        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)) {
        result = -errno;
    }
    if (result == 0) {
        inherited->fd = fd;
        inherited->is_admin = is_named(index, "admin");
        inherited->is_proxied = is_named(index, "proxy");
        result = listeners_inherit(listeners, inherited);
    }
    if (result < 0) {
        (void)snprintf(out_reason, LISTENER_REASON_BYTES,
                       "descriptor %d of LISTEN_FDS is no socket to serve on: %s", fd,
                       result == -EINVAL ? "it does not listen" : strerror(-result));
    }
    return result == 0;
}

/* The file of each socket. A footfall that does not say leaves theirs alone. */
static void take_files(struct inheritance *inheritance, const char *text)
{
    uintmax_t device;
    uintmax_t inode;

    for (uint32_t i = 0; text != NULL && i < LISTENERS_MAX; i++) {
        if (sscanf(text, ",%ju:%ju", &device, &inode) == 2) {
            inheritance->sockets[i].device = (dev_t)device;
            inheritance->sockets[i].inode = (ino_t)inode;
        }
        text = strchr(text + 1, ',');
    }
}

/* The socket to the footfall before this one, and what else that one says. */
static void take_succession(struct inheritance *inheritance)
{
    const char *text = getenv("FOOTFALL_SUCCESSION");
    int fd = -1;
    int are_activated = 0;
    int length = 0;

    if (text != NULL && sscanf(text, "%d,%d%n", &fd, &are_activated, &length) == 2 &&
        fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) {
        inheritance->words_fd = fd;
        inheritance->are_activated = are_activated != 0;
        take_files(inheritance, text[length] == ',' ? text + length : NULL);
    }
}

bool inheritance_take(struct inheritance *out_inheritance, struct listeners *listeners,
                      char out_reason[LISTENER_REASON_BYTES])
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    bool is_taken = true;

    *out_inheritance = (struct inheritance){.words_fd = -1};
    if (pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid()) {
        const long sockets = strtol(count, NULL, 10);

        out_inheritance->are_activated = sockets > 0;
        take_succession(out_inheritance);
        if (sockets < 0 || sockets > LISTENERS_MAX) {
            (void)snprintf(out_reason, LISTENER_REASON_BYTES,
                           "LISTEN_FDS=%.20s: at most %d sockets", count, LISTENERS_MAX);
            is_taken = false;
        }
        for (uint32_t i = 0; is_taken && i < (uint32_t)sockets; i++) {
            is_taken = adopt(&out_inheritance->sockets[i], i, listeners, out_reason);
        }
    }
    listeners->are_activated = out_inheritance->are_activated;
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    (void)unsetenv("FOOTFALL_SUCCESSION");
    return is_taken;
}

void inheritance_tell(struct inheritance *inheritance, const char *word)
{
    if (inheritance->words_fd >= 0) {
        (void)send(inheritance->words_fd, word, strlen(word), MSG_NOSIGNAL);
        (void)close(inheritance->words_fd);
        inheritance->words_fd = -1;
    }
}

void inheritance_refuse(const char *reason)
{
    const char *pid = getenv("LISTEN_PID");
    struct inheritance inheritance = {.words_fd = -1};

    if (pid != NULL && strtol(pid, NULL, 10) == (long)getpid()) {
        take_succession(&inheritance);
        inheritance_tell(&inheritance, reason);
    }
}
