/*
 * page_script.c - the script that pages include to be counted.
 */
#include "visits/page_script.h"

#include "visits/footfall.js.h"

const struct slice page_script = {PAGE_SCRIPT, sizeof PAGE_SCRIPT - 1};

const struct slice page_script_tag = {"\"" PAGE_SHA1 "\"", sizeof PAGE_SHA1 + 1};
