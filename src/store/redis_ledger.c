/*
 * redis_ledger.c - the commands that count or change once, and what the answer to a count says.
 */
#include "store/redis_ledger.h"

#include "store/redis_change.lua.h"
#include "store/redis_count.lua.h"
#include "store/redis_error.h"
#include "store/redis_key.h"
#include "store/resp_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* REDIS_LEDGER_LAYOUT, as the script answers it and the names of keys hold it. */
#define LAYOUT "1"

enum { SEQUENCE_DIGITS = 16 }; /* a million batches a second last for three hundred years */

/* An entry must outlive any hit that waits for its batch, with much to spare. */
enum {
    LIFETIME_MS_MIN = 60 * 1000,
    LIFETIME_IN_TIMEOUTS = 10,
    LIFETIME_FOREVER_MS = 24 * 60 * 60 * 1000, /* where hits wait without end */
};

void redis_ledger_init(struct redis_ledger *ledger, uint32_t timeout_ms)
{
    const uint64_t wanted_ms = (uint64_t)timeout_ms * LIFETIME_IN_TIMEOUTS;

    *ledger = (struct redis_ledger){
        .lifetime_ms = wanted_ms > LIFETIME_MS_MIN ? wanted_ms : LIFETIME_MS_MIN,
    };
    if (timeout_ms == 0) {
        ledger->lifetime_ms = LIFETIME_FOREVER_MS;
    }
    redis_writer_name(ledger->writer);
}

uint64_t redis_ledger_next(struct redis_ledger *ledger)
{
    return ++ledger->sequence;
}

bool redis_ledger_may_repeat(const struct redis_ledger *ledger, uint64_t age_ms)
{
    return age_ms < ledger->lifetime_ms / 2; /* clocks differ, and it takes its time to arrive */
}

/* ---- commands ---- */

static void add_word(struct redis_ledger_command *command, struct slice word)
{
    assert(command->count < REDIS_LEDGER_WORDS_MAX);
    command->words[command->count++] = word;
}

static void add_number(struct redis_ledger_command *command, unsigned i, uint64_t number)
{
    add_word(command,
             (struct slice){command->digits[i], decimal_write(command->digits[i], number)});
}

/* With leading zeros: the script compares texts. */
static void add_sequence(struct redis_ledger_command *command, unsigned i, uint64_t sequence)
{
    char digits[DECIMAL_BYTES_MAX];
    const size_t length = decimal_write(digits, sequence);

    assert(length <= SEQUENCE_DIGITS);
    memset(command->digits[i], '0', SEQUENCE_DIGITS - length);
    memcpy(command->digits[i] + SEQUENCE_DIGITS - length, digits, length);
    add_word(command, (struct slice){command->digits[i], SEQUENCE_DIGITS});
}

static void add_text(struct redis_ledger_command *command, char *begin, const char *end)
{
    add_word(command, (struct slice){begin, (size_t)(end - begin)});
}

/* ---- keys ---- */

/* Which of a command's four rooms for keys each one has. */
enum { KEY_OF_COUNTER, KEY_OF_ENTRY, KEY_OF_LAYOUT, KEY_OF_RECORD };

/* What the counter is called in Redis. */
static char *write_counter(char *end, const struct store_batch *batch)
{
    const struct slice prefix = SLICE(REDIS_COUNTER_PREFIX);

    if (batch->keeps_record) {
        end = mempcpy(end, prefix.bytes, prefix.length);
    }
    return mempcpy(end, batch->key.bytes, batch->key.length);
}

static void add_counter(struct redis_ledger_command *command, const struct store_batch *batch)
{
    char *begin = command->keys[KEY_OF_COUNTER];

    assert(batch->key.length <= STORE_KEY_BYTES_MAX);
    add_text(command, begin, write_counter(begin, batch));
}

/* "{counter}" before the rest: a key of the counter's own slot (redis.io, hash tags). */
static void add_key_beside(struct redis_ledger_command *command, unsigned i,
                           const struct store_batch *batch, struct slice prefix, struct slice rest)
{
    char *begin = command->keys[i];
    char *end = begin;

    assert(batch->key.length <= STORE_KEY_BYTES_MAX && rest.length < REDIS_WRITER_BYTES);
    *end++ = '{';
    end = write_counter(end, batch);
    *end++ = '}';
    end = mempcpy(end, prefix.bytes, prefix.length);
    end = mempcpy(end, rest.bytes, rest.length);
    add_text(command, begin, end);
}

static void add_entry_key(struct redis_ledger_command *command, const struct redis_ledger *ledger,
                          const struct store_batch *batch)
{
    add_key_beside(command, KEY_OF_ENTRY, batch, SLICE(":footfall:" LAYOUT ":"),
                   slice_of(ledger->writer));
}

static void add_layout_key(struct redis_ledger_command *command, const struct store_batch *batch)
{
    add_key_beside(command, KEY_OF_LAYOUT, batch, SLICE(":footfall:layout"), SLICE(""));
}

static void add_record_key(struct redis_ledger_command *command, const struct store_batch *batch)
{
    add_key_beside(command, KEY_OF_RECORD, batch, SLICE(":footfall:" LAYOUT ":about"), SLICE(""));
}

static void add_keys(struct redis_ledger_command *command, const struct redis_ledger *ledger,
                     const struct store_batch *batch, bool with_record)
{
    add_word(command, with_record ? SLICE("4") : SLICE("3"));
    add_counter(command, batch);
    add_entry_key(command, ledger, batch);
    add_layout_key(command, batch);
    if (with_record) {
        add_record_key(command, batch);
    }
}

/* ---- counting ---- */

static void add_count_script(struct redis_ledger_command *command, enum redis_ledger_form form)
{
    if (form == REDIS_LEDGER_WHOLE) {
        add_word(command, SLICE("EVAL"));
        add_word(command, SLICE(REDIS_COUNT_SCRIPT));
    } else {
        add_word(command, SLICE("EVALSHA"));
        add_word(command, SLICE(REDIS_COUNT_SHA1));
    }
}

void redis_ledger_command(const struct redis_ledger *ledger, const struct store_batch *batch,
                          enum redis_ledger_form form, struct slice amounts,
                          struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    if (form == REDIS_LEDGER_PLAIN) {
        add_word(out_command, SLICE("INCRBY"));
        add_counter(out_command, batch);
        add_number(out_command, 0, store_batch_amount(batch));
        return;
    }
    add_count_script(out_command, form);
    add_keys(out_command, ledger, batch, batch->keeps_record);
    add_sequence(out_command, 0, batch->sequence);
    add_number(out_command, 1, store_batch_amount(batch));
    add_number(out_command, 2, ledger->lifetime_ms);
    if (amounts.length > 0 || batch->keeps_record) {
        add_word(out_command, amounts);
    }
    if (batch->keeps_record) {
        add_number(out_command, 3, batch->wall_ms);
        add_word(out_command, batch->may_make && !batch->must_ask ? SLICE("1") : SLICE("0"));
    }
}

int redis_ledger_amounts(const struct store_batch *batch, struct slice *out_amounts)
{
    const size_t run_bytes_max = (size_t)2 * (DECIMAL_BYTES_MAX + 1); /* "TIMESxAMOUNT " */
    char *text = malloc(batch->hits_count * run_bytes_max);
    char *end = text;

    if (text == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0, next; i < batch->hits_count; i = next) {
        const uint32_t amount = batch->hits[i].amount;

        for (next = i + 1; next < batch->hits_count && batch->hits[next].amount == amount;) {
            next++;
        }
        if (amount > 0) { /* looks add nothing */
            end += decimal_write(end, next - i);
            *end++ = 'x';
            end += decimal_write(end, amount);
            *end++ = ' ';
        }
    }
    *out_amounts = (struct slice){text, (size_t)(end - text)};
    return 0;
}

/* ---- changing and reading ---- */

static void add_record(struct redis_ledger_command *command, unsigned i,
                       const struct store_record *record)
{
    char *begin = command->records[i];

    add_text(command, begin, begin + redis_record_write(record, begin));
}

static struct slice moved_by_hits(const struct store_change *change)
{
    switch (store_change_moved_by_hits(change)) {
    case STORE_MOVED_VALUE:
        return SLICE("value");
    case STORE_MOVED_ADJUSTED:
        return SLICE("adjusted");
    case STORE_MOVED_NONE:
        break;
    }
    return SLICE("-");
}

void redis_ledger_change(const struct redis_ledger *ledger, const struct store_batch *batch,
                         enum redis_ledger_form form, bool is_decided,
                         struct redis_ledger_command *out_command)
{
    const struct store_change *change = store_batch_change(batch);
    const bool is_whole = form == REDIS_LEDGER_WHOLE;

    out_command->count = 0;
    add_word(out_command, is_whole ? SLICE("EVAL") : SLICE("EVALSHA"));
    add_word(out_command, is_whole ? SLICE(REDIS_CHANGE_SCRIPT) : SLICE(REDIS_CHANGE_SHA1));
    add_keys(out_command, ledger, batch, true);
    add_sequence(out_command, 0, batch->sequence);
    add_number(out_command, 1, ledger->lifetime_ms);
    if (is_decided) {
        add_record(out_command, 0, &change->before);
        add_record(out_command, 1, &change->after);
        add_word(out_command, moved_by_hits(change));
    }
}

void redis_ledger_look(const struct store_batch *batch, struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    add_word(out_command, SLICE("GET"));
    add_counter(out_command, batch);
}

void redis_ledger_record_question(const struct store_batch *batch,
                                  struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    add_word(out_command, SLICE("HGETALL"));
    add_record_key(out_command, batch);
}

/* ---- questions of another kind ---- */

void redis_ledger_question(enum redis_ledger_form form, struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    add_count_script(out_command, form);
    add_word(out_command, SLICE("0"));
}

void redis_ledger_layout_question(const struct store_batch *batch,
                                  struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    add_word(out_command, SLICE("GET"));
    add_layout_key(out_command, batch);
}

/* ---- answers ---- */

struct slice redis_ledger_layout_trouble(const struct resp_reply *reply, char *text,
                                         size_t text_bytes)
{
    char layout[32];

    if (reply->type == RESP_ERROR && redis_error_meaning(reply->text) == REDIS_ERROR_NOT_NOW) {
        return reply->text;
    }
    if (reply->type != RESP_BULK || slice_is(reply->text, LAYOUT)) {
        return SLICE(""); /* none is noted, or we may not know */
    }
    slice_copy_printable(reply->text, layout, sizeof layout);
    (void)snprintf(text, text_bytes, "LAYOUT the counter is kept in layout %s, this is %s", layout,
                   LAYOUT);
    return slice_of(text);
}

bool redis_ledger_is_known(const struct resp_reply *reply)
{
    return reply->type == RESP_BULK && slice_is(reply->text, LAYOUT);
}

/* Takes a signed number off the front of the text. False when there is none. */
static bool read_number(struct slice *text, int64_t *out_number)
{
    const char *blank = text->length > 0 ? memchr(text->bytes, ' ', text->length) : NULL;
    const size_t length = blank == NULL ? text->length : (size_t)(blank - text->bytes);

    if (!decimal_read_signed((struct slice){text->bytes, length}, out_number)) {
        return false;
    }
    *text = slice_after(*text, length);
    return true;
}

/* The script's answer: "COUNT", or "COUNT COUNTED" at the end of the numbers. */
static bool read_text(struct slice text, int64_t amount, int64_t *out_count, int64_t *out_counted)
{
    *out_counted = amount;
    if (!read_number(&text, out_count)) {
        return false;
    }
    if (text.length == 0) {
        return true;
    }
    text = slice_after(text, 1);
    return read_number(&text, out_counted) && text.length == 0 && *out_counted >= 0 &&
           *out_counted<amount && * out_count> STORE_NUMBER_MAX - amount &&
           *out_count - *out_counted > STORE_NUMBER_MAX - amount;
}

/* Takes " new" off the end of the text. False: it does not end so. */
static bool take_new(struct slice *text)
{
    const struct slice mark = SLICE(" new");

    if (text->length < mark.length ||
        !slice_equals(slice_after(*text, text->length - mark.length), mark)) {
        return false;
    }
    text->length -= mark.length;
    return true;
}

enum redis_ledger_result redis_ledger_read(const struct resp_reply *reply, uint64_t amount,
                                           int64_t *out_before, int64_t *out_after)
{
    int64_t count = reply->integer;
    int64_t counted = (int64_t)amount;
    struct slice text = reply->text;
    const bool is_made = reply->type == RESP_BULK && take_new(&text);

    if (reply->type == RESP_ERROR) {
        return REDIS_LEDGER_REFUSED;
    }
    if (reply->type == RESP_BULK && slice_is(reply->text, "none")) {
        return REDIS_LEDGER_NONE;
    }
    if (reply->type != RESP_INTEGER && (reply->type != RESP_BULK || reply->text_is_cut ||
                                        !read_text(text, (int64_t)amount, &count, &counted))) {
        return REDIS_LEDGER_GARBAGE;
    }
    if (count < INT64_MIN + counted || (is_made && count != counted)) {
        return REDIS_LEDGER_GARBAGE;
    }
    *out_before = count - counted;
    *out_after = count;
    return is_made ? REDIS_LEDGER_MADE : REDIS_LEDGER_COUNTED;
}
