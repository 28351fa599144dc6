/*
 * date.c - IMF-fixdate without a locale.
 */
#include "http/date.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

enum { CHECK_MS = 100 };

void date_init(struct date *date)
{
    *date = (struct date){.second = -1};
}

void date_write(char *out_text, int64_t second)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t time = (time_t)second;
    struct tm parts;
    char text[80];

    (void)gmtime_r(&time, &parts);
    (void)snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
                   parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                   parts.tm_min, parts.tm_sec);
    memcpy(out_text, text, DATE_BYTES);
    out_text[DATE_BYTES] = '\0';
}

struct slice date_text(struct date *date, uint64_t now_ms)
{
    if (date->second < 0 || now_ms - date->checked_ms >= CHECK_MS) {
        int64_t second = clock_wall_ms() / 1000;

        date->checked_ms = now_ms;
        if (second != date->second) {
            date->second = second;
            date_write(date->text, second);
        }
    }
    return (struct slice){date->text, DATE_BYTES};
}
