/*
 * import.c - lines are read, go into the store, and are told of where something is wrong.
 *
 * Nothing but the store's own answer makes a line one that was taken. A store that is away is
 * waited for, one that refuses again and again is not.
 */
#include "commands/import.h"

#include "base/clock.h"
#include "commands/command.h"
#include "commands/counter_line.h"
#include "commands/import_queue.h"
#include "commands/line_ranges.h"
#include "commands/line_source.h"
#include "commands/progress.h"
#include "commands/store_command.h"
#include "store/store_session.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS_MIN = 30 * 1000, /* a store that is away may come back */
    TURN_MS = 100,               /* how often it is looked whether there is more to read … */
    READ_AGAIN_MS = 10,          /* … where there was nothing just now */
    REFUSALS_MAX = 100,          /* of the store: then it is no use */
    LINES_AT_ONCE = 4096,        /* between two looks for signals */
    UNKNOWN_MAX = 32,            /* names of fields that are told */
};

struct import_run {
    const char *path;
    bool adds;
    struct line_source source;
    struct slice front_key;
    struct store_session session;
    struct import_queue queue;
    struct progress progress;
    uint64_t taken;
    uint64_t refused;
    struct line_ranges unanswered; /* at the end: taken or not, who knows */
    struct line_ranges not_given;  /* at the end: not taken */
    uint64_t store_refusals;
    uint64_t patience_ms; /* 0: for ever */
    uint64_t answered_ms; /* when the store has last answered */
    bool is_at_end;       /* nothing more is read */
    bool has_failed;      /* before the end of the file */
    bool is_given_up;     /* nor is anything waited for */
    unsigned unknown_count;
    char unknown[UNKNOWN_MAX][COUNTER_LINE_FIELD_BYTES];
};

/* ---- what is told ---- */

__attribute__((format(printf, 3, 4))) static void tell(struct import_run *run, uint64_t line,
                                                       const char *format, ...)
{
    va_list arguments;

    progress_clear(&run->progress);
    (void)fprintf(stderr, "%s:%" PRIu64 ": ", run->path, line);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

/* Nothing more is read. */
static void stop(struct import_run *run, const char *reason)
{
    if (!run->has_failed) {
        tell(run, run->source.line, "%s; no line behind this one was taken", reason);
    }
    run->has_failed = true;
    run->is_at_end = true;
}

static void unknown_field(void *owner, const char *name)
{
    struct import_run *run = owner;

    for (unsigned i = 0; i < run->unknown_count && i < UNKNOWN_MAX; i++) {
        if (strcmp(run->unknown[i], name) == 0) {
            return;
        }
    }
    if (run->unknown_count < UNKNOWN_MAX) {
        memcpy(run->unknown[run->unknown_count], name, COUNTER_LINE_FIELD_BYTES);
        tell(run, run->source.line, "warning: \"%s\" is no field that is known: it is left out",
             name);
    } else if (run->unknown_count == UNKNOWN_MAX) {
        tell(run, run->source.line, "warning: there are more such fields, which are not told of");
    } else {
        return;
    }
    run->unknown_count++;
}

/* ---- the store's answers ---- */

static void line_refused_by_store(struct import_run *run, uint64_t line, int result)
{
    if (++run->store_refusals > REFUSALS_MAX || (run->has_failed && result == -EOPNOTSUPP)) {
        return; /* they are counted all the same */
    }
    if (result == -EOPNOTSUPP) {
        tell(run, line, "this Redis counts plainly, without scripts: no counter can be set in it");
        stop(run, "the store takes no counters");
    } else {
        tell(run, line, "the store refuses it: %s",
             run->session.trouble[0] != '\0' ? run->session.trouble : strerror(-result));
    }
    if (run->store_refusals == REFUSALS_MAX) {
        stop(run, "the store refuses too many");
    }
}

static void line_done(void *owner, uint64_t line, int result)
{
    struct import_run *run = owner;

    run->answered_ms = clock_monotonic_ms();
    if (result == 0) {
        run->taken++;
        return;
    }
    if (result == -ECANCELED || result == -ETIMEDOUT) {
        line_ranges_add(&run->unanswered, line);
        return;
    }
    if (result == -ENODATA) {
        line_ranges_add(&run->not_given, line);
        return;
    }
    run->refused++;
    if (result == -EOVERFLOW) {
        tell(run, line, "the sum would pass the end of 64 bits");
    } else {
        line_refused_by_store(run, line, result);
    }
}

/* ---- lines ---- */

static void refuse(struct import_run *run, const char *problem)
{
    run->refused++;
    tell(run, run->source.line, "%s", problem);
}

static void take_line(struct import_run *run, struct slice line)
{
    struct counter_line counter;
    char problem[COUNTER_LINE_PROBLEM_BYTES];

    switch (counter_line_read(line, run->front_key, unknown_field, run, &counter, problem)) {
    case COUNTER_LINE_GOOD:
        import_queue_add(&run->queue, &counter, run->source.line);
        break;
    case COUNTER_LINE_EMPTY:
        break;
    case COUNTER_LINE_WRONG:
        refuse(run, problem);
        break;
    }
}

/* Reads lines that are there and have room, a number of them at most. False: there was nothing to
 * read just now. */
static bool take_lines(struct import_run *run)
{
    char reason[64];
    struct slice line;

    for (unsigned i = 0; i < LINES_AT_ONCE && !run->is_at_end && import_queue_has_room(&run->queue);
         i++) {
        switch (line_source_next(&run->source, false, &line)) {
        case LINE_SOURCE_LINE:
            take_line(run, line);
            break;
        case LINE_SOURCE_TOO_LONG:
            (void)snprintf(reason, sizeof reason, "it is longer than %d bytes",
                           LINE_SOURCE_LINE_BYTES_MAX);
            refuse(run, reason);
            break;
        case LINE_SOURCE_LATER:
            return false;
        case LINE_SOURCE_END:
            run->is_at_end = true;
            break;
        case LINE_SOURCE_FAILED:
            stop(run, strerror(errno));
            break;
        }
    }
    return true;
}

/* ---- running ---- */

static void stop_signals(sigset_t *out_set)
{
    (void)sigemptyset(out_set);
    (void)sigaddset(out_set, SIGINT);
    (void)sigaddset(out_set, SIGTERM);
    (void)sigaddset(out_set, SIGHUP);
}

/* From now on they end it at once: nothing but what is under way is left to do. */
static void let_signals_in(void)
{
    sigset_t set;

    stop_signals(&set);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* Asked to stop, it ends what is under way; asked twice, it ends at once. */
static void look_for_signals(struct import_run *run)
{
    const struct timespec now = {.tv_sec = 0};
    sigset_t set;

    stop_signals(&set);
    if (sigtimedwait(&set, NULL, &now) > 0) {
        let_signals_in();
        stop(run, "asked to stop");
    }
}

static void give_up(struct import_run *run, const char *reason)
{
    char text[STORE_REASON_BYTES + 64];

    (void)snprintf(text, sizeof text, "%s%s%s", reason, run->session.trouble[0] != '\0' ? ": " : "",
                   run->session.trouble);
    stop(run, text);
    let_signals_in(); /* the end of what is under way may never come */
    run->is_given_up = true;
    import_queue_give_up(&run->queue);
}

/* Waits until there is something to do. */
static void wait(struct import_run *run, bool has_read)
{
    struct pollfd input = {.fd = run->source.fd, .events = POLLIN};
    bool may_read;
    int result;

    if (run->queue.count == 0) {
        run->answered_ms = clock_monotonic_ms();
        if (!has_read) {
            (void)poll(&input, 1, TURN_MS);
        }
        return;
    }
    may_read = has_read && !run->is_at_end && import_queue_has_room(&run->queue);
    result = store_session_wait(&run->session, may_read ? 1 : has_read ? TURN_MS : READ_AGAIN_MS);
    if (result < 0 && result != -ETIMEDOUT) {
        give_up(run, strerror(-result));
    } else if (run->patience_ms > 0 && clock_monotonic_ms() - run->answered_ms > run->patience_ms) {
        give_up(run, "the store does not answer");
    }
}

static void run_lines(struct import_run *run)
{
    sigset_t set;

    stop_signals(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    run->answered_ms = clock_monotonic_ms();
    while ((!run->is_at_end || run->queue.count > 0) && !run->is_given_up) {
        const bool has_read = take_lines(run);

        import_queue_send(&run->queue);
        wait(run, has_read);
        look_for_signals(run);
        progress_show(&run->progress, run->source.bytes, run->source.size, run->source.line);
    }
    progress_clear(&run->progress);
}

static void tell_lines(const struct import_run *run, struct line_ranges *ranges, const char *what)
{
    if (ranges->count > 0) {
        (void)fprintf(stderr, "%s: %s ", run->path, what);
        line_ranges_write(ranges, stderr);
        (void)fputc('\n', stderr);
    }
}

static int tell_sums(struct import_run *run)
{
    const uint32_t undone = run->unanswered.count + run->not_given.count;

    tell_lines(run, &run->not_given, "not taken, since the store does not answer: lines");
    tell_lines(run, &run->unanswered, "not answered, each may have been taken or not: lines");
    (void)printf("lines taken: %" PRIu64 ", refused: %" PRIu64, run->taken, run->refused);
    if (undone > 0) {
        (void)printf(", not taken: %" PRIu32 ", not answered: %" PRIu32, run->not_given.count,
                     run->unanswered.count);
    }
    if (putchar('\n') == EOF || fflush(stdout) != 0) {
        return command_fail("import", strerror(errno));
    }
    return run->refused + undone > 0 || run->has_failed ? COMMAND_FAILED : COMMAND_DONE;
}

/* Everything in between; what is still under way at the end is told of when the store closes. */
static int take_all(struct import_run *run)
{
    int result = import_queue_init(&run->queue, &run->session, run->adds, line_done, run);

    if (result == 0) {
        progress_init(&run->progress, "lines");
        run_lines(run);
    }
    store_session_close(&run->session);
    if (result < 0) {
        return command_fail("import", strerror(-result));
    }
    import_queue_give_up(&run->queue); /* what came behind that was never given */
    import_queue_finish(&run->queue);
    return tell_sums(run);
}

/* A store that the import makes may be another one than its user meant. */
static void tell_new_store(const struct store_url *store)
{
    char path[PATH_MAX + sizeof "/data.mdb"];

    if (store->scheme == STORE_LMDB) {
        (void)snprintf(path, sizeof path, "%s/data.mdb", store->path);
        if (access(path, F_OK) < 0 && errno == ENOENT) {
            (void)fprintf(stderr, "footfall: import: lmdb:%s is a new store\n", store->path);
        }
    }
}

static int import(struct import_run *run, const struct configuration *configuration)
{
    const uint64_t timeout_ms = configuration->settings.store_timeout_ms;
    char reason[STORE_REASON_BYTES];
    int result;

    run->front_key = slice_of(configuration->settings.key);
    tell_new_store(&configuration->store);
    result = store_session_open(&run->session, &configuration->store, timeout_ms, reason);
    if (result < 0) {
        return command_fail("import", reason);
    }
    run->patience_ms =
        timeout_ms == 0 || timeout_ms > PATIENCE_MS_MIN ? timeout_ms : PATIENCE_MS_MIN;
    return take_all(run);
}

/* ---- the command ---- */

static bool take_word(void *owner, const char *word)
{
    struct import_run *run = owner;

    if (strcmp(word, "--set") == 0 || strcmp(word, "--add") == 0) {
        run->adds = word[2] == 'a';
        return true;
    }
    if (run->path == NULL && (word[0] != '-' || word[1] == '\0')) {
        run->path = word;
        return true;
    }
    return false;
}

int command_import(int words_count, char *const *words)
{
    struct import_run run = {.path = NULL};
    const struct store_command command = {
        .name = "import",
        .usage =
            " [--set|--add] FILE [--store URL] [--config FILE] [--key NAME]\n"
            "                  [--store-timeout SECONDS]\n"
            "takes counters from the lines of FILE (-: standard input) into the store: either\n"
            "NAMESPACE KEY VALUE, or JSON as footfall export writes it\n"
            "  --set  the value takes the place of what was there; the default\n"
            "  --add  it is added; a counter that is not there is made\n",
        .take = take_word,
        .owner = &run,
    };
    struct configuration configuration;
    char reason[4096 + 128];
    int result;

    if (!store_command_begin(&command, words_count, words, &configuration, &result)) {
        return result;
    }
    if (run.path == NULL) {
        (void)fprintf(stderr, "footfall: import: it takes a FILE, or - for standard input\n");
        return COMMAND_WRONG;
    }
    result = line_source_open(run.path, &run.source);
    if (result < 0) {
        (void)snprintf(reason, sizeof reason, "%.4000s: %s", run.path, strerror(-result));
        return command_fail("import", reason);
    }
    result = import(&run, &configuration);
    line_source_close(&run.source);
    return result;
}
