/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/clock_test.c -- the calendar day by day, and RFC 3339 at its edges. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *text(int64_t us)
{
    static char to[CLOCK_TEXT + 1];

    memset(to, '#', sizeof(to));
    clock_format(us, to);
    assert_int_equal(to[CLOCK_TEXT], 0);
    return to;
}

static void every_day_of_ten_thousand_years(void **state)
{
    int64_t days = clock_days(1, 1, 1);

    (void)state;
    assert_int_equal(clock_days(1970, 1, 1), 0);
    assert_int_equal(clock_days(2000, 3, 1), 11017);
    assert_int_equal(days, -719162);
    for (int year = 1; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= clock_month_days(year, month); day++, days++) {
                int y, m, d;
                clock_civil(days, &y, &m, &d);
                if (y != year || m != month || d != day || clock_days(year, month, day) != days)
                    fail_msg("%04d-%02d-%02d", year, month, day);
            }
        }
    }
    assert_int_equal(days, 2932897); /* 10000-01-01 */
}

static void months_have_their_days(void **state)
{
    (void)state;
    assert_int_equal(clock_month_days(2023, 2), 28);
    assert_int_equal(clock_month_days(2024, 2), 29);
    assert_int_equal(clock_month_days(1900, 2), 28);
    assert_int_equal(clock_month_days(2000, 2), 29);
    assert_int_equal(clock_month_days(2023, 1), 31);
    assert_int_equal(clock_month_days(2023, 4), 30);
    assert_int_equal(clock_month_days(2023, 12), 31);
}

static void formats(void **state)
{
    char plain[CLOCK_PLAIN_TEXT + 1];

    (void)state;
    assert_string_equal(text(0), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(text(-1), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(text(1740083979088460), "2025-02-20T20:39:39.088460Z");
    assert_string_equal(text(NO_TIME), "0001-01-01T00:00:00.000000Z");
    assert_string_equal(text(INT64_MAX), "9999-12-31T23:59:59.999999Z");
    clock_format_plain(1740083979088460, plain);
    assert_string_equal(plain, "2025-02-20 20:39:39");
    clock_format_plain(-1, plain);
    assert_string_equal(plain, "1969-12-31 23:59:59");
}

static void parses(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"2025-02-20T20:39:39.088460Z", "2025-02-20T20:39:39.088460Z"},
        {"2025-02-20T20:39:39Z", "2025-02-20T20:39:39.000000Z"},
        {"2025-02-20t20:39:39.5z", "2025-02-20T20:39:39.500000Z"},
        {"2025-02-20 20:39:39", "2025-02-20T20:39:39.000000Z"},
        {"2025-02-20T20:39:39.1", "2025-02-20T20:39:39.100000Z"},
        {"2025-02-20", "2025-02-20T00:00:00.000000Z"},
        {"2025-02-20T20:39:39.1234567Z", "2025-02-20T20:39:39.123456Z"},
        {"2025-02-20T20:39:39.99999999999999999999999999999999999Z", "2025-02-20T20:39:39.999999Z"},
        {"2025-02-20T20:39:39+00:00", "2025-02-20T20:39:39.000000Z"},
        {"2025-02-20T20:39:39-00:00", "2025-02-20T20:39:39.000000Z"},
        {"2025-02-20T20:39:39+05:45", "2025-02-20T14:54:39.000000Z"},
        {"2025-02-20T20:39:39.25-0330", "2025-02-21T00:09:39.250000Z"},
        {"2025-03-01T00:00:00+14", "2025-02-28T10:00:00.000000Z"},
        {"2024-12-31T23:59:59-23:59", "2025-01-01T23:58:59.000000Z"},
        {"2025-03-30T02:30:00Z", "2025-03-30T02:30:00.000000Z"}, /* a gap in Europe's summer time */
        {"2025-10-26T02:30:00+02:00", "2025-10-26T00:30:00.000000Z"},
        {"2025-10-26T02:30:00+01:00", "2025-10-26T01:30:00.000000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
        {"2016-12-31T23:59:60.75Z", "2017-01-01T00:00:00.750000Z"},
        {"1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000000Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
        {"0001-01-01", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"},
        {"1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.900000Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us;
        if (!clock_parse(slice_of(rows[i].from), &us))
            fail_msg("%s", rows[i].from);
        assert_string_equal(text(us), rows[i].to);
    }
}

static void refuses(void **state)
{
    static const slice rows[] = {
        SLICE_INIT(""),
        SLICE_INIT("now"),
        SLICE_INIT("2025"),
        SLICE_INIT("2025-02"),
        SLICE_INIT("2025-2-20"),
        SLICE_INIT("2025-02-20T"),
        SLICE_INIT("2025-02-20Z"),
        SLICE_INIT("2025-02-20T20"),
        SLICE_INIT("2025-02-20T20:39"),
        SLICE_INIT("2025-02-20T20:39Z"),
        SLICE_INIT("2025-02-20T20:39:3"),
        SLICE_INIT("2025-02-20T20:39:39."),
        SLICE_INIT("2025-02-20T20:39:39.Z"),
        SLICE_INIT("2025-02-20T20:39:39,5Z"),
        SLICE_INIT("2025-02-20T20:39:39ZZ"),
        SLICE_INIT("2025-02-20T20:39:39Z "),
        SLICE_INIT(" 2025-02-20T20:39:39Z"),
        SLICE_INIT("2025-02-20T20:39:39+"),
        SLICE_INIT("2025-02-20T20:39:39+1"),
        SLICE_INIT("2025-02-20T20:39:39+01:"),
        SLICE_INIT("2025-02-20T20:39:39+01:0"),
        SLICE_INIT("2025-02-20T20:39:39+24:00"),
        SLICE_INIT("2025-02-20T20:39:39+01:60"),
        SLICE_INIT("2025-02-20T24:00:00Z"),
        SLICE_INIT("2025-02-20T20:60:00Z"),
        SLICE_INIT("2025-02-20T20:39:61Z"),
        SLICE_INIT("2025-02-20T20:39:60Z"),      /* no leap second there */
        SLICE_INIT("2016-12-31T23:59:60+01:00"), /* nor there */
        SLICE_INIT("2025-02-29"),
        SLICE_INIT("1900-02-29"),
        SLICE_INIT("2025-04-31"),
        SLICE_INIT("2025-00-10"),
        SLICE_INIT("2025-13-10"),
        SLICE_INIT("2025-01-00"),
        SLICE_INIT("2025-01-32"),
        SLICE_INIT("0000-01-01"),
        SLICE_INIT("10000-01-01"),
        SLICE_INIT("-001-01-01"),
        SLICE_INIT("0001-01-01T00:00:00+00:01"), /* in year 0 */
        SLICE_INIT("9999-12-31T23:59:59-00:01"), /* in year 10000 */
        SLICE_INIT("9999-12-31T23:59:60Z"),
        SLICE_INIT("2025-02-20T20:39:39Z\0"),
        SLICE_INIT("2025-02-20\0"),
        SLICE_INIT("2025-02-2\xC2\xB2"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = 42;
        if (clock_parse(rows[i], &us))
            fail_msg("%s", rows[i].p);
        assert_int_equal(us, 42);
    }
    int64_t us = 42;
    assert_false(clock_parse(NO_SLICE, &us));
}

static void what_is_written_reads_back(void **state)
{
    int64_t first = clock_days(1, 1, 1) * CLOCK_DAY_US;
    int64_t end = clock_days(10000, 1, 1) * CLOCK_DAY_US;

    (void)state;
    for (int64_t us = first; us < end; us += INT64_C(987654321987)) {
        int64_t back = 0;
        assert_true(clock_parse(slice_of(text(us)), &back));
        assert_int_equal(back, us);
    }
}

static void the_clocks_run(void **state)
{
    int64_t before = clock_monotonic_us();

    (void)state;
    assert_true(clock_now_us() > clock_days(2024, 1, 1) * CLOCK_DAY_US);
    assert_in_range(clock_now_us() / CLOCK_S_US - (int64_t)time(NULL) + 1, 0, 2);
    assert_true(clock_monotonic_us() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_ten_thousand_years),
        cmocka_unit_test(months_have_their_days),
        cmocka_unit_test(formats),
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(the_clocks_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
