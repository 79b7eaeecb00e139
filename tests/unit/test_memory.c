/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Lists and memory of ike_memory.h.
 */
#include "ike_memory.h"

#include <stdbool.h>
#include <string.h>

static char letters[] = "abcdefghijklmnopqrstuvwxyz";

/* The list of these letters. */
static void fill(ike_list *list, const char *text)
{
    for (; *text; text++)
        ike_list_add(list, &letters[*text - 'a']);
}

static void assert_list(const ike_list *list, const char *text)
{
    g_assert_cmpuint(list->len, ==, strlen(text));
    for (guint i = 0; i < list->len; i++)
        g_assert_cmpint(*(const char *)list->pdata[i], ==, text[i]);
}

static void test_add(void)
{
    ike_list list = { 0 };

    for (size_t n = 0; n <= 26; n++) {
        char *text = g_strndup(letters, n);

        assert_list(&list, text);
        g_free(text);
        if (n < 26)
            ike_list_add(&list, &letters[n]);
    }
    ike_list_clear(&list, NULL);
    assert_list(&list, "");
    fill(&list, "xyz"); /* a list that was cleared is one of zeros */
    assert_list(&list, "xyz");
    ike_list_clear(&list, NULL);
}

static void test_insert(void)
{
    ike_list list = { 0 };

    ike_list_insert(&list, 0, &letters[2]);
    ike_list_insert(&list, 0, &letters[0]);
    ike_list_insert(&list, 1, &letters[1]);
    ike_list_insert(&list, 3, &letters[3]);
    assert_list(&list, "abcd");
    ike_list_insert(&list, 2, &letters[25]); /* where it has to grow */
    assert_list(&list, "abzcd");
    ike_list_clear(&list, NULL);
}

static void test_remove(void)
{
    ike_list list = { 0 };

    fill(&list, "a");
    ike_list_remove(&list, &letters[1]);
    assert_list(&list, "a");
    ike_list_remove(&list, &letters[0]);
    assert_list(&list, "");
    ike_list_remove(&list, &letters[0]);
    fill(&list, "abcbd");
    ike_list_remove(&list, &letters[1]);
    assert_list(&list, "abcd");
    ike_list_remove(&list, &letters[3]);
    assert_list(&list, "abc");
    ike_list_remove(&list, &letters[0]);
    assert_list(&list, "bc");
    ike_list_clear(&list, NULL);
}

static unsigned freed;

static void count(gpointer element)
{
    freed += *(char *)element;
}

static void test_cut(void)
{
    ike_list list = { 0 };

    fill(&list, "abcde");
    ike_list_cut(&list, 5, count);
    ike_list_cut(&list, 9, count); /* there are no more */
    g_assert_cmpuint(freed, ==, 0);
    assert_list(&list, "abcde");
    ike_list_cut(&list, 3, count);
    g_assert_cmpuint(freed, ==, 'd' + 'e');
    assert_list(&list, "abc");
    ike_list_cut(&list, 2, NULL);
    ike_list_clear(&list, count);
    g_assert_cmpuint(freed, ==, 'd' + 'e' + 'a' + 'b');
    freed = 0;
}

static gint by_letter(gconstpointer a, gconstpointer b)
{
    return **(char *const *)a - **(char *const *)b;
}

static gint all_equal(gconstpointer a G_GNUC_UNUSED, gconstpointer b G_GNUC_UNUSED)
{
    return 0;
}

static void test_sort(void)
{
    ike_list list = { 0 };

    ike_list_sort(&list, by_letter);
    fill(&list, "c");
    ike_list_sort(&list, by_letter);
    fill(&list, "abzdab");
    ike_list_sort(&list, all_equal);
    assert_list(&list, "cabzdab");
    ike_list_sort(&list, by_letter);
    assert_list(&list, "aabbcdz");
    ike_list_clear(&list, NULL);
}

/* ike_list_free is for a list that g_new made, in a table of GLib for example. */
static void test_free(void)
{
    ike_list *list = g_new0(ike_list, 1);

    fill(list, "abcde");
    ike_list_free(list);
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
    return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

/* Pieces of all sizes, larger ones than a block as well: zeros, aligned, and none inside another. */
static void test_arena(void)
{
    static const size_t sizes[] = { 1, 15, 16, 17, 144, 536, 65535, 65536, 65537, 200000, 8 };
    uint8_t *pieces[20 * G_N_ELEMENTS(sizes)];
    ike_arena arena = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        const size_t size = sizes[i % G_N_ELEMENTS(sizes)];

        pieces[i] = ike_arena_new(&arena, size);
        g_assert_cmpuint((uintptr_t)pieces[i] % G_ALIGNOF(uint64_t), ==, 0);
        g_assert_true(is_zero(pieces[i], size));
        memset(pieces[i], (int)i + 1, size);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++)
        for (size_t at = 0; at < sizes[i % G_N_ELEMENTS(sizes)]; at++)
            if (pieces[i][at] != (uint8_t)(i + 1))
                g_error("piece %zu was written to by another one", i);
    ike_arena_free(&arena);
    g_assert_null(arena.blocks);
    g_assert_true(is_zero(ike_arena_new(&arena, 32), 32));
    ike_arena_free(&arena);
    ike_arena_free(&arena);
}

static void test_grow(void)
{
    static const uint8_t few[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 };
    ike_arena arena = { 0 };
    uint8_t *empty = ike_arena_grow(&arena, NULL, 0, 3), *piece = ike_arena_grow(&arena, few, sizeof few, 100);

    g_assert_true(is_zero(empty, 3));
    memset(empty, 0xff, 3);
    g_assert_cmpmem(piece, sizeof few, few, sizeof few);
    g_assert_true(is_zero(piece + sizeof few, 100 - sizeof few));
    ike_arena_free(&arena);
}

/* What is apart is a copy of the constant at first, and stays the same after that. */
static void apart(void)
{
    static const int none = 7;
    int *own = ike_apart(&none, &none, sizeof none);

    g_assert_true(own != &none);
    g_assert_cmpint(*own, ==, 7);
    *own = 8;
    g_assert_true(ike_apart(own, &none, sizeof none) == own);
    g_assert_cmpint(none, ==, 7);
    g_free(own);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/add", test_add);
    g_test_add_func("/memory/insert", test_insert);
    g_test_add_func("/memory/remove", test_remove);
    g_test_add_func("/memory/cut", test_cut);
    g_test_add_func("/memory/sort", test_sort);
    g_test_add_func("/memory/free", test_free);
    g_test_add_func("/memory/arena", test_arena);
    g_test_add_func("/memory/grow", test_grow);
    g_test_add_func("/memory/apart", apart);
    return g_test_run();
}
