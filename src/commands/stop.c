/*
 * stop.c - footfall stop: asks who it is, and sends a signal to that and to no other process.
 */
#include "commands/stop.h"

#include "commands/admin_client.h"
#include "commands/command.h"
#include "commands/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { WAIT_MS = 30 * 1000 };

/* The pid of the master, or of the single process, from whoever answers, or from the file where
 * nobody does; 0 after saying why it is not known. */
static pid_t find_pid(const struct address *address)
{
    char reason[ADMIN_CLIENT_REASON_BYTES] = "what answers there does not say its pid";
    json_t *page = admin_client_try_status(address, reason);
    pid_t pid = (pid_t)json_integer_value(json_object_get(page, "pid"));

    if (page == NULL) {
        pid = admin_client_pid(address);
    }
    json_decref(page);
    if (pid <= 0) {
        (void)command_fail("stop", reason);
    }
    return pid;
}

/* Ends the process of that descriptor. */
static int end_process(int process_fd)
{
    struct pollfd waited = {.fd = process_fd, .events = POLLIN};
    int result;

    if (pidfd_send_signal(process_fd, SIGTERM, NULL, 0) < 0) {
        return command_fail("stop", strerror(errno));
    }
    do {
        result = poll(&waited, 1, WAIT_MS);
    } while (result < 0 && errno == EINTR);
    return result > 0 ? COMMAND_DONE : command_fail("stop", "it has not ended within 30 seconds");
}

int command_stop(int words_count, char *const *words)
{
    struct admin_place place = {NULL};
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
    result = admin_place_find(&place, "stop", &address);
    if (result != COMMAND_DONE) {
        return result;
    }
    pid = find_pid(&address);
    if (pid == 0) {
        return COMMAND_FAILED;
    }
    process_fd = pidfd_open(pid, 0);
    if (process_fd < 0) {
        return command_fail("stop", strerror(errno));
    }
    result = process_is_footfall(pid)
                 ? end_process(process_fd)
                 : command_fail("stop", "the process with its pid here is no footfall");
    (void)close(process_fd);
    return result;
}
