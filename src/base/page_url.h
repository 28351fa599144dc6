/*
 * page_url.h - the parts of a page's URL, as a browser names it in Origin and Referer. Pure.
 */
#ifndef FOOTFALL_BASE_PAGE_URL_H
#define FOOTFALL_BASE_PAGE_URL_H

#include "base/slice.h"

#include <stdbool.h>

/* Borrowed from the URL. */
struct page_url {
    struct slice origin; /* "http://mysite.com:8080" */
    struct slice host;   /* "mysite.com" */
    struct slice path;   /* "/page", without query and fragment; may be empty */
};

/* False, with *out_url untouched, for what is no http or https URL with a host: "null", say. Nor is
 * one with a user: no browser names one, and what stands before a password is no host. */
bool page_url_read(struct slice url, struct page_url *out_url);

#endif
