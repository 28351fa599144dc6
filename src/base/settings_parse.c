/*
 * settings_parse.c - the text of each setting, checked.
 */
#include "base/settings_parse.h"

#include "base/decimal.h"
#include "base/token_file.h"

#include <sched.h>
#include <string.h>

bool setting_parse_listen(const struct setting *setting, const char *text,
                          struct settings *settings)
{
    static const struct slice suffix = {",proxy", 6};
    struct slice address = slice_of(text);
    const bool is_proxied =
        address.length > suffix.length &&
        slice_equals(slice_after(address, address.length - suffix.length), suffix);

    (void)setting;
    address.length -= is_proxied ? suffix.length : 0;
    if (settings->listen_count == SETTINGS_LISTEN_MAX ||
        !address_parse(address, &settings->listen[settings->listen_count])) {
        return false;
    }
    settings->listen[settings->listen_count].is_proxied = is_proxied;
    settings->listen_count++;
    return true;
}

bool setting_parse_trusted_proxy(const struct setting *setting, const char *text,
                                 struct settings *settings)
{
    (void)setting;
    if (strcmp(text, "none") == 0) {
        return true;
    }
    do {
        const size_t length = strcspn(text, " \t");

        if (!network_list_add(&settings->trusted_proxies, (struct slice){text, length})) {
            return false;
        }
        text += length;
        text += strspn(text, " \t");
    } while (*text != '\0');
    return true;
}

bool setting_parse_admin(const struct setting *setting, const char *text, struct settings *settings)
{
    (void)setting;
    if (strcmp(text, "none") == 0) {
        settings->admin_kind = SETTING_ADMIN_NONE;
    } else if (strcmp(text, "auto") == 0) {
        settings->admin_kind = SETTING_ADMIN_AUTO;
    } else {
        settings->admin_kind = SETTING_ADMIN_NAMED;
        return address_parse(slice_of(text), &settings->admin);
    }
    return true;
}

void setting_forget_several(const struct setting *setting, struct settings *settings)
{
    *(uint32_t *)(void *)((char *)settings + setting->offset) = 0;
}

bool setting_parse_several(const struct setting *setting, const char *text,
                           struct settings *settings)
{
    enum { WORD_BYTES_MAX = 300 }; /* longer is none of an address */

    text += strspn(text, " \t\n");
    do {
        const size_t length = strcspn(text, " \t\n");
        char word[WORD_BYTES_MAX + 1];

        if (length > WORD_BYTES_MAX) {
            return false;
        }
        memcpy(word, text, length);
        word[length] = '\0';
        if (!setting->parse(setting, word, settings)) {
            return false;
        }
        text += length;
        text += strspn(text, " \t\n");
    } while (*text != '\0');
    return true;
}

bool setting_parse_workers(const struct setting *setting, const char *text,
                           struct settings *settings)
{
    uint64_t workers;

    (void)setting;
    if (!decimal_read(slice_of(text), SETTINGS_WORKERS_MAX, &workers)) {
        return false;
    }
    settings->workers = (uint32_t)workers;
    return true;
}

uint32_t setting_default_workers(void)
{
    cpu_set_t cores;
    int count;

    if (sched_getaffinity(0, sizeof cores, &cores) < 0) {
        return 1; /* more cores than the set holds */
    }
    count = CPU_COUNT(&cores);
    return count < 1 ? 1 : count > SETTINGS_WORKERS_MAX ? SETTINGS_WORKERS_MAX : (uint32_t)count;
}

bool setting_parse_store(const struct setting *setting, const char *text, struct settings *settings)
{
    (void)setting;
    if (text[0] == '\0' || strlen(text) > SETTINGS_STORE_BYTES_MAX) {
        return false;
    }
    memcpy(settings->store, text, strlen(text) + 1); /* the stores know what a URL is */
    return true;
}

bool setting_is_secret(const struct setting *setting, const char *value)
{
    return setting->parse == setting_parse_store || strstr(value, "://") != NULL;
}

bool setting_parse_key(const struct setting *setting, const char *text, struct settings *settings)
{
    size_t length = strlen(text);

    (void)setting;
    if (length < 1 || length > SETTINGS_KEY_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == '{' || text[i] == '}') {
            return false;
        }
    }
    memcpy(settings->key, text, length + 1);
    return true;
}

static bool take_path(const char *text, char out_path[SETTINGS_PATH_BYTES_MAX + 1])
{
    if (text[0] == '\0' || strlen(text) > SETTINGS_PATH_BYTES_MAX) {
        return false;
    }
    memcpy(out_path, text, strlen(text) + 1);
    return true;
}

/* The same; "none" is "". */
static bool take_path_or_none(const char *text, char out_path[SETTINGS_PATH_BYTES_MAX + 1])
{
    if (strcmp(text, "none") == 0) {
        out_path[0] = '\0';
        return true;
    }
    return take_path(text, out_path);
}

bool setting_parse_config(const struct setting *setting, const char *text,
                          struct settings *settings)
{
    (void)setting;
    return take_path(text, settings->config);
}

bool setting_parse_pid_file(const struct setting *setting, const char *text,
                            struct settings *settings)
{
    (void)setting;
    return take_path_or_none(text, settings->pid_file);
}

bool setting_parse_counters(const struct setting *setting, const char *text,
                            struct settings *settings)
{
    (void)setting;
    return decimal_read(slice_of(text), 1000000000, &settings->counters_max);
}

bool setting_parse_rate_clients(const struct setting *setting, const char *text,
                                struct settings *settings)
{
    (void)setting;
    return decimal_read(slice_of(text), 100000000, &settings->rate_clients_max) &&
           settings->rate_clients_max > 0;
}

/* The file is read with the settings, and its token forgotten but for a hash. */
bool setting_parse_admin_token(const struct setting *setting, const char *text,
                               struct settings *settings)
{
    char problem[SETTING_RIGHT_BYTES];

    (void)setting;
    settings->has_admin_token = strcmp(text, "none") != 0;
    return !settings->has_admin_token ||
           token_file_read(text, settings->admin_token_hash, problem, sizeof problem);
}

bool setting_parse_milliseconds(const struct setting *setting, const char *text,
                                struct settings *settings)
{
    enum { SECONDS_MAX = 86400 };
    const char *point = strchr(text, '.');
    struct slice whole = {text, point == NULL ? strlen(text) : (size_t)(point - text)};
    uint64_t seconds;
    uint64_t milliseconds = 0;

    if (!decimal_read(whole, SECONDS_MAX, &seconds)) {
        return false;
    }
    if (point != NULL) {
        struct slice decimals = slice_of(point + 1);

        if (decimals.length > 3 || !decimal_read(decimals, 999, &milliseconds)) {
            return false;
        }
        for (size_t i = decimals.length; i < 3; i++) {
            milliseconds *= 10;
        }
    }
    if (seconds == SECONDS_MAX && milliseconds > 0) {
        return false;
    }
    *(uint64_t *)((char *)settings + setting->offset) = seconds * 1000 + milliseconds;
    return true;
}

static bool parse_number(const struct setting *setting, const char *text, uint64_t number_max,
                         struct settings *settings)
{
    return decimal_read(slice_of(text), number_max,
                        (uint64_t *)(void *)((char *)settings + setting->offset));
}

bool setting_parse_connections(const struct setting *setting, const char *text,
                               struct settings *settings)
{
    enum { CONNECTIONS_MAX = 1000000000 };

    if (strcmp(text, "auto") == 0) {
        *(uint64_t *)(void *)((char *)settings + setting->offset) = SETTING_AUTO;
        return true;
    }
    return parse_number(setting, text, CONNECTIONS_MAX, settings);
}

bool setting_parse_rate(const struct setting *setting, const char *text, struct settings *settings)
{
    enum { RATE_MAX = 1000000 };

    return parse_number(setting, text, RATE_MAX, settings);
}

/* Which of the words it is; -1 for none of them. */
static int word_index(const char *text, const char *const *words, int words_count)
{
    for (int i = 0; i < words_count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
    }
    return -1;
}

#define WORD_INDEX(text, words) word_index((text), (words), (int)(sizeof(words) / sizeof(words)[0]))

bool setting_parse_balance(const struct setting *setting, const char *text,
                           struct settings *settings)
{
    static const char *const words[] = {
        [BALANCE_ROUND_ROBIN] = "round-robin",
        [BALANCE_KERNEL] = "kernel",
    };
    const int index = WORD_INDEX(text, words);

    (void)setting;
    settings->balance = (enum setting_balance)index;
    return index >= 0;
}

bool setting_parse_loop(const struct setting *setting, const char *text, struct settings *settings)
{
    static const char *const words[] = {
        [SETTING_LOOP_AUTO] = "auto",
        [SETTING_LOOP_IO_URING] = "io_uring",
        [SETTING_LOOP_EPOLL] = "epoll",
    };
    const int index = WORD_INDEX(text, words);

    (void)setting;
    settings->loop = (enum setting_loop)index;
    return index >= 0;
}

bool setting_parse_log_level(const struct setting *setting, const char *text,
                             struct settings *settings)
{
    static const char *const words[] = {
        [LOG_ERROR] = "error",
        [LOG_WARN] = "warn",
        [LOG_INFO] = "info",
        [LOG_DEBUG] = "debug",
    };
    const int index = WORD_INDEX(text, words);

    (void)setting;
    settings->log_level = (enum log_level)index;
    return index >= 0;
}

bool setting_parse_log_format(const struct setting *setting, const char *text,
                              struct settings *settings)
{
    static const char *const words[] = {
        [LOG_TEXT] = "text",
        [LOG_JSON] = "json",
    };
    const int index = WORD_INDEX(text, words);

    (void)setting;
    settings->log_format = (enum log_format)index;
    return index >= 0;
}

bool setting_parse_access_log(const struct setting *setting, const char *text,
                              struct settings *settings)
{
    (void)setting;
    return take_path_or_none(text, settings->access_log);
}

bool setting_parse_access_log_format(const struct setting *setting, const char *text,
                                     struct settings *settings)
{
    (void)setting;
    return access_log_format_parse(text, &settings->access_log_format);
}

void setting_say_right(const struct setting *setting, const char *value,
                       char out_sentence[SETTING_RIGHT_BYTES])
{
    uint8_t hash[TOKEN_HASH_BYTES];

    if (setting->parse == setting_parse_access_log_format) {
        access_log_format_explain(value, out_sentence, SETTING_RIGHT_BYTES);
    } else if (setting->parse == setting_parse_admin_token && value[0] != '\0' &&
               !token_file_read(value, hash, out_sentence, SETTING_RIGHT_BYTES)) {
        return; /* it has said why */
    } else {
        (void)snprintf(out_sentence, SETTING_RIGHT_BYTES, "it takes %s", setting->right);
    }
}
