/* SPDX-License-Identifier: Apache-2.0
 *
 * text/dates.c -- a scanner whose steps each take their part off the front of the text, or nothing.
 *
 * A date is [day[st|nd|rd|th] [of]] month[.] [day[st|nd|rd|th]][,] [year], with single spaces, a
 * whole word at its beginning and behind the month and the day; or year-month-day. */
#include "text/dates.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "text/words.h"

/* ---- scanning ---- */

typedef struct scan {
    slice text;
    size_t at;
} scan;

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return c;
}

/* The byte `ahead` of here, in lower case; 0 behind the end. */
static char peek(const scan *s, size_t ahead)
{
    if (ahead >= s->text.n - s->at)
        return '\0';
    return lower(s->text.p[s->at + ahead]);
}

static bool digit_ahead(const scan *s, size_t ahead)
{
    char c = peek(s, ahead);

    return c >= '0' && c <= '9';
}

static bool word_char(uint32_t c)
{
    return c == '_' || text_is_letter(c);
}

/* Whether a word goes on behind `at`. */
static bool word_after(slice text, size_t at)
{
    return at < text.n && word_char(utf8_next(text, &at));
}

/* Whether a word ends before `at`, or goes on over it. */
static bool word_before(slice text, size_t at)
{
    if (at == 0)
        return false;
    at--;
    while (at > 0 && ((uint8_t)text.p[at] & 0xC0) == 0x80)
        at--;
    return word_char(utf8_next(text, &at));
}

/* `literal` (lower case) off the front, in any case. */
static bool take(scan *s, const char *literal)
{
    size_t n = 0;

    for (; literal[n]; n++)
        if (peek(s, n) != literal[n])
            return false;
    s->at += n;
    return true;
}

/* The same, if the word ends there. */
static bool take_word(scan *s, const char *literal)
{
    scan ahead = *s;

    if (!take(&ahead, literal) || word_after(ahead.text, ahead.at))
        return false;
    *s = ahead;
    return true;
}

/* `width` digits; 0 and nothing taken if there are fewer. */
static int take_digits(scan *s, size_t width)
{
    int v = 0;

    for (size_t i = 0; i < width; i++) {
        if (!digit_ahead(s, i))
            return 0;
        v = v * 10 + (peek(s, i) - '0');
    }
    s->at += width;
    return v;
}

/* One or two digits, and what an ordinal has behind them. */
static bool take_day(scan *s, int *day)
{
    size_t width = digit_ahead(s, 1) ? 2 : 1;

    if (!digit_ahead(s, 0))
        return false;
    *day = take_digits(s, width);
    if (!take(s, "st") && !take(s, "nd") && !take(s, "rd"))
        (void)take(s, "th");
    return true;
}

/* ---- dates ---- */

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};

/* A month's name or its first three letters, as a whole word; 0 if there is none. */
static int take_month(scan *s)
{
    for (size_t i = 0; i < COUNT(months); i++) {
        const char *m = months[i];
        if (peek(s, 0) != m[0] || peek(s, 1) != m[1] || peek(s, 2) != m[2])
            continue;
        scan ahead = {s->text, s->at + 3};
        if (take_word(s, m))
            return (int)i + 1;
        if (word_after(ahead.text, ahead.at))
            continue;
        *s = ahead;
        return (int)i + 1;
    }
    return 0;
}

/* A date with a month's name. */
static bool take_date(scan *s, text_date *d)
{
    scan ahead = *s;
    *d = (text_date){0};

    if (take_day(&ahead, &d->day)) {
        (void)take(&ahead, " of");
        if (!take(&ahead, " "))
            return false;
    }
    d->month = take_month(&ahead);
    if (!d->month)
        return false;
    (void)take(&ahead, ".");

    scan behind = ahead;
    int day = 0;
    if (take(&behind, " ") && take_day(&behind, &day) && !word_after(behind.text, behind.at)) {
        ahead = behind;
        if (!d->day)
            d->day = day;
    }
    (void)take(&ahead, ",");
    behind = ahead;
    (void)take(&behind, " ");
    d->year = take_digits(&behind, 4);
    *s = d->year ? behind : ahead;
    return true;
}

/* Year-month-day. */
static bool take_iso(scan *s, text_date *d)
{
    scan ahead = *s;
    text_date got = {.year = take_digits(&ahead, 4)};

    if (!got.year || !take(&ahead, "-") || !(got.month = take_digits(&ahead, 2)) ||
        got.month > 12 || !take(&ahead, "-") || !(got.day = take_digits(&ahead, 2)) ||
        digit_ahead(&ahead, 0))
        return false;
    *d = got;
    *s = ahead;
    return true;
}

/* Whether "may" stands somewhere in the text where only a month can. */
static bool says_in_may(slice text)
{
    static const char *const before[] = {"in may",    "of may",   "during may",
                                         "last may",  "by may",   "since may",
                                         "early may", "late may", "mid may"};

    for (size_t at = 0; at < text.n; at++) {
        if (word_before(text, at))
            continue;
        for (size_t i = 0; i < COUNT(before); i++)
            if (take_word(&(scan){text, at}, before[i]))
                return true;
    }
    return false;
}

static size_t dates_in(slice text, text_date to[TEXT_DATES_MAX])
{
    scan s = {text, 0};
    size_t n = 0;
    bool looked = false, in_may = false;

    while (s.at < text.n && n < TEXT_DATES_MAX) {
        text_date d;
        if (word_before(text, s.at) || !(take_date(&s, &d) || take_iso(&s, &d))) {
            s.at++;
            continue;
        }
        bool may_alone = d.month == 5 && !d.day && !d.year;
        if (may_alone && !looked) {
            in_may = says_in_may(text);
            looked = true;
        }
        if (!may_alone || in_may)
            to[n++] = d;
    }
    return n;
}

static size_t years_in(slice text, text_date to[TEXT_DATES_MAX])
{
    size_t n = 0;

    for (size_t at = 0; at < text.n && n < TEXT_DATES_MAX; at++) {
        scan s = {text, at};
        if (text.p[at] != '2' || word_before(text, at))
            continue;
        int year = take_digits(&s, 4);
        if (year >= 2010 && year <= 2029 && !word_after(text, s.at))
            to[n++] = (text_date){.year = year};
    }
    return n;
}

size_t text_asked_dates(slice question, text_date to[TEXT_DATES_MAX])
{
    size_t n = dates_in(question, to);

    return n ? n : years_in(question, to);
}

float text_date_match(text_date asked, int64_t day)
{
    int Y, M, D;

    clock_civil(day, &Y, &M, &D);
    bool year_fits = !asked.year || asked.year == Y;
    if (!asked.month)
        return year_fits ? 0.2F : 0.0F;
    if (year_fits && asked.month == M) {
        int apart = asked.day > D ? asked.day - D : D - asked.day;
        if (!asked.day || apart > 3)
            return 0.5F;
        return apart ? 0.8F : 1.0F;
    }
    if (!asked.day)
        return year_fits && M == asked.month + 1 ? 0.2F : 0.0F;

    int year = asked.year ? asked.year : Y;
    if (asked.day > clock_month_days(year, asked.month))
        return 0.0F;
    int64_t after = day - clock_days(year, asked.month, asked.day);
    return after >= 0 && after <= 10 ? 0.6F : 0.0F;
}

/* ---- when ---- */

bool text_asks_when(slice question)
{
    static const char *const asks[] = {"when",        "how long",   "what date", "what month",
                                       "what year",   "what day",   "what time", "which date",
                                       "which month", "which year", "which day", "which time"};

    for (size_t at = 0; at < question.n; at++) {
        char c = lower(question.p[at]);
        if ((c != 'w' && c != 'h') || word_before(question, at))
            continue;
        for (size_t i = 0; i < COUNT(asks); i++)
            if (take_word(&(scan){question, at}, asks[i]))
                return true;
    }
    return false;
}
