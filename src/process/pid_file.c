/*
 * pid_file.c - a draft that is renamed, so that nobody reads half of it.
 */
#include "process/pid_file.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes the pid, whole or not at all. 0 or -errno. */
static int write_pid(const char *path)
{
    char draft[PATH_MAX + 8];
    int result = 0;
    int fd;

    (void)snprintf(draft, sizeof draft, "%s.new", path);
    fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return -errno;
    }
    if (dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        result = -errno;
    }
    (void)close(fd);
    if (result == 0 && rename(draft, path) < 0) {
        result = -errno;
    }
    if (result < 0) {
        (void)unlink(draft);
    }
    return result;
}

bool pid_file_write(struct pid_file *file)
{
    int result = file->path[0] == '\0' ? 0 : write_pid(file->path);

    if (result < 0) {
        LOG_EVENT(LOG_WARN, "no_pid_file", LOG_FIELD_TEXT("path", file->path),
                  LOG_FIELD_TEXT("reason", strerror(-result)));
        file->path[0] = '\0';
    }
    return result == 0;
}

void pid_file_remove(const struct pid_file *file)
{
    FILE *stream = file->path[0] != '\0' ? fopen(file->path, "re") : NULL;
    long pid = 0;

    if (stream == NULL) {
        return;
    }
    if (fscanf(stream, "%ld", &pid) == 1 && pid == (long)getpid()) {
        (void)unlink(file->path);
    }
    (void)fclose(stream);
}
