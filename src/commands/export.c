/*
 * export.c - the counters into a file without a name, and from there to whoever reads.
 *
 * A reader may be slow, and as long as LMDB is read what others change takes room (lmdb.h). So the
 * store is read as fast as it goes, and let go of before the first byte is handed on.
 */
#include "commands/export.h"

#include "commands/command.h"
#include "commands/counter_line.h"
#include "commands/progress.h"
#include "commands/store_command.h"
#include "store/store_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SPOOL_PATH_BYTES = 512,
    COPY_BYTES = 65536,
};

struct export_run {
    FILE *spool;
    const char *folder; /* that the spool is in */
    struct progress progress;
    bool has_trouble; /* a counter is missing from what is written */
};

/* ---- the spool ---- */

static int open_spool(const char *folder)
{
    char path[SPOOL_PATH_BYTES];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) { /* not every file system can */
        (void)snprintf(path, sizeof path, "%.490s/footfall-XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0) {
            (void)unlink(path); /* it lives as long as it is open */
        }
    }
    return fd < 0 ? -errno : fd;
}

static int fail_spool(const struct export_run *run, int result)
{
    char reason[SPOOL_PATH_BYTES + 128];

    (void)snprintf(reason, sizeof reason,
                   "the temporary file in %.500s: %s; TMPDIR names another folder", run->folder,
                   strerror(-result));
    return command_fail("export", reason);
}

static int begin(struct export_run *run)
{
    int fd;

    run->folder = getenv("TMPDIR");
    if (run->folder == NULL || run->folder[0] == '\0') {
        run->folder = "/tmp";
    }
    fd = open_spool(run->folder);
    if (fd < 0) {
        return fail_spool(run, fd);
    }
    run->spool = fdopen(fd, "w+e");
    if (run->spool == NULL) {
        (void)close(fd);
        return fail_spool(run, -ENOMEM);
    }
    progress_init(&run->progress, "counters");
    return COMMAND_DONE;
}

/* ---- the walk ---- */

/* Says why a counter is left out. */
static void trouble(void *owner, struct slice key, const char *sentence)
{
    struct export_run *run = owner;
    char name[STORE_KEY_BYTES_MAX + 1];

    run->has_trouble = true;
    slice_copy_printable(key, name, sizeof name);
    progress_clear(&run->progress);
    (void)fprintf(stderr, "footfall: export: \"%s\": %s\n", name, sentence);
}

static int found(void *owner, struct slice key, bool keeps_record,
                 const struct store_record *record)
{
    struct export_run *run = owner;
    char line[COUNTER_LINE_BYTES_MAX];
    const size_t length = counter_line_write(key, !keeps_record, record, line);

    if (length == 0) {
        trouble(run, key, "left out, it is no name of a counter (another --key?)");
        return 0;
    }
    return fwrite_unlocked(line, 1, length, run->spool) == length ? 0 : -errno;
}

static void progressed(void *owner, uint64_t done, uint64_t total)
{
    struct export_run *run = owner;

    progress_show(&run->progress, done, total, done);
}

static int walk(struct export_run *run, const struct configuration *configuration)
{
    const struct store_walk_events events = {
        .found = found,
        .trouble = trouble,
        .progress = progressed,
        .owner = run,
    };
    const struct store_walk store = {
        .url = &configuration->store,
        .timeout_ms = configuration->settings.store_timeout_ms,
        .front_key = slice_of(configuration->settings.key),
        .events = &events,
    };
    char reason[STORE_REASON_BYTES];
    int result = store_walk(&store, reason);

    progress_clear(&run->progress);
    if (ferror_unlocked(run->spool) != 0) {
        return fail_spool(run, result);
    }
    if (result < 0) {
        return command_fail("export", reason);
    }
    return fflush(run->spool) == 0 ? COMMAND_DONE : fail_spool(run, -errno);
}

/* ---- to the reader ---- */

static int write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t count = write(STDOUT_FILENO, bytes, length);

        if (count < 0 && errno != EINTR) {
            return -errno;
        }
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return 0;
}

/* Some file systems tell only at the end that there was no room (close(2)). */
static int end_output(void)
{
    const int fd = dup(STDOUT_FILENO);

    return fd < 0 || close(fd) < 0 ? -errno : 0;
}

static int copy(struct export_run *run)
{
    static const char *const to = "standard output";
    const int fd = fileno(run->spool);
    char bytes[COPY_BYTES];
    char reason[256];
    ssize_t count;
    int result = 0;

    if (lseek(fd, 0, SEEK_SET) < 0) {
        return fail_spool(run, -errno);
    }
    while (result == 0 && (count = read(fd, bytes, sizeof bytes)) != 0) {
        if (count < 0) {
            return fail_spool(run, -errno);
        }
        result = write_all(bytes, (size_t)count);
    }
    if (result == 0) {
        result = end_output();
    }
    if (result < 0) {
        (void)snprintf(reason, sizeof reason, "%s: %s", to, strerror(-result));
        return command_fail("export", reason);
    }
    return COMMAND_DONE;
}

/* ---- the command ---- */

static bool take(void *owner, const char *word)
{
    (void)owner;
    (void)word;
    return false;
}

int command_export(int words_count, char *const *words)
{
    const struct store_command command = {
        .name = "export",
        .usage = " [--store URL] [--config FILE] [--key NAME] [--store-timeout SECONDS] > FILE\n"
                 "writes each counter of the store as a JSON line\n",
        .take = take,
    };
    struct configuration configuration;
    struct export_run run = {.spool = NULL};
    int result;

    if (!store_command_begin(&command, words_count, words, &configuration, &result)) {
        return result;
    }
    result = begin(&run);
    if (result == COMMAND_DONE) {
        result = walk(&run, &configuration);
    }
    if (result == COMMAND_DONE) {
        result = copy(&run);
    }
    if (run.spool != NULL) {
        (void)fclose(run.spool); /* nobody needs it any more */
    }
    return result == COMMAND_DONE && run.has_trouble ? COMMAND_FAILED : result;
}
