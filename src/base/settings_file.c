/*
 * settings_file.c - from the lines of the file to settings.
 */
#include "base/settings_file.h"

#include "base/ini_text.h"
#include "base/text_file.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum { NAME_BYTES_MAX = 60 }; /* of an unknown name that is repeated; the longest known has 27 */

struct settings_file {
    const struct setting *table;
    size_t count;
    struct settings *settings;
    uint32_t lines[SETTINGS_COUNT_MAX]; /* where each stands first; 0: nowhere so far */
    char *problem;
};

void settings_file_say(const char *path, uint32_t line, uint32_t column, const char *sentence,
                       char *out_problem)
{
    (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES, "%s:%u:%u: %s", path, line, column,
                   sentence);
}

const char *settings_file_hint(const char *value)
{
    if (value[0] == '"' || value[0] == '\'') {
        return "; quotes would be a part of the value";
    }
    if (strstr(value, " ;") != NULL || strstr(value, " #") != NULL) {
        return "; a comment stands on a line of its own";
    }
    return "";
}

/* Says what is wrong. False, for the caller to return. */
__attribute__((format(printf, 4, 5))) static bool refuse(const struct settings_file *file,
                                                         const struct ini_setting *setting,
                                                         uint32_t column, const char *format, ...)
{
    char sentence[512];
    va_list values;

    va_start(values, format);
    (void)vsnprintf(sentence, sizeof sentence, format, values);
    va_end(values);
    settings_file_say(file->settings->config, setting->line, column, sentence, file->problem);
    return false;
}

/* ---- names ---- */

/* The name in a file; NULL for a row that has none there: a file names no other file. */
static const char *name_of(const struct setting *row)
{
    return row->parse == setting_parse_config ? NULL : row->option + strlen("--");
}

static size_t smallest(size_t one, size_t other, size_t third)
{
    size_t result = one < other ? one : other;

    return result < third ? result : third;
}

/* How many bytes must be put in, left out or changed to make one of the other (Levenshtein). */
static size_t distance_of(struct slice one, struct slice other)
{
    size_t row[NAME_BYTES_MAX + 1]; /* to each beginning of `other` */

    assert(other.length <= NAME_BYTES_MAX);
    for (size_t j = 0; j <= other.length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < one.length; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < other.length; j++) {
            size_t change = diagonal + (one.bytes[i] != other.bytes[j]);

            diagonal = row[j + 1];
            row[j + 1] = smallest(change, diagonal + 1, row[j] + 1);
        }
    }
    return row[other.length];
}

/* The known name nearest to `name`, or NULL when no more than half of it would stay. */
static const char *nearest_name(const struct settings_file *file, struct slice name)
{
    const char *nearest = NULL;
    size_t distance_min = SIZE_MAX;

    for (size_t i = 0; i < file->count; i++) {
        const char *known = name_of(&file->table[i]);

        if (known != NULL) {
            size_t distance = distance_of(slice_of(known), name);

            if (distance < distance_min && distance <= strlen(known) / 2) {
                nearest = known;
                distance_min = distance;
            }
        }
    }
    return nearest;
}

/* Repeats no more than a name: a misplaced secret may stand behind it. */
static bool refuse_name(const struct settings_file *file, const struct ini_setting *setting)
{
    struct slice name = {
        setting->name,
        strspn(setting->name, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")};
    const char *nearest = NULL;

    if (name.length <= NAME_BYTES_MAX) {
        nearest = nearest_name(file, name);
    } else {
        name.length = NAME_BYTES_MAX;
    }
    if (nearest != NULL) {
        return refuse(file, setting, 1, "unknown setting %.*s; did you mean %s?", (int)name.length,
                      name.bytes, nearest);
    }
    return refuse(file, setting, 1, "unknown setting%s%.*s; footfall --help names all",
                  name.length > 0 ? " " : "", (int)name.length, name.bytes);
}

/* ---- settings ---- */

static const struct setting *find_name(const struct settings_file *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++) {
        const char *known = name_of(&file->table[i]);

        if (known != NULL && strcmp(known, name) == 0) {
            return &file->table[i];
        }
    }
    return NULL;
}

static bool take_value(const struct settings_file *file, const struct setting *row,
                       const struct ini_setting *setting)
{
    if (row->parse == setting_parse_store) {
        file->settings->store_source = name_of(row);
        file->settings->store_line = setting->line;
        file->settings->store_column = setting->value_column;
    }
    if (row->parse(row, setting->value, file->settings)) {
        return true;
    }
    if (setting_is_secret(row, setting->value)) {
        return refuse(file, setting, setting->value_column,
                      "%s: its value is not right; it takes %s%s", name_of(row), row->right,
                      settings_file_hint(setting->value));
    }
    return refuse(file, setting, setting->value_column,
                  "%s: \"%.100s\" is not right; it takes %s%s", name_of(row), setting->value,
                  row->right, settings_file_hint(setting->value));
}

static bool take_setting(void *owner, const struct ini_setting *setting)
{
    struct settings_file *file = owner;
    const struct setting *row = find_name(file, setting->name);
    uint32_t *line;

    if (strcmp(setting->name, "config") == 0) {
        return refuse(file, setting, 1, "config: a settings file cannot name another one");
    }
    if (row == NULL) {
        return refuse_name(file, setting);
    }
    line = &file->lines[row - file->table];
    if (*line != 0 && !row->takes_several) {
        return refuse(file, setting, 1, "%s stands twice, in line %u for the first time",
                      setting->name, *line);
    }
    if (*line == 0) {
        *line = setting->line;
    }
    return take_value(file, row, setting);
}

/* ---- the file ---- */

static enum settings_result say_unreadable(const char *source, const char *path, int result,
                                           char *out_problem)
{
    const char *prefix = source == NULL ? "" : source;
    const char *colon = source == NULL ? "" : ": ";

    if (result == -EFBIG) {
        (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES,
                       "%s%s%s: longer than %d bytes, which no settings file needs to be", prefix,
                       colon, path, SETTINGS_FILE_BYTES_MAX);
    } else {
        (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES, "%s%s%s: cannot be read: %s", prefix,
                       colon, path, text_file_problem(result));
    }
    return SETTINGS_WRONG;
}

/* Reads what stands in the file. 0; -ECANCELED: what is wrong is said; another -errno. */
static int read_text(struct settings_file *file)
{
    char *bytes = malloc(SETTINGS_FILE_BYTES_MAX + 1);
    struct ini_fault fault;
    size_t length;
    int result = -ENOMEM;

    if (bytes != NULL) {
        result = text_file_read(file->settings->config, bytes, SETTINGS_FILE_BYTES_MAX, &length);
    }
    if (result == 0) {
        result = ini_text_read((struct slice){bytes, length}, take_setting, file, &fault);
        explicit_bzero(bytes, length); /* a password may stand there */
        if (result == -EINVAL) {
            settings_file_say(file->settings->config, fault.line, fault.column, fault.problem,
                              file->problem);
            result = -ECANCELED;
        }
    }
    free(bytes);
    return result;
}

enum settings_result settings_file_read(const struct setting *table, size_t count,
                                        const char *source, struct settings *settings,
                                        bool *is_given, char *out_problem)
{
    struct settings_file file = {
        .table = table,
        .count = count,
        .settings = settings,
        .problem = out_problem,
    };
    int result;

    assert(count <= SETTINGS_COUNT_MAX);
    result = read_text(&file);
    if (result == -ECANCELED) {
        return SETTINGS_WRONG;
    }
    if (result < 0) {
        return say_unreadable(source, settings->config, result, out_problem);
    }
    for (size_t i = 0; i < count; i++) {
        is_given[i] = is_given[i] || file.lines[i] > 0;
    }
    return SETTINGS_READ;
}
