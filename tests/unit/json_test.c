/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/json_test.c -- what is read and refused, what is written, and merging. */
#include "base/json.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

static arena a;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, 64 * MIB);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&a);
    return 0;
}

static json_t *read_ok(slice text)
{
    json_t *value = NULL;
    slice why = NO_SLICE;

    if (json_read(&a, text, &value, &why))
        fail_msg("%.*s: %.*s", (int)text.n, text.p, (int)why.n, why.p);
    return value;
}

static const char *written(const json_t *value)
{
    buf b;
    slice s = NO_SLICE;

    buf_init(&b, &a, 32 * MIB);
    json_write(&b, value);
    assert_int_equal(buf_done(&b, &s), OK);
    return s.p;
}

static void values_round_trip_compact(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"null", "null"},
        {" true\n", "true"},
        {"false", "false"},
        {"0", "0"},
        {"-0", "0"},
        {"-7", "-7"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"1.0", "1.0"},
        {"1e2", "100.0"},
        {"-0.0", "-0.0"},
        {"0.1", "0.1"},
        {"\"\"", "\"\""},
        {"[]", "[]"},
        {"{}", "{}"},
        {"[ 1 , [ ] , { } ]", "[1,[],{}]"},
        {"{\"z\": 1, \"a\": {\"c\": null, \"b\": []}, \"m\": 2}",
         "{\"z\":1,\"a\":{\"c\":null,\"b\":[]},\"m\":2}"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
        {"{\"\": 1}", "{\"\":1}"},
        {"\"\\u00e9\\u20AC\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\"\\\\\\u0001\\u007f\"",
         "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\\b\\f\\n\\r\\t\\\"\\\\\\u0001\x7F\""},
        {"{\"a\\nb\": \"\xE2\x80\xA8\"}", "{\"a\\nb\":\"\xE2\x80\xA8\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *once = written(read_ok(slice_of(rows[i].from)));
        assert_string_equal(once, rows[i].to);
        assert_string_equal(written(read_ok(slice_of(once))), once);
    }
}

static void many_keys_keep_their_order(void **state)
{
    buf b;
    slice s;

    (void)state;
    buf_init(&b, &a, MIB);
    for (int i = 0; i < 2000; i++)
        buf_printf(&b, "%s\"k%d\":%d", i ? "," : "{", i * 7919 % 2000, i);
    buf_puts(&b, "}");
    assert_int_equal(buf_done(&b, &s), OK);
    assert_string_equal(written(read_ok(s)), s.p);
}

static void refuse(slice text, const char *because)
{
    json_t *value = NULL;
    slice why = NO_SLICE;
    err e = json_read(&a, text, &value, &why);

    if (e != ERR_BAD_REQUEST || value || !why.p)
        fail_msg("%.*s: %s", (int)text.n, text.p ? text.p : "", err_name(e));
    if (!memmem(why.p, why.n, because, strlen(because)))
        fail_msg("%.*s: said \"%.*s\", not \"%s\"", (int)text.n, text.p, (int)why.n, why.p,
                 because);
    assert_true(memmem(why.p, why.n, "near line ", 10));
    assert_true(utf8_valid(why));
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    refuse(SLICE(""), "too early");
    refuse(NO_SLICE, "too early");
    refuse(SLICE("  "), "too early");
    refuse(SLICE("{\"a\":"), "too early");
    refuse(SLICE("[1"), "too early");
    refuse(SLICE("\"abc"), "too early");
    refuse(SLICE("[1,]"), "invalid JSON");
    refuse(SLICE("{\"a\" 1}"), "':' expected");
    refuse(SLICE("{a: 1}"), "invalid JSON");
    refuse(SLICE("'a'"), "invalid token");
    refuse(SLICE("nul"), "invalid token");
    refuse(SLICE("NaN"), "invalid token");
    refuse(SLICE("Infinity"), "invalid token");
    refuse(SLICE("01"), "invalid token");
    refuse(SLICE("+1"), "invalid token");
    refuse(SLICE(".5"), "invalid token");
    refuse(SLICE("1."), "invalid token");
    refuse(SLICE("0x10"), "follows");
    refuse(SLICE("1 2"), "follows");
    refuse(SLICE("{} x"), "follows");
    refuse(SLICE("// no\n1"), "invalid token");
    refuse(SLICE("\"a\nb\""), "invalid JSON");
    refuse(SLICE("\"a\tb\""), "control character");
    refuse(SLICE("\"\\x\""), "invalid escape");
    refuse(SLICE("\"\\u12g4\""), "invalid escape");
    refuse(SLICE("\xEF\xBB\xBF{}"), "invalid token");
}

static void text_that_is_not_unicode_is_refused(void **state)
{
    (void)state;
    refuse(SLICE("\"\xFF\""), "not UTF-8");
    refuse(SLICE("\"\xC0\xAF\""), "not UTF-8");
    refuse(SLICE("\"\xED\xA0\x80\""), "not UTF-8");
    refuse(SLICE("\"\xF4\x90\x80\x80\""), "not UTF-8");
    refuse(SLICE("\"\xE2\x82"), "not UTF-8");
    refuse(SLICE("{\"\xFF\":1}"), "not UTF-8");
    refuse(SLICE("\"\\ud800\""), "lone surrogate");
    refuse(SLICE("\"\\udc00\""), "lone surrogate");
    refuse(SLICE("\"\\ud800x\""), "lone surrogate");
    refuse(SLICE("\"\\ud800\\ud800\""), "lone surrogate");
    refuse(SLICE("\"\\ude00\\ud83d\""), "lone surrogate");
    refuse(SLICE("{\"\\ud800\":1}"), "lone surrogate");
    refuse(SLICE("\"a\\u0000b\""), "U+0000");
    refuse(SLICE("{\"a\\u0000b\":1}"), "U+0000");
    refuse(SLICE("\"a\0b\""), "U+0000");
    refuse(SLICE("{\"a\":1\0}"), "U+0000");
    refuse(SLICE("[1\0,2]"), "U+0000");
    refuse(SLICE("1\0"), "U+0000");
    refuse(SLICE("\0"), "U+0000");
    refuse(SLICE("[1,\n2\0]"), "near line 2 column 2");
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    refuse(SLICE("9223372036854775808"), "number out of range");
    refuse(SLICE("-9223372036854775809"), "number out of range");
    refuse(SLICE("1e309"), "number out of range");
    refuse(SLICE("-1e309"), "number out of range");
    refuse(SLICE("1e999999999999"), "number out of range");
    assert_string_equal(written(read_ok(SLICE("1e-999"))), "0.0");

    char digits[5000];
    memset(digits, '9', sizeof(digits));
    refuse((slice){digits, sizeof(digits)}, "number out of range");
}

static void the_place_is_told_and_nothing_quoted(void **state)
{
    json_t *value;
    slice why;

    (void)state;
    assert_int_equal(json_read(&a, SLICE("{\"a\":\n \"secret\" secret}"), &value, &why),
                     ERR_BAD_REQUEST);
    assert_true(memmem(why.p, why.n, "near line 2 column ", 19));
    assert_null(memmem(why.p, why.n, "secret", 6));
}

static slice nested(size_t depth, char open, char close)
{
    char *p = arena_alloc(&a, depth * 2);

    memset(p, open, depth);
    memset(p + depth, close, depth);
    return (slice){p, depth * 2};
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    slice deep = nested(2047, '[', ']');
    assert_memory_equal(written(read_ok(deep)), deep.p, deep.n);
    refuse(nested(2049, '[', ']'), "nested too deep");
    refuse(nested(100000, '[', ']'), "nested too deep");

    char *objects = arena_alloc(&a, 5 * 100000);
    for (size_t i = 0; i < 100000; i++)
        memcpy(objects + 5 * i, "{\"a\":", 5);
    refuse((slice){objects, 5 * 100000}, "nested too deep");
}

static slice repeated(const char *what, size_t bytes)
{
    size_t n = strlen(what), count = bytes / n;
    char *p = mem_alloc(count * n + 2);

    p[0] = '[';
    for (size_t i = 0; i < count; i++)
        memcpy(p + 1 + i * n, what, n);
    p[count * n] = ']'; /* for the last comma */
    return (slice){p, count * n + 1};
}

static void a_bomb_ends_at_the_ceiling(void **state)
{
    slice bomb = repeated("{},", 4900 * 1000);
    json_t *value = NULL;
    slice why;
    arena small;

    (void)state;
    arena_init(&small, 64 * MIB);
    assert_int_equal(json_read(&small, bomb, &value, &why), ERR_TOO_LARGE);
    assert_null(value);
    assert_true(small.used <= 64 * MIB);
    arena_reset(&small);
    assert_int_equal(json_read(&small, SLICE("[{}]"), &value, &why), OK);
    arena_deinit(&small);
    mem_free((void *)(uintptr_t)bomb.p);
}

static void a_long_text_fits_under_the_ceiling(void **state)
{
    slice texts = repeated("\"0123456789012345678901234567890123456789\\n\",", 4900 * 1000);
    json_t *value = NULL;
    slice why;
    arena small;

    (void)state;
    arena_init(&small, 64 * MIB);
    assert_int_equal(json_read(&small, texts, &value, &why), OK);
    assert_true(json_array_size(value) > 100000);
    arena_deinit(&small);
    mem_free((void *)(uintptr_t)texts.p);
}

static void every_ceiling_is_an_answer(void **state)
{
    slice text = SLICE("{\"a\":[1,2.5,\"x\",{\"b\":null}],\"c\":{\"d\":[[],{}]}}");
    bool fitted = false;

    (void)state;
    for (size_t max = 0; max < 8192; max += 16) {
        arena small;
        json_t *value = NULL;
        slice why;
        arena_init(&small, max);
        err e = json_read(&small, text, &value, &why);
        if (e != OK && e != ERR_TOO_LARGE)
            fail_msg("%zu: %s", max, err_name(e));
        assert_false(fitted && e); /* once enough, always enough */
        fitted = e == OK;
        arena_deinit(&small);
    }
    assert_true(fitted);
}

static bool always(void)
{
    return true;
}

static void no_memory_is_not_too_large(void **state)
{
    arena fresh;
    json_t *value;
    slice why;

    (void)state;
    arena_init(&fresh, MIB);
    mem_set_fault(always);
    err e = json_read(&fresh, SLICE("[1]"), &value, &why);
    mem_set_fault(NULL);
    assert_int_equal(e, ERR_NO_MEMORY);
    arena_deinit(&fresh);
}

static void reals_are_shortest(void **state)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {100.0, "100.0"},
        {1e15, "1e15"},
        {123456789012345.0, "123456789012345.0"},
        {9007199254740993.0, "9007199254740992.0"},
        {1e22, "1e22"},
        {1e-7, "1e-7"},
        {1.5e-10, "1.5e-10"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {5e-324, "5e-324"},
        {1e-310, "1e-310"},
        {NAN, "null"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf b;
        slice s;
        buf_init(&b, &a, 100);
        json_write_real(&b, rows[i].v);
        assert_int_equal(buf_done(&b, &s), OK);
        assert_string_equal(s.p, rows[i].text);
    }
}

static void any_real_reads_back(void **state)
{
    uint64_t bits = UINT64_C(0x9E3779B97F4A7C15);

    (void)state;
    for (int i = 0; i < 20000; i++) {
        double v;
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407U;
        memcpy(&v, &bits, sizeof(v));
        if (!isfinite(v))
            continue;
        buf b;
        slice s;
        buf_init(&b, &a, 100);
        json_write_real(&b, v);
        assert_int_equal(buf_done(&b, &s), OK);
        json_t *back = read_ok(s);
        assert_true(json_is_real(back));
        if (json_real_value(back) != v)
            fail_msg("%a written as %s", v, s.p);
        if (i % 1000 == 0)
            arena_reset(&a);
    }
}

/* The plain way, to compare with. */
static void escape_slowly(buf *b, slice s)
{
    buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (strchr("\b\f\n\r\t", c) && c)
            buf_printf(b, "\\%c", "btn?fr"[c - 8]);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, '"');
}

static void any_byte_at_any_place_is_escaped_right(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        for (size_t at = 0; at < 18; at++) {
            char text[18];
            buf b, plain;
            slice s, want;
            memset(text, at % 2 ? 'x' : '\xBF', sizeof(text));
            text[at] = (char)c;
            buf_init(&b, &a, 1000);
            buf_init(&plain, &a, 1000);
            json_write_text(&b, (slice){text, sizeof(text)});
            escape_slowly(&plain, (slice){text, sizeof(text)});
            assert_int_equal(buf_done(&b, &s), OK);
            assert_int_equal(buf_done(&plain, &want), OK);
            assert_string_equal(s.p, want.p);
        }
        arena_reset(&a);
    }
}

static void writing_stops_at_the_maximum(void **state)
{
    buf b;
    slice s;

    (void)state;
    buf_init(&b, &a, 7);
    json_write_text(&b, SLICE("12345"));
    assert_int_equal(buf_done(&b, &s), OK);
    buf_init(&b, &a, 6);
    json_write_text(&b, SLICE("12345"));
    assert_int_equal(buf_done(&b, &s), ERR_TOO_LARGE);
    buf_init(&b, &a, 7);
    json_write_text(&b, SLICE("123\n5"));
    assert_int_equal(buf_done(&b, &s), ERR_TOO_LARGE);
}

static void merges(void **state)
{
    static const struct {
        const char *base, *over, *merged;
    } rows[] = {
        {"{}", "{}", "{}"},
        {"{\"a\":1}", "{}", "{\"a\":1}"},
        {"{}", "{\"a\":1}", "{\"a\":1}"},
        {"{\"a\":1,\"b\":2}", "{\"c\":3,\"a\":4}", "{\"a\":4,\"b\":2,\"c\":3}"},
        {"{\"a\":{\"x\":1,\"y\":{\"p\":1}}}", "{\"a\":{\"y\":{\"q\":2},\"z\":3}}",
         "{\"a\":{\"x\":1,\"y\":{\"p\":1,\"q\":2},\"z\":3}}"},
        {"{\"a\":{\"x\":1}}", "{\"a\":5}", "{\"a\":5}"},
        {"{\"a\":5}", "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":1}}"},
        {"{\"a\":[1,2]}", "{\"a\":[3]}", "{\"a\":[3]}"},
        {"{\"a\":1}", "{\"a\":null,\"b\":null}", "{\"a\":null,\"b\":null}"},
        {"{\"a\":{\"x\":1}}", "{\"a\":{}}", "{\"a\":{\"x\":1}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *base = read_ok(slice_of(rows[i].base)), *over = read_ok(slice_of(rows[i].over));
        json_t *merged = NULL;
        assert_int_equal(json_merge(&a, base, over, &merged), OK);
        assert_string_equal(written(merged), rows[i].merged);
        assert_string_equal(written(base), rows[i].base);
        assert_string_equal(written(over), rows[i].over);
    }
}

static void nothing_merges_too(void **state)
{
    json_t *some = read_ok(SLICE("{\"a\":1}")), *merged = NULL;

    (void)state;
    assert_int_equal(json_merge(&a, NULL, some, &merged), OK);
    assert_string_equal(written(merged), "{\"a\":1}");
    assert_int_equal(json_merge(&a, some, NULL, &merged), OK);
    assert_string_equal(written(merged), "{\"a\":1}");
    assert_int_equal(json_merge(&a, NULL, NULL, &merged), OK);
    assert_string_equal(written(merged), "{}");
    assert_int_equal(json_merge(&a, some, some, &merged), OK);
    assert_string_equal(written(merged), "{\"a\":1}");
}

static void merging_stops_at_the_ceiling(void **state)
{
    json_t *base = read_ok(SLICE("{\"a\":{\"b\":{\"c\":1}},\"x\":2}"));
    json_t *over = read_ok(SLICE("{\"a\":{\"b\":{\"d\":1}},\"y\":2}"));
    bool fitted = false;

    (void)state;
    for (size_t max = 0; max < 4096; max += 16) {
        arena small;
        json_t *merged = NULL;
        arena_init(&small, max);
        err e = json_merge(&small, base, over, &merged);
        assert_true(e == OK || e == ERR_TOO_LARGE);
        assert_true(e == OK || !merged);
        assert_false(fitted && e);
        fitted = e == OK;
        arena_deinit(&small);
    }
    assert_true(fitted);
    assert_string_equal(written(base), "{\"a\":{\"b\":{\"c\":1}},\"x\":2}");
}

static void *read_many(void *failed)
{
    for (int i = 0; i < 300; i++) {
        arena own;
        json_t *value;
        slice why, s = NO_SLICE;
        buf b;
        arena_init(&own, MIB);
        buf_init(&b, &own, MIB);
        err e = json_read(&own, SLICE("{\"a\":[1,2,{\"b\":\"c\"}]}"), &value, &why);
        if (!e) {
            json_write(&b, value);
            e = buf_done(&b, &s);
        }
        if (e || !slice_is(s, "{\"a\":[1,2,{\"b\":\"c\"}]}"))
            *(bool *)failed = true;
        arena_deinit(&own);
    }
    return NULL;
}

static void threads_read_side_by_side(void **state)
{
    pthread_t threads[4];
    bool failed[4] = {false};

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &failed[i]), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_false(failed[i]);
    }
}

int main(void)
{
#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_ARENA(values_round_trip_compact),
        WITH_ARENA(many_keys_keep_their_order),
        WITH_ARENA(mistakes_are_refused),
        WITH_ARENA(text_that_is_not_unicode_is_refused),
        WITH_ARENA(numbers_out_of_range_are_refused),
        WITH_ARENA(the_place_is_told_and_nothing_quoted),
        WITH_ARENA(nesting_is_bounded),
        cmocka_unit_test(a_bomb_ends_at_the_ceiling),
        cmocka_unit_test(a_long_text_fits_under_the_ceiling),
        cmocka_unit_test(every_ceiling_is_an_answer),
        cmocka_unit_test(no_memory_is_not_too_large),
        WITH_ARENA(reals_are_shortest),
        WITH_ARENA(any_real_reads_back),
        WITH_ARENA(any_byte_at_any_place_is_escaped_right),
        WITH_ARENA(writing_stops_at_the_maximum),
        WITH_ARENA(merges),
        WITH_ARENA(nothing_merges_too),
        WITH_ARENA(merging_stops_at_the_ceiling),
        cmocka_unit_test(threads_read_side_by_side),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
