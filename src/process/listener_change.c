/*
 * listener_change.c - what stays, what is opened, and what an operator is told when it cannot be.
 */
#include "process/listener_change.h"

#include "base/log.h"
#include "process/listen_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has(const struct listeners *listeners, uint32_t place)
{
    return place < listeners->count && listener_is_in_use(&listeners->list[place]);
}

/* ---- the next list ---- */

static bool is_fixed(const struct listeners *listeners, const struct listener *listener)
{
    return listeners->are_activated && listener->is_inherited;
}

void listener_change_begin(const struct listeners *current, struct listeners *out_next)
{
    *out_next = *current;
    for (uint32_t i = 0; i < out_next->count; i++) {
        if (!is_fixed(out_next, &out_next->list[i])) {
            out_next->list[i] = (struct listener){.fd = -1};
        }
    }
}

static bool has_fixed_admin(const struct listeners *next)
{
    for (uint32_t i = 0; i < next->count; i++) {
        if (has(next, i) && next->list[i].is_admin && is_fixed(next, &next->list[i])) {
            return true;
        }
    }
    return false;
}

/* One in use that nobody has asked for again yet. */
static bool find_at(const struct listeners *current, const struct listeners *next,
                    const struct listen_target *target, bool is_admin, uint32_t *out_place)
{
    for (uint32_t i = 0; i < current->count; i++) {
        const struct listener *listener = &current->list[i];

        if (has(current, i) && !has(next, i) && listener->is_admin == is_admin &&
            listen_socket_is_at(listener->fd, target, listener->has_any_port)) {
            *out_place = i;
            return true;
        }
    }
    return false;
}

static bool keep(const struct listeners *current, struct listeners *next,
                 const struct listen_target *target, const struct address *address, bool is_admin)
{
    struct listen_target other = *target;
    uint32_t place;

    if (!find_at(current, next, target, is_admin, &place) &&
        !(listen_target_fall_back(&other, -EAFNOSUPPORT) &&
          find_at(current, next, &other, is_admin, &place))) {
        return false;
    }
    next->list[place] = current->list[place];
    next->list[place].is_proxied = address->is_proxied;
    return true;
}

/* A place that neither list has in use, perhaps the one behind the last; or NULL. */
static struct listener *find_free(const struct listeners *current, struct listeners *next)
{
    for (uint32_t i = 0; i < LISTENERS_MAX; i++) {
        if (!has(current, i) && !has(next, i)) {
            return &next->list[i];
        }
    }
    return NULL;
}

static int open_new(const struct listeners *current, struct listeners *next,
                    struct listen_target *target, const struct address *address, bool is_admin)
{
    struct listener *listener = find_free(current, next);
    mode_t mask = 0;
    int fd = -1;
    int result;

    if (listener == NULL) {
        return -E2BIG;
    }
    if (is_admin) {
        mask = umask(0117);
    }
    result = listen_socket_open(target, next->is_patient, &fd);
    if (result < 0 && listen_target_fall_back(target, result)) {
        result = listen_socket_open(target, next->is_patient, &fd);
    }
    if (is_admin) {
        (void)umask(mask);
    }
    if (result == 0) {
        result = listener_init(listener, fd);
    }
    if (result == 0) {
        listener->is_admin = is_admin;
        listener->is_proxied = address->is_proxied;
        listener->has_any_port = !address->is_unix && address->port == 0;
        if (listener == &next->list[next->count]) {
            next->count++;
        }
    }
    return result;
}

/* ---- what an operator is told ---- */

enum { REMEDY_BYTES = LISTENER_NAME_BYTES + 96 };

/* One that has the place of `target`; or NULL. */
static const struct listener *find_in_way(const struct listeners *listeners,
                                          const struct listen_target *target)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (has(listeners, i) && listen_socket_is_in_way(listeners->list[i].fd, target)) {
            return &listeners->list[i];
        }
    }
    return NULL;
}

/* How it may be had after all, or what else may be. */
static void find_remedy(const struct listeners *current, const struct listeners *next,
                        const struct listen_target *target, int result, const char *option,
                        char out_remedy[REMEDY_BYTES])
{
    const struct listener *wanted = find_in_way(next, target);
    const struct listener *ours = wanted != NULL ? wanted : find_in_way(current, target);
    const char *hint = "";

    if (result == -EADDRINUSE && wanted != NULL) {
        (void)snprintf(out_remedy, REMEDY_BYTES,
                       "this footfall itself serves on %s, which is wanted as well; leave one of "
                       "them out",
                       wanted->name);
        return;
    }
    if (result == -EADDRINUSE && ours != NULL) {
        (void)snprintf(out_remedy, REMEDY_BYTES,
                       "this footfall itself serves on %s; restart it, or name another with %s",
                       ours->name, option);
        return;
    }
    if (result == -EADDRINUSE) {
        hint = "another process serves there: stop it, or ";
    } else if (result == -EACCES) {
        hint = "this user may not (ports below 1024 need a right): ";
    }
    (void)snprintf(out_remedy, REMEDY_BYTES, "%sname another with %s", hint, option);
}

static void explain(const struct address *address, const char *why, const char *remedy,
                    char *out_reason)
{
    char where[ADDRESS_HOST_BYTES_MAX + 16];

    if (address->is_unix) {
        (void)snprintf(where, sizeof where, "unix:%s", address->path);
    } else {
        (void)snprintf(where, sizeof where,
                       strchr(address->host, ':') == NULL ? "%s:%u" : "[%s]:%u", address->host,
                       address->port);
    }
    (void)snprintf(out_reason, LISTENER_REASON_BYTES, "cannot serve on %.260s: %s; %.220s", where,
                   why, remedy);
}

/* ---- all together ---- */

/* One socket that is asked for. */
struct asked {
    struct listen_target target;
    const struct address *address;
    bool is_there;
};

/* Adds those of an address to the list. 0; or -errno with a sentence. */
static int look_up(const struct address *address, const char *option, struct asked *list,
                   uint32_t *count, char *out_reason)
{
    struct listen_target targets[LISTENERS_MAX];
    char remedy[REMEDY_BYTES];
    const char *why = NULL;
    uint32_t found = 0;
    int result = listen_targets_find(address, targets, LISTENERS_MAX - *count, &found, &why);

    if (result < 0) {
        (void)snprintf(remedy, sizeof remedy, "name another with %s", option);
        explain(address, why != NULL ? why : strerror(-result), remedy, out_reason);
        return result;
    }
    for (uint32_t i = 0; i < found; i++) {
        list[(*count)++] = (struct asked){.target = targets[i], .address = address};
    }
    return 0;
}

/* Those of exact places, or those that any port will do for. */
static void keep_all(const struct listeners *current, struct listeners *next, struct asked *list,
                     uint32_t count, bool is_admin, bool are_exact)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct address *address = list[i].address;

        if ((address->is_unix || address->port != 0) == are_exact) {
            list[i].is_there = keep(current, next, &list[i].target, address, is_admin);
        }
    }
}

int listener_change_want(const struct listeners *current, struct listeners *next,
                         const struct address *addresses, uint32_t addresses_count, bool is_admin,
                         char out_reason[LISTENER_REASON_BYTES])
{
    const char *option = is_admin ? "--admin" : "--listen";
    struct asked asked[LISTENERS_MAX];
    char remedy[REMEDY_BYTES];
    uint32_t count = 0;
    int result = 0;

    if (is_admin && has_fixed_admin(next)) {
        return 0;
    }
    for (uint32_t i = 0; i < addresses_count && result == 0; i++) {
        result = look_up(&addresses[i], option, asked, &count, out_reason);
    }
    if (result < 0) {
        return result;
    }
    /* An exact one first: of what was inherited, each may be what "any port" got. */
    keep_all(current, next, asked, count, is_admin, true);
    keep_all(current, next, asked, count, is_admin, false);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        if (!asked[i].is_there) {
            result = open_new(current, next, &asked[i].target, asked[i].address, is_admin);
        }
        if (result < 0) {
            find_remedy(current, next, &asked[i].target, result, option, remedy);
            explain(asked[i].address, strerror(-result), remedy, out_reason);
        }
    }
    return result;
}

/* ---- the end ---- */

void listener_change_log(const struct listeners *current, const struct listeners *next)
{
    for (uint32_t i = 0; i < next->count; i++) {
        if (has(next, i) && !has(current, i)) {
            listener_log_ready(&next->list[i]);
        } else if (has(current, i) && !has(next, i)) {
            LOG_EVENT(LOG_INFO, "listener_closed", LOG_FIELD_TEXT("at", current->list[i].name));
        }
    }
}

void listener_change_take(struct listeners *current, const struct listeners *next)
{
    for (uint32_t i = 0; i < current->count; i++) {
        const struct listener *listener = &current->list[i];

        if (!has(current, i) || has(next, i)) {
            continue;
        }
        if (listener->is_admin) {
            listener_unlink(listener);
        }
        if (listener->fd >= 0) { /* else it is closed already */
            (void)close(listener->fd);
        }
    }
    *current = *next;
}

void listener_change_drop(const struct listeners *current, struct listeners *next)
{
    for (uint32_t i = 0; i < next->count; i++) {
        if (has(next, i) && !has(current, i)) {
            listener_unlink(&next->list[i]);
            (void)close(next->list[i].fd);
        }
    }
    *next = (struct listeners){.count = 0};
}
