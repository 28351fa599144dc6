/*
 * arguments.c - a copy of the words, and stars for the passwords in them.
 */
#include "base/arguments.h"

#include <stdlib.h>
#include <string.h>

char **arguments_copy(int count, char *const *arguments)
{
    const size_t pointers_bytes = ((size_t)count + 1) * sizeof(char *);
    size_t text_bytes = 0;
    char **copy;
    char *text;

    for (int i = 0; i < count; i++) {
        text_bytes += strlen(arguments[i]) + 1;
    }
    copy = malloc(pointers_bytes + text_bytes);
    if (copy == NULL) {
        return NULL;
    }
    text = (char *)copy + pointers_bytes;
    for (int i = 0; i < count; i++) {
        const size_t bytes = strlen(arguments[i]) + 1;

        copy[i] = memcpy(text, arguments[i], bytes);
        text += bytes;
    }
    copy[count] = NULL;
    return copy;
}

/* In scheme://user:password@host (RFC 3986 3.2) a / or ? ends what may hold a password. */
static void hide_password(char *argument)
{
    char *authority = strstr(argument, "://");
    char *colon;
    char *at;

    if (authority == NULL) {
        return;
    }
    authority += strlen("://");
    at = memrchr(authority, '@', strcspn(authority, "/?"));
    colon = at == NULL ? NULL : memchr(authority, ':', (size_t)(at - authority));
    if (colon != NULL) {
        memset(colon + 1, '*', (size_t)(at - colon) - 1);
    }
}

void arguments_hide_passwords(int count, char *const *arguments)
{
    for (int i = 0; i < count; i++) {
        hide_password(arguments[i]);
    }
}
