/*
 * redis_opening.c - from a link that is up to a server that counts.
 */
#include "store/redis_opening.h"

#include "store/redis_error.h"
#include "store/redis_link.h"

#include <errno.h>
#include <string.h>

void redis_opening_init(struct redis_opening *opening, struct redis_link *link,
                        const struct redis_opening_events *events, void *owner)
{
    *opening = (struct redis_opening){.events = events, .owner = owner, .link = link};
}

static void send_words(struct redis_opening *opening, const struct slice *words, size_t count,
                       redis_answered *answered)
{
    int result = redis_link_send(opening->link, words, count, answered, opening, NULL);

    if (result < 0) {
        redis_link_cut(opening->link, result, strerrordesc_np(-result));
    }
}

/* ---- the script ---- */

static void script_answered(void *owner, void *subject, int result, const struct resp_reply *reply);

static void ask_for_script(struct redis_opening *opening, enum redis_ledger_form form)
{
    struct redis_ledger_command command;

    opening->asked = form;
    redis_ledger_question(form, &command);
    send_words(opening, command.words, command.count, script_answered);
}

/* Whether an error says that scripts are not to be had here, and not that something else is wrong:
 * ERR is what has no kind of its own, as an unknown command. */
static bool is_forbidden(enum redis_error_meaning meaning, struct slice error)
{
    return meaning == REDIS_ERROR_NO_SCRIPT || slice_is(redis_error_kind(error), "NOPERM") ||
           slice_is(redis_error_kind(error), "ERR");
}

static void script_refused(struct redis_opening *opening, struct slice error)
{
    const enum redis_error_meaning meaning = redis_error_meaning(error);

    if (meaning == REDIS_ERROR_NO_SCRIPT && opening->asked == REDIS_LEDGER_SHORT) {
        ask_for_script(opening, REDIS_LEDGER_WHOLE);
        return;
    }
    if (!is_forbidden(meaning, error)) {
        opening->events->not_now(opening->owner, error);
        return;
    }
    opening->events->forbidden(opening->owner, error);
    if (redis_link_is_up(opening->link)) {
        opening->events->ready(opening->owner, REDIS_LEDGER_PLAIN);
    }
}

static void script_answered(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct redis_opening *opening = owner;

    (void)subject;
    if (result < 0) {
        return; /* the link is down, and its owner knows */
    }
    if (reply->type == RESP_ERROR) {
        script_refused(opening, reply->text);
    } else if (redis_ledger_is_known(reply)) {
        opening->events->ready(opening->owner, REDIS_LEDGER_SHORT);
    } else {
        redis_link_cut(opening->link, -EPROTO, "an answer that is not the script's");
    }
}

/* ---- the inspection ---- */

static void question_answered(void *owner, void *subject, int result,
                              const struct resp_reply *reply)
{
    struct redis_opening *opening = owner;

    (void)subject;
    if (result < 0) {
        return; /* as above */
    }
    redis_inspection_learn(&opening->inspection, reply);
    opening->questions_left--;
    if (opening->questions_left == 0) {
        opening->events->inspected(opening->owner, &opening->inspection);
    }
}

void redis_opening_start(struct redis_opening *opening, bool is_plain)
{
    opening->inspection = (struct redis_inspection){.policy = ""};
    opening->questions_left = REDIS_INSPECTION_QUESTIONS;
    if (!is_plain) {
        ask_for_script(opening, REDIS_LEDGER_SHORT);
    }
    for (unsigned i = 0; i < REDIS_INSPECTION_QUESTIONS; i++) {
        size_t count;
        const struct slice *words = redis_inspection_question(i, &count);

        send_words(opening, words, count, question_answered);
    }
    if (is_plain && redis_link_is_up(opening->link)) {
        opening->events->ready(opening->owner, REDIS_LEDGER_PLAIN);
    }
}
