/*
 * scripted_store.h - a store that writes down what it is given and answers when a test says so.
 */
#ifndef FOOTFALL_TEST_SCRIPTED_STORE_H
#define FOOTFALL_TEST_SCRIPTED_STORE_H

#include "store/store.h"
#include "test.h"

enum {
    SCRIPTED_BATCHES_MAX = 64, /* written down; later ones are only counted */
};

struct scripted_batch {
    struct store_batch *batch; /* NULL once it has been answered */
    char key[STORE_KEY_BYTES_MAX + 1];
    uint32_t hits_count;
    uint64_t first_ticket;
};

struct scripted_store {
    struct store base;
    bool is_ready;
    bool is_telling; /* inside of a batch's done() */
    bool has_begun;  /* what it was given: a store that can be extended takes no more */
    unsigned batches_count;
    struct scripted_batch batches[SCRIPTED_BATCHES_MAX];
};

static inline bool scripted_is_ready(const struct store *store)
{
    return ((const struct scripted_store *)store)->is_ready;
}

/* What the store does not fill in of the hits from `first` on would show. */
static inline void scripted_spoil(struct store_batch *batch, uint32_t first)
{
    for (uint32_t i = first; i < batch->hits_count; i++) {
        if (!batch->hits[i].is_change) {
            batch->hits[i].number = INT64_MIN;
        }
        batch->hits[i].result = 1;
    }
}

static inline void scripted_apply(struct store *store, struct store_batch *batch)
{
    struct scripted_store *scripted = (struct scripted_store *)store;
    struct scripted_batch *record = &scripted->batches[scripted->batches_count];

    assert_true(scripted->is_ready);
    assert_false(scripted->is_telling); /* the next batch leaves at the end of the turn */
    assert_true(batch->hits_count > 0);
    for (unsigned i = 0; i < scripted->batches_count; i++) { /* one in flight per key */
        assert_true(scripted->batches[i].batch == NULL ||
                    !slice_is(batch->key, scripted->batches[i].key));
    }
    assert_true(scripted->batches_count < SCRIPTED_BATCHES_MAX);
    *record = (struct scripted_batch){
        .batch = batch,
        .hits_count = batch->hits_count,
        .first_ticket = batch->hits[0].ticket,
    };
    memcpy(record->key, batch->key.bytes, batch->key.length);
    scripted_spoil(batch, 0);
    scripted->batches_count++;
}

static inline bool scripted_extend(struct store *store, struct store_batch *batch,
                                   uint32_t hits_count)
{
    struct scripted_store *scripted = (struct scripted_store *)store;
    struct scripted_batch *record = scripted->batches;

    while (record->batch != batch) {
        record++;
        assert_true(record < scripted->batches + scripted->batches_count); /* it is in flight */
    }
    assert_true(hits_count > record->hits_count);
    if (scripted->has_begun) {
        return false;
    }
    batch->hits_count = hits_count;
    scripted_spoil(batch, record->hits_count);
    record->hits_count = hits_count;
    return true;
}

static const struct store_kind scripted_kind = {
    .name = "scripted",
    .is_ready = scripted_is_ready,
    .apply = scripted_apply,
};

/* Batches may be extended until has_begun. */
static const struct store_kind scripted_late_kind = {
    .name = "scripted, late",
    .is_ready = scripted_is_ready,
    .apply = scripted_apply,
    .extend = scripted_extend,
};

static inline void scripted_init(struct scripted_store *scripted)
{
    *scripted = (struct scripted_store){.base.kind = &scripted_kind, .is_ready = true};
}

/* The batch at `index`, which is in flight. */
static inline struct store_batch *scripted_batch(const struct scripted_store *scripted,
                                                 unsigned index)
{
    assert_true(index < scripted->batches_count);
    assert_non_null(scripted->batches[index].batch);
    return scripted->batches[index].batch;
}

/* Tells the sender of a batch whose hits have their results. */
static inline void scripted_tell(struct scripted_store *scripted, unsigned index)
{
    struct store_batch *batch = scripted_batch(scripted, index);

    scripted->batches[index].batch = NULL;
    scripted->is_telling = true;
    batch->done(batch);
    scripted->is_telling = false;
}

/* All hits of the batch count; the last one gets the number `last`. */
static inline void scripted_count(struct scripted_store *scripted, unsigned index, int64_t last)
{
    struct store_batch *batch = scripted_batch(scripted, index);

    assert_true(last >= batch->hits_count && last <= STORE_NUMBER_MAX);
    assert_true(store_batch_count(batch, last - batch->hits_count) == last);
    scripted_tell(scripted, index);
}

static inline void scripted_fail(struct scripted_store *scripted, unsigned index, int result)
{
    store_batch_fail(scripted_batch(scripted, index), result);
    scripted_tell(scripted, index);
}

#endif
