/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/arena_test.c -- alignment, the ceiling, resets, and machines without memory. */
#include "base/arena.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void blocks_are_aligned_and_apart(void **state)
{
    arena a;
    char *before = NULL;

    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(a.used, 0);
    for (size_t n = 0; n < 100; n++) {
        char *p = arena_alloc(&a, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_ptr_not_equal(p, before);
        memset(p, (int)n, n);
        if (n > 1)
            assert_int_equal(before[n - 2], (char)(n - 1));
        before = p;
    }
    arena_deinit(&a);
    assert_int_equal(a.used, 0);
}

static void zeroed_means_zeroed(void **state)
{
    static const char zeros[1000];
    arena a;

    (void)state;
    arena_init(&a, 1 << 20);
    memset(arena_alloc(&a, sizeof(zeros)), 0xAB, sizeof(zeros));
    arena_reset(&a);
    assert_memory_equal(arena_zalloc(&a, sizeof(zeros)), zeros, sizeof(zeros));
    arena_reset(&a);
    assert_memory_equal(arena_array(&a, 10, 100), zeros, sizeof(zeros));
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    arena_deinit(&a);
}

static void the_ceiling_holds(void **state)
{
    arena a;
    size_t got = 0;

    (void)state;
    arena_init(&a, 100 * 1000);
    assert_null(arena_alloc(&a, 100 * 1000 + 1));
    assert_null(arena_alloc(&a, SIZE_MAX));
    while (arena_alloc(&a, 1000))
        got += 1000;
    assert_in_range(got, 90 * 1000, 100 * 1000);
    assert_true(a.used <= 100 * 1000);

    arena_reset(&a);
    assert_true(a.used > 0 && a.used < 50 * 1000);
    assert_non_null(arena_alloc(&a, 1000));
    arena_deinit(&a);

    arena_init(&a, 0);
    assert_null(arena_alloc(&a, 1));
    arena_deinit(&a);
}

static void copies_and_formats(void **state)
{
    arena a;
    char text[] = "hello";

    (void)state;
    arena_init(&a, 1 << 20);
    slice s = arena_dup(&a, (slice){text, 5});
    text[0] = 'j';
    assert_string_equal(s.p, "hello");
    assert_int_equal(s.n, 5);
    assert_null(arena_dup(&a, NO_SLICE).p);
    s = arena_dup(&a, SLICE(""));
    assert_non_null(s.p);
    assert_int_equal(s.n, 0);

    s = arena_printf(&a, "%d-%s", 7, "x");
    assert_string_equal(s.p, "7-x");
    assert_int_equal(s.n, 3);
    s = arena_printf(&a, "%0*d", 20000, 7);
    assert_int_equal(s.n, 20000);
    assert_int_equal(s.p[19999], '7');
    assert_null(arena_printf(&a, "%0*d", 2000000, 7).p);
    arena_deinit(&a);
}

static bool always(void)
{
    return true;
}

static void no_memory_is_an_answer(void **state)
{
    arena a;

    (void)state;
    arena_init(&a, 1 << 20);
    mem_set_fault(always);
    void *p = arena_alloc(&a, 10);
    slice s = arena_dup(&a, SLICE("x"));
    mem_set_fault(NULL);
    assert_null(p);
    assert_null(s.p);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_alloc(&a, 10));
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_apart),
        cmocka_unit_test(zeroed_means_zeroed),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(copies_and_formats),
        cmocka_unit_test(no_memory_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
