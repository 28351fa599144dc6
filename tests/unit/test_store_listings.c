/*
 * test_store_listings.c - pages of counters, and how many there may be: what every store promises.
 */
#include "store_changes_scene.h"

/* A page, which is the caller's. */
static struct store_listing *list(struct store_scene *scene, const char *prefix, bool by_value,
                                  const char *after, uint32_t wanted)
{
    struct store_listing *page = store_listing_create(wanted);
    struct store_change listing = {.kind = STORE_LIST, .listing = page};

    assert_non_null(page);
    page->by_value = by_value;
    page->after_length = (uint8_t)strlen(after);
    memcpy(page->after, after, strlen(after));
    assert_int_equal(change(scene, prefix, &listing), 0);
    return page;
}

static void check_page(struct store_listing *page, const char *expected, bool has_more)
{
    char text[1024] = "";
    size_t length = 0;

    for (uint32_t i = 0; i < page->count; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%.*s=%" PRId64 " ",
                                   page->list[i].length, page->list[i].key, page->list[i].value);
        assert_true(length < sizeof text);
    }
    assert_string_equal(text, expected);
    assert_int_equal(page->has_more, has_more);
    free(page);
}

static uint64_t count_all(struct store_scene *scene)
{
    struct store_listing *page = list(scene, "/", false, "", 1);
    const uint64_t all_keys = page->all_keys;

    free(page);
    return all_keys;
}

/* ---- cases ---- */

static void pages_are_in_order_of_names(const struct kind *kind)
{
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(send_one(&scene, "page/b", 2), 2);
    assert_int_equal(send_one(&scene, "page/a", 1), 1);
    assert_int_equal(create_at(&scene, "page/c-d", -5), 0);
    assert_int_equal(send_one(&scene, "pag/other", 1), 1);
    assert_int_equal(send_one(&scene, "page0/other", 1), 1);
    assert_int_equal(send_one(&scene, "page-/other", 1), 1);
    check_page(list(&scene, "page/", false, "", 5), "a=1 b=2 c-d=-5 ", false);
    check_page(list(&scene, "page/", false, "", 3), "a=1 b=2 c-d=-5 ", false);
    check_page(list(&scene, "page/", false, "", 2), "a=1 b=2 ", true);
    check_page(list(&scene, "page/", false, "b", 2), "c-d=-5 ", false);
    check_page(list(&scene, "page/", false, "aa", 1), "b=2 ", true);
    check_page(list(&scene, "page/", false, "c-d", 1), "", false);
    check_page(list(&scene, "nothing/", false, "", 1), "", false);
    store_scene_close(&scene);
}

static void the_top_is_in_order_of_counts(const struct kind *kind)
{
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(send_one(&scene, "top/few", 2), 2);
    assert_int_equal(send_one(&scene, "top/many", 100), 100);
    assert_int_equal(create_at(&scene, "top/less", -1), 0);
    assert_int_equal(send_one(&scene, "top/none", 100), 100);
    check_page(list(&scene, "top/", true, "", 3), "many=100 none=100 few=2 ", true);
    check_page(list(&scene, "top/", true, "", 9), "many=100 none=100 few=2 less=-1 ", false);
    store_scene_close(&scene);
}

static void what_is_removed_is_on_no_page(const struct kind *kind)
{
    struct store_scene scene;
    uint64_t before;

    open_at(&scene, kind);
    before = count_all(&scene);
    assert_int_equal(send_one(&scene, "gone/one", 1), 1);
    assert_int_equal(send_one(&scene, "gone/two", 1), 1);
    assert_int_equal(send_one(&scene, "gone/two", 1), 2);
    assert_int_equal(count_all(&scene), before + 2);
    assert_int_equal(remove_as_server(&scene, "gone/one"), 0);
    check_page(list(&scene, "gone/", false, "", 9), "two=2 ", false);
    assert_int_equal(count_all(&scene), before + 1);
    assert_int_equal(send_one(&scene, "gone/one", 1), 1);
    check_page(list(&scene, "gone/", false, "", 9), "one=1 two=2 ", false);
    assert_int_equal(remove_as_server(&scene, "gone/one"), 0);
    assert_int_equal(create_at(&scene, "gone/one", 7), 0);
    check_page(list(&scene, "gone/", false, "", 9), "one=7 two=2 ", false);
    assert_int_equal(count_all(&scene), before + 2);
    store_scene_close(&scene);
}

static void hundreds_are_listed_page_by_page(const struct kind *kind)
{
    enum { COUNTERS = 500, PAGE = 70 };
    struct store_scene scene;
    char after[32] = "";
    unsigned seen = 0;
    bool has_more = true;
    char key[32];

    open_at(&scene, kind);
    for (unsigned i = 0; i < COUNTERS; i++) {
        (void)snprintf(key, sizeof key, "many/key-%03u", i * 7 % COUNTERS);
        assert_int_equal(send_one(&scene, key, i * 7 % COUNTERS + 1), i * 7 % COUNTERS + 1);
    }
    while (has_more) {
        struct store_listing *page = list(&scene, "many/", false, after, PAGE);

        for (uint32_t i = 0; i < page->count; i++, seen++) {
            (void)snprintf(key, sizeof key, "key-%03u", seen);
            assert_int_equal(page->list[i].length, strlen(key));
            assert_memory_equal(page->list[i].key, key, strlen(key));
            assert_int_equal(page->list[i].value, seen + 1);
        }
        (void)snprintf(after, sizeof after, "%s", key);
        has_more = page->has_more;
        free(page);
    }
    assert_int_equal(seen, COUNTERS);
    check_page(list(&scene, "many/", true, "", 2), "key-499=500 key-498=499 ", true);
    store_scene_close(&scene);
}

static void a_full_namespace_takes_no_new_one(const struct kind *kind)
{
    struct store_scene scene;

    open_at(&scene, kind);
    keys_max = 2;
    assert_int_equal(send_one(&scene, "full/one", 1), 1);
    assert_int_equal(create_at(&scene, "full/two", 0), 0);
    assert_int_equal(send_one(&scene, "full/three", 1), -EDQUOT);
    assert_int_equal(create_at(&scene, "full/three", 0), -EDQUOT);
    assert_int_equal(send_one(&scene, "full/three", 0), -ENOENT); /* a look makes nothing anyway */
    assert_int_equal(send_one(&scene, "full/one", 1), 2);
    assert_int_equal(send_one(&scene, "full/two", 1), 1);
    assert_int_equal(send_one(&scene, "other/one", 1), 1);
    assert_int_equal(remove_as_server(&scene, "full/one"), 0);
    turn_for(&scene.turning, 150); /* an answer of Redis' is good for a moment */
    assert_int_equal(send_one(&scene, "full/three", 1), 1);
    assert_int_equal(send_one(&scene, "full/one", 1), -EDQUOT);
    keys_max = 3;
    assert_int_equal(send_one(&scene, "full/one", 1), 1);
    store_scene_close(&scene);
}

static void a_full_store_takes_no_new_one(const struct kind *kind)
{
    struct store_scene scene;
    const uint64_t room = 3;

    open_at(&scene, kind);
    all_keys_max = count_all(&scene) + room;
    assert_int_equal(send_one(&scene, "all1/one", 1), 1);
    assert_int_equal(send_one(&scene, "all2/two", 1), 1);
    assert_int_equal(create_at(&scene, "all3/three", 0), 0);
    assert_int_equal(send_one(&scene, "all4/four", 1), -EDQUOT);
    assert_int_equal(create_at(&scene, "all1/four", 0), -EDQUOT);
    assert_int_equal(send_one(&scene, "all1/one", 1), 2);
    all_keys_max++;
    assert_int_equal(send_one(&scene, "all4/four", 1), 1);
    assert_int_equal(send_one(&scene, "all5/five", 1), -EDQUOT);
    store_scene_close(&scene);
}

static void a_limit_of_hundreds_is_exact(const struct kind *kind)
{
    enum { MOST = 300 };
    struct store_scene scene;
    unsigned made = 0;

    open_at(&scene, kind);
    keys_max = MOST;
    for (unsigned i = 0; i < MOST + 20; i++) {
        char key[32];

        (void)snprintf(key, sizeof key, "limit/key-%u", i);
        made += send_one(&scene, key, 1) == 1;
    }
    assert_int_equal(made, MOST);
    store_scene_close(&scene);
}

static const struct kind_case cases[] = {
#define CASE(function) #function, function, false
    {CASE(pages_are_in_order_of_names)},       {CASE(the_top_is_in_order_of_counts)},
    {CASE(what_is_removed_is_on_no_page)},     {CASE(hundreds_are_listed_page_by_page)},
    {CASE(a_full_namespace_takes_no_new_one)}, {CASE(a_full_store_takes_no_new_one)},
    {CASE(a_limit_of_hundreds_is_exact)},
};

int main(void)
{
    return run_on_all_kinds("store_listings", cases, sizeof cases / sizeof cases[0]);
}
