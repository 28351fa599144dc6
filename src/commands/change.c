/*
 * change.c - a signal to the pid that the admin side names, then a look until something has moved.
 */
#include "commands/change.h"

#include "base/clock.h"
#include "base/settings.h"
#include "commands/admin_client.h"
#include "commands/command.h"
#include "commands/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

enum {
    WAIT_MS = 30 * 1000,
    LOOK_EVERY_MS = 50,
};

/* One that is under way. */
struct request {
    const char *command;
    struct address address;
    int64_t asked_ms; /* since 1970 */
    uint64_t end_ms;  /* monotonic: when it is given up */
    json_t *page;     /* the last /status; NULL when nobody answered */
    pid_t pid;        /* of the master, when it was asked */
    bool is_usual;    /* its place was found in the runtime folder: it moves with the first port */
    char reason[ADMIN_CLIENT_REASON_BYTES];
};

static int64_t number_of(const json_t *object, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

static void look(struct request *request)
{
    json_decref(request->page);
    request->page = admin_client_try_status(&request->address, request->reason);
    if (request->page == NULL && request->pid > 0 && request->is_usual &&
        admin_client_find_moved(request->pid, &request->address)) {
        request->page = admin_client_try_status(&request->address, request->reason);
    }
}

/* Finds out whom to ask: whoever answers, or, where nobody does, the process of the pid file. */
static bool begin(struct request *request)
{
    request->end_ms = clock_monotonic_ms() + WAIT_MS;
    look(request);
    request->pid = (pid_t)number_of(request->page, "pid");
    if (request->page == NULL) {
        request->pid = admin_client_pid(&request->address);
    }
    if (request->pid <= 0) {
        (void)command_fail(request->command, request->reason[0] != '\0'
                                                 ? request->reason
                                                 : "what answers there does not say its pid");
    }
    return request->pid > 0;
}

/* Sends the signal to the process that was found and to no other. */
static bool send_signal(struct request *request, int signal_number)
{
    const int process_fd = pidfd_open(request->pid, 0);
    const bool is_ours = process_fd >= 0 && process_is_footfall(request->pid);
    const bool is_sent = is_ours && pidfd_send_signal(process_fd, signal_number, NULL, 0) == 0;

    if (process_fd >= 0 && !is_ours) {
        (void)command_fail(request->command, "the process with its pid here is no footfall");
    } else if (!is_sent) {
        (void)command_fail(request->command, strerror(errno));
    }
    if (process_fd >= 0) {
        (void)close(process_fd);
    }
    return is_sent;
}

/* Waits a moment. False when it has waited long enough. */
static bool wait_on(struct request *request)
{
    const struct timespec moment = {.tv_nsec = LOOK_EVERY_MS * 1000000L};

    if (clock_monotonic_ms() >= request->end_ms) {
        return false;
    }
    (void)nanosleep(&moment, NULL);
    look(request);
    return true;
}

static int fail_late(const struct request *request)
{
    (void)fprintf(stderr, "footfall: %s: not done within %d seconds%s%s\n", request->command,
                  WAIT_MS / 1000, request->page == NULL ? ": " : "",
                  request->page == NULL ? request->reason : "");
    return COMMAND_FAILED;
}

/* Whether another process answers in place of the one that was asked. */
static bool is_succeeded(const struct request *request)
{
    return request->page != NULL && number_of(request->page, "pid") != request->pid &&
           strcmp(text_of(request->page, "state"), "serving") == 0;
}

/* The change that was asked for, once it has ended; or NULL. */
static const json_t *ended_change(const struct request *request)
{
    const json_t *change = json_object_get(request->page, "last_change");

    if (strcmp(text_of(change, "kind"), request->command) != 0 ||
        number_of(change, "asked_ms") < request->asked_ms ||
        strcmp(text_of(change, "result"), "under way") == 0) {
        return NULL;
    }
    return change;
}

static int ask_for_change(struct request *request, int signal_number)
{
    const json_t *change;

    request->asked_ms = clock_wall_ms();
    if (!send_signal(request, signal_number)) {
        return COMMAND_FAILED;
    }
    while (wait_on(request)) {
        change = ended_change(request);
        if (change != NULL && strcmp(text_of(change, "result"), "failed") == 0) {
            return command_fail(request->command, text_of(change, "reason"));
        }
        if (signal_number == SIGUSR2 ? is_succeeded(request) : change != NULL) {
            return COMMAND_DONE;
        }
    }
    return fail_late(request);
}

/* Takes --admin and one word more, if `out_word` is given. */
static int read_words(struct request *request, int words_count, char *const *words,
                      const char **out_word)
{
    struct admin_place place = {NULL};

    for (int i = 0; i < words_count; i++) {
        if (admin_place_take(&place, words_count, words, &i)) {
            continue;
        }
        if (out_word == NULL || *out_word != NULL) {
            (void)fprintf(stderr, "footfall: %s: %.100s is not right; it takes %s--admin PLACE\n",
                          request->command, words[i], out_word != NULL ? "N and " : "");
            return COMMAND_WRONG;
        }
        *out_word = words[i];
    }
    request->is_usual = admin_place_is_usual(&place);
    return admin_place_find(&place, request->command, &request->address);
}

static int run_change(const char *command, int signal_number, int words_count, char *const *words)
{
    struct request request = {.command = command};
    int result = read_words(&request, words_count, words, NULL);

    if (result == COMMAND_DONE) {
        result = begin(&request) ? ask_for_change(&request, signal_number) : COMMAND_FAILED;
    }
    json_decref(request.page);
    return result;
}

int command_reload(int words_count, char *const *words)
{
    return run_change("reload", SIGHUP, words_count, words);
}

int command_upgrade(int words_count, char *const *words)
{
    return run_change("upgrade", SIGUSR2, words_count, words);
}

/* ---- scale ---- */

static int64_t count_serving(const json_t *page)
{
    const json_t *workers = json_object_get(page, "workers");
    int64_t count = 0;

    for (size_t i = 0; i < json_array_size(workers); i++) {
        count += strcmp(text_of(json_array_get(workers, i), "state"), "serving") == 0 ? 1 : 0;
    }
    return count;
}

/* Signals that come together merge, so each step is seen before the next is asked for. */
static int ask_for_workers(struct request *request, int64_t workers)
{
    int64_t asked_at = -1; /* the number when the last signal was sent */

    do {
        const int64_t wanted = number_of(request->page, "workers_wanted");

        if (request->page == NULL) {
            continue; /* nobody answers while it is paused, or for a moment */
        }
        if (wanted == workers && count_serving(request->page) >= workers) {
            return COMMAND_DONE;
        }
        if (wanted != workers && wanted != asked_at) {
            if (!send_signal(request, wanted < workers ? SIGTTIN : SIGTTOU)) {
                return COMMAND_FAILED;
            }
            asked_at = wanted;
        }
    } while (wait_on(request));
    return fail_late(request);
}

static int scale_to(struct request *request, int64_t workers)
{
    if (request->page == NULL && !send_signal(request, SIGTTIN)) { /* it may be paused */
        return COMMAND_FAILED;
    }
    if (request->page != NULL && number_of(request->page, "workers_wanted") == 0 &&
        strcmp(text_of(request->page, "state"), "serving") == 0) {
        return command_fail(request->command, "it is a single process: --workers 0");
    }
    return ask_for_workers(request, workers);
}

int command_scale(int words_count, char *const *words)
{
    struct request request = {.command = "scale"};
    const char *word = NULL;
    char *end = NULL;
    int result = read_words(&request, words_count, words, &word);
    long workers = word == NULL ? 0 : strtol(word, &end, 10);

    if (result == COMMAND_DONE &&
        (word == NULL || *end != '\0' || workers < 1 || workers > SETTINGS_WORKERS_MAX)) {
        (void)fprintf(stderr, "footfall: scale: it takes a whole number from 1 to %d\n",
                      SETTINGS_WORKERS_MAX);
        result = COMMAND_WRONG;
    }
    if (result == COMMAND_DONE) {
        result = begin(&request) ? scale_to(&request, workers) : COMMAND_FAILED;
    }
    json_decref(request.page);
    return result;
}
