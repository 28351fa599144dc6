/*
 * redis_batch.c - what a batch asks of the server, and what it makes of the answers.
 */
#include "store/redis_batch.h"

#include "store/redis_error.h"
#include "store/store_change.h"

#include <errno.h>
#include <stdlib.h>

/* How far a batch has come: the values of `step`. */
enum step {
    STEP_FIRST,
    STEP_AT_END,  /* hits: they do not all fit below the end of the numbers */
    STEP_THERE,   /* hits, plainly, which must not make their counter: it is there */
    STEP_DECIDED, /* a change: what it makes of the counter is known */
    STEP_RECORD,  /* STORE_READ, plainly: the record has been read, the count has not */
};

/* What the next command of a batch is about. */
enum question {
    ASK_LAYOUT,
    ASK_COUNT,
    ASK_RECORD,
    ASK_TO_COUNT,
    ASK_TO_CHANGE,
};

static const struct slice no_integer = {"ERR value is not an integer or out of range", 43};

/* `key_note`: on which link the layout was looked at, and whether the counter was there then. */
static uint64_t note_of(const struct redis_terms *terms, bool is_there)
{
    return terms->link_number << 1 | (is_there ? 1 : 0);
}

static bool is_layout_known(const struct redis_terms *terms, const struct store_batch *batch)
{
    return batch->key_note >> 1 == terms->link_number;
}

bool redis_batch_is_known(const struct redis_terms *terms, const struct store_batch *batch)
{
    return batch->key_note == note_of(terms, true);
}

static bool is_for_hits(const struct store_batch *batch)
{
    return store_batch_change(batch) == NULL && !store_batch_looks(batch);
}

static enum question plain_question(const struct redis_terms *terms,
                                    const struct store_batch *batch)
{
    if (!is_layout_known(terms, batch)) {
        return ASK_LAYOUT;
    }
    if (store_batch_change(batch) != NULL) {
        return batch->step == STEP_RECORD ? ASK_COUNT : ASK_RECORD;
    }
    if (store_batch_looks(batch) ||
        (batch->keeps_record && !batch->may_make && batch->step != STEP_THERE)) {
        return ASK_COUNT;
    }
    return ASK_TO_COUNT;
}

static enum question question_of(const struct redis_terms *terms, const struct store_batch *batch)
{
    if (terms->form == REDIS_LEDGER_PLAIN || store_batch_looks(batch)) {
        return plain_question(terms, batch);
    }
    return is_for_hits(batch) ? ASK_TO_COUNT : ASK_TO_CHANGE;
}

bool redis_batch_is_writing(const struct redis_terms *terms, const struct store_batch *batch)
{
    const enum question question = question_of(terms, batch);

    return question == ASK_TO_COUNT || (question == ASK_TO_CHANGE && batch->step == STEP_DECIDED);
}

/* ---- sending ---- */

static int send_command(const struct redis_terms *terms, struct store_batch *batch,
                        const struct redis_ledger_command *command, redis_answered *answered,
                        void *owner)
{
    return redis_link_send(terms->link, command->words, command->count, answered, owner, batch);
}

/* The hits as one command, at the end of the numbers with what each adds. */
static int send_hits(const struct redis_terms *terms, struct store_batch *batch,
                     enum redis_ledger_form form, redis_answered *answered, void *owner)
{
    struct redis_ledger_command command;
    struct slice amounts = SLICE("");
    const bool is_at_end = batch->step == STEP_AT_END;
    int result = is_at_end ? redis_ledger_amounts(batch, &amounts) : 0;

    if (result < 0) {
        return result;
    }
    redis_ledger_command(&terms->ledger, batch, form, amounts, &command);
    result = send_command(terms, batch, &command, answered, owner);
    if (is_at_end) {
        free((char *)amounts.bytes); /* malloc(3)'s */
    }
    return result;
}

int redis_batch_send(const struct redis_terms *terms, struct store_batch *batch, bool is_whole,
                     redis_answered *answered, void *owner)
{
    const enum redis_ledger_form form = is_whole ? REDIS_LEDGER_WHOLE : terms->form;
    const struct store_change *change = store_batch_change(batch);
    struct redis_ledger_command command;

    if (form == REDIS_LEDGER_PLAIN && change != NULL && change->kind != STORE_READ) {
        return -EOPNOTSUPP;
    }
    batch->is_whole = is_whole;
    switch (question_of(terms, batch)) {
    case ASK_LAYOUT:
        redis_ledger_layout_question(batch, &command);
        break;
    case ASK_COUNT:
        redis_ledger_look(batch, &command);
        break;
    case ASK_RECORD:
        redis_ledger_record_question(batch, &command);
        break;
    case ASK_TO_COUNT:
        return send_hits(terms, batch, form, answered, owner);
    case ASK_TO_CHANGE:
        redis_ledger_change(&terms->ledger, batch, form, batch->step == STEP_DECIDED, &command);
        break;
    }
    return send_command(terms, batch, &command, answered, owner);
}

/* ---- changes ---- */

/* What the rules say of the counter as it is now. */
static enum redis_batch_result decide(struct store_batch *batch)
{
    struct store_change *change = store_batch_change(batch);
    int result = store_change_apply(change, batch->wall_ms);

    if (result == 0 && !change->before.exists && batch->keeps_record && !batch->may_make) {
        change->after = change->before;
        result = -EDQUOT;
    }
    batch->hits[0].result = result;
    if (result < 0 || change->kind == STORE_READ) {
        return REDIS_BATCH_READ;
    }
    if (batch->must_ask && !change->before.exists) {
        return REDIS_BATCH_NEW;
    }
    batch->step = STEP_DECIDED;
    return REDIS_BATCH_NEXT;
}

/* Why the text is no counter. */
static struct slice trouble_of(struct slice text)
{
    int64_t count;

    return redis_record_read_count(redis_error_kind(text), &count)
               ? SLICE("RECORD what is kept beside the counter cannot be read")
               : no_integer;
}

/* "BEFORE>AFTER" once it is changed, else what the counter is. */
static enum redis_batch_result take_change(const struct redis_terms *terms,
                                           struct store_batch *batch,
                                           const struct resp_reply *reply, struct slice *out_error)
{
    struct store_change *change = store_batch_change(batch);
    const char *mark;
    struct slice before = reply->text;

    if (reply->type != RESP_BULK || before.length == 0) {
        return REDIS_BATCH_GARBAGE;
    }
    if (reply->text_is_cut) {
        *out_error = no_integer;
        return REDIS_BATCH_REFUSED;
    }
    mark = memchr(before.bytes, '>', before.length);
    if (mark != NULL) {
        before.length = (size_t)(mark - before.bytes);
        if (redis_record_read(before, &change->before) &&
            redis_record_read(slice_after(reply->text, before.length + 1), &change->after)) {
            batch->hits[0].result = 0;
            batch->key_note = note_of(terms, change->after.exists);
            return REDIS_BATCH_WRITTEN;
        }
        before = reply->text; /* somebody has put that there */
    }
    if (!redis_record_read(before, &change->before)) {
        *out_error = trouble_of(before);
        return REDIS_BATCH_REFUSED;
    }
    return decide(batch);
}

static enum redis_batch_result take_record(struct store_batch *batch,
                                           const struct resp_reply *reply, struct slice *out_error)
{
    struct store_change *change = store_batch_change(batch);

    if (reply->type != RESP_ARRAY) {
        return REDIS_BATCH_GARBAGE;
    }
    if (reply->text_is_cut || !redis_record_read_hash(reply->text, &change->before)) {
        *out_error = SLICE("RECORD what is kept beside the counter cannot be read");
        return REDIS_BATCH_REFUSED;
    }
    batch->step = STEP_RECORD;
    return REDIS_BATCH_NEXT;
}

/* ---- looks and hits ---- */

/* The counter is not there. */
static enum redis_batch_result take_none(struct store_batch *batch)
{
    struct store_change *change = store_batch_change(batch);

    if (change != NULL) {
        change->before = (struct store_record){.exists = false};
        return decide(batch);
    }
    store_batch_fail(batch, is_for_hits(batch) ? -EDQUOT : -ENOENT);
    return REDIS_BATCH_READ;
}

static enum redis_batch_result take_count(struct store_batch *batch, const struct resp_reply *reply,
                                          struct slice *out_error)
{
    struct store_change *change = store_batch_change(batch);
    int64_t count;

    if (reply->type == RESP_NULL) {
        return take_none(batch);
    }
    if (reply->type != RESP_BULK) {
        return REDIS_BATCH_GARBAGE;
    }
    if (reply->text_is_cut || !redis_record_read_count(reply->text, &count)) {
        *out_error = no_integer;
        return REDIS_BATCH_REFUSED;
    }
    if (change != NULL) {
        change->before.value = count;
        return decide(batch);
    }
    if (is_for_hits(batch)) {
        batch->step = STEP_THERE;
        return REDIS_BATCH_NEXT;
    }
    (void)store_batch_count(batch, count);
    return REDIS_BATCH_READ;
}

static enum redis_batch_result take_hits(const struct redis_terms *terms, struct store_batch *batch,
                                         const struct resp_reply *reply, struct slice *out_error)
{
    int64_t before;
    int64_t after;
    const enum redis_ledger_result result =
        redis_ledger_read(reply, store_batch_amount(batch), &before, &after);

    if (result == REDIS_LEDGER_NONE) {
        return batch->must_ask ? REDIS_BATCH_NEW : take_none(batch);
    }
    if ((result != REDIS_LEDGER_COUNTED && result != REDIS_LEDGER_MADE) ||
        store_batch_count(batch, before) != after) {
        return REDIS_BATCH_GARBAGE;
    }
    if (batch->keeps_record && terms->form != REDIS_LEDGER_PLAIN) {
        batch->was_made = result == REDIS_LEDGER_MADE;
    }
    batch->key_note = note_of(terms, true); /* the script has looked at the layout */
    if (before == after) {
        *out_error = SLICE("ERR increment or decrement would overflow");
        return REDIS_BATCH_AT_END;
    }
    return REDIS_BATCH_WRITTEN;
}

/* ---- answers ---- */

static enum redis_batch_result take_layout(const struct redis_terms *terms,
                                           struct store_batch *batch,
                                           const struct resp_reply *reply, char *text,
                                           size_t text_bytes, struct slice *out_error)
{
    *out_error = redis_ledger_layout_trouble(reply, text, text_bytes);
    if (out_error->length > 0) {
        return REDIS_BATCH_REFUSED;
    }
    batch->key_note = note_of(terms, false);
    return REDIS_BATCH_NEXT;
}

static enum redis_batch_result take_error(const struct redis_terms *terms,
                                          struct store_batch *batch, struct slice error,
                                          struct slice *out_error)
{
    *out_error = error;
    if (is_for_hits(batch) && terms->form != REDIS_LEDGER_PLAIN && batch->step == STEP_FIRST &&
        redis_error_meaning(redis_error_bare(error)) == REDIS_ERROR_OVERFLOW) {
        batch->step = STEP_AT_END;
        return REDIS_BATCH_NEXT;
    }
    return REDIS_BATCH_REFUSED;
}

enum redis_batch_result redis_batch_take(const struct redis_terms *terms, struct store_batch *batch,
                                         const struct resp_reply *reply, char *text,
                                         size_t text_bytes, struct slice *out_error)
{
    const enum question question = question_of(terms, batch);

    if (question == ASK_LAYOUT) {
        return take_layout(terms, batch, reply, text, text_bytes, out_error);
    }
    if (reply->type == RESP_ERROR) {
        return take_error(terms, batch, reply->text, out_error);
    }
    switch (question) {
    case ASK_COUNT:
        return take_count(batch, reply, out_error);
    case ASK_RECORD:
        return take_record(batch, reply, out_error);
    case ASK_TO_CHANGE:
        return take_change(terms, batch, reply, out_error);
    default:
        return take_hits(terms, batch, reply, out_error);
    }
}
