/*
 * page_script.h - the script that pages include to be counted: footfall.js, as it is served.
 *
 * Constant data, made from visits/footfall.js when this is built.
 */
#ifndef FOOTFALL_VISITS_PAGE_SCRIPT_H
#define FOOTFALL_VISITS_PAGE_SCRIPT_H

#include "base/slice.h"

/* What pages have to load for a number stays small; a test holds it. */
enum { PAGE_SCRIPT_BYTES_MAX = 1536 };

/* The script, ASCII. */
extern const struct slice page_script;

/* Its entity tag (RFC 9110 8.8.3) with the quotes: another script has another. */
extern const struct slice page_script_tag;

#endif
