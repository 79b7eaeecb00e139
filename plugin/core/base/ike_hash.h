/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hashes of the keys of tables. Whoever sends packets chooses cookies, SPIs, message IDs and addresses, and must
 * not know which of them fall into one place of a table: so each process draws a seed. Nothing that is said may
 * depend on the order of a table, which differs from run to run.
 */
#ifndef IKE_HASH_H
#define IKE_HASH_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Of bytes without padding. */
guint ike_hash(const void *key, size_t n);
/* The same with 64 bits: for sets that keep the hash in place of the key. */
uint64_t ike_hash_wide(const void *key, size_t n);
/* For tables whose keys are numbers of 32 bits in the place of pointers, .. */
guint ike_hash_number(gconstpointer number);
/* .. that are pointers to 64 bits, .. */
guint ike_hash_64(gconstpointer key);
/* .. or strings. */
guint ike_hash_text(gconstpointer text);

#endif
