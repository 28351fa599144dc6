/*
 * redis_ledger.h - the commands that count or change once, and what the answer to a count says.
 *
 * A counter that keeps a record is `footfall:NAMESPACE/KEY` in Redis, the front counter just what
 * it is called; below it is KEY. Everything beside it is in its hash slot: `{KEY}:footfall:…`.
 *
 * redis_count.lua counts and notes (writer, sequence, answer) in one atomic step, in
 * `{KEY}:footfall:1:WRITER`, and so does redis_change.lua with a change. A batch that is sent again
 * with the same sequence gets the answer that was noted, one with a lower sequence is refused.
 * Numbers of the sequence are given out here, one for each batch and never again.
 *
 * Without scripts (`plain`) hits are INCRBY, which must not be sent again when its answer is lost.
 * Pure but for the writer's name, which is drawn at redis_ledger_init().
 */
#ifndef FOOTFALL_STORE_REDIS_LEDGER_H
#define FOOTFALL_STORE_REDIS_LEDGER_H

#include "base/decimal.h"
#include "base/slice.h"
#include "store/redis_record.h"
#include "store/redis_writer.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct resp_reply;

enum {
    REDIS_LEDGER_LAYOUT = 1, /* the number in the names of the keys */
    REDIS_LEDGER_WORDS_MAX = 13,
    REDIS_LEDGER_KEY_BYTES_MAX = STORE_KEY_BYTES_MAX + REDIS_WRITER_BYTES + 48,
};

struct redis_ledger {
    char writer[REDIS_WRITER_BYTES];
    uint64_t sequence;    /* of the youngest batch */
    uint64_t lifetime_ms; /* of an entry */
};

/* How a batch is asked for. */
enum redis_ledger_form {
    REDIS_LEDGER_SHORT, /* EVALSHA: the server knows the script */
    REDIS_LEDGER_WHOLE, /* EVAL: it may not */
    REDIS_LEDGER_PLAIN, /* INCRBY */
};

/* The words of a command; they are borrowed from the batch and from here. */
struct redis_ledger_command {
    struct slice words[REDIS_LEDGER_WORDS_MAX];
    size_t count;
    char keys[4][REDIS_LEDGER_KEY_BYTES_MAX];
    char digits[4][DECIMAL_BYTES_MAX];
    char records[2][REDIS_RECORD_BYTES_MAX];
};

/* What an answer says of a batch. */
enum redis_ledger_result {
    REDIS_LEDGER_COUNTED, /* the count before and after it is filled in */
    REDIS_LEDGER_MADE,    /* likewise, and it has made its counter, which keeps a record */
    REDIS_LEDGER_NONE,    /* it would have been made, and must not */
    REDIS_LEDGER_REFUSED, /* an error: the batch has not counted */
    REDIS_LEDGER_GARBAGE, /* nothing that the command is answered with */
};

/* Draws the writer's name. Hits wait for at most `timeout_ms`; 0: for ever. */
void redis_ledger_init(struct redis_ledger *ledger, uint32_t timeout_ms);

/* The next number of the sequence. */
uint64_t redis_ledger_next(struct redis_ledger *ledger);

/* Whether a batch first sent so long ago may be sent again: its entry must still be there. */
bool redis_ledger_may_repeat(const struct redis_ledger *ledger, uint64_t age_ms);

/* Fills in the command that counts a batch of hits: the same bytes for the same batch, number, form
 * and `amounts`. These (borrowed; "" for none) say what each hit adds, as redis_ledger_amounts()
 * writes them, and are for the end of the numbers, where not all of them fit. */
void redis_ledger_command(const struct redis_ledger *ledger, const struct store_batch *batch,
                          enum redis_ledger_form form, struct slice amounts,
                          struct redis_ledger_command *out_command);

/* What each hit of the batch adds, in malloc(3)'s memory, which is the caller's. 0 or -ENOMEM. */
int redis_ledger_amounts(const struct store_batch *batch, struct slice *out_amounts);

/* The command that asks what the counter of a change is. With `is_decided` it becomes what the
 * change says, `after`, if it is still what it says, `before`, but for hits in between. */
void redis_ledger_change(const struct redis_ledger *ledger, const struct store_batch *batch,
                         enum redis_ledger_form form, bool is_decided,
                         struct redis_ledger_command *out_command);

/* The commands that ask for the count alone, and for the record alone, as a hash. */
void redis_ledger_look(const struct store_batch *batch, struct redis_ledger_command *out_command);
void redis_ledger_record_question(const struct store_batch *batch,
                                  struct redis_ledger_command *out_command);

/* The command that asks whether the script may be run, and in its whole form makes it known; it
 * counts nothing. redis_ledger_is_known() says whether its answer was the script's. */
void redis_ledger_question(enum redis_ledger_form form, struct redis_ledger_command *out_command);
bool redis_ledger_is_known(const struct resp_reply *reply);

/* The command that asks for the layout of a batch's key; INCRBY does not look at it. */
void redis_ledger_layout_question(const struct store_batch *batch,
                                  struct redis_ledger_command *out_command);

/* Why the key must not be counted on, from the answer to that: an error to be told, borrowed from
 * the answer or written to `text`. Empty: nothing is against it, or we may not know. */
struct slice redis_ledger_layout_trouble(const struct resp_reply *reply, char *text,
                                         size_t text_bytes);

/* Reads the answer to a batch that adds `amount`. Less has been counted than that only at the end
 * of the numbers. */
enum redis_ledger_result redis_ledger_read(const struct resp_reply *reply, uint64_t amount,
                                           int64_t *out_before, int64_t *out_after);

#endif
