/*
 * status.c - footfall status: asks, and asks again for what comes in a second.
 */
#include "commands/status.h"

#include "commands/admin_client.h"
#include "commands/command.h"
#include "commands/status_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SAMPLE_MS = 500, /* between two pages, for what comes in a second */
    WATCH_MS = 2000,
};

struct status_options {
    struct address address;
    bool has_address;
    bool is_json;
    bool is_watch;
};

static int wrong_word(const char *word)
{
    (void)fprintf(stderr,
                  "footfall: status: %.100s is not right; it takes --admin ADDRESS:PORT or "
                  "unix:PATH, --json, --watch\n",
                  word);
    return COMMAND_WRONG;
}

static int read_words(int words_count, char *const *words, struct status_options *out_options)
{
    const char *place = getenv("FOOTFALL_ADMIN");

    for (int i = 0; i < words_count; i++) {
        if (strcmp(words[i], "--json") == 0) {
            out_options->is_json = true;
        } else if (strcmp(words[i], "--watch") == 0) {
            out_options->is_watch = true;
        } else if (strncmp(words[i], "--admin=", 8) == 0) {
            place = words[i] + 8;
        } else if (strcmp(words[i], "--admin") == 0 && i + 1 < words_count) {
            place = words[++i];
        } else {
            return wrong_word(words[i]);
        }
    }
    if (place == NULL || place[0] == '\0' || strcmp(place, "auto") == 0) {
        return COMMAND_DONE;
    }
    out_options->has_address = address_parse(slice_of(place), &out_options->address);
    return out_options->has_address ? COMMAND_DONE : wrong_word(place);
}

static int fail(const char *reason)
{
    (void)fprintf(stderr, "footfall: status: %s\n", reason);
    return COMMAND_FAILED;
}

static void sleep_ms(long milliseconds)
{
    const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    (void)nanosleep(&pause, NULL);
}

/* A page, parsed; NULL after saying why there is none. */
static json_t *ask(const struct address *address)
{
    struct text body = {0};
    char reason[ADMIN_CLIENT_REASON_BYTES];
    json_t *page = NULL;

    if (!admin_client_ask(address, "/status", &body, reason)) {
        (void)fail(reason);
    } else {
        page = json_loadb(body.bytes, body.length, 0, NULL);
        if (page == NULL) {
            (void)fail("the answer is no JSON");
        }
    }
    text_finish(&body);
    return page;
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
    return is_there ? COMMAND_DONE : fail(reason);
}

/* Shows a page; it becomes *before. False when it could not be had. */
static bool show(const struct address *address, json_t **before, bool is_watch)
{
    struct text text = {0};
    json_t *now = ask(address);
    const bool is_page = now != NULL && status_text_write(&text, now, *before);

    if (is_page) {
        if (is_watch && isatty(STDOUT_FILENO) == 1) {
            (void)fputs("\033[H\033[2J", stdout); /* from the top of an empty screen */
        }
        (void)fwrite(text.bytes, 1, text.length, stdout);
        (void)fflush(stdout);
    } else if (now != NULL) {
        (void)fail("what answers there is no admin side of footfall");
    }
    text_finish(&text);
    json_decref(*before);
    *before = now;
    return is_page;
}

int command_status(int words_count, char *const *words)
{
    struct status_options options = {.has_address = false};
    char reason[ADMIN_CLIENT_REASON_BYTES];
    json_t *before = NULL;
    int result = read_words(words_count, words, &options);
    bool is_shown;

    if (result != COMMAND_DONE) {
        return result;
    }
    if (!options.has_address && !admin_client_find(&options.address, reason)) {
        return fail(reason);
    }
    if (options.is_json) {
        return show_json(&options.address);
    }
    before = ask(&options.address);
    is_shown = before != NULL;
    do {
        if (is_shown) {
            sleep_ms(options.is_watch ? WATCH_MS : SAMPLE_MS);
            is_shown = show(&options.address, &before, options.is_watch);
        }
    } while (options.is_watch && is_shown && ferror(stdout) == 0);
    json_decref(before);
    return is_shown ? COMMAND_DONE : COMMAND_FAILED;
}
