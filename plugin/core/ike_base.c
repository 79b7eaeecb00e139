/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_base.h"

#include "ike_hash.h"

#include <stdlib.h>
#include <string.h>

ike_addr ike_addr_make(unsigned family, const uint8_t *bytes)
{
    ike_addr a = { .family = (uint8_t)family };

    memcpy(a.bytes, bytes, ike_addr_length(&a));
    return a;
}

size_t ike_addr_length(const ike_addr *a)
{
    return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

bool ike_addr_equal(const ike_addr *a, const ike_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool ike_endpoint_equal(const ike_endpoint *a, const ike_endpoint *b)
{
    return a->port == b->port && ike_addr_equal(&a->addr, &b->addr);
}

guint ike_addr_key_hash(gconstpointer addr)
{
    return ike_hash(addr, sizeof(ike_addr));
}

/* RFC 5952: the longest run of two or more zero groups becomes "::". */
static void append_ipv6(GString *out, const uint8_t *bytes)
{
    int best = -1, best_length = 1;

    for (int i = 0; i < 8; i++) {
        int n = 0;

        while (i + n < 8 && ike_be16(bytes + 2 * (i + n)) == 0)
            n++;
        if (n > best_length) {
            best = i;
            best_length = n;
        }
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            g_string_append(out, "::");
            i += best_length - 1;
            continue;
        }
        if (i > 0 && (best < 0 || i != best + best_length))
            g_string_append_c(out, ':');
        g_string_append_printf(out, "%x", ike_be16(bytes + 2 * i));
    }
}

void ike_addr_append(GString *out, const ike_addr *a)
{
    if (a->family == 4)
        g_string_append_printf(out, "%u.%u.%u.%u", a->bytes[0], a->bytes[1], a->bytes[2],
                               a->bytes[3]);
    else if (a->family == 6)
        append_ipv6(out, a->bytes);
    else
        g_string_append_c(out, '-');
}

void ike_endpoint_append(GString *out, const ike_endpoint *e)
{
    if (e->addr.family == 6)
        g_string_append_c(out, '[');
    ike_addr_append(out, &e->addr);
    if (e->addr.family == 6)
        g_string_append_c(out, ']');
    g_string_append_printf(out, ":%u", e->port);
}

void ike_count_append(GString *out, uint64_t n, const char *one, const char *many)
{
    g_string_append_printf(out, "%" G_GUINT64_FORMAT " %s", n, n == 1 ? one : many);
}

void ike_number_append(GString *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    g_string_append_len(out, digits + at, (gssize)(sizeof digits - at));
}

void ike_seconds_append(GString *out, ike_time span)
{
    const uint64_t ms = (span < 0 ? -(uint64_t)span : (uint64_t)span) / (uint64_t)IKE_MILLISECOND;
    const unsigned rest = (unsigned)(ms % 1000);
    const char decimals[] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

    if (span < 0)
        g_string_append_c(out, '-');
    ike_number_append(out, ms / 1000);
    g_string_append_len(out, decimals, sizeof decimals);
}

void ike_text_append(GString *out, const uint8_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        g_string_append_c(out, g_ascii_isgraph((gchar)text[i]) ? (gchar)text[i] : '?');
}

const char *ike_known_by_name(ike_known_by known)
{
    static const char *const names[] = {
        [IKE_KNOWN_NOT] = "unknown",         [IKE_KNOWN_GUESS] = "guess",     [IKE_KNOWN_ORDER] = "order",
        [IKE_KNOWN_DIRECTION] = "direction", [IKE_KNOWN_CONTENT] = "content", [IKE_KNOWN_KEYS] = "keys",
    };

    return names[known];
}

const char *ike_role_name(ike_role role)
{
    static const char *const names[] = { "unknown", "initiator", "responder" };

    return names[role];
}

gboolean ike_addr_key_equal(gconstpointer a, gconstpointer b)
{
    return ike_addr_equal(a, b);
}

static void grow(ike_list *list)
{
    if (list->room == 0) {
        list->pdata = &list->one;
        list->room = 1;
        return;
    }
    if (list->room == 1) {
        list->pdata = g_new(void *, 4);
        list->pdata[0] = list->one;
        list->room = 4;
        return;
    }
    list->room *= 2;
    list->pdata = g_renew(void *, list->pdata, list->room);
}

void ike_list_insert(ike_list *list, guint index, void *element)
{
    if (list->len == list->room)
        grow(list);
    memmove(list->pdata + index + 1, list->pdata + index, (list->len - index) * sizeof *list->pdata);
    list->pdata[index] = element;
    list->len++;
}

void ike_list_add(ike_list *list, void *element)
{
    ike_list_insert(list, list->len, element);
}

void ike_list_remove(ike_list *list, const void *element)
{
    for (guint i = 0; i < list->len; i++) {
        if (list->pdata[i] != element)
            continue;
        list->len--;
        memmove(list->pdata + i, list->pdata + i + 1, (list->len - i) * sizeof *list->pdata);
        return;
    }
}

void ike_list_cut(ike_list *list, guint len, GDestroyNotify free_element)
{
    for (guint i = len; free_element && i < list->len; i++)
        free_element(list->pdata[i]);
    list->len = len;
}

void ike_list_sort(ike_list *list, GCompareFunc compare_pointers)
{
    if (list->len > 1)
        qsort(list->pdata, list->len, sizeof *list->pdata, compare_pointers);
}

void ike_list_clear(ike_list *list, GDestroyNotify free_element)
{
    ike_list_cut(list, 0, free_element);
    if (list->room > 1)
        g_free(list->pdata);
    *list = (ike_list){ 0 };
}

/* ---- memory ---- */

#define BLOCK_SIZE 65536u
#define ALIGNMENT 16u

typedef struct ike_block {
    struct ike_block *older;
    max_align_t bytes[];
} ike_block;

/* A sanitizer sees what happens beyond a piece only when each has a block of its own. */
#if defined(__SANITIZE_ADDRESS__)
#define SMALLEST_BLOCK 0u
#else
#define SMALLEST_BLOCK BLOCK_SIZE
#endif

static void add_block(ike_arena *arena, size_t size)
{
    const size_t room = MAX(size, SMALLEST_BLOCK);
    ike_block *block = g_malloc0(sizeof *block + room);

    block->older = arena->blocks;
    arena->blocks = block;
    arena->at = (uint8_t *)block->bytes;
    arena->left = room;
}

void *ike_arena_new(ike_arena *arena, size_t size)
{
    void *piece;

    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (arena->left < size)
        add_block(arena, size);
    piece = arena->at;
    arena->at += size;
    arena->left -= size;
    return piece;
}

void ike_arena_free(ike_arena *arena)
{
    while (arena->blocks) {
        ike_block *older = arena->blocks->older;

        g_free(arena->blocks);
        arena->blocks = older;
    }
    *arena = (ike_arena){ 0 };
}
