/*
 * ini_text.h - the lines "name = value" of a settings file, in which section they are, and where
 * each of them stands.
 *
 * inih reads them. Much that it takes silently would surprise whoever wrote the file, and differs
 * with how it was built: a long line is cut in two, an indented one continues the value before it,
 * " ;" ends a value. So each line is looked at before inih gets it, and what inih makes of it must
 * be what stands there. Nothing is kept between two calls but inih's own settings.
 */
#ifndef FOOTFALL_BASE_INI_TEXT_H
#define FOOTFALL_BASE_INI_TEXT_H

#include "base/slice.h"

#include <stdint.h>

enum {
    INI_TEXT_LINE_BYTES_MAX = 8192, /* without its end */
    INI_TEXT_PROBLEM_BYTES = 256,
};

/* One line, borrowed for the call. The name stands in column 1. Without a name it is the section
 * itself, which begins there. */
struct ini_setting {
    struct slice section; /* what stands between the brackets before it; without bytes: nothing */
    const char *name;
    const char *value;
    uint32_t section_line;
    uint32_t line; /* from 1, as is the column, in bytes */
    uint32_t value_column;
};

/* Takes a setting. False: it has seen enough, and nothing more is read. */
typedef bool ini_setting_take(void *owner, const struct ini_setting *setting);

struct ini_fault {
    uint32_t line;
    uint32_t column;
    char problem[INI_TEXT_PROBLEM_BYTES]; /* repeats no value: it may be a secret */
};

/* Hands every setting of the text to `take`, in turn. 0; -ECANCELED: `take` has seen enough;
 * -EINVAL: *out_fault says what is wrong with the first line that is; -ENOMEM. */
int ini_text_read(struct slice text, ini_setting_take *take, void *owner,
                  struct ini_fault *out_fault);

#endif
