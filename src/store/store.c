/*
 * store.c - what every store does with batches: number or fail their hits, keep them in a list.
 *
 * Pure but for store_batch_list_done(), which tells the batches' owners.
 */
#include "store/store.h"

#include "store/store_change.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

uint64_t store_batch_amount(const struct store_batch *batch)
{
    uint64_t amount = 0;

    for (uint32_t i = 0; i < batch->hits_count; i++) {
        amount += batch->hits[i].amount;
    }
    return amount;
}

int64_t store_batch_count(struct store_batch *batch, int64_t before)
{
    int64_t count = before;

    for (uint32_t i = 0; i < batch->hits_count; i++) {
        struct store_hit *hit = &batch->hits[i];

        if (count > STORE_NUMBER_MAX - (int64_t)hit->amount) {
            hit->number = 0;
            hit->result = -EOVERFLOW;
        } else {
            count += hit->amount;
            hit->number = count;
            hit->result = 0;
        }
    }
    batch->was_made = before == 0 && count > 0;
    return count;
}

bool store_batch_has_made(const struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);

    return change == NULL
               ? batch->was_made
               : batch->hits[0].result == 0 && !change->before.exists && change->after.exists;
}

void store_batch_fail(struct store_batch *batch, int result)
{
    assert(result < 0);
    batch->was_made = false;
    for (uint32_t i = 0; i < batch->hits_count; i++) {
        if (!batch->hits[i].is_change) {
            batch->hits[i].number = 0;
        }
        batch->hits[i].result = result;
    }
}

void store_batch_list_add(struct store_batch_list *list, struct store_batch *batch)
{
    batch->next = NULL;
    if (list->last == NULL) {
        list->first = batch;
    } else {
        list->last->next = batch;
    }
    list->last = batch;
}

struct store_batch *store_batch_list_pop(struct store_batch_list *list)
{
    struct store_batch *batch = list->first;

    if (batch != NULL) {
        list->first = batch->next;
        if (list->first == NULL) {
            list->last = NULL;
        }
        batch->next = NULL;
    }
    return batch;
}

struct store_batch_list store_batch_list_take(struct store_batch_list *list)
{
    struct store_batch_list taken = *list;

    *list = (struct store_batch_list){NULL, NULL};
    return taken;
}

void store_batch_list_done(struct store_batch_list *list)
{
    /* Taken first: an owner may hand its batch, or another, to the same list again. */
    struct store_batch *batch = store_batch_list_take(list).first;

    while (batch != NULL) {
        struct store_batch *next = batch->next; /* done() may free the batch */

        batch->done(batch);
        batch = next;
    }
}
