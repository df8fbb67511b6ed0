/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/marks_test.c -- marks of single turns. */
#include "text/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define marks(text) text_marks(SLICE(text))

static void nothing_has_no_marks(void **state)
{
    (void)state;
    assert_int_equal(text_marks(NO_SLICE), 0);
    assert_int_equal(marks(""), 0);
    assert_int_equal(marks("The lake froze."), 0);
}

static void first_person_words_are_counted_up_to_three(void **state)
{
    (void)state;
    assert_int_equal(marks("I row."), 1);
    assert_int_equal(marks("My boat and OUR boat"), 2);
    assert_int_equal(marks("we, me, i, my, our"), 3);
    assert_int_equal(marks("I'm sure we're here, I\xe2\x80\x99ve said"), 3);
    assert_int_equal(marks("i-i"), 2);
}

static void first_person_words_stand_alone(void **state)
{
    (void)state;
    assert_int_equal(marks("mine us in weather army _i i_ i2 \xc3\xa9i i\xc3\xa9"), 0);
    assert_int_equal(marks("(I)"), 1);
}

static void a_question_mark_ends_the_turn(void **state)
{
    (void)state;
    assert_int_equal(marks("Where?"), TEXT_MARK_ASKS);
    assert_int_equal(marks("Where? \n\t"), TEXT_MARK_ASKS);
    assert_int_equal(marks("Where?\xc2\xa0\xe3\x80\x80"), TEXT_MARK_ASKS); /* wide spaces */
    assert_int_equal(marks("Where? There."), 0);
    assert_int_equal(marks("Where?!"), 0);
    assert_int_equal(marks("?"), TEXT_MARK_ASKS);
    assert_int_equal(marks("\xef\xbc\x9f"), TEXT_MARK_ASKS); /* full width */
    assert_int_equal(marks("\xd8\x9f "), TEXT_MARK_ASKS);    /* Arabic */
    assert_int_equal(marks("   "), 0);
    assert_int_equal(marks("\x80\x80"), 0);
}

static void words_of_time_are_found_whole_in_any_case(void **state)
{
    static const char *const yes[] = {"ago",       "April",
                                      "august",    "Birthday",
                                      "CHRISTMAS", "day",
                                      "days",      "december",
                                      "fall",      "february",
                                      "friday",    "january",
                                      "july",      "june",
                                      "just",      "last",
                                      "march",     "monday",
                                      "month",     "morning",
                                      "next",      "night",
                                      "november",  "october",
                                      "recently",  "saturday",
                                      "september", "since",
                                      "soon",      "spring",
                                      "summer",    "sunday",
                                      "thursday",  "today",
                                      "tomorrow",  "tonight",
                                      "tuesday",   "wednesday",
                                      "week",      "weekend",
                                      "winter",    "year",
                                      "years",     "yesterday",
                                      "2031",      "it was \"Yesterday\", no"};
    static const char *const no[] = {"lasting", "days2",      "2131",   "20310", "x2031",
                                     "20a1",    "may",        "months", "dayx",  "to da y",
                                     "203",     "septembers", "200"};

    (void)state;
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_int_equal(text_marks(slice_of(yes[i])), TEXT_MARK_TIME);
    for (size_t i = 0; i < COUNT(no); i++)
        assert_int_equal(text_marks(slice_of(no[i])), 0);
}

static void marks_go_together(void **state)
{
    (void)state;
    assert_int_equal(marks("Did we sail last week, my friend?"),
                     2 | TEXT_MARK_ASKS | TEXT_MARK_TIME);
}

static void any_bytes_have_marks(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            char text[] = {(char)first, (char)second};
            assert_int_equal(text_marks((slice){text, 2}) & ~TEXT_MARKS, 0);
            assert_int_equal(text_marks((slice){text + 1, 1}) & ~TEXT_MARKS, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_has_no_marks),
        cmocka_unit_test(first_person_words_are_counted_up_to_three),
        cmocka_unit_test(first_person_words_stand_alone),
        cmocka_unit_test(a_question_mark_ends_the_turn),
        cmocka_unit_test(words_of_time_are_found_whole_in_any_case),
        cmocka_unit_test(marks_go_together),
        cmocka_unit_test(any_bytes_have_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
