/*
 * redis_password.h - a password that stands in a file of its own, as secrets are handed to
 * services.
 */
#ifndef FOOTFALL_STORE_REDIS_PASSWORD_H
#define FOOTFALL_STORE_REDIS_PASSWORD_H

#include "store/redis_url.h"

enum {
    REDIS_PASSWORD_FILE_BYTES_MAX = 4096,
    REDIS_PASSWORD_PROBLEM_BYTES = 512,
};

/* Reads the password of a URL that names a file for it: its first line, without what ends it. Of
 * any other URL nothing is read. To be called again when the file may have changed. 0: the URL has
 * its password. -EINVAL: the URL is untouched, and out_problem names the file and what is wrong
 * with it. */
int redis_password_read(struct redis_url *url, char out_problem[REDIS_PASSWORD_PROBLEM_BYTES]);

#endif
