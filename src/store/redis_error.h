/*
 * redis_error.h - what a server says of why it did not do what it was asked.
 *
 * An error reply is a line whose first word tells the kind (WRONGTYPE, NOAUTH, LOADING …, or ERR
 * for all the others) and whose rest is for people. Pure.
 */
#ifndef FOOTFALL_STORE_REDIS_ERROR_H
#define FOOTFALL_STORE_REDIS_ERROR_H

#include "base/slice.h"

#include <stdbool.h>

/* The text's first word. Borrowed from the text. */
struct slice redis_error_kind(struct slice text);

/* The text without "@user_script: 13: -" before it and blanks behind it: so Redis before version 7
 * writes what a command of a script was refused with. Borrowed from the text. */
struct slice redis_error_bare(struct slice text);

/* What an error means for the batch or the question that it answers. */
enum redis_error_meaning {
    REDIS_ERROR_OTHER,     /* refused, and asking again changes nothing */
    REDIS_ERROR_NO_SCRIPT, /* the server does not know the script (any more) */
    REDIS_ERROR_NOT_NOW,   /* not done; another server, or this one later, may do it */
    REDIS_ERROR_NO_RIGHT,  /* this user may not run scripts */
    REDIS_ERROR_OVERFLOW,  /* beyond 2^63-1 */
};

enum redis_error_meaning redis_error_meaning(struct slice text);

/* Whether `part` stands anywhere in the text; an empty part stands nowhere. */
bool redis_error_holds(struct slice text, struct slice part);

#endif
