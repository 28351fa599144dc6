/*
 * page_url.c - scheme, authority, path.
 */
#include "base/page_url.h"

/* How long "http://" or "https://" is; 0 for anything else. */
static size_t scheme_length(struct slice url)
{
    static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (url.length >= schemes[i].length &&
            slice_equals_ignoring_case((struct slice){url.bytes, schemes[i].length}, schemes[i])) {
            return schemes[i].length;
        }
    }
    return 0;
}

/* What comes before the first of `ends`. */
static struct slice before(struct slice text, const char *ends)
{
    size_t length = 0;

    while (length < text.length && strchr(ends, text.bytes[length]) == NULL) {
        length++;
    }
    return (struct slice){text.bytes, length};
}

bool page_url_read(struct slice url, struct page_url *out_url)
{
    const size_t scheme = scheme_length(url);
    struct slice authority;
    struct slice host;

    if (scheme == 0) {
        return false;
    }
    authority = before(slice_after(url, scheme), "/?#");
    host = before(authority, ":");
    if (host.length == 0 || memchr(authority.bytes, '@', authority.length) != NULL) {
        return false;
    }
    *out_url = (struct page_url){
        .origin = {url.bytes, scheme + authority.length},
        .host = host,
        .path = before(slice_after(url, scheme + authority.length), "?#"),
    };
    return true;
}
