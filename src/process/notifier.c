/*
 * notifier.c - messages to the service manager.
 */
#include "process/notifier.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* WATCHDOG_USEC (sd_watchdog_enabled(3)), in milliseconds; 0 when no sign is wanted, or one of
 * another process. */
static uint64_t read_watchdog(void)
{
    const char *microseconds = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");

    if (microseconds == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid())) {
        return 0;
    }
    return strtoull(microseconds, NULL, 10) / 1000;
}

static bool read_address(const char *path, struct notifier *notifier)
{
    const size_t length = strlen(path);

    if ((path[0] != '/' && path[0] != '@') || length < 2 ||
        length >= sizeof notifier->address.sun_path) {
        return false;
    }
    notifier->address.sun_family = AF_UNIX;
    memcpy(notifier->address.sun_path, path, length);
    if (path[0] == '@') {
        notifier->address.sun_path[0] = '\0'; /* an abstract name, unix(7) */
    }
    notifier->address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

void notifier_open(struct notifier *notifier)
{
    const char *path = getenv("NOTIFY_SOCKET");

    *notifier = (struct notifier){.fd = -1};
    if (path == NULL || path[0] == '\0') {
        return;
    }
    if (!read_address(path, notifier)) {
        LOG_EVENT(LOG_WARN, "not_notified", LOG_FIELD_TEXT("reason", "NOTIFY_SOCKET is no path"));
        return;
    }
    notifier->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (notifier->fd < 0) {
        LOG_EVENT(LOG_WARN, "not_notified", LOG_FIELD_TEXT("reason", strerror(errno)));
        return;
    }
    notifier->watchdog_ms = read_watchdog();
}

/* What cannot be delivered is the manager's trouble. */
static void tell(const struct notifier *notifier, const char *message)
{
    if (notifier->fd >= 0) {
        (void)sendto(notifier->fd, message, strlen(message), MSG_NOSIGNAL,
                     (const struct sockaddr *)&notifier->address, notifier->address_length);
    }
}

static void tell_serving(const struct notifier *notifier, const char *before, uint32_t serving,
                         uint32_t wanted)
{
    char message[128];

    (void)snprintf(message, sizeof message, "%sSTATUS=%" PRIu32 " of %" PRIu32 " workers serve\n",
                   before, serving, wanted);
    tell(notifier, message);
}

void notifier_ready(const struct notifier *notifier, uint32_t serving, uint32_t wanted)
{
    char before[64];

    (void)snprintf(before, sizeof before,
                   notifier->is_successor ? "READY=1\nMAINPID=%ld\n" : "READY=1\n", (long)getpid());
    tell_serving(notifier, before, serving, wanted);
}

void notifier_status(const struct notifier *notifier, uint32_t serving, uint32_t wanted)
{
    tell_serving(notifier, "", serving, wanted);
}

void notifier_reloading(const struct notifier *notifier)
{
    char message[128];

    (void)snprintf(message, sizeof message,
                   "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reloading\n",
                   clock_monotonic_us());
    tell(notifier, message);
}

void notifier_paused(const struct notifier *notifier)
{
    tell(notifier, "STATUS=paused, nobody serves\n");
}

void notifier_stopping(const struct notifier *notifier)
{
    tell(notifier, "STOPPING=1\nSTATUS=stopping\n");
}

void notifier_beat(const struct notifier *notifier)
{
    if (notifier->watchdog_ms > 0) {
        tell(notifier, "WATCHDOG=1\n");
    }
}
