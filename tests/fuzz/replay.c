/*
 * replay.c - tries a fuzz target on every file of the folders that are named, without libFuzzer.
 *
 * So that corpora are tests with any compiler. A file that the target dislikes ends the process
 * with a signal, and the name of the file is the last line before.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Reads a whole file into memory that the caller frees. False: errno says why. */
static bool file_read(const char *path, uint8_t **out_bytes, size_t *out_size)
{
    FILE *file = fopen(path, "rbe");
    struct stat status;
    uint8_t *bytes = NULL;
    bool good = false;

    if (file == NULL || fstat(fileno(file), &status) < 0) {
        goto out;
    }
    /* Exactly as large as the file, so that a sanitizer sees every byte too far. */
    bytes = malloc(status.st_size > 0 ? (size_t)status.st_size : 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)status.st_size, file) != (size_t)status.st_size) {
        goto out;
    }
    *out_bytes = bytes;
    *out_size = (size_t)status.st_size;
    bytes = NULL;
    good = true;
out:
    free(bytes);
    if (file != NULL) {
        (void)fclose(file); /* it was only read */
    }
    return good;
}

/* How many files of `folder` were tried; ends the process when one cannot be read. */
static unsigned folder_replay(const char *folder)
{
    DIR *directory = opendir(folder);
    unsigned count = 0;
    const struct dirent *entry;

    if (directory == NULL) {
        perror(folder);
        exit(EXIT_FAILURE);
    }
    while ((entry = readdir(directory)) != NULL) {
        char path[4096];
        uint8_t *bytes;
        size_t size;

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name); /* else it won't open */
        (void)printf("%s\n", path);
        (void)fflush(stdout); /* the name must be out before a crash; it is only for reading */
        if (!file_read(path, &bytes, &size)) {
            perror(path);
            exit(EXIT_FAILURE);
        }
        (void)LLVMFuzzerTestOneInput(bytes, size); /* always 0 */
        free(bytes);
        count++;
    }
    (void)closedir(directory); /* it was only read */
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++) {
        count += folder_replay(argv[i]);
    }
    (void)printf("%u files replayed\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
