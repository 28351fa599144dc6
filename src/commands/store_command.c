/*
 * store_command.c - words of the command itself, and words that are a server's.
 */
#include "commands/store_command.h"

#include "base/hash.h"
#include "commands/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the next word is this one's value. */
static bool has_value_behind(const char *word)
{
    return word[0] == '-' && strchr(word, '=') == NULL && strcmp(word, "--help") != 0 &&
           strcmp(word, "-h") != 0 && strcmp(word, "--version") != 0;
}

static int refuse(const struct store_command *command, const char *word)
{
    (void)fprintf(stderr, "footfall: %s: %.100s is not right; it takes\n  footfall %s%s",
                  command->name, word, command->name, command->usage);
    return COMMAND_WRONG;
}

/* Leaves the words that are settings in `out_settings`, behind the program's name; *out_count of
 * them. COMMAND_DONE or COMMAND_WRONG. */
static int sort_words(const struct store_command *command, int words_count, char *const *words,
                      char **out_settings, int *out_count)
{
    int count = 1;

    for (int i = 0; i < words_count; i++) {
        if (command->take(command->owner, words[i])) {
            continue;
        }
        if (words[i][0] != '-' || words[i][1] == '\0') {
            return refuse(command, words[i]);
        }
        out_settings[count++] = words[i];
        if (has_value_behind(words[i]) && i + 1 < words_count) {
            out_settings[count++] = words[++i];
        }
    }
    *out_count = count;
    return COMMAND_DONE;
}

static int read_settings(const struct store_command *command, int count, char *const *settings,
                         struct configuration *out_configuration, bool *out_goes_on)
{
    char problem[SETTINGS_PROBLEM_BYTES];

    switch (configuration_read(count, settings, out_configuration, problem)) {
    case SETTINGS_READ:
        break;
    case SETTINGS_WRONG:
        (void)fprintf(stderr, "footfall: %s: %s\n", command->name, problem);
        return COMMAND_WRONG;
    default:
        (void)printf("  footfall %s%s", command->name, command->usage);
        return COMMAND_DONE;
    }
    if (out_configuration->store.scheme == STORE_MEMORY) {
        (void)fprintf(stderr,
                      "footfall: %s: memory: is each worker's own and ends with it; name a store "
                      "that is kept, with --store lmdb:PATH or redis://…\n",
                      command->name);
        return COMMAND_WRONG;
    }
    *out_goes_on = true;
    return COMMAND_DONE;
}

bool store_command_begin(const struct store_command *command, int words_count, char *const *words,
                         struct configuration *out_configuration, int *out_exit_status)
{
    char **settings = calloc((size_t)words_count + 2, sizeof *settings);
    char program[] = "footfall";
    bool goes_on = false;
    int count;
    int result = -ENOMEM;

    (void)signal(SIGPIPE, SIG_IGN); /* a reader that is gone is an error to be told */
    (void)signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow */
    if (settings != NULL) {
        result = hash_init();
    }
    if (result < 0) {
        *out_exit_status = command_fail(command->name, strerror(-result));
        free(settings);
        return false;
    }
    settings[0] = program;
    *out_exit_status = sort_words(command, words_count, words, settings, &count);
    if (*out_exit_status == COMMAND_DONE) {
        *out_exit_status = read_settings(command, count, settings, out_configuration, &goes_on);
    }
    free(settings);
    return goes_on;
}
