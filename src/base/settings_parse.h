/*
 * settings_parse.h - how the text of each setting becomes its value. Private to settings.c and
 * settings_file.c.
 */
#ifndef FOOTFALL_BASE_SETTINGS_PARSE_H
#define FOOTFALL_BASE_SETTINGS_PARSE_H

#include "base/settings.h"

#include <stddef.h>

enum setting_trait {
    SETTING_SEVERAL = 1, /* may be given several times */
    SETTING_RARE = 2,    /* stands in --help all alone */
};

/* One row of the table. */
struct setting {
    const char *option;
    const char *variable;
    const char *argument;
    const char *value; /* the default; NULL: found out at the start */
    /* False, when the text is not right. */
    bool (*parse)(const struct setting *setting, const char *text, struct settings *settings);
    const char *help;
    const char *right; /* "it takes …" */
    unsigned traits;   /* of enum setting_trait */
    size_t offset;     /* in struct settings: of a time-out, or of the count of several */
};

static inline bool setting_takes_several(const struct setting *setting)
{
    return (setting->traits & SETTING_SEVERAL) != 0;
}

enum { SETTING_RIGHT_BYTES = 384 };

#define SETTING_CONNECTIONS "a whole number from 0 (no limit) to 1000000000, or auto"
#define SETTING_SECONDS "seconds from 0 (never) to 86400, with up to three decimals"

bool setting_parse_listen(const struct setting *setting, const char *text,
                          struct settings *settings);
bool setting_parse_trusted_proxy(const struct setting *setting, const char *text,
                                 struct settings *settings);
bool setting_parse_workers(const struct setting *setting, const char *text,
                           struct settings *settings);
bool setting_parse_store(const struct setting *setting, const char *text,
                         struct settings *settings);
bool setting_parse_key(const struct setting *setting, const char *text, struct settings *settings);
bool setting_parse_config(const struct setting *setting, const char *text,
                          struct settings *settings);
bool setting_parse_pid_file(const struct setting *setting, const char *text,
                            struct settings *settings);
bool setting_parse_milliseconds(const struct setting *setting, const char *text,
                                struct settings *settings);
/* A number of connections, or auto. */
bool setting_parse_connections(const struct setting *setting, const char *text,
                               struct settings *settings);
bool setting_parse_counters(const struct setting *setting, const char *text,
                            struct settings *settings);
bool setting_parse_rate_clients(const struct setting *setting, const char *text,
                                struct settings *settings);
bool setting_parse_admin_token(const struct setting *setting, const char *text,
                               struct settings *settings);
bool setting_parse_rate(const struct setting *setting, const char *text, struct settings *settings);
bool setting_parse_balance(const struct setting *setting, const char *text,
                           struct settings *settings);
bool setting_parse_loop(const struct setting *setting, const char *text, struct settings *settings);
bool setting_parse_admin(const struct setting *setting, const char *text,
                         struct settings *settings);
bool setting_parse_log_level(const struct setting *setting, const char *text,
                             struct settings *settings);
bool setting_parse_log_format(const struct setting *setting, const char *text,
                              struct settings *settings);

bool setting_parse_access_log(const struct setting *setting, const char *text,
                              struct settings *settings);
bool setting_parse_access_log_format(const struct setting *setting, const char *text,
                                     struct settings *settings);

/* Says what would be right, or what is wrong with this value. */
void setting_say_right(const struct setting *setting, const char *value,
                       char out_sentence[SETTING_RIGHT_BYTES]);

/* Whether the value of this setting must not be repeated to anybody: no URL is, least of all that
 * of
 * --store. It may hold a password. */
bool setting_is_secret(const struct setting *setting, const char *value);

/* Forgets what a setting that takes several has got so far. */
void setting_forget_several(const struct setting *setting, struct settings *settings);

/* Parses each word of `text`, split by blanks; at least one. */
bool setting_parse_several(const struct setting *setting, const char *text,
                           struct settings *settings);

/* One for each core that this process may run on, at least 1. */
uint32_t setting_default_workers(void);

#endif
