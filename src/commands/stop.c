/*
 * stop.c - footfall stop: asks who it is, and sends a signal to that and to no other process.
 */
#include "commands/stop.h"

#include "commands/admin_client.h"
#include "commands/command.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { WAIT_MS = 30 * 1000 };

static int fail(const char *reason)
{
    (void)fprintf(stderr, "footfall: stop: %s\n", reason);
    return COMMAND_FAILED;
}

/* The pid of the master, or of the single process; 0 after saying why it is not known. */
static pid_t ask_pid(const struct address *address)
{
    struct text body = {0};
    char reason[ADMIN_CLIENT_REASON_BYTES];
    json_t *page = NULL;
    json_int_t pid = 0;

    if (!admin_client_ask(address, "/status", &body, reason)) {
        (void)fail(reason);
    } else {
        page = json_loadb(body.bytes, body.length, 0, NULL);
        pid = json_integer_value(json_object_get(page, "pid"));
        if (pid <= 1) {
            (void)fail("what answers there does not say its pid");
            pid = 0;
        }
    }
    json_decref(page);
    text_finish(&body);
    return (pid_t)pid;
}

/* Ends the process of that descriptor. */
static int end_process(int process_fd)
{
    struct pollfd waited = {.fd = process_fd, .events = POLLIN};
    int result;

    if (pidfd_send_signal(process_fd, SIGTERM, NULL, 0) < 0) {
        return fail(strerror(errno));
    }
    do {
        result = poll(&waited, 1, WAIT_MS);
    } while (result < 0 && errno == EINTR);
    return result > 0 ? COMMAND_DONE : fail("it has not ended within 30 seconds");
}

int command_stop(int words_count, char *const *words)
{
    struct admin_place place = {NULL};
    char reason[ADMIN_CLIENT_REASON_BYTES];
    struct address address;
    int process_fd;
    int result;
    pid_t pid;

    for (int i = 0; i < words_count; i++) {
        if (!admin_place_take(&place, words_count, words, &i)) {
            (void)fprintf(stderr, "footfall: stop: %.100s is not right; it takes --admin PLACE\n",
                          words[i]);
            return COMMAND_WRONG;
        }
    }
    switch (admin_place_find(&place, &address, reason)) {
    case ADMIN_PLACE_FOUND:
        break;
    case ADMIN_PLACE_WRONG:
        (void)fail(reason);
        return COMMAND_WRONG;
    case ADMIN_PLACE_NONE:
        return fail(reason);
    }
    pid = ask_pid(&address);
    if (pid == 0) {
        return COMMAND_FAILED;
    }
    process_fd = pidfd_open(pid, 0);
    if (process_fd < 0) {
        return fail(strerror(errno));
    }
    result = end_process(process_fd);
    (void)close(process_fd);
    return result;
}
