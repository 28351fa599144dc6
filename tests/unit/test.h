/*
 * test.h - cmocka with what its header needs before it.
 */
#ifndef FOOTFALL_TEST_H
#define FOOTFALL_TEST_H

/* In this order: cmocka.h declares with types of these and includes none of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#endif
