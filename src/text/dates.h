/* SPDX-License-Identifier: Apache-2.0
 *
 * text/dates.h -- the dates that a question names, how well a day fits one of them, and whether the
 * question asks for a time.
 *
 * Read are English dates with a month's name ("7 May 2031", "may 7th, 2031", "the 1st of June",
 * "in May", "June 2031") and ISO dates (2031-05-07); where there is none of them, years from 2010
 * to 2029. "May" alone is a month only where the question says so somewhere ("in may", "last may").
 */
#ifndef TEXT_DATES_H
#define TEXT_DATES_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A date as far as it was said; 0 is "not said". The day is as written, so it may not exist. */
typedef struct text_date {
    int year, month, day;
} text_date;

/* More dates than this in one question are not looked at. */
enum { TEXT_DATES_MAX = 16 };

/* The dates of a question, in order; returns how many. */
size_t text_asked_dates(slice question, text_date to[TEXT_DATES_MAX]);

/* How well a civil day (days since 1970-01-01) fits the date asked for, from 0 to 1:
 *
 *   1.0  the same day of the month
 *   0.8  within three days of it in that month
 *   0.5  the month asked for
 *   0.6  up to ten days after it, in another month
 *   0.2  the month after, when no day was asked for; or the year, when nothing but a year was
 *
 * A year that was not said fits any. */
float text_date_match(text_date asked, int64_t day);

/* Whether the question asks for a time: when, how long, what date, which year, ... */
bool text_asks_when(slice question);

#endif
