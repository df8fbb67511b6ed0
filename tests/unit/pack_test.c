/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/pack_test.c -- round trips at every width, and readers that meet damage. */
#include "base/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena a;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&a);
    return 0;
}

static slice packed(buf *b)
{
    slice s = NO_SLICE;

    assert_int_equal(buf_done(b, &s), OK);
    return s;
}

static slice packed_varint(uint64_t v)
{
    buf b;

    buf_init(&b, &a, 100);
    pack_varint(&b, v);
    return packed(&b);
}

static void varints_round_trip_in_the_fewest_bytes(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        uint64_t top = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        for (uint64_t back = 0; back < 3 && back <= top; back++) {
            uint64_t v = top - back;
            slice s = packed_varint(v);
            unpack u;
            unpack_init(&u, s);
            assert_true(unpack_varint(&u) == v);
            assert_false(u.broken);
            assert_false(unpack_more(&u));
            size_t width = 1;
            for (uint64_t rest = v >> 7; rest; rest >>= 7)
                width++;
            assert_int_equal(s.n, width);
        }
    }
    assert_memory_equal(packed_varint(300).p, "\xAC\x02", 2);
}

static void zigzag_round_trips(void **state)
{
    static const int64_t rows[] = {0, -1, 1, -64, 64, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    buf b;
    unpack u;

    (void)state;
    buf_init(&b, &a, 100);
    for (size_t i = 0; i < COUNT(rows); i++)
        pack_zigzag(&b, rows[i]);
    unpack_init(&u, packed(&b));
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_true(unpack_zigzag(&u) == rows[i]);
    assert_false(u.broken || unpack_more(&u));

    buf_init(&b, &a, 100);
    pack_zigzag(&b, -64);
    assert_int_equal(packed(&b).n, 1);
}

static void words_are_little_endian(void **state)
{
    buf b;
    unpack u;

    (void)state;
    buf_init(&b, &a, 100);
    pack_u32(&b, 0x89ABCDEF);
    pack_u32(&b, UINT32_MAX);
    slice s = packed(&b);
    assert_int_equal(s.n, 8);
    assert_memory_equal(s.p, "\xEF\xCD\xAB\x89\xFF\xFF\xFF\xFF", 8);
    unpack_init(&u, s);
    assert_true(unpack_u32(&u) == 0x89ABCDEF);
    assert_true(unpack_u32(&u) == UINT32_MAX);
    assert_false(u.broken || unpack_more(&u));
}

static void texts_are_borrowed(void **state)
{
    buf b;
    unpack u;

    (void)state;
    buf_init(&b, &a, 1000);
    pack_text(&b, SLICE("hello"));
    pack_text(&b, SLICE(""));
    pack_text(&b, NO_SLICE);
    pack_text(&b, SLICE("a\0b"));
    slice all = packed(&b);
    unpack_init(&u, all);
    slice s = unpack_text(&u);
    assert_true(slice_is(s, "hello"));
    assert_ptr_equal(s.p, all.p + 1);
    s = unpack_text(&u);
    assert_true(s.p && s.n == 0);
    s = unpack_text(&u);
    assert_true(s.p && s.n == 0);
    assert_true(slice_eq(unpack_text(&u), SLICE("a\0b")));
    assert_false(u.broken || unpack_more(&u));
}

static void overlong_varints_break(void **state)
{
    static const slice rows[] = {
        SLICE_INIT(""),
        SLICE_INIT("\x80"),
        SLICE_INIT("\x80\x00"), /* zero in two bytes */
        SLICE_INIT("\xFF\x80\x00"),
        SLICE_INIT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), /* bit 64 */
        SLICE_INIT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x00"),
        SLICE_INIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unpack u;
        unpack_init(&u, rows[i]);
        assert_true(unpack_varint(&u) == 0);
        assert_true(u.broken);
        assert_false(unpack_more(&u));
    }
}

static void broken_sticks(void **state)
{
    unpack u;

    (void)state;
    unpack_init(&u, SLICE("\x01\x02\x03"));
    assert_int_equal(unpack_u32(&u), 0);
    assert_true(u.broken);
    assert_int_equal(unpack_varint(&u), 0); /* though three good ones were there */
    assert_int_equal(unpack_zigzag(&u), 0);
    assert_int_equal(unpack_u32(&u), 0);
    assert_null(unpack_text(&u).p);
    assert_true(u.broken);

    unpack_init(&u, NO_SLICE);
    assert_false(unpack_more(&u));
    assert_false(u.broken);
    assert_int_equal(unpack_varint(&u), 0);
    assert_true(u.broken);
}

static void a_text_longer_than_the_bytes_breaks(void **state)
{
    static const slice rows[] = {
        SLICE_INIT("\x05"
                   "hell"),
        SLICE_INIT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01x"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unpack u;
        unpack_init(&u, rows[i]);
        assert_null(unpack_text(&u).p);
        assert_true(u.broken);
    }
}

static void a_full_buffer_takes_what_fits(void **state)
{
    buf b;

    (void)state;
    buf_init(&b, &a, 1);
    pack_varint(&b, 127);
    assert_int_equal(packed(&b).n, 1);
    buf_init(&b, &a, 1);
    pack_varint(&b, 128);
    slice s;
    assert_int_equal(buf_done(&b, &s), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_round_trip_in_the_fewest_bytes),
        cmocka_unit_test(zigzag_round_trips),
        cmocka_unit_test(words_are_little_endian),
        cmocka_unit_test(texts_are_borrowed),
        cmocka_unit_test(overlong_varints_break),
        cmocka_unit_test(broken_sticks),
        cmocka_unit_test(a_text_longer_than_the_bytes_breaks),
        cmocka_unit_test(a_full_buffer_takes_what_fits),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
