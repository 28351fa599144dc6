/*
 * configuration.h - all that a process is told: its settings, and the store that they name.
 *
 * The settings know no store and the stores know no settings; here they are read as one, so that
 * a start, a later reading of the same arguments and `footfall check` find the same mistakes. A
 * problem is one sentence that begins with the place: an option, a variable or FILE:LINE:COLUMN.
 */
#ifndef FOOTFALL_COMMANDS_CONFIGURATION_H
#define FOOTFALL_COMMANDS_CONFIGURATION_H

#include "base/settings.h"
#include "store/store_url.h"

struct configuration {
    struct settings settings;
    struct store_url store; /* with the secrets of its files */
};

/* Reads options, environment, file, and the password file of the store: each time anew. Only with
 * SETTINGS_READ is *out_configuration filled in. */
enum settings_result configuration_read(int arguments_count, char *const *arguments,
                                        struct configuration *out_configuration,
                                        char out_problem[SETTINGS_PROBLEM_BYTES]);

/* Whether a start would take this file. Token files are read too; no password file, and no store.
 */
enum settings_result configuration_check(const char *path,
                                         char out_problem[SETTINGS_PROBLEM_BYTES]);

#endif
