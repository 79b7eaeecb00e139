/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Lists and memory for what there may be a million of.
 */
#ifndef IKE_MEMORY_H
#define IKE_MEMORY_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Sorts `n` elements of `element_size` bytes; those that are equal keep their order. */
void ike_sort(gpointer array, size_t n, size_t element_size, GCompareDataFunc compare, gpointer data);

/* A list of pointers, a struct of zeros at first, which must stay where it is. An SA has ten of them, most with no
 * element or one: GPtrArray takes 176 bytes for the first one. */
typedef struct ike_list {
    void **pdata;
    guint len, room;
    void *one; /* where pdata points while there is no more */
} ike_list;

void ike_list_add(ike_list *list, void *element);
/* Adds it before the element with this index, or at the end. */
void ike_list_insert(ike_list *list, guint index, void *element);
/* Removes the last such element, if there is one; the others keep their order. */
void ike_list_remove(ike_list *list, const void *element);
/* Keeps the first `len` elements; frees the others with a function, if there is one. */
void ike_list_cut(ike_list *list, guint len, GDestroyNotify free_element);
/* Elements that are equal keep their order. */
void ike_list_sort(ike_list *list, GCompareFunc compare_pointers);
/* Frees the list, and with a function each element. */
void ike_list_clear(ike_list *list, GDestroyNotify free_element);
/* Frees a list of g_new, and not its elements. */
void ike_list_free(gpointer list);

/* What few of its owners have is apart from them: they point to a constant that says nothing until they have it. Takes
 * what the owner points to now, that constant, and its size; returns what can be written to, at first a copy of the
 * constant. g_free frees that. */
void *ike_apart(const void *now, const void *none, size_t size);

/* Memory that is freed all at once: small pieces, made by the million. A struct of zeros at first. */
typedef struct ike_arena {
    struct ike_block *blocks;
    uint8_t *at; /* free bytes of the newest block .. */
    size_t left; /* .. and how many */
} ike_arena;

/* Returns `size` bytes of zeros, aligned for pointers and numbers of 64 bits. */
void *ike_arena_new(ike_arena *arena, size_t size);
/* Returns a copy of a piece, with zeros behind it. The old piece stays until all is freed: let the size at least
 * double. */
void *ike_arena_grow(ike_arena *arena, const void *piece, size_t old_size, size_t size);
void ike_arena_free(ike_arena *arena);

#endif
