/*
 * redis_password.c - the first line of the file, checked.
 */
#include "store/redis_password.h"

#include "base/text_file.h"

#include <errno.h>
#include <stdio.h>

/* The first line: a file written by echo(1) or an editor has an end of line that is no part of the
 * password. */
static struct slice first_line(struct slice text)
{
    const char *end = memchr(text.bytes, '\n', text.length);

    if (end != NULL) {
        text.length = (size_t)(end - text.bytes);
    }
    if (text.length > 0 && text.bytes[text.length - 1] == '\r') {
        text.length--;
    }
    return text;
}

/* What is wrong with the password, or NULL. */
static const char *check_password(struct slice password)
{
    if (password.length == 0) {
        return "its first line, which is the password, is empty";
    }
    if (password.length > REDIS_PASSWORD_BYTES_MAX) {
        return "its first line, which is the password, is longer than 1024 bytes";
    }
    if (memchr(password.bytes, '\0', password.length) != NULL) {
        return "its first line, which is the password, holds a NUL byte";
    }
    return NULL;
}

int redis_password_read(struct redis_url *url, char out_problem[REDIS_PASSWORD_PROBLEM_BYTES])
{
    char bytes[REDIS_PASSWORD_FILE_BYTES_MAX + 1];
    size_t length = 0;
    const char *problem;
    struct slice password;
    int result;

    if (url->password_file[0] == '\0') {
        return 0;
    }
    result = text_file_read(url->password_file, bytes, REDIS_PASSWORD_FILE_BYTES_MAX, &length);
    if (result < 0) {
        (void)snprintf(out_problem, REDIS_PASSWORD_PROBLEM_BYTES,
                       "the password file %s cannot be read: %s", url->password_file,
                       text_file_problem(result));
        explicit_bzero(bytes, sizeof bytes);
        return -EINVAL;
    }
    password = first_line((struct slice){bytes, length});
    problem = check_password(password);
    if (problem != NULL) {
        (void)snprintf(out_problem, REDIS_PASSWORD_PROBLEM_BYTES, "the password file %s: %s",
                       url->password_file, problem);
    } else {
        memcpy(url->password, password.bytes, password.length);
        url->password[password.length] = '\0';
        url->has_password = true;
    }
    explicit_bzero(bytes, sizeof bytes);
    return problem == NULL ? 0 : -EINVAL;
}
