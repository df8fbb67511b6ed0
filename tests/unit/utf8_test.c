/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/utf8_test.c -- every code point, and every way of being ill-formed. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_scalar(uint32_t c)
{
    return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

static void every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        char bytes[4];
        size_t at = 0;
        if (!is_scalar(c))
            continue;
        slice s = {bytes, utf8_put(bytes, c)};
        if (!utf8_valid(s) || utf8_length(s) != 1 || utf8_next(s, &at) != c || at != s.n)
            fail_msg("U+%04X", c);
    }
}

static void lengths_are_the_standard_ones(void **state)
{
    char to[4];

    (void)state;
    assert_int_equal(utf8_put(to, 0x7F), 1);
    assert_int_equal(utf8_put(to, 0x80), 2);
    assert_int_equal(utf8_put(to, 0x7FF), 2);
    assert_int_equal(utf8_put(to, 0x800), 3);
    assert_int_equal(utf8_put(to, 0xFFFF), 3);
    assert_int_equal(utf8_put(to, 0x10000), 4);
    assert_int_equal(utf8_put(to, 0x20AC), 3);
    assert_memory_equal(to, "\xE2\x82\xAC", 3);
    assert_int_equal(utf8_put(to, 0xD800), 3); /* no such thing: U+FFFD */
    assert_memory_equal(to, "\xEF\xBF\xBD", 3);
    assert_int_equal(utf8_put(to, 0x110000), 3);
    assert_memory_equal(to, "\xEF\xBF\xBD", 3);
}

static const slice ill_formed[] = {
    SLICE_INIT("\x80"),             /* a continuation alone */
    SLICE_INIT("\xBF"),             /* the last of them */
    SLICE_INIT("\xC0\xAF"),         /* overlong / */
    SLICE_INIT("\xC0\x80"),         /* overlong NUL */
    SLICE_INIT("\xC1\xBF"),         /* overlong U+007F */
    SLICE_INIT("\xE0\x80\xAF"),     /* overlong / in three */
    SLICE_INIT("\xE0\x9F\xBF"),     /* overlong U+07FF */
    SLICE_INIT("\xF0\x80\x80\xAF"), /* overlong / in four */
    SLICE_INIT("\xF0\x8F\xBF\xBF"), /* overlong U+FFFF */
    SLICE_INIT("\xED\xA0\x80"),     /* U+D800 */
    SLICE_INIT("\xED\xBF\xBF"),     /* U+DFFF */
    SLICE_INIT("\xF4\x90\x80\x80"), /* U+110000 */
    SLICE_INIT("\xF5\x80\x80\x80"), /* beyond */
    SLICE_INIT("\xF8\x88\x80\x80\x80"),
    SLICE_INIT("\xFE"),
    SLICE_INIT("\xFF"),
    SLICE_INIT("\xC3"), /* cut short */
    SLICE_INIT("\xE2\x82"),
    SLICE_INIT("\xF0\x9F\x98"),
    SLICE_INIT("\xC3\x28"), /* not continued */
    SLICE_INIT("\xE2\x28\xA1"),
    SLICE_INIT("\xE2\x82\x28"),
    SLICE_INIT("\xF0\x28\x8C\xBC"),
    SLICE_INIT("\xF0\x9F\x28\x80"),
    SLICE_INIT("\xF0\x9F\x98\x28"),
};

static void ill_formed_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ill_formed); i++) {
        slice bad = ill_formed[i];
        size_t at = 0;
        assert_false(utf8_valid(bad));
        assert_int_equal(utf8_next(bad, &at), 0xFFFD);
        assert_int_equal(at, 1);

        for (size_t before = 0; before < 20; before++) {
            char text[40];
            memset(text, 'a', sizeof(text));
            memcpy(text + before, bad.p, bad.n);
            assert_false(utf8_valid((slice){text, before + bad.n}));
            assert_false(utf8_valid((slice){text, sizeof(text)}));
        }
    }
}

static void a_bound_is_not_read_over(void **state)
{
    static const char euros[] = "\xE2\x82\xAC\xE2\x82\xAC";

    (void)state;
    assert_true(utf8_valid((slice){euros, 3}));
    assert_true(utf8_valid((slice){euros, 6}));
    for (size_t n = 1; n < 6; n++) {
        if (n != 3)
            assert_false(utf8_valid((slice){euros, n}));
    }
}

static void nul_is_refused(void **state)
{
    (void)state;
    assert_true(utf8_valid(SLICE("")));
    assert_true(utf8_valid(NO_SLICE));
    for (size_t i = 0; i < 20; i++) {
        char text[20];
        memset(text, 'x', sizeof(text));
        assert_true(utf8_valid((slice){text, sizeof(text)}));
        text[i] = '\0';
        assert_false(utf8_valid((slice){text, sizeof(text)}));
        text[i] = '\x7F';
        assert_true(utf8_valid((slice){text, sizeof(text)}));
        text[i] = '\x80';
        assert_false(utf8_valid((slice){text, sizeof(text)}));
    }
}

static void code_points_are_counted(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(SLICE("")), 0);
    assert_int_equal(utf8_length(SLICE("abc")), 3);
    assert_int_equal(utf8_length(SLICE("h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!")), 5);
}

static void next_walks_on_after_damage(void **state)
{
    static const uint32_t want[] = {'a', 0xFFFD, 0xFFFD, 'b', 0xE9, 0xFFFD};
    slice s = SLICE("a\xE2\x82"
                    "b\xC3\xA9\xF0");
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(want); i++)
        assert_int_equal(utf8_next(s, &at), want[i]);
    assert_int_equal(at, s.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(lengths_are_the_standard_ones),
        cmocka_unit_test(ill_formed_is_refused_wherever_it_stands),
        cmocka_unit_test(a_bound_is_not_read_over),
        cmocka_unit_test(nul_is_refused),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(next_walks_on_after_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
