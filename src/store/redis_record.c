/*
 * redis_record.c - a counter as texts.
 */
#include "store/redis_record.h"

#include "base/hexadecimal.h"

/* The fields behind the value, by their places in the text. */
enum field { CREATED, COUNTED, ADJUSTED, LOW, HIGH, SET, OWNER, FIELDS_COUNT };

static const char *const names[] = {
    [CREATED] = "created", [COUNTED] = "counted", [ADJUSTED] = "adjusted", [LOW] = "low",
    [HIGH] = "high",       [SET] = "set",         [OWNER] = "owner",
};

/* ---- writing ---- */

static char *write_blank_and_number(char *end, int64_t number)
{
    *end++ = ' ';
    return end + decimal_write_signed(end, number);
}

size_t redis_record_write(const struct store_record *record, char *out_text)
{
    char *end = out_text;

    if (!record->exists) {
        *out_text = '-';
        return 1;
    }
    end += decimal_write_signed(end, record->value);
    end = write_blank_and_number(end, (int64_t)record->created_ms);
    end = write_blank_and_number(end, (int64_t)record->counted_ms);
    end = write_blank_and_number(end, record->adjusted);
    end = write_blank_and_number(end, record->low);
    end = write_blank_and_number(end, record->high);
    *end++ = ' ';
    *end++ = record->may_be_set ? '1' : '0';
    *end++ = ' ';
    if (record->has_owner) {
        end = hexadecimal_write_bytes(end, record->owner, STORE_OWNER_BYTES);
    } else {
        *end++ = '-';
    }
    return (size_t)(end - out_text);
}

/* ---- reading ---- */

bool redis_record_read_count(struct slice text, int64_t *out_count)
{
    char written[DECIMAL_BYTES_MAX];
    int64_t count;

    if (!decimal_read_signed(text, &count) ||
        !slice_equals(text, (struct slice){written, decimal_write_signed(written, count)})) {
        return false;
    }
    *out_count = count;
    return true;
}

static bool read_time(struct slice text, uint64_t *out_ms)
{
    int64_t time_ms;

    if (!redis_record_read_count(text, &time_ms) || time_ms < 0) {
        return false;
    }
    *out_ms = (uint64_t)time_ms;
    return true;
}

static bool read_field(enum field field, struct slice text, struct store_record *record)
{
    switch (field) {
    case CREATED:
        return read_time(text, &record->created_ms);
    case COUNTED:
        return read_time(text, &record->counted_ms);
    case ADJUSTED:
        return redis_record_read_count(text, &record->adjusted);
    case LOW:
        return redis_record_read_count(text, &record->low);
    case HIGH:
        return redis_record_read_count(text, &record->high);
    case SET:
        record->may_be_set = slice_is(text, "1");
        return record->may_be_set || slice_is(text, "0");
    case OWNER:
        record->has_owner = !slice_is(text, "-");
        return !record->has_owner || hexadecimal_read_bytes(text, record->owner, STORE_OWNER_BYTES);
    case FIELDS_COUNT:
        break;
    }
    return false;
}

/* Takes what stands before the next `end`, or all, off the front of *text. False: nothing does. */
static bool take_part(struct slice *text, char end, struct slice *out_part)
{
    const char *found = text->length > 0 ? memchr(text->bytes, end, text->length) : NULL;

    *out_part = *text;
    if (found == NULL) {
        *text = slice_after(*text, text->length);
        return out_part->length > 0;
    }
    out_part->length = (size_t)(found - text->bytes);
    *text = slice_after(*text, out_part->length + 1);
    return true;
}

bool redis_record_read(struct slice text, struct store_record *out_record)
{
    const struct slice whole = text;
    struct store_record record = {.exists = true};
    char written[REDIS_RECORD_BYTES_MAX];
    struct slice part;

    if (slice_is(text, "-")) {
        *out_record = (struct store_record){.exists = false};
        return true;
    }
    if (!take_part(&text, ' ', &part) || !redis_record_read_count(part, &record.value)) {
        return false;
    }
    for (enum field field = CREATED; field < FIELDS_COUNT; field++) {
        if (!take_part(&text, ' ', &part) || !read_field(field, part, &record)) {
            return false;
        }
    }
    if (!slice_equals(whole, (struct slice){written, redis_record_write(&record, written)})) {
        return false;
    }
    *out_record = record;
    return true;
}

bool redis_record_read_hash(struct slice text, struct store_record *out_record)
{
    struct store_record record = store_record_of_visits;
    struct slice name;
    struct slice value;

    while (take_part(&text, '\n', &name)) {
        if (!take_part(&text, '\n', &value)) {
            return false;
        }
        for (enum field field = CREATED; field < FIELDS_COUNT; field++) {
            if (slice_is(name, names[field]) && !read_field(field, value, &record)) {
                return false;
            }
        }
    }
    *out_record = record;
    return true;
}
