/*
 * settings_file.h - the file of --config. Private to settings.c.
 *
 * A name is that of the option without its "--". What is wrong is said as FILE:LINE:COLUMN: …
 */
#ifndef FOOTFALL_BASE_SETTINGS_FILE_H
#define FOOTFALL_BASE_SETTINGS_FILE_H

#include "base/settings_parse.h"

enum { SETTINGS_COUNT_MAX = 64 };

/* Reads settings->config into the other settings, by the `table` of `count` rows, at most
 * SETTINGS_COUNT_MAX; is_given[i] becomes true where the file has row i. `source`, "--config" for
 * instance, is named when the file cannot be read; NULL for a file that was asked for itself.
 * READ or WRONG. */
enum settings_result settings_file_read(const struct setting *table, size_t count,
                                        const char *source, struct settings *settings,
                                        bool *is_given, char *out_problem);

/* Writes "FILE:LINE:COLUMN: " and the sentence. */
void settings_file_say(const char *path, uint32_t line, uint32_t column, const char *sentence,
                       char *out_problem);

/* What often makes a value of a file wrong, as the end of a sentence, or "". */
const char *settings_file_hint(const char *value);

#endif
