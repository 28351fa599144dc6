/*
 * redis_writer.c - a name that no other process has, had or will have.
 */
#include "store/redis_writer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first line or so of a small file, as a string; "" when it cannot be read. */
static void read_start(const char *path, char *out_text, size_t text_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, out_text, text_bytes - 1);

    out_text[length > 0 ? length : 0] = '\0';
    if (fd >= 0) {
        (void)close(fd); /* it was only read */
    }
}

/* Field 22 of proc_pid_stat(5). The second, the program's name, stands in parentheses and may hold
 * anything, so it is counted from behind them: 20 blanks on. */
static uint64_t start_time_ticks(void)
{
    char text[1024];
    const char *at;

    read_start("/proc/self/stat", text, sizeof text);
    at = strrchr(text, ')');
    for (int i = 0; i < 20 && at != NULL; i++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

void redis_writer_name(char out_name[REDIS_WRITER_BYTES])
{
    uint64_t random_bits;
    char boot[9]; /* of the UUID's 36 characters, random(4) */

    read_start("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    arc4random_buf(&random_bits, sizeof random_bits);
    (void)snprintf(out_name, REDIS_WRITER_BYTES, "%s-%ld-%" PRIx64 "-%016" PRIx64,
                   boot[0] != '\0' ? boot : "0", (long)getpid(), start_time_ticks(), random_bits);
}
