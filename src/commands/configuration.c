/*
 * configuration.c - settings first, then the store's URL, then its secrets.
 */
#include "commands/configuration.h"

static enum settings_result parse_store(const struct settings *settings,
                                        struct store_url *out_store, char *out_problem)
{
    const char *problem;

    if (store_url_parse(slice_of(settings->store), out_store, &problem) < 0) {
        settings_say_store(settings, problem, out_problem);
        return SETTINGS_WRONG;
    }
    return SETTINGS_READ;
}

enum settings_result configuration_read(int arguments_count, char *const *arguments,
                                        struct configuration *out_configuration,
                                        char out_problem[SETTINGS_PROBLEM_BYTES])
{
    struct configuration configuration;
    char problem[STORE_REASON_BYTES];
    enum settings_result result =
        settings_read(arguments_count, arguments, &configuration.settings, out_problem);

    if (result == SETTINGS_READ) {
        result = parse_store(&configuration.settings, &configuration.store, out_problem);
    }
    if (result == SETTINGS_READ && store_url_read_secrets(&configuration.store, problem) < 0) {
        settings_say_store(&configuration.settings, problem, out_problem);
        result = SETTINGS_WRONG;
    }
    if (result == SETTINGS_READ) {
        *out_configuration = configuration;
    }
    return result;
}

enum settings_result configuration_check(const char *path, char out_problem[SETTINGS_PROBLEM_BYTES])
{
    struct configuration configuration;
    enum settings_result result = settings_read_file(path, &configuration.settings, out_problem);

    if (result == SETTINGS_READ) {
        result = parse_store(&configuration.settings, &configuration.store, out_problem);
    }
    return result;
}
