/*
 * notifier.h - tells the service manager how the service is: sd_notify(3).
 *
 * Where nobody has asked to be told ($NOTIFY_SOCKET) all of it does nothing. The master's, or the
 * single process's.
 */
#ifndef FOOTFALL_PROCESS_NOTIFIER_H
#define FOOTFALL_PROCESS_NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notifier {
    int fd; /* -1: nobody is told */
    struct sockaddr_un address;
    socklen_t address_length;
    bool is_successor;    /* of a process that the manager takes for the main one */
    uint64_t watchdog_ms; /* how long the manager waits for a sign of life; 0: it does not */
};

/* Reads the environment. Its socket goes with the process. Trouble is one warning in the log, and
 * nobody is told then. */
void notifier_open(struct notifier *notifier);

/* The service serves, so many of its workers. */
void notifier_ready(const struct notifier *notifier, uint32_t serving, uint32_t wanted);

/* The same later on, when it has changed. */
void notifier_status(const struct notifier *notifier, uint32_t serving, uint32_t wanted);

/* Settings are read again, or another program takes over; notifier_ready() follows. */
void notifier_reloading(const struct notifier *notifier);

/* Nobody serves, as it was asked for. */
void notifier_paused(const struct notifier *notifier);

void notifier_stopping(const struct notifier *notifier);

/* The sign of life, if one is waited for. */
void notifier_beat(const struct notifier *notifier);

#endif
