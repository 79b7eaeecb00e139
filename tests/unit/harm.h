/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bytes that are read as they are, cut off anywhere, and mutated.
 */
#ifndef HARM_H
#define HARM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LONGEST_TEXT 1200 /* of whatever input: eight selectors of IPv6 ranges with their ports, and some room */

typedef void (*harm_reader)(const uint8_t *data, size_t n);
typedef char *(*harm_text)(const uint8_t *data, size_t n);

/* A copy in a block of exactly its size, so a sanitizer sees reads beyond it; valid until the next call. */
const uint8_t *harm_exact(const uint8_t *data, size_t n);
void harm_free(void);

/* Gives `read` these bytes, every truncation of them, and many mutations. */
void harm(harm_reader read, const char *hex);
/* The next random number below n, for what a reader leaves out. */
size_t harm_below(size_t n);
/* Asserts that a text is short and printable, or none. */
void harm_read_text(harm_text text_of, const uint8_t *data, size_t n);

typedef struct harm_row {
    const char *hex, *text; /* NULL: none */
} harm_row;

/* Asserts the text of each row, and harms its bytes. */
void harm_rows(const harm_row *rows, size_t n, harm_text text_of, harm_reader read);

#endif
