/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_hash.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t seed(void)
{
    static gsize is_drawn;
    static uint64_t drawn;

    if (g_once_init_enter(&is_drawn)) {
        drawn = (uint64_t)g_random_int() << 32 | g_random_int();
        g_once_init_leave(&is_drawn, 1);
    }
    return drawn;
}

uint64_t ike_hash_wide(const void *key, size_t n)
{
    return XXH3_64bits_withSeed(key, n, seed());
}

guint ike_hash(const void *key, size_t n)
{
    return (guint)ike_hash_wide(key, n);
}

guint ike_hash_number(gconstpointer p)
{
    const uint32_t number = GPOINTER_TO_UINT(p);

    return ike_hash(&number, sizeof number);
}

guint ike_hash_64(gconstpointer key)
{
    return ike_hash(key, sizeof(uint64_t));
}

guint ike_hash_text(gconstpointer text)
{
    return ike_hash(text, strlen(text));
}
