/*
 * redis_batch.h - what a batch asks of the server, one command after the other, and what it makes
 * of the answers.
 *
 * Hits are one command. At the end of the numbers, where not all of them fit, a second one says
 * what each of them adds. Looks are GET, behind a look at the layout the first time on a link. A
 * change asks what the counter is, decides by the rules (store_change.h), and asks for the outcome
 * to be written if the counter is still that; if it is not, it decides anew. Plainly, without
 * scripts, there are no changes but STORE_READ.
 *
 * How far a batch has come is noted in it (`step`, `key_note`), so that what is sent again is the
 * same command. Nothing here keeps anything of its own.
 */
#ifndef FOOTFALL_STORE_REDIS_BATCH_H
#define FOOTFALL_STORE_REDIS_BATCH_H

#include "store/redis_ledger.h"
#include "store/redis_link.h"

#include <stdbool.h>
#include <stdint.h>

/* How batches are asked for at present. */
struct redis_terms {
    struct redis_ledger ledger;
    struct redis_link *link;
    uint64_t link_number; /* one more for each connection, from 1 */
    enum redis_ledger_form form;
};

/* Sends the batch's next command, with the script's text where `is_whole`. As redis_link_send(),
 * and -ENOMEM; -EOPNOTSUPP for a change that cannot be made plainly. */
int redis_batch_send(const struct redis_terms *terms, struct store_batch *batch, bool is_whole,
                     redis_answered *answered, void *owner);

/* Whether the batch's counter was there when it was last counted or changed on this link. */
bool redis_batch_is_known(const struct redis_terms *terms, const struct store_batch *batch);

/* Whether that command counts or changes something, or else only asks. */
bool redis_batch_is_writing(const struct redis_terms *terms, const struct store_batch *batch);

enum redis_batch_result {
    REDIS_BATCH_WRITTEN, /* its hits have their results: they were counted, or it was changed */
    REDIS_BATCH_AT_END,  /* likewise, but none was counted, by *out_error */
    REDIS_BATCH_READ,    /* likewise, and nothing was written */
    REDIS_BATCH_NEXT,    /* nothing has been written yet: there is another command to send */
    REDIS_BATCH_NEW,     /* likewise, and its counter would be a new one: it must ask */
    REDIS_BATCH_REFUSED, /* nothing was done, by *out_error */
    REDIS_BATCH_GARBAGE, /* nothing that the command is answered with */
};

/* Takes the answer to the command that was sent last, on the same terms. *out_error is borrowed
 * from the answer or written to `text`. */
enum redis_batch_result redis_batch_take(const struct redis_terms *terms, struct store_batch *batch,
                                         const struct resp_reply *reply, char *text,
                                         size_t text_bytes, struct slice *out_error);

#endif
