/*
 * main.c - settings, then a command, the master, a worker, or the single process.
 *
 * Every process of footfall leaves by returning from here, but for one that is past its drain
 * time-out or was asked twice to stop.
 */
#include "base/arguments.h"
#include "base/clock.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "base/settings.h"
#include "commands/command.h"
#include "loop/signals.h"
#include "process/descriptors.h"
#include "process/program.h"
#include "process/signal_set.h"
#include "process/worker.h"
#include "store/store_url.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_STOPPED = 0,
    EXIT_FAILED = 1,
    EXIT_WRONG_SETTING = 2,
};

/* Says what is wrong and how to mend it: the one error line of a start that failed. */
static int fail(const char *reason)
{
    LOG_EVENT(LOG_ERROR, "start_failed", LOG_FIELD_TEXT("reason", reason));
    return EXIT_FAILED;
}

static int refuse_setting(const char *problem)
{
    (void)fprintf(stderr, "footfall: %s\n", problem);
    inheritance_refuse(problem);
    return EXIT_WRONG_SETTING;
}

/* What every process needs before anything is opened. 0 or -errno. */
static int prepare_process(void)
{
    sigset_t handled;
    int result;

    (void)signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an error, not the end */
    (void)signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow */
    (void)signal(SIGCHLD, SIG_DFL); /* were it ignored by inheritance, no child could be reaped */
    signal_set_handled(&handled, true);
    result = signals_block(&handled);
    if (result == 0) {
        result = hash_init();
    }
    if (result == 0) {
        result = fault_point_init();
    }
    descriptors_raise_limit();
    return result;
}

static void log_start(const struct settings *settings, const struct store_url *store)
{
    char store_text[STORE_URL_TEXT_BYTES];
    const char *warning = store_url_warning(store);

    store_url_write(store, store_text);
    LOG_EVENT(LOG_INFO, "starting", LOG_FIELD_TEXT("version", FOOTFALL_VERSION),
              LOG_FIELD_NUMBER("pid", getpid()), LOG_FIELD_NUMBER("workers", settings->workers),
              LOG_FIELD_TEXT("store", store_text), LOG_FIELD_TEXT("key", settings->key));
    if (warning != NULL) {
        LOG_EVENT(LOG_WARN, "store_doubtful", LOG_FIELD_TEXT("reason", warning));
    }
}

/* Of what comes to the listeners. */
static struct fair_share share_of(struct scoreboard *scoreboard, bool is_shared, uint32_t slot)
{
    return (struct fair_share){
        .scoreboard = scoreboard,
        .is_shared = is_shared,
        .own_slot = slot,
        .connections_max = descriptors_for_connections(0),
    };
}

static struct worker_context worker_context_of(struct program *program,
                                               const struct program_settings *settings,
                                               struct listeners *listeners)
{
    return (struct worker_context){
        .version = FOOTFALL_VERSION,
        .settings = &settings->configuration.settings,
        .store_url = &settings->configuration.store,
        .loop_kind = settings->loop_kind,
        .scoreboard = program->scoreboard,
        .rates = program->rates,
        .listeners = listeners,
    };
}

static int serve_alone(struct program *program)
{
    const struct master_events events = program_events(program);
    struct scoreboard *scoreboard = program->scoreboard;
    struct worker_context context =
        worker_context_of(program, &program->settings[0], &program->listeners);

    context.slot = &scoreboard->slots[0];
    context.channel_fd = -1;
    context.accepts = true;
    context.notifier = &program->notifier;
    context.events = &events;
    context.upgrade = &program->upgrade;
    context.share = share_of(scoreboard, false, 0);
    atomic_store(&scoreboard->master.slots, 1);
    atomic_store(&scoreboard->slots[0].is_wanted, true);
    scoreboard_slot_begin(&scoreboard->slots[0], getpid(), clock_monotonic_ms());
    return worker_run(&context);
}

static int serve_as_worker(struct program *program, const struct master_result *role)
{
    struct scoreboard *scoreboard = program->scoreboard;
    struct worker_context context =
        worker_context_of(program, program_settings_of(program, role->settings), role->listeners);

    context.slot = &scoreboard->slots[role->slot];
    context.slot_index = role->slot;
    context.channel_fd = role->channel_fd;
    context.accepts = role->settings->balance == BALANCE_KERNEL;
    context.share = share_of(scoreboard, true, role->slot);
    log_init(role->settings->log_level, role->settings->log_format);
    signal_set_ignore_masters();
    return worker_run(&context);
}

/* Behind a balancer. Returns in the master and in each worker. */
static int serve_together(struct program *program, bool *out_is_worker)
{
    const struct master_events events = program_events(program);
    const struct master_context context = {
        .settings = &program->settings[0].configuration.settings,
        .scoreboard = program->scoreboard,
        .listeners = &program->listeners,
        .next_listeners = &program->next_listeners,
        .notifier = &program->notifier,
        .upgrade = &program->upgrade,
        .events = &events,
    };
    struct master_result result = master_run(&context);

    *out_is_worker = result.role == MASTER_IS_WORKER;
    return *out_is_worker ? serve_as_worker(program, &result) : result.exit_status;
}

static int serve(struct program *program)
{
    const struct configuration *configuration = &program->settings[0].configuration;
    char reason[LISTENER_REASON_BYTES];
    bool is_worker = false;
    int result = prepare_process();
    int exit_status;

    if (result == -EINVAL) {
        return refuse_setting("FOOTFALL_FAULT: not right; it takes POINT:NTH:kill|stop");
    }
    if (result == 0) {
        result = scoreboard_create(&program->scoreboard);
    }
    if (result == 0) {
        result =
            rate_table_create((uint32_t)configuration->settings.rate_clients_max, &program->rates);
    }
    if (result < 0) {
        return fail(strerror(-result));
    }
    notifier_open(&program->notifier);
    scoreboard_begin(program->scoreboard, getpid(), clock_monotonic_ms(), clock_wall_ms());
    log_start(&configuration->settings, &configuration->store);
    if (!program_open(program, reason)) {
        exit_status = fail(reason);
    } else if (configuration->settings.workers == 0) {
        exit_status = serve_alone(program);
    } else {
        exit_status = serve_together(program, &is_worker);
    }
    if (!is_worker) {
        program_close(program);
    }
    rate_table_destroy(program->rates);
    scoreboard_destroy(program->scoreboard);
    return exit_status;
}

int main(int arguments_count, char **arguments)
{
    static struct program program; /* some hundred kilobytes, one for each process */
    static char **words;           /* the arguments, to read the settings from again */
    char problem[SETTINGS_PROBLEM_BYTES];
    int exit_status;

    descriptors_fill_standard();
    words = arguments_copy(arguments_count, arguments);
    if (words == NULL) {
        return fail(strerror(ENOMEM));
    }
    arguments_hide_passwords(arguments_count, arguments);
    if (command_run(arguments_count, words, &exit_status)) {
        return exit_status;
    }
    switch (
        configuration_read(arguments_count, words, &program.settings[0].configuration, problem)) {
    case SETTINGS_READ:
        break;
    case SETTINGS_WRONG:
        return refuse_setting(problem);
    case SETTINGS_HELP:
        settings_write_help(stdout, false);
        return EXIT_STOPPED;
    case SETTINGS_HELP_ALL:
        settings_write_help(stdout, true);
        return EXIT_STOPPED;
    case SETTINGS_VERSION:
        (void)puts("footfall " FOOTFALL_VERSION);
        return EXIT_STOPPED;
    }
    program.arguments_count = arguments_count;
    program.arguments = words;
    upgrade_plan_init(&program.upgrade, words);
    log_init(program.settings[0].configuration.settings.log_level,
             program.settings[0].configuration.settings.log_format);
    return serve(&program);
}
