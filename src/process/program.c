/*
 * program.c - opening, reading again, handing over and closing.
 */
#include "process/program.h"

#include "base/log.h"
#include "process/admin_listener.h"
#include "process/listener_change.h"
#include "process/loop_choice.h"

#include <errno.h>
#include <string.h>

/* ---- listeners and files ---- */

/* The one that was asked for. */
static void note_pid_file(struct program_settings *settings)
{
    memcpy(settings->pid_files[1].path, settings->configuration.settings.pid_file,
           sizeof settings->pid_files[1].path);
}

/* Makes the next listeners: what these settings want. */
static bool want_listeners(struct program *program, struct program_settings *settings,
                           char out_reason[LISTENER_REASON_BYTES])
{
    const struct settings *asked = &settings->configuration.settings;
    const struct listeners *current = &program->listeners;
    struct listeners *next = &program->next_listeners;
    int result = 0;

    listener_change_begin(current, next);
    if (!current->are_activated) {
        result = listener_change_want(current, next, asked->listen, asked->listen_count, false,
                                      out_reason);
    }
    if (result == 0) {
        result = admin_listener_want(asked, current, next, &settings->pid_files[0], out_reason);
    }
    if (result < 0) {
        listener_change_drop(current, next);
    }
    note_pid_file(settings);
    return result == 0;
}

static void write_pid_files(struct program_settings *settings)
{
    for (uint32_t i = 0; i < 2; i++) {
        (void)pid_file_write(&settings->pid_files[i]);
    }
}

/* Takes away those of `settings` that `kept` does not have; NULL: all. */
static void remove_pid_files(const struct program_settings *settings,
                             const struct program_settings *kept)
{
    for (uint32_t i = 0; i < 2; i++) {
        if (kept == NULL || strcmp(settings->pid_files[i].path, kept->pid_files[i].path) != 0) {
            pid_file_remove(&settings->pid_files[i]);
        }
    }
}

/* The file of a predecessor's socket that these settings do not want stays until we serve. */
static void leave_admin_for_now(struct program *program)
{
    for (uint32_t i = 0; i < program->listeners.count; i++) {
        struct listener *listener = &program->listeners.list[i];

        if (listener->is_admin && !listener_is_in_use(&program->next_listeners.list[i])) {
            program->left_admin = *listener;
            listener->path[0] = '\0';
        }
    }
}

bool program_open(struct program *program, char out_reason[LISTENER_REASON_BYTES])
{
    struct program_settings *settings = &program->settings[0];
    struct listeners *listeners = &program->listeners;
    bool is_open;

    listeners->is_patient = true;
    if (loop_choose(settings->configuration.settings.loop, &settings->loop_kind, out_reason) < 0) {
        return false;
    }
    is_open = inheritance_take(&program->inheritance, listeners, out_reason);
    program->notifier.is_successor = program->inheritance.words_fd >= 0;
    is_open = is_open && want_listeners(program, settings, out_reason);
    if (is_open) {
        leave_admin_for_now(program);
        listener_change_take(listeners, &program->next_listeners);
    } else {
        inheritance_tell(&program->inheritance, out_reason);
        listeners_close(listeners);
    }
    listeners->is_patient = false; /* a reload does not wait for others to go */
    return is_open;
}

void program_close(struct program *program)
{
    listeners_close(&program->listeners);
    listeners_unlink(&program->listeners);
    remove_pid_files(&program->settings[program->in_use], NULL);
}

const struct program_settings *program_settings_of(const struct program *program,
                                                   const struct settings *settings)
{
    for (uint32_t i = 1; i < 3; i++) {
        if (settings == &program->settings[i].configuration.settings) {
            return &program->settings[i];
        }
    }
    return &program->settings[0];
}

/* ---- reading again ---- */

static struct program_settings *candidate_of(struct program *program)
{
    return &program->settings[program->in_use == 1 ? 2 : 1];
}

/* What cannot change while it runs. NULL when all can. */
static const char *fixed_setting(const struct settings *now, const struct settings *next)
{
    if ((now->workers == 0) != (next->workers == 0)) {
        return "workers: from or to 0 takes a restart";
    }
    return NULL;
}

/* Makes the listeners of settings that were read again. A single process keeps its own, whatever a
 * name stands for by now: who serves them is not told of a change. */
static bool change_listeners(struct program *program, struct program_settings *candidate,
                             char out_reason[LISTENER_REASON_BYTES])
{
    if (candidate->configuration.settings.workers > 0) {
        return want_listeners(program, candidate, out_reason);
    }
    program->next_listeners = program->listeners;
    candidate->pid_files[0] = program->settings[program->in_use].pid_files[0];
    note_pid_file(candidate);
    return true;
}

static const struct settings *read_settings(void *owner, char out_reason[SETTINGS_PROBLEM_BYTES])
{
    struct program *program = owner;
    struct program_settings *candidate = candidate_of(program);
    const struct settings *now = &program->settings[program->in_use].configuration.settings;
    char reason[LISTENER_REASON_BYTES];
    const char *fixed;

    if (configuration_read(program->arguments_count, program->arguments, &candidate->configuration,
                           out_reason) != SETTINGS_READ) {
        return NULL;
    }
    fixed = fixed_setting(now, &candidate->configuration.settings);
    if (fixed != NULL) {
        (void)snprintf(out_reason, SETTINGS_PROBLEM_BYTES, "%s", fixed);
        return NULL;
    }
    if (loop_choose(candidate->configuration.settings.loop, &candidate->loop_kind, reason) < 0 ||
        !change_listeners(program, candidate, reason)) {
        (void)snprintf(out_reason, SETTINGS_PROBLEM_BYTES, "%s", reason);
        return NULL;
    }
    return &candidate->configuration.settings;
}

static void settle(void *owner, bool is_taken)
{
    struct program *program = owner;
    struct program_settings *candidate = candidate_of(program);

    if (!is_taken) {
        listener_change_drop(&program->listeners, &program->next_listeners);
    } else {
        listener_change_take(&program->listeners, &program->next_listeners);
        remove_pid_files(&program->settings[program->in_use], candidate);
        write_pid_files(candidate);
        program->in_use = program->in_use == 1 ? 2 : 1;
        log_init(candidate->configuration.settings.log_level,
                 candidate->configuration.settings.log_format);
    }
}

/* ---- beginning and end ---- */

static void serving(void *owner)
{
    struct program *program = owner;

    write_pid_files(&program->settings[program->in_use]);
    listeners_own(&program->listeners);
    program->left_admin.is_lent = false;
    listener_unlink(&program->left_admin);
    inheritance_tell(&program->inheritance, INHERITANCE_READY);
}

static void failed(void *owner, const char *reason)
{
    struct program *program = owner;

    inheritance_tell(&program->inheritance, reason);
}

/* The sockets' files are the successor's; so are the files with its pid. */
static void handed_over(void *owner)
{
    struct program *program = owner;

    for (uint32_t i = 0; i < program->listeners.count; i++) {
        program->listeners.list[i].path[0] = '\0';
    }
}

struct master_events program_events(struct program *program)
{
    return (struct master_events){
        .read_settings = read_settings,
        .settle = settle,
        .serving = serving,
        .failed = failed,
        .handed_over = handed_over,
        .owner = program,
    };
}
