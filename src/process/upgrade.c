/*
 * upgrade.c - starting the successor, and hearing of it.
 */
#include "process/upgrade.h"

#include "base/log.h"
#include "process/inheritance.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void upgrade_plan_init(struct upgrade_plan *plan, char *const *arguments)
{
    ssize_t length = readlink("/proc/self/exe", plan->program, sizeof plan->program - 1);

    plan->program[length > 0 ? length : 0] = '\0';
    plan->arguments = arguments;
}

/* ---- what is heard of it ---- */

static void descriptor_let_go(void *owner)
{
    struct upgrade *upgrade = owner;

    if (--upgrade->open_descriptors == 0 && upgrade->has_failed) {
        upgrade->has_failed = false;
        upgrade->events.failed(upgrade->events.owner, upgrade->reason); /* it may be tried again */
    }
}

static void release(struct upgrade *upgrade)
{
    upgrade->is_under_way = false;
    descriptor_release(&upgrade->process);
    descriptor_release(&upgrade->words);
}

static void fail(struct upgrade *upgrade)
{
    upgrade->has_failed = true;
    release(upgrade);
}

/* Takes what it has said by now. True when that was "ready". */
static bool hear(struct upgrade *upgrade)
{
    char word[UPGRADE_REASON_BYTES];
    ssize_t length;

    while ((length = recv(upgrade->words.fd, word, sizeof word - 1, MSG_DONTWAIT)) > 0) {
        word[length] = '\0';
        if (strcmp(word, INHERITANCE_READY) == 0) {
            return true;
        }
        (void)snprintf(upgrade->reason, sizeof upgrade->reason, "%s", word);
    }
    return false;
}

static void said_something(void *owner, int result, const char *bytes)
{
    struct upgrade *upgrade = owner;

    (void)result;
    (void)bytes;
    if (!upgrade->is_under_way) {
        return;
    }
    if (hear(upgrade)) {
        release(upgrade);
        upgrade->events.ready(upgrade->events.owner);
        return;
    }
    /* The end of its words is the end of it, which the pidfd tells: asked again, it would spin. */
}

static void process_ended(void *owner, int result, const char *bytes)
{
    struct upgrade *upgrade = owner;
    siginfo_t information = {.si_pid = 0};

    (void)result;
    (void)bytes;
    if (!upgrade->is_under_way) {
        return;
    }
    if (waitid(P_PIDFD, (id_t)upgrade->process.fd, &information, WEXITED | WNOHANG) < 0 ||
        information.si_pid == 0) {
        descriptor_await_readable(&upgrade->process);
        return;
    }
    (void)hear(upgrade);
    if (upgrade->reason[0] == '\0') {
        (void)snprintf(upgrade->reason, sizeof upgrade->reason,
                       "the new process ended with %s %d before it was ready",
                       information.si_code == CLD_EXITED ? "status" : "signal",
                       information.si_status);
    }
    fail(upgrade);
}

static const struct descriptor_events process_events = {
    .read_done = process_ended,
    .closed = descriptor_let_go,
};

static const struct descriptor_events words_events = {
    .read_done = said_something,
    .closed = descriptor_let_go,
};

/* ---- starting it ---- */

/* The listening sockets from descriptor 3 on, and the socket for its words behind them. */
static bool arrange_descriptors(const struct listeners *listeners, int words_fd,
                                struct inheritance *out_inheritance)
{
    int fds[LISTENERS_MAX + 1];
    uint32_t count = 0;

    for (uint32_t i = 0; i < listeners->count; i++) {
        const struct listener *listener = &listeners->list[i];

        if (listener_is_in_use(listener) && listener->fd >= 0) {
            out_inheritance->sockets[count] = (struct inherited_listener){
                .is_admin = listener->is_admin,
                .is_proxied = listener->is_proxied,
                .device = listener->device,
                .inode = listener->inode,
            };
            fds[count++] = listener->fd;
        }
    }
    out_inheritance->count = count;
    fds[count] = words_fd;
    for (uint32_t i = 0; i <= count; i++) { /* out of the way first */
        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, INHERITANCE_FIRST_FD + LISTENERS_MAX + 1);
        if (fds[i] < 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i <= count; i++) {
        if (dup2(fds[i], INHERITANCE_FIRST_FD + (int)i) < 0) {
            return false;
        }
    }
    out_inheritance->words_fd = INHERITANCE_FIRST_FD + (int)count;
    out_inheritance->are_activated = listeners->are_activated;
    return true;
}

/* In the child. Does not return. */
static void become_successor(const struct upgrade_plan *plan, const struct listeners *listeners,
                             int words_fd)
{
    struct inheritance inheritance = {.count = 0};
    char reason[UPGRADE_REASON_BYTES];
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (arrange_descriptors(listeners, words_fd, &inheritance) &&
        inheritance_export(&inheritance)) {
        words_fd = inheritance.words_fd;
        (void)execv(plan->program, plan->arguments);
    }
    (void)snprintf(reason, sizeof reason, "%.300s cannot be started: %s", plan->program,
                   strerror(errno));
    (void)send(words_fd, reason, strlen(reason), MSG_NOSIGNAL);
    _exit(1); /* nothing of the parent may be flushed or freed here */
}

int upgrade_start(struct upgrade *upgrade, struct loop *loop, const struct upgrade_plan *plan,
                  const struct listeners *listeners, const struct upgrade_events *events)
{
    int words[2];
    int process_fd;
    pid_t pid;

    if (upgrade->open_descriptors > 0 || plan->program[0] == '\0') {
        return plan->program[0] == '\0' ? -ENOENT : -EBUSY;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, words) < 0) {
        return -errno;
    }
    pid = fork();
    if (pid == 0) {
        become_successor(plan, listeners, words[1]);
    }
    (void)close(words[1]);
    process_fd = pid < 0 ? -1 : pidfd_open(pid, 0);
    if (process_fd < 0) {
        const int result = -errno;

        if (pid > 0) {
            (void)kill(pid, SIGKILL); /* what cannot be watched may not live; it is still ours */
            (void)waitpid(pid, NULL, 0);
        }
        (void)close(words[0]);
        return result;
    }
    *upgrade = (struct upgrade){.events = *events, .pid = pid, .is_under_way = true};
    upgrade->open_descriptors = 2;
    descriptor_open(&upgrade->process, loop, process_fd, &process_events, upgrade);
    descriptor_await_readable(&upgrade->process);
    descriptor_open(&upgrade->words, loop, words[0], &words_events, upgrade);
    descriptor_await_readable(&upgrade->words);
    return 0;
}

void upgrade_cancel(struct upgrade *upgrade, const char *reason)
{
    if (!upgrade->is_under_way) {
        upgrade->has_failed = upgrade->has_failed && reason != NULL;
        return;
    }
    (void)pidfd_send_signal(upgrade->process.fd, SIGKILL, NULL, 0);
    (void)waitid(P_PIDFD, (id_t)upgrade->process.fd, &(siginfo_t){.si_pid = 0}, WEXITED);
    if (reason == NULL) {
        release(upgrade);
        return;
    }
    (void)snprintf(upgrade->reason, sizeof upgrade->reason, "%s", reason);
    fail(upgrade);
}
