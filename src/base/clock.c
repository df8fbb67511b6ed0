/* SPDX-License-Identifier: Apache-2.0
 *
 * base/clock.c -- the Gregorian calendar as arithmetic, and RFC 3339 by hand.
 *
 * Days are counted in eras of 400 years (146,097 days) whose years begin on 1 March, so that a leap
 * day is the last of its year and every month's start is a linear expression of its number. */
#include "base/clock.h"

#include <time.h>

enum { DAYS_OF_ERA = 146097, DAYS_TO_1970 = 719468 }; /* from 0000-03-01 */

static int64_t read_clock(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return t.tv_sec * CLOCK_S_US + t.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_coarse_us(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t clock_days(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_OF_ERA + day_of_era - DAYS_TO_1970;
}

void clock_civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + DAYS_TO_1970;
    int64_t era = floor_div(z, DAYS_OF_ERA);
    int64_t doe = z - era * DAYS_OF_ERA;
    int64_t year_of_era = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * doy + 2) / 153; /* 0 is March */

    *day = (int)(doy - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(era * 400 + year_of_era + (m >= 10));
}

int clock_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

/* The first microsecond of year 1, and of year 10000. */
static int64_t first_us(void)
{
    return clock_days(1, 1, 1) * CLOCK_DAY_US;
}

static int64_t end_us(void)
{
    return clock_days(10000, 1, 1) * CLOCK_DAY_US;
}

static void digits(char *to, int n, int64_t v)
{
    while (n-- > 0) {
        to[n] = (char)('0' + v % 10);
        v /= 10;
    }
}

/* `YYYY-MM-DD?HH:MM:SS`, with `between` for the question mark; returns the microseconds left. */
static int64_t put_seconds(int64_t us, char between, char *to)
{
    int year, month, day;

    if (us < first_us())
        us = first_us();
    else if (us >= end_us())
        us = end_us() - 1;

    int64_t days = floor_div(us, CLOCK_DAY_US);
    int64_t of_day = us - days * CLOCK_DAY_US;
    int64_t s = of_day / CLOCK_S_US;

    clock_civil(days, &year, &month, &day);
    digits(to, 4, year);
    to[4] = '-';
    digits(to + 5, 2, month);
    to[7] = '-';
    digits(to + 8, 2, day);
    to[10] = between;
    digits(to + 11, 2, s / 3600);
    to[13] = ':';
    digits(to + 14, 2, s / 60 % 60);
    to[16] = ':';
    digits(to + 17, 2, s % 60);
    return of_day % CLOCK_S_US;
}

void clock_format(int64_t us, char to[CLOCK_TEXT + 1])
{
    int64_t fraction = put_seconds(us, 'T', to);

    to[19] = '.';
    digits(to + 20, 6, fraction);
    to[26] = 'Z';
    to[27] = '\0';
}

void clock_format_plain(int64_t us, char to[CLOCK_PLAIN_TEXT + 1])
{
    put_seconds(us, ' ', to);
    to[CLOCK_PLAIN_TEXT] = '\0';
}

/* Parsing: each step takes its part off the front of *s and says whether it was there. */

static bool take_char(slice *s, const char *any_of)
{
    if (s->n == 0 || !s->p[0] || !strchr(any_of, s->p[0]))
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_number(slice *s, size_t width, int least, int most, int *v)
{
    int got = 0;

    if (s->n < width)
        return false;
    for (size_t i = 0; i < width; i++) {
        if (!is_digit(s->p[i]))
            return false;
        got = got * 10 + (s->p[i] - '0');
    }
    s->p += width;
    s->n -= width;
    *v = got;
    return got >= least && got <= most;
}

/* `.` and digits, if there; microseconds. */
static bool take_fraction(slice *s, int64_t *us)
{
    int64_t unit = CLOCK_S_US / 10;

    *us = 0;
    if (!take_char(s, "."))
        return true;
    if (s->n == 0 || !is_digit(s->p[0]))
        return false;
    while (s->n && is_digit(s->p[0])) {
        *us += (s->p[0] - '0') * unit;
        unit /= 10;
        s->p++;
        s->n--;
    }
    return true;
}

/* `Z`, an offset as +HH:MM, +HHMM or +HH, or nothing. */
static bool take_zone(slice *s, int64_t *offset_s)
{
    int hours, minutes = 0;

    *offset_s = 0;
    if (s->n == 0 || take_char(s, "Zz"))
        return true;

    bool west = s->p[0] == '-';
    if (!take_char(s, "+-") || !take_number(s, 2, 0, 23, &hours))
        return false;
    if (s->n) {
        take_char(s, ":");
        if (!take_number(s, 2, 0, 59, &minutes))
            return false;
    }
    *offset_s = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
    return true;
}

bool clock_parse(slice s, int64_t *us)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    int64_t fraction = 0, offset_s = 0;

    if (!take_number(&s, 4, 1, 9999, &year) || !take_char(&s, "-") ||
        !take_number(&s, 2, 1, 12, &month) || !take_char(&s, "-") ||
        !take_number(&s, 2, 1, clock_month_days(year, month), &day))
        return false;
    if (s.n) {
        if (!take_char(&s, "Tt ") || !take_number(&s, 2, 0, 23, &hour) || !take_char(&s, ":") ||
            !take_number(&s, 2, 0, 59, &minute) || !take_char(&s, ":") ||
            !take_number(&s, 2, 0, 60, &second) || !take_fraction(&s, &fraction) ||
            !take_zone(&s, &offset_s) || s.n)
            return false;
    }

    int64_t t = clock_days(year, month, day) * 86400 + hour * 3600 + minute * 60 - offset_s;
    if (second == 60 && (t + 60) % 86400 != 0)
        return false; /* leap seconds end a day of UTC */
    t = (t + second) * CLOCK_S_US + fraction;
    if (t < first_us() || t >= end_us())
        return false;
    *us = t;
    return true;
}
