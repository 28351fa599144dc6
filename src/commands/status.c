/*
 * status.c - footfall status: asks, and asks again for what comes in a second.
 */
#include "commands/status.h"

#include "commands/admin_client.h"
#include "commands/command.h"
#include "commands/status_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SAMPLE_MS = 500, /* between two pages, for what comes in a second */
    WATCH_MS = 2000,
};

struct status_options {
    struct admin_place place;
    bool is_json;
    bool is_watch;
};

static int read_words(int words_count, char *const *words, struct status_options *out_options)
{
    for (int i = 0; i < words_count; i++) {
        if (strcmp(words[i], "--json") == 0) {
            out_options->is_json = true;
        } else if (strcmp(words[i], "--watch") == 0) {
            out_options->is_watch = true;
        } else if (!admin_place_take(&out_options->place, words_count, words, &i)) {
            (void)fprintf(stderr,
                          "footfall: status: %.100s is not right; it takes --admin PLACE, --json, "
                          "--watch\n",
                          words[i]);
            return COMMAND_WRONG;
        }
    }
    return COMMAND_DONE;
}

static void sleep_ms(long milliseconds)
{
    const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    (void)nanosleep(&pause, NULL);
}

static int show_json(const struct address *address)
{
    struct text body = {0};
    char reason[ADMIN_CLIENT_REASON_BYTES];
    const bool is_there = admin_client_ask(address, "/status", &body, reason);

    if (is_there) {
        (void)fwrite(body.bytes, 1, body.length, stdout);
    }
    text_finish(&body);
    return is_there ? COMMAND_DONE : command_fail("status", reason);
}

/* Shows a page; it becomes *before. False when it could not be had. */
static bool show(const struct address *address, json_t **before, bool is_watch)
{
    struct text text = {0};
    json_t *now = admin_client_status(address, "status");
    const bool is_page = now != NULL && status_text_write(&text, now, *before);

    if (is_page) {
        if (is_watch && isatty(STDOUT_FILENO) == 1) {
            (void)fputs("\033[H\033[2J", stdout); /* from the top of an empty screen */
        }
        (void)fwrite(text.bytes, 1, text.length, stdout);
        (void)fflush(stdout);
    } else if (now != NULL) {
        (void)command_fail("status", "what answers there is no admin side of footfall");
    }
    text_finish(&text);
    json_decref(*before);
    *before = now;
    return is_page;
}

/* Shows what comes in a second from the second page on. */
static int show_all(const struct address *address, bool is_watch)
{
    json_t *before = admin_client_status(address, "status");
    bool is_shown = before != NULL;

    do {
        if (is_shown) {
            sleep_ms(is_watch ? WATCH_MS : SAMPLE_MS);
            is_shown = show(address, &before, is_watch);
        }
    } while (is_watch && is_shown && ferror(stdout) == 0);
    json_decref(before);
    return is_shown ? COMMAND_DONE : COMMAND_FAILED;
}

int command_status(int words_count, char *const *words)
{
    struct status_options options = {.is_json = false};
    struct address address;
    int result = read_words(words_count, words, &options);

    if (result == COMMAND_DONE) {
        result = admin_place_find(&options.place, "status", &address);
    }
    if (result != COMMAND_DONE) {
        return result;
    }
    return options.is_json ? show_json(&address) : show_all(&address, options.is_watch);
}
