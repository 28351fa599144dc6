/*
 * counter_line.c - words or JSON to a counter.
 */
#include "commands/counter_line.h"

#include "base/decimal.h"
#include "base/hexadecimal.h"
#include "visits/counter_name.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const range = "from -9223372036854775808 to 9223372036854775807";

static enum counter_line_result wrong(char *out_problem, const char *sentence)
{
    (void)snprintf(out_problem, COUNTER_LINE_PROBLEM_BYTES, "%s", sentence);
    return COUNTER_LINE_WRONG;
}

/* ---- names ---- */

static bool is_front(struct slice namespace, struct slice key, struct slice front_key)
{
    const size_t length = namespace.length + 1 + key.length;

    if (slice_is(namespace, "default") && slice_equals(key, front_key)) {
        return true;
    }
    return front_key.length == length && slice_starts_with(front_key, namespace) &&
           front_key.bytes[namespace.length] == '/' &&
           slice_equals(slice_after(front_key, namespace.length + 1), key);
}

static enum counter_line_result name(struct slice namespace, struct slice key,
                                     struct slice front_key, struct counter_line *line,
                                     char *out_problem)
{
    struct counter_name found;

    if (is_front(namespace, key, front_key)) {
        line->is_front = true;
        line->key_length = front_key.length;
        memcpy(line->key, front_key.bytes, front_key.length);
        return COUNTER_LINE_GOOD;
    }
    switch (counter_name_make(namespace, key, &found)) {
    case COUNTER_NAME_GOOD:
        break;
    case COUNTER_NAME_BAD_NAMESPACE:
        return wrong(out_problem, "the namespace is no name: 3 to 64 of A-Z a-z 0-9 _ - .");
    default:
        return wrong(out_problem, "the key is no name: 3 to 64 of A-Z a-z 0-9 _ - .");
    }
    line->is_front = false;
    line->key_length = found.length;
    memcpy(line->key, found.text, found.length);
    return COUNTER_LINE_GOOD;
}

/* ---- words ---- */

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

static struct slice without_blanks(struct slice text)
{
    while (text.length > 0 && is_blank(text.bytes[0])) {
        text = slice_after(text, 1);
    }
    while (text.length > 0 && is_blank(text.bytes[text.length - 1])) {
        text.length--;
    }
    return text;
}

/* Takes a word and the blanks behind it off the text; an empty one at its end. */
static struct slice take_word(struct slice *text)
{
    struct slice word = {text->bytes, 0};

    while (word.length < text->length && !is_blank(text->bytes[word.length])) {
        word.length++;
    }
    *text = without_blanks(slice_after(*text, word.length));
    return word;
}

static enum counter_line_result read_words(struct slice text, struct slice front_key,
                                           struct counter_line *line, char *out_problem)
{
    const struct slice namespace = take_word(&text);
    const struct slice key = take_word(&text);
    const struct slice value = take_word(&text);

    if (value.length == 0 || text.length > 0) {
        return wrong(out_problem, "it takes NAMESPACE KEY VALUE, or a JSON object");
    }
    if (!decimal_read_signed(value, &line->record.value)) {
        (void)snprintf(out_problem, COUNTER_LINE_PROBLEM_BYTES, "the value is no whole number %s",
                       range);
        return COUNTER_LINE_WRONG;
    }
    return name(namespace, key, front_key, line, out_problem);
}

/* ---- fields ---- */

/* What an object has shown so far. */
struct object {
    struct slice namespace;
    struct slice key;
    bool has_value;
    struct counter_line *line;
};

static bool take_text(const json_t *value, struct slice *out_text)
{
    if (!json_is_string(value)) {
        return false;
    }
    *out_text = (struct slice){json_string_value(value), json_string_length(value)};
    return true;
}

static bool take_number(const json_t *value, int64_t *out_number)
{
    if (!json_is_integer(value)) {
        return false;
    }
    *out_number = json_integer_value(value);
    return true;
}

/* Milliseconds since 1970; null: not known. */
static bool take_time(const json_t *value, uint64_t *out_ms)
{
    int64_t number = 0;

    if (!json_is_null(value) && (!take_number(value, &number) || number < 0)) {
        return false;
    }
    *out_ms = (uint64_t)number;
    return true;
}

static bool take_namespace(const json_t *value, struct object *object)
{
    return take_text(value, &object->namespace);
}

static bool take_key(const json_t *value, struct object *object)
{
    return take_text(value, &object->key);
}

static bool take_value(const json_t *value, struct object *object)
{
    object->has_value = true;
    return take_number(value, &object->line->record.value);
}

static bool take_created(const json_t *value, struct object *object)
{
    return take_time(value, &object->line->record.created_ms);
}

static bool take_counted(const json_t *value, struct object *object)
{
    return take_time(value, &object->line->record.counted_ms);
}

static bool take_adjusted(const json_t *value, struct object *object)
{
    return take_number(value, &object->line->record.adjusted);
}

static bool take_bounds(const json_t *value, struct object *object)
{
    struct store_record *record = &object->line->record;

    return json_is_array(value) && json_array_size(value) == 2 &&
           take_number(json_array_get(value, 0), &record->low) &&
           take_number(json_array_get(value, 1), &record->high) && record->low <= 0 &&
           record->high >= 0;
}

static bool take_enable_reset(const json_t *value, struct object *object)
{
    object->line->record.may_be_set = json_is_true(value);
    return json_is_boolean(value);
}

static bool take_owner_hash(const json_t *value, struct object *object)
{
    struct store_record *record = &object->line->record;
    struct slice text;

    record->has_owner = !json_is_null(value);
    if (!record->has_owner) {
        return true;
    }
    return take_text(value, &text) &&
           hexadecimal_read_bytes(text, record->owner, STORE_OWNER_BYTES);
}

static const struct field {
    const char *name;
    bool (*take)(const json_t *value, struct object *object);
    const char *right;
    unsigned given;
} fields[] = {
    {"namespace", take_namespace, "a string", 0},
    {"key", take_key, "a string", 0},
    {"value", take_value, "a whole number", 0},
    {"created", take_created, "milliseconds since 1970, or null", STORE_GIVEN_CREATED},
    {"counted", take_counted, "milliseconds since 1970, or null", STORE_GIVEN_COUNTED},
    {"adjusted", take_adjusted, "a whole number", STORE_GIVEN_ADJUSTED},
    {"bounds", take_bounds, "two whole numbers, the lower one 0 or below, the other 0 or above",
     STORE_GIVEN_BOUNDS},
    {"enable_reset", take_enable_reset, "true or false", STORE_GIVEN_SET},
    {"owner_hash", take_owner_hash, "64 hexadecimal digits, or null", STORE_GIVEN_OWNER},
};

static const struct field *find_field(const char *text)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(text, fields[i].name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

/* ---- objects ---- */

/* What nobody owns is not given an owner: the front counter is the site's. */
static bool is_right_of_front(const struct counter_line *line)
{
    const struct store_record *record = &line->record;

    return !record->has_owner && !record->may_be_set &&
           ((line->given & STORE_GIVEN_BOUNDS) == 0 ||
            (record->low == store_record_of_visits.low &&
             record->high == store_record_of_visits.high));
}

static enum counter_line_result read_fields(json_t *root, struct slice front_key,
                                            counter_line_unknown *unknown, void *owner,
                                            struct counter_line *line, char *out_problem)
{
    struct object object = {.line = line};
    const char *text;
    json_t *value;
    enum counter_line_result result;

    json_object_foreach(root, text, value)
    {
        const struct field *field = find_field(text);

        if (field == NULL) {
            char printable[COUNTER_LINE_FIELD_BYTES];

            slice_copy_printable(slice_of(text), printable, sizeof printable);
            unknown(owner, printable);
        } else if (!field->take(value, &object)) {
            (void)snprintf(out_problem, COUNTER_LINE_PROBLEM_BYTES, "%s is not right: it takes %s",
                           field->name, field->right);
            return COUNTER_LINE_WRONG;
        } else {
            line->given |= field->given;
        }
    }
    if (object.namespace.bytes == NULL || object.key.bytes == NULL || !object.has_value) {
        return wrong(out_problem, "an object takes namespace, key and value at least");
    }
    result = name(object.namespace, object.key, front_key, line, out_problem);
    if (result == COUNTER_LINE_GOOD && line->is_front && !is_right_of_front(line)) {
        return wrong(out_problem, "the front counter takes no owner_hash, enable_reset and bounds");
    }
    return result;
}

static enum counter_line_result read_object(struct slice text, struct slice front_key,
                                            counter_line_unknown *unknown, void *owner,
                                            struct counter_line *line, char *out_problem)
{
    json_error_t error;
    json_t *root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, &error);
    enum counter_line_result result = COUNTER_LINE_WRONG;

    if (root == NULL) {
        char printable[sizeof error.text];

        slice_copy_printable(slice_of(error.text), printable, sizeof printable);
        (void)snprintf(out_problem, COUNTER_LINE_PROBLEM_BYTES, "it is no JSON: %s", printable);
        return result;
    }
    result = read_fields(root, front_key, unknown, owner, line, out_problem);
    json_decref(root);
    return result;
}

enum counter_line_result counter_line_read(struct slice line, struct slice front_key,
                                           counter_line_unknown *unknown, void *owner,
                                           struct counter_line *out_line,
                                           char out_problem[COUNTER_LINE_PROBLEM_BYTES])
{
    struct counter_line read = {.given = 0};
    enum counter_line_result result;

    if (line.length > 0 && line.bytes[line.length - 1] == '\r') {
        line.length--;
    }
    line = without_blanks(line);
    if (line.length == 0 || line.bytes[0] == '#') {
        return COUNTER_LINE_EMPTY;
    }
    result = line.bytes[0] == '{' ? read_object(line, front_key, unknown, owner, &read, out_problem)
                                  : read_words(line, front_key, &read, out_problem);
    if (result == COUNTER_LINE_GOOD) {
        *out_line = read;
    }
    return result;
}
