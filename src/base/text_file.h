/*
 * text_file.h - a small file that somebody wrote by hand, read whole.
 */
#ifndef FOOTFALL_BASE_TEXT_FILE_H
#define FOOTFALL_BASE_TEXT_FILE_H

#include <stddef.h>

/* Reads the file into `out_bytes`, which has room for one byte more than bytes_max; no NUL is
 * added. Never waits: what is no regular file, such as a pipe that nobody writes to, is refused.
 * 0; or -errno with *out_length untouched, -EFBIG for more than bytes_max. */
int text_file_read(const char *path, char *out_bytes, size_t bytes_max, size_t *out_length);

/* What such a result means, behind "cannot be read: ". */
const char *text_file_problem(int result);

#endif
