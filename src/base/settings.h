/*
 * settings.h - what footfall is told: by options, by the environment, by a file, by default, in
 * this order of precedence.
 *
 * One table names every setting, parses it, and writes --help. Nothing is kept here: the same
 * arguments, environment and file give the same settings whenever they are read.
 */
#ifndef FOOTFALL_BASE_SETTINGS_H
#define FOOTFALL_BASE_SETTINGS_H

#include "base/access_log_format.h"
#include "base/address.h"
#include "base/log.h"
#include "base/network.h"
#include "base/policy.h"

#include <stdint.h>
#include <stdio.h>

enum {
    SETTINGS_LISTEN_MAX = 16,
    SETTINGS_WORKERS_MAX = 128, /* half of the scoreboard's slots */
    SETTINGS_KEY_BYTES_MAX = 255,
    SETTINGS_STORE_BYTES_MAX = 4095,
    SETTINGS_PATH_BYTES_MAX = 4095, /* of the file, PATH_MAX without its NUL */
    SETTINGS_FILE_BYTES_MAX = 65536,
    SETTINGS_PROBLEM_BYTES = SETTINGS_PATH_BYTES_MAX + 1 + 512,
};

/* As many connections as descriptors allow; of one address half of that. */
#define SETTING_AUTO UINT64_MAX

enum setting_balance {
    BALANCE_ROUND_ROBIN, /* the master deals connections in turn */
    BALANCE_KERNEL,      /* workers accept by themselves */
};

enum setting_loop {
    SETTING_LOOP_AUTO, /* io_uring where the kernel lets it, else epoll */
    SETTING_LOOP_IO_URING,
    SETTING_LOOP_EPOLL,
};

enum setting_admin {
    SETTING_ADMIN_AUTO, /* a socket in the runtime folder */
    SETTING_ADMIN_NAMED,
    SETTING_ADMIN_NONE,
};

struct settings {
    struct address listen[SETTINGS_LISTEN_MAX];
    uint32_t listen_count;
    struct network_list trusted_proxies; /* whose word is taken for whom a request comes from */
    uint32_t workers;                    /* 0: a single process */
    char store[SETTINGS_STORE_BYTES_MAX + 1]; /* a URL, which may hold a password: never logged */
    /* Where the store was given: "--store", "FOOTFALL_STORE", or "store" in the file, where it
     * stands in this line and column (else 0). */
    const char *store_source;
    uint32_t store_line;
    uint32_t store_column;
    char config[SETTINGS_PATH_BYTES_MAX + 1]; /* the file; "": there is none */
    char key[SETTINGS_KEY_BYTES_MAX + 1];
    uint64_t drain_timeout_ms; /* 0 is never, for each time-out */
    uint64_t store_timeout_ms;
    uint64_t header_timeout_ms;
    uint64_t body_timeout_ms;
    uint64_t idle_timeout_ms;
    uint64_t worker_timeout_ms;
    uint64_t connections_max; /* over all workers; 0: no limit, or SETTING_AUTO, for both */
    uint64_t address_connections_max;
    uint64_t min_rate; /* bytes a second; 0: any */
    enum setting_balance balance;
    enum setting_loop loop;
    enum setting_admin admin_kind;
    struct address admin;                       /* SETTING_ADMIN_NAMED */
    char pid_file[SETTINGS_PATH_BYTES_MAX + 1]; /* "": none is asked for */
    enum log_level log_level;
    enum log_format log_format;
    char access_log[SETTINGS_PATH_BYTES_MAX + 1]; /* "": none; "-": standard output */
    struct access_log_format access_log_format;
    uint64_t counters_max;     /* that a store may hold; 0: any number */
    uint64_t rate_clients_max; /* whose calls are counted at the same time, from 1 */
    bool has_admin_token;      /* who has it owns every counter */
    uint8_t admin_token_hash[POLICY_HASH_BYTES];
    struct policies policies; /* of namespaces: in a file only */
};

enum settings_result {
    SETTINGS_READ,
    SETTINGS_WRONG,    /* out_problem says what, and what would be right */
    SETTINGS_HELP,     /* --help: settings_write_help() */
    SETTINGS_HELP_ALL, /* --help all */
    SETTINGS_VERSION,  /* --version */
};

/* Reads options, environment and file. `arguments` as main() gets them. Only with SETTINGS_READ is
 * *out_settings filled in. */
enum settings_result settings_read(int arguments_count, char *const *arguments,
                                   struct settings *out_settings,
                                   char out_problem[SETTINGS_PROBLEM_BYTES]);

/* The same of a file alone: neither options nor environment are asked. READ or WRONG. */
enum settings_result settings_read_file(const char *path, struct settings *out_settings,
                                        char out_problem[SETTINGS_PROBLEM_BYTES]);

/* What is wrong with the store's URL is known to the stores. Says it with the place that the URL
 * has. */
void settings_say_store(const struct settings *settings, const char *problem,
                        char out_problem[SETTINGS_PROBLEM_BYTES]);

/* Writes the help: one screen, or everything. */
void settings_write_help(FILE *file, bool all);

#endif
