/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/dates_test.c -- dates in questions, and days against them. */
#include "text/dates.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The dates of a question as "year-month-day ...", 0 for what was not said. */
static const char *dates_of(const char *question)
{
    static char line[TEXT_DATES_MAX * 40];
    text_date d[TEXT_DATES_MAX];
    size_t n = text_asked_dates(slice_of(question), d), at = 0;

    assert_true(n <= TEXT_DATES_MAX);
    line[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%d-%d-%d", i ? " " : "", d[i].year,
                               d[i].month, d[i].day);
    return line;
}

#define assert_dates(question, want) assert_string_equal(dates_of(question), want)

static void months_with_days_and_years_are_dates(void **state)
{
    (void)state;
    assert_dates("What happened on 7 June 2031?", "2031-6-7");
    assert_dates("on June 7, 2031", "2031-6-7");
    assert_dates("on june 7th,2031", "2031-6-7");
    assert_dates("on the 1st of Sep. 2031", "2031-9-1");
    assert_dates("the 22nd august", "0-8-22");
    assert_dates("in November", "0-11-0");
    assert_dates("in NOV 2031", "2031-11-0");
    assert_dates("March 3rd", "0-3-3");
    assert_dates("between 3 jan and 5 feb 2031", "0-1-3 2031-2-5");
    assert_dates("3 June 4", "0-6-3");
    assert_dates("3 June 4, 2031", "2031-6-3");
    assert_dates("12 December 20315", "2031-12-12");
}

static void what_only_looks_like_a_date_is_none(void **state)
{
    (void)state;
    assert_dates("", "");
    assert_dates("Who marched in the juneau parade, sept?", "");
    assert_dates("123 june", "0-6-0");
    assert_dates("xjune \xc3\xa9june june\xc3\xa9 june_", "");
    assert_dates("5  june", "0-6-0");
    assert_dates("june 123", "0-6-0");
    assert_dates("june 5x", "0-6-0");
    assert_dates("june 5thx", "0-6-0");
}

static void may_is_a_month_where_it_is_said_so(void **state)
{
    (void)state;
    assert_dates("May I ask who may come?", "");
    assert_dates("May I ask who came in May?", "0-5-0 0-5-0");
    assert_dates("What was sold in mayhem? May I know?", "");
    assert_dates("What came of Late May?", "0-5-0");
    assert_dates("last may", "0-5-0");
    assert_dates("blast may", "");
    assert_dates("5 may", "0-5-5");
    assert_dates("may 5", "0-5-5");
    assert_dates("may 2031", "2031-5-0");
}

static void iso_dates_are_dates(void **state)
{
    (void)state;
    assert_dates("since 2031-05-07?", "2031-5-7");
    assert_dates("2031-05-07T10:00:00Z", "2031-5-7");
    assert_dates("2031-13-07 2031-05-071 12031-05-07 2031-00-01 2031-05-00", "");
    assert_dates("2021-13-07", "2021-0-0");
}

static void years_count_when_nothing_else_does(void **state)
{
    (void)state;
    assert_dates("in 2021 or 2022", "2021-0-0 2022-0-0");
    assert_dates("in 2021 or june 2022", "2022-6-0");
    assert_dates("2009 2030 20210 x2021 2021x \xc3\xa9"
                 "2021",
                 "");
}

static void there_is_a_most(void **state)
{
    char text[1000];
    text_date d[TEXT_DATES_MAX];

    (void)state;
    for (size_t i = 0; i + 5 <= sizeof(text); i += 5)
        memcpy(text + i, "june ", 5);
    assert_int_equal(text_asked_dates((slice){text, sizeof(text)}, d), TEXT_DATES_MAX);
    for (size_t i = 0; i + 5 <= sizeof(text); i += 5)
        memcpy(text + i, "2021 ", 5);
    assert_int_equal(text_asked_dates((slice){text, sizeof(text)}, d), TEXT_DATES_MAX);
}

static void any_bytes_have_dates_or_none(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char text[] = {(char)c, '5', ' ', 'm', 'a', 'y', (char)c, '5', (char)c};
        text_date d[TEXT_DATES_MAX];
        for (size_t n = 0; n <= sizeof(text); n++) {
            text_asked_dates((slice){text, n}, d);
            text_asks_when((slice){text, n});
        }
    }
}

#define match(y, m, d, Y, M, D) text_date_match((text_date){y, m, d}, clock_days(Y, M, D))
#define assert_match(got, want) assert_int_equal((int)((got)*10 + 0.5F), (int)((want)*10 + 0.5))

static void days_fit_dates(void **state)
{
    (void)state;
    assert_match(match(2031, 6, 7, 2031, 6, 7), 1.0);
    assert_match(match(0, 6, 7, 1999, 6, 7), 1.0);
    assert_match(match(2031, 6, 7, 2031, 6, 10), 0.8);
    assert_match(match(2031, 6, 7, 2031, 6, 4), 0.8);
    assert_match(match(2031, 6, 7, 2031, 6, 11), 0.5);
    assert_match(match(2031, 6, 0, 2031, 6, 30), 0.5);
    assert_match(match(2031, 6, 7, 2030, 6, 7), 0.0);
    assert_match(match(2031, 6, 28, 2031, 7, 8), 0.6);
    assert_match(match(2031, 6, 28, 2031, 7, 9), 0.0);
    assert_match(match(2031, 12, 28, 2032, 1, 3), 0.6);
    assert_match(match(0, 12, 28, 2032, 1, 3), 0.0);
    assert_match(match(2031, 6, 31, 2031, 7, 1), 0.0); /* there is no such day */
    assert_match(match(2031, 2, 29, 2031, 3, 1), 0.0);
    assert_match(match(2032, 2, 29, 2032, 3, 1), 0.6);
    assert_match(match(2031, 6, 99, 2031, 6, 30), 0.5);
    assert_match(match(2031, 6, 0, 2031, 7, 1), 0.2);
    assert_match(match(2031, 6, 0, 2031, 8, 1), 0.0);
    assert_match(match(0, 12, 0, 2032, 1, 1), 0.0);
    assert_match(match(2031, 0, 0, 2031, 8, 1), 0.2);
    assert_match(match(2031, 0, 0, 2032, 8, 1), 0.0);
    text_date_match((text_date){2031, 6, 7}, INT32_MIN);
    text_date_match((text_date){0, 2, 29}, INT32_MAX);
}

static void questions_of_time_are_known(void **state)
{
    static const char *const yes[] = {"When did it rain?", "since when", "HOW LONG was it",
                                      "What time is it",   "which Year", "on what date?"};
    static const char *const no[] = {"",           "Whenever",   "how longish",
                                     "how  long",  "what a day", "somewhat time",
                                     "what timer", "which days", "\xc3\xa9when"};

    (void)state;
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_true(text_asks_when(slice_of(yes[i])));
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(text_asks_when(slice_of(no[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_with_days_and_years_are_dates),
        cmocka_unit_test(what_only_looks_like_a_date_is_none),
        cmocka_unit_test(may_is_a_month_where_it_is_said_so),
        cmocka_unit_test(iso_dates_are_dates),
        cmocka_unit_test(years_count_when_nothing_else_does),
        cmocka_unit_test(there_is_a_most),
        cmocka_unit_test(any_bytes_have_dates_or_none),
        cmocka_unit_test(days_fit_dates),
        cmocka_unit_test(questions_of_time_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
