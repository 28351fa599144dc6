/*
 * redis_ledger.c - the command that counts a batch once, and what its answer says.
 */
#include "store/redis_ledger.h"

#include "store/redis_count.lua.h"
#include "store/redis_error.h"
#include "store/resp_reader.h"

#include <assert.h>
#include <stdio.h>
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

/* "{counter}" before the rest: a key of the counter's own slot (redis.io, hash tags). */
static void add_key_beside(struct redis_ledger_command *command, unsigned i, struct slice counter,
                           struct slice prefix, struct slice rest)
{
    char *end = command->keys[i];

    assert(counter.length + prefix.length + rest.length + 2 <= sizeof command->keys[i]);
    *end++ = '{';
    end = mempcpy(end, counter.bytes, counter.length);
    *end++ = '}';
    end = mempcpy(end, prefix.bytes, prefix.length);
    end = mempcpy(end, rest.bytes, rest.length);
    add_word(command, (struct slice){command->keys[i], (size_t)(end - command->keys[i])});
}

static void add_layout_key(struct redis_ledger_command *command, struct slice counter)
{
    add_key_beside(command, 1, counter, SLICE(":footfall:layout"), SLICE(""));
}

static void add_script(struct redis_ledger_command *command, enum redis_ledger_form form)
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
                          enum redis_ledger_form form, struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    if (form == REDIS_LEDGER_PLAIN) {
        add_word(out_command, SLICE("INCRBY"));
        add_word(out_command, batch->key);
        add_number(out_command, 0, store_batch_amount(batch));
        return;
    }
    add_script(out_command, form);
    add_word(out_command, SLICE("3"));
    add_word(out_command, batch->key);
    add_key_beside(out_command, 0, batch->key, SLICE(":footfall:" LAYOUT ":"),
                   slice_of(ledger->writer));
    add_layout_key(out_command, batch->key);
    add_sequence(out_command, 0, batch->sequence);
    add_number(out_command, 1, store_batch_amount(batch));
    add_number(out_command, 2, ledger->lifetime_ms);
}

void redis_ledger_question(enum redis_ledger_form form, struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    add_script(out_command, form);
    add_word(out_command, SLICE("0"));
}

void redis_ledger_layout_question(const struct store_batch *batch,
                                  struct redis_ledger_command *out_command)
{
    out_command->count = 0;
    add_word(out_command, SLICE("GET"));
    add_layout_key(out_command, batch->key);
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
    redis_error_copy(reply->text, layout, sizeof layout);
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
static bool read_text(struct slice text, uint32_t hits_count, int64_t *out_count,
                      int64_t *out_counted)
{
    *out_counted = hits_count;
    if (!read_number(&text, out_count)) {
        return false;
    }
    if (text.length == 0) {
        return true;
    }
    text = slice_after(text, 1);
    return read_number(&text, out_counted) && text.length == 0 && *out_counted > 0 &&
           *out_counted < hits_count && *out_count == STORE_NUMBER_MAX;
}

enum redis_ledger_result redis_ledger_read(const struct resp_reply *reply, uint32_t hits_count,
                                           uint64_t *out_last, uint32_t *out_counted)
{
    int64_t count = reply->integer;
    int64_t counted = hits_count;

    if (reply->type == RESP_ERROR) {
        return REDIS_LEDGER_REFUSED;
    }
    if (reply->type != RESP_INTEGER && (reply->type != RESP_BULK || reply->text_is_cut ||
                                        !read_text(reply->text, hits_count, &count, &counted))) {
        return REDIS_LEDGER_GARBAGE;
    }
    if (count < counted) {
        return REDIS_LEDGER_BELOW;
    }
    *out_last = (uint64_t)count;
    *out_counted = (uint32_t)counted;
    return REDIS_LEDGER_COUNTED;
}
