/*
 * badge_printer.c - badges for check_badges.py, which reads them with a real XML parser.
 *
 * Each line of the standard input is LABEL COLOR LABEL_COLOR STYLE FORMAT NUMBER, all but the
 * number in hexadecimal digits, "-" for nothing at all. Each badge is preceded by its length on a
 * line of its own.
 */
#include "visits/badge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned nibble_of(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* Decodes in place. */
static struct slice word_of(char *word)
{
    const size_t length = strlen(word) / 2;

    if (strcmp(word, "-") == 0) {
        return (struct slice){0};
    }
    for (size_t i = 0; i < length; i++) {
        word[i] = (char)(nibble_of(word[2 * i]) << 4 | nibble_of(word[2 * i + 1]));
    }
    return (struct slice){word, length};
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;

    while (getline(&line, &capacity, stdin) > 0) {
        char *words[6];
        char *rest = line;
        char badge_bytes[BADGE_BYTES_MAX];
        struct badge badge = {0};
        size_t length;

        for (unsigned i = 0; i < 6; i++) {
            words[i] = strsep(&rest, " \n");
            if (words[i] == NULL) {
                (void)fprintf(stderr, "six words a line\n");
                return EXIT_FAILURE;
            }
        }
        badge.label = word_of(words[0]);
        badge.color = word_of(words[1]);
        badge.label_color = word_of(words[2]);
        badge.style = badge_style_of(word_of(words[3]));
        badge.number_format = badge_number_format_of(word_of(words[4]));
        badge.number = strtoimax(words[5], NULL, 10);
        length = badge_write(&badge, badge_bytes);
        (void)printf("%zu\n", length);
        (void)fwrite(badge_bytes, 1, length, stdout);
    }
    free(line);
    return EXIT_SUCCESS;
}
