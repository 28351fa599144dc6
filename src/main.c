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
#include "commands/configuration.h"
#include "loop/signals.h"
#include "process/admin_listener.h"
#include "process/descriptors.h"
#include "process/listener.h"
#include "process/loop_choice.h"
#include "process/master.h"
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

/* Of what comes to the listeners, among so many workers; 0: a single process. */
static struct fair_share share_of(struct scoreboard *scoreboard, uint32_t workers, uint32_t slot)
{
    return (struct fair_share){
        .scoreboard = scoreboard,
        .slots_count = workers,
        .own_slot = slot,
        .connections_max = descriptors_for_connections(0),
    };
}

static int serve_alone(const struct configuration *configuration, enum loop_kind loop_kind,
                       struct scoreboard *scoreboard, struct listeners *listeners,
                       const struct notifier *notifier)
{
    const struct settings *settings = &configuration->settings;
    const struct worker_context context = {
        .version = FOOTFALL_VERSION,
        .settings = settings,
        .store_url = &configuration->store,
        .loop_kind = loop_kind,
        .scoreboard = scoreboard,
        .slot = &scoreboard->slots[0],
        .channel_fd = -1,
        .listeners = listeners,
        .accepts = true,
        .notifier = notifier,
        .share = share_of(scoreboard, settings->workers, 0),
    };
    int exit_status;

    scoreboard_slot_begin(&scoreboard->slots[0], getpid(), clock_monotonic_ms());
    exit_status = worker_run(&context);

    listeners_unlink(listeners);
    return exit_status;
}

static int serve_as_worker(const struct configuration *configuration, enum loop_kind loop_kind,
                           struct scoreboard *scoreboard, struct listeners *listeners,
                           const struct master_result *role)
{
    const struct settings *settings = &configuration->settings;
    const struct worker_context context = {
        .version = FOOTFALL_VERSION,
        .settings = settings,
        .store_url = &configuration->store,
        .loop_kind = loop_kind,
        .scoreboard = scoreboard,
        .slot = &scoreboard->slots[role->slot],
        .slot_index = role->slot,
        .channel_fd = role->channel_fd,
        .listeners = listeners,
        .accepts = settings->balance == BALANCE_KERNEL,
        .share = share_of(scoreboard, settings->workers, role->slot),
    };

    signal_set_ignore_masters();
    return worker_run(&context);
}

/* Behind a balancer. Returns in the master and in each worker. */
static int serve_together(const struct configuration *configuration, enum loop_kind loop_kind,
                          struct scoreboard *scoreboard, struct listeners *listeners,
                          const struct notifier *notifier)
{
    const struct master_context context = {
        .settings = &configuration->settings,
        .scoreboard = scoreboard,
        .listeners = listeners,
        .notifier = notifier,
    };
    struct master_result result = master_run(&context);

    if (result.role == MASTER_IS_WORKER) {
        return serve_as_worker(configuration, loop_kind, scoreboard, listeners, &result);
    }
    listeners_close(listeners);
    listeners_unlink(listeners);
    return result.exit_status;
}

static int serve(const struct configuration *configuration)
{
    const struct settings *settings = &configuration->settings;
    static struct listeners listeners; /* some kilobytes, one for each process */
    static struct pid_file pid_file;
    struct scoreboard *scoreboard = NULL;
    struct notifier notifier;
    enum loop_kind loop_kind;
    char reason[LISTENER_REASON_BYTES];
    int result = prepare_process();
    int exit_status;

    if (result == -EINVAL) {
        return refuse_setting("FOOTFALL_FAULT: not right; it takes POINT:NTH:kill|stop");
    }
    if (result == 0) {
        result = scoreboard_create(&scoreboard);
    }
    if (result < 0) {
        return fail(strerror(-result));
    }
    notifier_open(&notifier);
    scoreboard_begin(scoreboard, getpid(), clock_monotonic_ms(), clock_wall_ms());
    log_start(settings, &configuration->store);
    if (loop_choose(settings->loop, &loop_kind, reason) < 0 ||
        listeners_open(settings->listen, settings->listen_count, &listeners, reason) < 0) {
        exit_status = fail(reason);
    } else if (admin_listener_open(settings, &listeners, &pid_file, reason) < 0) {
        listeners_close(&listeners);
        listeners_unlink(&listeners);
        exit_status = fail(reason);
    } else if (settings->workers == 0) {
        exit_status = serve_alone(configuration, loop_kind, scoreboard, &listeners, &notifier);
    } else {
        exit_status = serve_together(configuration, loop_kind, scoreboard, &listeners, &notifier);
    }
    pid_file_remove(&pid_file);
    scoreboard_destroy(scoreboard);
    return exit_status;
}

int main(int arguments_count, char **arguments)
{
    static struct configuration configuration; /* read once, then const */
    static char **words; /* the arguments, to read the configuration from again */
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
    switch (configuration_read(arguments_count, words, &configuration, problem)) {
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
    log_init(configuration.settings.log_level, configuration.settings.log_format);
    return serve(&configuration);
}
