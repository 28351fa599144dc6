/*
 * settings.c - the table of settings, and how options, environment, file and defaults fill them in.
 */
#include "base/settings.h"

#include "base/settings_file.h"
#include "base/settings_parse.h"

#include <stdlib.h>
#include <string.h>

static const struct setting settings_table[] = {
    {"--listen", "FOOTFALL_LISTEN", "ADDRESS:PORT", ":9999", setting_parse_listen,
     "where to serve; also [V6]:PORT, :PORT (every address,\n"
     "IPv6 and IPv4), unix:PATH; repeatable; port 0: a free\n"
     "one; with ,proxy behind it: the PROXY protocol",
     "an ADDRESS:PORT, [IPV6]:PORT, :PORT (port 0 to 65535) or unix:PATH, perhaps with ,proxy, at "
     "most 16 of them",
     SETTING_SEVERAL, offsetof(struct settings, listen_count)},
    {"--workers", "FOOTFALL_WORKERS", "N", NULL, setting_parse_workers,
     "worker processes behind the balancer, by default one for\neach core; 0: one single process",
     "a whole number from 0 to 128", false, 0},
    {"--store", "FOOTFALL_STORE", "URL", "lmdb:./footfall-data", setting_parse_store,
     "where counts live: memory:, lmdb:PATH[?map_max=64G],\n"
     "redis://[user:password@]host[:port][/db],\nredis+unix://[user:password@]/path[?db=N];\nby "
     "default",
     "memory:, lmdb:PATH, redis://… or redis+unix://…", false, 0},
    {"--key", "FOOTFALL_KEY", "NAME", "counter", setting_parse_key, "the key of the counter",
     "1 to 255 printable ASCII bytes without blank, { and }", false, 0},
    {"--config", "FOOTFALL_CONFIG", "FILE", NULL, setting_parse_config,
     "the same settings in a file: store = memory:", "the path of a file", false, 0},
    {"--store-timeout", "FOOTFALL_STORE_TIMEOUT", "SECONDS", "2", setting_parse_milliseconds,
     "how long a visit waits for the store, then 503", SETTING_SECONDS, false,
     offsetof(struct settings, store_timeout_ms)},
    {"--drain-timeout", "FOOTFALL_DRAIN_TIMEOUT", "SECONDS", "10", setting_parse_milliseconds,
     "how long a stop waits for requests in flight", SETTING_SECONDS, false,
     offsetof(struct settings, drain_timeout_ms)},
    {"--header-timeout", "FOOTFALL_HEADER_TIMEOUT", "SECONDS", "10", setting_parse_milliseconds,
     "how long a request's head may take, then 408", SETTING_SECONDS, false,
     offsetof(struct settings, header_timeout_ms)},
    {"--body-timeout", "FOOTFALL_BODY_TIMEOUT", "SECONDS", "10", setting_parse_milliseconds,
     "the same for its body", SETTING_SECONDS, false, offsetof(struct settings, body_timeout_ms)},
    {"--idle-timeout", "FOOTFALL_IDLE_TIMEOUT", "SECONDS", "60", setting_parse_milliseconds,
     "when a connection without a request is closed", SETTING_SECONDS, false,
     offsetof(struct settings, idle_timeout_ms)},
    {"--worker-timeout", "FOOTFALL_WORKER_TIMEOUT", "SECONDS", "30", setting_parse_milliseconds,
     "when a worker without a sign of life is replaced", SETTING_SECONDS, false,
     offsetof(struct settings, worker_timeout_ms)},
    {"--max-connections", "FOOTFALL_MAX_CONNECTIONS", "N", "auto", setting_parse_connections,
     "open at once, over all workers; one more gets 503;\nauto: as descriptors allow",
     SETTING_CONNECTIONS, SETTING_RARE, offsetof(struct settings, connections_max)},
    {"--max-connections-per-address", "FOOTFALL_MAX_CONNECTIONS_PER_ADDRESS", "N", "auto",
     setting_parse_connections,
     "the same of one IPv4 address or IPv6 /64;\nauto: half of all; 0: no limit",
     SETTING_CONNECTIONS, SETTING_RARE, offsetof(struct settings, address_connections_max)},
    {"--min-rate", "FOOTFALL_MIN_RATE", "BYTES", "100", setting_parse_rate,
     "a second: who sends a body or takes answers more\nslowly is closed; 0: nobody is",
     "a whole number from 0 (never) to 1000000", SETTING_RARE, offsetof(struct settings, min_rate)},
    {"--balance", "FOOTFALL_BALANCE", "KIND", "round-robin", setting_parse_balance,
     "round-robin: the master picks a connection's worker;\n"
     "kernel: workers accept by themselves",
     "round-robin or kernel", false, 0},
    {"--loop", "FOOTFALL_LOOP", "KIND", "auto", setting_parse_loop,
     "the workers' event loop: io_uring, epoll or auto", "auto, io_uring or epoll", false, 0},
    {"--admin", "FOOTFALL_ADMIN", "ADDRESS:PORT", "auto", setting_parse_admin,
     "where status and metrics are: also unix:PATH, none;\nPORT.sock in the runtime folder:",
     "an ADDRESS:PORT, [IPV6]:PORT, unix:PATH, none or auto", false, 0},
    {"--pid-file", "FOOTFALL_PID_FILE", "FILE", "none", setting_parse_pid_file,
     "where the master's pid is written, beside PORT.pid in\nthe runtime folder; none:\nnowhere "
     "else",
     "the path of a file, or none", SETTING_RARE, 0},
    {"--trusted-proxy", "FOOTFALL_TRUSTED_PROXY", "NETWORK", "none", setting_parse_trusted_proxy,
     "whose Forwarded or X-Forwarded-For is believed:\n"
     "10.0.0.0/8, 2001:db8::/32, an address, unix;\nrepeatable",
     "a network as 10.0.0.0/8 or 2001:db8::/32, with nothing behind its prefix, an address or "
     "unix, at most 64 of them, or none",
     SETTING_SEVERAL | SETTING_RARE, offsetof(struct settings, trusted_proxies.count)},
    {"--max-counters", "FOOTFALL_MAX_COUNTERS", "N", "1000000", setting_parse_counters,
     "named counters that the store may hold; 0: any", "a whole number from 0 to 1000000000",
     SETTING_RARE, offsetof(struct settings, counters_max)},
    {"--max-rate-clients", "FOOTFALL_MAX_RATE_CLIENTS", "N", "100000", setting_parse_rate_clients,
     "clients whose calls are counted at the same time; far\nbeyond it newcomers get 429",
     "a whole number from 1 to 100000000", SETTING_RARE, 0},
    {"--admin-token-file", "FOOTFALL_ADMIN_TOKEN_FILE", "FILE", "none", setting_parse_admin_token,
     "its first line is a token that owns every counter",
     "a file whose first line is a token of 8 to 256 printable ASCII characters without blanks, or "
     "none",
     SETTING_RARE, 0},
    {"--log-level", "FOOTFALL_LOG_LEVEL", "LEVEL", "info", setting_parse_log_level,
     "error, warn, info or debug, to standard error", "error, warn, info or debug", false, 0},
    {"--log-format", "FOOTFALL_LOG_FORMAT", "FORMAT", "text", setting_parse_log_format,
     "text, or json: one object a line", "text or json", false, 0},
    {"--access-log", "FOOTFALL_ACCESS_LOG", "FILE", "none", setting_parse_access_log,
     "a line for each answer to a visitor, at the end of the\n"
     "file; -: to standard output; none",
     "the path of a file, - or none", SETTING_RARE, 0},
    {"--access-log-format", "FOOTFALL_ACCESS_LOG_FORMAT", "FORMAT", "text",
     setting_parse_access_log_format,
     "text, json, json:FIELD,… or a line with fields in\n"
     "braces, such as {time} {status} {path}; the fields:\n"
     "time status method path number bytes duration worker\n"
     "pid client",
     "text, json, json:FIELD,FIELD,… or a line with fields in braces", SETTING_RARE, 0},
};

enum { SETTINGS_COUNT = sizeof settings_table / sizeof settings_table[0] };

_Static_assert((int)SETTINGS_COUNT <= (int)SETTINGS_COUNT_MAX, "settings_file.h has room for each");

/* Says which setting is wrong and what would be right. */
static enum settings_result wrong_value(const struct setting *setting, const char *source,
                                        const char *value, char *out_problem)
{
    char right[SETTING_RIGHT_BYTES];

    setting_say_right(setting, value, right);
    if (setting_is_secret(setting, value)) {
        (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES, "%s: its value is not right; %s",
                       source, right);
    } else {
        (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES, "%s: \"%.100s\" is not right; %s",
                       source, value, right);
    }
    return SETTINGS_WRONG;
}

/* What is wrong with a store URL is found out later, and told by its source. */
static void note_source(const struct setting *setting, const char *source,
                        struct settings *settings)
{
    if (setting->parse == setting_parse_store) {
        settings->store_source = source;
        settings->store_line = 0;
        settings->store_column = 0;
    }
}

static const struct setting *find_setting(struct slice name)
{
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (slice_is(name, settings_table[i].option)) {
            return &settings_table[i];
        }
    }
    return NULL;
}

/* Repeats no more of the word than a name: what stands behind it may be a secret. */
static enum settings_result unknown_word(const char *word, char *out_problem)
{
    size_t length = strspn(word, "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES,
                   "unknown %s %.*s; footfall --help names all",
                   word[0] == '-' ? "option" : "command", (int)(length < 60 ? length : 60), word);
    return SETTINGS_WRONG;
}

/* Reads one option at arguments[*index], with its value there or in the next argument. */
static enum settings_result read_option(int arguments_count, char *const *arguments, int *index,
                                        struct settings *settings, bool *is_given,
                                        char *out_problem)
{
    const char *argument = arguments[*index];
    const char *equals = strchr(argument, '=');
    struct slice name = {argument, equals == NULL ? strlen(argument) : (size_t)(equals - argument)};
    const struct setting *setting = find_setting(name);
    const char *value = equals == NULL ? NULL : equals + 1;

    if (setting == NULL) {
        return unknown_word(argument, out_problem);
    }
    if (value == NULL) {
        if (*index + 1 >= arguments_count) {
            (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES,
                           "%s: its value is missing; it takes %s", setting->option,
                           setting->right);
            return SETTINGS_WRONG;
        }
        *index += 1;
        value = arguments[*index];
    }
    is_given[setting - settings_table] = true;
    note_source(setting, setting->option, settings);
    if (!setting->parse(setting, value, settings)) {
        return wrong_value(setting, setting->option, value, out_problem);
    }
    return SETTINGS_READ;
}

static enum settings_result read_options(int arguments_count, char *const *arguments,
                                         struct settings *settings, bool *is_given,
                                         char *out_problem)
{
    for (int i = 1; i < arguments_count; i++) {
        enum settings_result result;

        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) {
            return i + 1 < arguments_count && strcmp(arguments[i + 1], "all") == 0
                       ? SETTINGS_HELP_ALL
                       : SETTINGS_HELP;
        }
        if (strcmp(arguments[i], "--version") == 0) {
            return SETTINGS_VERSION;
        }
        result = read_option(arguments_count, arguments, &i, settings, is_given, out_problem);
        if (result != SETTINGS_READ) {
            return result;
        }
    }
    return SETTINGS_READ;
}

/* What the environment has goes before what the file has. */
static enum settings_result read_variable(const struct setting *setting, struct settings *settings,
                                          bool *is_given, char *out_problem)
{
    const char *value = getenv(setting->variable);

    if (value == NULL || value[0] == '\0') {
        return SETTINGS_READ;
    }
    *is_given = true;
    note_source(setting, setting->variable, settings);
    if (setting_takes_several(setting)) {
        setting_forget_several(setting, settings); /* the file's */
    }
    if (setting_takes_several(setting) ? !setting_parse_several(setting, value, settings)
                                       : !setting->parse(setting, value, settings)) {
        return wrong_value(setting, setting->variable, value, out_problem);
    }
    return SETTINGS_READ;
}

/* For a setting that nobody gave. */
static void set_default(const struct setting *setting, struct settings *settings)
{
    if (setting->value != NULL) {
        note_source(setting, setting->option, settings);
        (void)setting->parse(setting, setting->value, settings); /* ours are right: a test asks */
    } else if (setting->parse == setting_parse_workers) {
        settings->workers = setting_default_workers();
    }
}

static void set_defaults(const bool *is_given, struct settings *settings)
{
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (!is_given[i]) {
            set_default(&settings_table[i], settings);
        }
    }
}

/* Reads the file that an option (then `asked` has its name) or the environment names, if any. */
static enum settings_result read_named_file(const struct settings *asked, struct settings *settings,
                                            bool *is_given, char *out_problem)
{
    const struct setting *setting = find_setting(SLICE("--config"));
    const char *source = setting->option;
    enum settings_result result = SETTINGS_READ;

    memcpy(settings->config, asked->config, sizeof settings->config);
    if (settings->config[0] == '\0') {
        source = setting->variable;
        result = read_variable(setting, settings, &is_given[setting - settings_table], out_problem);
    }
    if (result == SETTINGS_READ && settings->config[0] != '\0') {
        result = settings_file_read(settings_table, SETTINGS_COUNT, source, settings, is_given,
                                    out_problem);
    }
    return result;
}

/* The lowest goes first, so that what goes before it replaces it. What an option gives nobody asks
 * the environment; the file is checked whole, whatever is asked of it. */
enum settings_result settings_read(int arguments_count, char *const *arguments,
                                   struct settings *out_settings,
                                   char out_problem[SETTINGS_PROBLEM_BYTES])
{
    struct settings asked = {.listen_count = 0}; /* what the options alone say */
    struct settings settings = {.listen_count = 0};
    bool is_option[SETTINGS_COUNT] = {false};
    bool is_given[SETTINGS_COUNT] = {false};
    enum settings_result result =
        read_options(arguments_count, arguments, &asked, is_option, out_problem);

    policies_init(&settings.policies);
    if (result == SETTINGS_READ) {
        result = read_named_file(&asked, &settings, is_given, out_problem);
    }
    for (size_t i = 0; i < SETTINGS_COUNT && result == SETTINGS_READ; i++) {
        if (!is_option[i]) {
            result = read_variable(&settings_table[i], &settings, &is_given[i], out_problem);
        }
    }
    for (size_t i = 0; i < SETTINGS_COUNT && result == SETTINGS_READ; i++) {
        if (is_option[i] && setting_takes_several(&settings_table[i])) {
            setting_forget_several(&settings_table[i], &settings);
        }
    }
    if (result == SETTINGS_READ) {
        result = read_options(arguments_count, arguments, &settings, is_given, out_problem);
    }
    if (result == SETTINGS_READ) {
        set_defaults(is_given, &settings);
        *out_settings = settings;
    }
    return result;
}

enum settings_result settings_read_file(const char *path, struct settings *out_settings,
                                        char out_problem[SETTINGS_PROBLEM_BYTES])
{
    const struct setting *setting = find_setting(SLICE("--config"));
    struct settings settings = {.listen_count = 0};
    bool is_given[SETTINGS_COUNT] = {false};
    enum settings_result result;

    policies_init(&settings.policies);
    if (!setting->parse(setting, path, &settings)) {
        (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES, "it takes %s", setting->right);
        return SETTINGS_WRONG;
    }
    result =
        settings_file_read(settings_table, SETTINGS_COUNT, NULL, &settings, is_given, out_problem);
    if (result == SETTINGS_READ) {
        set_defaults(is_given, &settings);
        *out_settings = settings;
    }
    return result;
}

void settings_say_store(const struct settings *settings, const char *problem,
                        char out_problem[SETTINGS_PROBLEM_BYTES])
{
    char sentence[512];

    (void)snprintf(sentence, sizeof sentence, "%s: %s%s", settings->store_source, problem,
                   settings->store_line > 0 ? settings_file_hint(settings->store) : "");
    if (settings->store_line > 0) {
        settings_file_say(settings->config, settings->store_line, settings->store_column, sentence,
                          out_problem);
    } else {
        (void)snprintf(out_problem, SETTINGS_PROBLEM_BYTES, "%s", sentence);
    }
}

/* One option with its help, lines below each other in a column of their own. */
static void write_option(FILE *file, const struct setting *setting)
{
    enum { COLUMN = 24 };
    const char *line = setting->help;
    int width = fprintf(file, "  %s %s", setting->option, setting->argument);

    if (width >= COLUMN) {
        (void)fputc('\n', file);
        width = 0;
    }
    while (line != NULL) {
        const char *end = strchr(line, '\n');
        int length = end == NULL ? (int)strlen(line) : (int)(end - line);

        (void)fprintf(file, "%*s%.*s", COLUMN - width, "", length, line);
        if (end == NULL && setting->value != NULL) {
            (void)fprintf(file, " [%s]", setting->value);
        }
        (void)fputc('\n', file);
        width = 0;
        line = end == NULL ? NULL : end + 1;
    }
}

void settings_write_help(FILE *file, bool all)
{
    (void)fputs("footfall - tells each visitor of a website their number\n\n"
                "  footfall [options]      serve in the foreground; stop with Ctrl-C\n"
                "  footfall check FILE     say whether a settings file is right\n"
                "  footfall import FILE, footfall export          counters as lines, in and out\n"
                "  footfall status|reload|upgrade|scale N|stop    what to do with one that runs\n"
                "  footfall --help [all]   this, or everything; also --version\n\n",
                file);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (all || (settings_table[i].traits & SETTING_RARE) == 0) {
            write_option(file, &settings_table[i]);
        }
        if (all) {
            (void)fprintf(file, "%24sin the environment: %s\n", "", settings_table[i].variable);
        }
    }
    if (all) {
        (void)fputs("\nAn option goes before the environment, that before the file. Seconds may\n"
                    "have up to three decimals; 0 is never. FOOTFALL_LISTEN and\n"
                    "FOOTFALL_TRUSTED_PROXY take several, split by blanks. In the file each\n"
                    "setting has a line: its option without the --, a =, its value up to the end\n"
                    "of the line. Those two may have several lines. A comment is a line that\n"
                    "begins with # or ;.\n"
                    "\nGET or POST / counts one visit: {\"counter\":N,\"pid\":P}.\n"
                    "\nfootfall import [--set|--add] FILE takes lines NAMESPACE KEY VALUE, or\n"
                    "what footfall export writes; - is standard input. --add: the value is added\n"
                    "to what is there. Both take --store, --key, --config and --store-timeout,\n"
                    "and work beside a footfall that counts.\n"
                    "\nExit status: 0 after a stop that was asked for, 1 when it could not start\n"
                    "or go on, 2 for a wrong option or setting. Of import 1 for a line that was\n"
                    "not taken too, of export for a counter that could not be written.\n"
                    "\nSignals: TERM, INT, QUIT answer what is in flight, then end; a second one\n"
                    "ends at once. HUP: new settings (footfall reload). USR2: the program that is\n"
                    "on disk takes over (footfall upgrade). TTIN, TTOU: one worker more, one\n"
                    "fewer (footfall scale N). WINCH: nobody serves, until HUP or TTIN. USR1: the\n"
                    "access log is opened anew.\n",
                    file);
    } else {
        (void)fputs("\nEach option is an environment variable too: --store is FOOTFALL_STORE.\n",
                    file);
    }
}
