/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the expectations of ladder.h are made of.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include "ladder.h"

/* Says what is wrong; the test fails, and goes on. */
void test_fail(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The conversation is over: conclusions are drawn. */
void test_finish(ladder *l);
void test_compare(const char *what, const char *is, const char *should);
void test_compare_numbers(const char *what, int64_t is, int64_t should);

#endif
