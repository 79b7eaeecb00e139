/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_memory.h"

#include <string.h>

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
    guint i = list->len;

    while (i > 0 && list->pdata[i - 1] != element)
        i--;
    if (i == 0)
        return;
    memmove(list->pdata + i - 1, list->pdata + i, (list->len - i) * sizeof *list->pdata);
    list->len--;
}

void ike_list_cut(ike_list *list, guint len, GDestroyNotify free_element)
{
    for (guint i = len; free_element && i < list->len; i++)
        free_element(list->pdata[i]);
    list->len = MIN(list->len, len);
}

/* g_qsort_with_data is deprecated where g_sort_array is there. */
void ike_sort(gpointer array, size_t n, size_t element_size, GCompareDataFunc compare, gpointer data)
{
#if GLIB_CHECK_VERSION(2, 82, 0)
    g_sort_array(array, n, element_size, compare, data);
#else
    g_qsort_with_data(array, (gint)n, element_size, compare, data);
#endif
}

static gint by_pointers(gconstpointer a, gconstpointer b, gpointer compare)
{
    return (*(GCompareFunc *)compare)(a, b);
}

void ike_list_sort(ike_list *list, GCompareFunc compare_pointers)
{
    if (list->len > 1)
        ike_sort(list->pdata, list->len, sizeof *list->pdata, by_pointers, (gpointer)&compare_pointers);
}

void ike_list_clear(ike_list *list, GDestroyNotify free_element)
{
    ike_list_cut(list, 0, free_element);
    if (list->room > 1)
        g_free(list->pdata);
    *list = (ike_list){ 0 };
}

void ike_list_free(gpointer list)
{
    ike_list_clear(list, NULL);
    g_free(list);
}

void *ike_apart(const void *now, const void *none, size_t size)
{
    return now == none ? g_memdup2(none, size) : (void *)now;
}

/* ---- arena ---- */

#define BLOCK_SIZE 65536u
#define ALIGNMENT 8u

typedef struct ike_block {
    struct ike_block *older;
    max_align_t bytes[];
} ike_block;

/* A sanitizer sees what happens beyond a piece only when each has a block of its own. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED 1
#endif

#if defined(IS_WATCHED)
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

void *ike_arena_grow(ike_arena *arena, const void *piece, size_t old_size, size_t size)
{
    void *larger = ike_arena_new(arena, size);

    if (old_size > 0)
        memcpy(larger, piece, old_size);
    return larger;
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
