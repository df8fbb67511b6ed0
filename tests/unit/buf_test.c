/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/buf_test.c -- growth, the maximum, and that a failure sticks. */
#include "base/buf.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static arena a;

    arena_init(&a, 4 << 20);
    *state = &a;
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(*state);
    return 0;
}

static void builds_text(void **state)
{
    buf b;
    slice s;

    buf_init(&b, *state, 1000);
    buf_puts(&b, "a");
    buf_putc(&b, 'b');
    buf_slice(&b, SLICE("cd"));
    buf_slice(&b, NO_SLICE);
    buf_put(&b, "e\0f", 3);
    buf_printf(&b, "%s=%d", "x", 5);
    assert_int_equal(buf_done(&b, &s), OK);
    assert_int_equal(s.n, 10);
    assert_memory_equal(s.p, "abcde\0fx=5", 11); /* the NUL behind it, too */
}

static void empty_is_not_absent(void **state)
{
    buf b;
    slice s = NO_SLICE;

    buf_init(&b, *state, 0);
    assert_int_equal(buf_done(&b, &s), OK);
    assert_non_null(s.p);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.p[0], 0);
}

static void prints_numbers(void **state)
{
    static const struct {
        int64_t v;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-1, "-1"},
        {10, "10"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        buf b;
        slice s;
        buf_init(&b, *state, 100);
        buf_i64(&b, rows[i].v);
        assert_int_equal(buf_done(&b, &s), OK);
        assert_string_equal(s.p, rows[i].text);
    }
}

static void grows_and_keeps_all(void **state)
{
    buf b;
    slice s;

    buf_init(&b, *state, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_putc(&b, (char)('a' + i % 26));
    assert_int_equal(buf_done(&b, &s), OK);
    assert_int_equal(s.n, 100000);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.p[i], 'a' + (int)(i % 26));
}

static void the_maximum_is_exact_and_sticks(void **state)
{
    buf b;
    slice s = NO_SLICE;

    buf_init(&b, *state, 5);
    buf_puts(&b, "12345");
    assert_int_equal(buf_done(&b, &s), OK);
    assert_string_equal(s.p, "12345");

    buf_init(&b, *state, 5);
    buf_puts(&b, "1234");
    buf_puts(&b, "56");
    buf_puts(&b, "7"); /* would fit; must not be taken behind a hole */
    assert_null(buf_reserve(&b, 0));
    s = NO_SLICE;
    assert_int_equal(buf_done(&b, &s), ERR_TOO_LARGE);
    assert_null(s.p);
}

static void reserve_is_counted_by_the_caller(void **state)
{
    buf b;
    slice s;

    buf_init(&b, *state, 10000);
    buf_putc(&b, 'x');
    char *p = buf_reserve(&b, 5000);
    assert_non_null(p);
    memset(p, 'y', 5000);
    b.n += 3;
    assert_int_equal(buf_done(&b, &s), OK);
    assert_string_equal(s.p, "xyyy");
}

static bool always(void)
{
    return true;
}

static void no_memory_sticks(void **state)
{
    buf b;
    slice s;
    arena a;

    (void)state;
    arena_init(&a, 1 << 20);
    buf_init(&b, &a, 100);
    mem_set_fault(always);
    buf_putc(&b, 'x');
    mem_set_fault(NULL);
    buf_putc(&b, 'y');
    assert_int_equal(buf_done(&b, &s), ERR_NO_MEMORY);
    arena_deinit(&a);
}

int main(void)
{
#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_ARENA(builds_text),
        WITH_ARENA(empty_is_not_absent),
        WITH_ARENA(prints_numbers),
        WITH_ARENA(grows_and_keeps_all),
        WITH_ARENA(the_maximum_is_exact_and_sticks),
        WITH_ARENA(reserve_is_counted_by_the_caller),
        cmocka_unit_test(no_memory_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
