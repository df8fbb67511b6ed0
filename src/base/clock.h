/* SPDX-License-Identifier: Apache-2.0
 *
 * base/clock.h -- time as integer microseconds UTC since 1970, and as RFC 3339 text. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/slice.h"

#include <stdint.h>

/* "No time": what a null or absent time is in a struct. */
#define NO_TIME INT64_MIN

#define CLOCK_S_US   INT64_C(1000000)
#define CLOCK_DAY_US (INT64_C(86400) * CLOCK_S_US)

/* Length of the text of clock_format and clock_format_plain, without a NUL. */
enum { CLOCK_TEXT = 27, CLOCK_PLAIN_TEXT = 19 };

/* Now, by the machine's clock. */
int64_t clock_now_us(void);

/* For measuring spans; never steps. */
int64_t clock_monotonic_us(void);

/* The same to a few milliseconds, for a fraction of its cost; for limits, not for measuring. */
int64_t clock_coarse_us(void);

/* `YYYY-MM-DDTHH:MM:SS.ffffffZ` into `to`, CLOCK_TEXT bytes and a NUL. Times outside of the years
 * 0001 to 9999 are written as the nearest that is inside. */
void clock_format(int64_t us, char to[CLOCK_TEXT + 1]);

/* `YYYY-MM-DD HH:MM:SS`, UTC, CLOCK_PLAIN_TEXT bytes and a NUL; the context string's form. */
void clock_format_plain(int64_t us, char to[CLOCK_PLAIN_TEXT + 1]);

/* RFC 3339, generously: any offset, any number of fraction digits (past the sixth dropped), `t`, `z`
 * or a space for `T`, no zone meaning UTC, a date alone meaning its midnight. A leap second is the
 * second after. False, *us untouched, when it is no such text or its year is not 1 to 9999. */
bool clock_parse(slice s, int64_t *us);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t clock_days(int64_t year, int month, int day);
void clock_civil(int64_t days, int *year, int *month, int *day);

/* Days in a month; month 1 to 12. */
int clock_month_days(int year, int month);

#endif
