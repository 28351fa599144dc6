/*
 * redis_survey.c - claim, scan, walk, say that it is done; then wait for the next day.
 */
#include "store/redis_survey.h"

#include "loop/loop.h"
#include "store/redis_directory_walk.h"
#include "store/resp_reader.h"

#include <errno.h>
#include <string.h>

enum {
    PAGE_PAUSE_MS = 1,              /* between pages, for others */
    PAGE_KEYS = 128,                /* about as many; their names fit into a reply several times */
    LOOK_AGAIN_MS = 10 * 60 * 1000, /* whether it is time */
    CLAIM_AGAIN_MS = 20 * 1000,     /* of the minute that a claim lasts */
};
#define CLAIM_MS "60000"
#define DONE_MS "86400000"

static void go_on(void *owner);

void redis_survey_init(struct redis_survey *survey, struct loop *loop,
                       struct redis_directory *directory, const char *writer)
{
    *survey = (struct redis_survey){.loop = loop, .directory = directory, .writer = writer};
    timer_queue_init(&survey->timers, loop);
    timer_init(&survey->pause, go_on, survey);
}

void redis_survey_finish(struct redis_survey *survey)
{
    timer_queue_finish(&survey->timers);
}

void redis_survey_stop(struct redis_survey *survey)
{
    timer_stop(&survey->pause);
    survey->is_scanning = false;
}

static void pause_for(struct redis_survey *survey, uint64_t pause_ms)
{
    timer_start(&survey->pause, &survey->timers, pause_ms);
}

/* ---- who does it ---- */

/* Sets the key to our name, for so long, if `condition` (NX, XX) holds; "": in any case. */
static void set_key(struct redis_survey *survey, struct slice condition, struct slice for_ms,
                    redis_answered *answered)
{
    const struct slice words[] = {
        SLICE("SET"), SLICE(REDIS_SURVEY_KEY), slice_of(survey->writer), SLICE("PX"), for_ms,
        condition};
    const size_t count = sizeof words / sizeof words[0] - (condition.length > 0 ? 0 : 1);

    /* Where it cannot be sent the link is about to fall, and the next one begins anew. */
    (void)redis_link_send(survey->directory->link, words, count, answered, survey, NULL);
}

static void claimed(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct redis_survey *survey = owner;

    (void)subject;
    if (result < 0 ||
        (reply->type == RESP_ERROR && redis_directory_refuse(survey->directory, reply->text))) {
        return; /* another link may bring us another server, or rights */
    }
    if (reply->type != RESP_SIMPLE) {
        pause_for(survey, LOOK_AGAIN_MS); /* somebody else does it, or has done it */
        return;
    }
    survey->is_scanning = true;
    survey->claimed_ms = loop_now_ms(survey->loop);
    survey->cursor[0] = '0';
    survey->cursor_length = 1;
    survey->page_keys = PAGE_KEYS;
    go_on(survey);
}

static void kept(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    (void)owner;
    (void)subject;
    (void)result;
    (void)reply; /* at worst two do the same */
}

/* ---- what is not there ---- */

/* Keeps the claim, for another minute. */
static void keep_claim(struct redis_survey *survey)
{
    const uint64_t now_ms = loop_now_ms(survey->loop);

    if (now_ms - survey->claimed_ms >= CLAIM_AGAIN_MS) {
        survey->claimed_ms = now_ms;
        set_key(survey, SLICE("XX"), SLICE(CLAIM_MS), kept);
    }
}

static bool pass(void *owner, struct slice name, int64_t count)
{
    (void)name;
    (void)count;
    keep_claim(owner);
    return true; /* those without a counter are taken out by the walk */
}

/* Where somebody has put into the directory what is no name, it cannot be helped. */
static void walked(void *owner, int result, struct slice error)
{
    struct redis_survey *survey = owner;

    (void)error;
    if (result == 0 || result == -EBADMSG) {
        set_key(survey, SLICE(""), SLICE(DONE_MS), kept);
        pause_for(survey, LOOK_AGAIN_MS);
    }
}

static const struct redis_directory_walk_events walk_events = {pass, walked};

/* ---- what is there ---- */

/* "footfall:NAMESPACE/KEY", and nothing that could be no name. */
static bool is_counter(struct slice key)
{
    const struct slice prefix = SLICE(REDIS_COUNTER_PREFIX);

    if (!slice_starts_with(key, prefix) ||
        key.length > prefix.length + REDIS_DIRECTORY_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < key.length; i++) {
        if (key.bytes[i] <= ' ' || key.bytes[i] > '~') {
            return false;
        }
    }
    return true;
}

/* The cursor, then the keys, each with a LF behind it. False: that is something else. */
static bool take_page(struct redis_survey *survey, struct slice text)
{
    struct slice line;

    if (!slice_take_line(&text, &line) || line.length == 0 || line.length > sizeof survey->cursor) {
        return false;
    }
    memcpy(survey->cursor, line.bytes, line.length);
    survey->cursor_length = line.length;
    while (slice_take_line(&text, &line)) {
        if (is_counter(line)) {
            redis_directory_note(survey->directory,
                                 slice_after(line, sizeof REDIS_COUNTER_PREFIX - 1));
        }
    }
    return true;
}

/* Whether the page has to be asked for again, with fewer keys: others may have long ones. */
static bool is_too_long(struct redis_survey *survey, const struct resp_reply *reply)
{
    if (!reply->text_is_cut || survey->page_keys == 1) {
        return false; /* of a single key what is cut is no name of ours */
    }
    survey->page_keys /= 2;
    return true;
}

static void scanned(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct redis_survey *survey = owner;

    (void)subject;
    if (result < 0 || reply->type != RESP_ARRAY) {
        survey->is_scanning = false;
        return; /* forbidden; or the link is lost */
    }
    if (is_too_long(survey, reply)) {
        go_on(survey);
        return;
    }
    if (!take_page(survey, reply->text)) {
        survey->is_scanning = false;
        return;
    }
    if (survey->cursor_length == 1 && survey->cursor[0] == '0') {
        survey->is_scanning = false;
        /* Where it cannot begin the claim ends by itself. */
        (void)redis_directory_walk(survey->directory, SLICE(""), SLICE(""), &walk_events, survey);
    } else {
        pause_for(survey, PAGE_PAUSE_MS);
    }
}

static void scan(struct redis_survey *survey)
{
    char keys[DECIMAL_BYTES_MAX];
    const struct slice words[] = {
        SLICE("SCAN"),  {survey->cursor, survey->cursor_length},
        SLICE("MATCH"), SLICE(REDIS_COUNTER_PATTERN),
        SLICE("COUNT"), {keys, decimal_write(keys, survey->page_keys)},
    };

    keep_claim(survey);
    /* As above. */
    (void)redis_link_send(survey->directory->link, words, sizeof words / sizeof words[0], scanned,
                          survey, NULL);
}

static void go_on(void *owner)
{
    struct redis_survey *survey = owner;

    if (survey->is_scanning) {
        scan(survey);
    } else {
        set_key(survey, SLICE("NX"), SLICE(CLAIM_MS), claimed);
    }
}

void redis_survey_start(struct redis_survey *survey)
{
    go_on(survey);
}
