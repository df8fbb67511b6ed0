/* SPDX-License-Identifier: Apache-2.0
 *
 * dates_fuzz.c -- times on the wire, and dates in a question.
 *
 * A time that is read is written so that it reads back as the same. */
#include "base/clock.h"
#include "fuzz.h"
#include "text/dates.h"

static void check_time(slice s)
{
    char text[CLOCK_TEXT + 1];
    int64_t us = NO_TIME, again = NO_TIME;

    if (!clock_parse(s, &us)) {
        assert(us == NO_TIME);
        return;
    }
    clock_format(us, text);
    assert(clock_parse(slice_of(text), &again));
    assert(us == again || text[0] == '0' || text[0] == '9'); /* cut to the years 1 to 9999 */
}

static void check_question(slice s)
{
    text_date dates[TEXT_DATES_MAX];
    size_t n = text_asked_dates(s, dates);

    assert(n <= TEXT_DATES_MAX);
    for (size_t i = 0; i < n; i++) {
        float fits = text_date_match(dates[i], 20000);
        assert(fits >= 0 && fits <= 1);
        assert(dates[i].month >= 0 && dates[i].month <= 12);
    }
    text_asks_when(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice s = fuzz_copy(data, size);

    check_time(s);
    check_question(s);
    fuzz_free(s);
    return 0;
}
