/*
 * settings_file.c - from the lines of the file to settings.
 */
#include "base/settings_file.h"

#include "base/ini_text.h"
#include "base/spelling.h"
#include "base/text_file.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

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

/* The known name nearest to `name`, or NULL. */
static const char *nearest_name(const struct settings_file *file, struct slice name)
{
    const char *names[SETTINGS_COUNT_MAX];

    for (size_t i = 0; i < file->count; i++) {
        names[i] = name_of(&file->table[i]);
    }
    return spelling_nearest(name, names, file->count);
}

/* Repeats no more than a name: a misplaced secret may stand behind it. */
static bool refuse_name(const struct settings_file *file, const struct ini_setting *setting)
{
    struct slice name = {
        setting->name,
        strspn(setting->name, "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")};
    const char *nearest = nearest_name(file, name);

    if (name.length > SPELLING_BYTES_MAX) {
        name.length = SPELLING_BYTES_MAX;
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
    char right[SETTING_RIGHT_BYTES];

    if (row->parse == setting_parse_store) {
        file->settings->store_source = name_of(row);
        file->settings->store_line = setting->line;
        file->settings->store_column = setting->value_column;
    }
    if (row->parse(row, setting->value, file->settings)) {
        return true;
    }
    setting_say_right(row, setting->value, right);
    if (setting_is_secret(row, setting->value)) {
        return refuse(file, setting, setting->value_column, "%s: its value is not right; %s%s",
                      name_of(row), right, settings_file_hint(setting->value));
    }
    return refuse(file, setting, setting->value_column, "%s: \"%.100s\" is not right; %s%s",
                  name_of(row), setting->value, right, settings_file_hint(setting->value));
}

/* ---- sections ---- */

/* The policy that a section is about; NULL, after saying so, when it is about nothing. */
static struct policy *find_policy(const struct settings_file *file,
                                  const struct ini_setting *setting)
{
    static const struct slice prefix = {"namespace ", 10};
    const struct ini_setting head = {.line = setting->section_line};
    char problem[POLICY_PROBLEM_BYTES];
    struct policy *policy;

    if (slice_is(setting->section, "defaults")) {
        return &file->settings->policies.defaults;
    }
    if (!slice_starts_with(setting->section, prefix)) {
        (void)refuse(file, &head, 1,
                     "unknown section [%.*s]; there are [server], [defaults] and [namespace NAME]",
                     (int)(setting->section.length > 60 ? 60 : setting->section.length),
                     setting->section.bytes);
        return NULL;
    }
    policy = policies_add(&file->settings->policies, slice_after(setting->section, prefix.length),
                          problem);
    if (policy == NULL) {
        (void)refuse(file, &head, (uint32_t)prefix.length + 2, "%s", problem);
    }
    return policy;
}

static bool take_policy(const struct settings_file *file, const struct ini_setting *setting)
{
    struct policy *policy = find_policy(file, setting);
    char problem[POLICY_PROBLEM_BYTES];
    bool is_unknown = false;
    const char *nearest;

    if (policy == NULL) {
        return false;
    }
    if (policy_set(policy, setting->name, setting->value, &is_unknown, problem)) {
        return true;
    }
    if (!is_unknown) {
        return refuse(file, setting, setting->value_column, "%s: %s", setting->name, problem);
    }
    nearest = policy_nearest(slice_of(setting->name));
    if (nearest != NULL) {
        return refuse(file, setting, 1, "unknown setting of a namespace; did you mean %s?",
                      nearest);
    }
    return refuse(file, setting, 1,
                  "unknown setting of a namespace; there are hit, create, keys_max, rate and "
                  "token_file");
}

/* [server] is where they stand without a section; there "_" may stand for "-". */
static void spell_as_option(const char *name, char out_name[SPELLING_BYTES_MAX + 1])
{
    (void)snprintf(out_name, SPELLING_BYTES_MAX + 1, "%s", name);
    for (char *byte = out_name; *byte != '\0'; byte++) {
        *byte = *byte == '_' ? '-' : *byte;
    }
}

static bool take_server_setting(struct settings_file *file, const struct ini_setting *setting);

static bool take_setting(void *owner, const struct ini_setting *setting)
{
    struct settings_file *file = owner;
    char name[SPELLING_BYTES_MAX + 1];
    struct ini_setting spelled = *setting;

    if (setting->section.bytes == NULL) {
        return take_server_setting(file, setting);
    }
    if (setting->name[0] == '\0') {
        return slice_is(setting->section, "server") || find_policy(file, setting) != NULL;
    }
    if (slice_is(setting->section, "server")) {
        spell_as_option(setting->name, name);
        spelled.name = name;
        return take_server_setting(file, &spelled);
    }
    return take_policy(file, setting);
}

static bool take_server_setting(struct settings_file *file, const struct ini_setting *setting)
{
    const struct setting *row = find_name(file, setting->name);
    uint32_t *line;

    if (strcmp(setting->name, "config") == 0) {
        return refuse(file, setting, 1, "config: a settings file cannot name another one");
    }
    if (row == NULL) {
        return refuse_name(file, setting);
    }
    line = &file->lines[row - file->table];
    if (*line != 0 && !setting_takes_several(row)) {
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
    policies_finish(&settings->policies);
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
