/* SPDX-License-Identifier: Apache-2.0
 *
 * text/marks.c -- one walk over the runs of letters, numbers and underscores; each is looked up as
 * a whole, so "mine" is not `i` and "2031st" not a year. */
#include "text/marks.h"

#include "base/utf8.h"
#include "text/words.h"

enum { MOST_FIRST = 3, LONGEST = TEXT_TABLE_WIDTH - 1 };

static const char first_person[][TEXT_TABLE_WIDTH] = {"i", "me", "my", "our", "we"};

static const char times[][TEXT_TABLE_WIDTH] = {
    "ago",      "april",     "august",    "birthday", "christmas", "day",       "days",
    "december", "fall",      "february",  "friday",   "january",   "july",      "june",
    "just",     "last",      "march",     "monday",   "month",     "morning",   "next",
    "night",    "november",  "october",   "recently", "saturday",  "september", "since",
    "soon",     "spring",    "summer",    "sunday",   "thursday",  "today",     "tomorrow",
    "tonight",  "tuesday",   "wednesday", "week",     "weekend",   "winter",    "year",
    "years",    "yesterday",
};

static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

/* The question marks of Latin, Arabic and full-width text. */
static bool is_question(uint32_t c)
{
    return c == '?' || c == 0x061F || c == 0xFF1F;
}

static bool asks(slice content)
{
    while (content.n > 0) {
        size_t at = content.n - 1;
        while (at > 0 && ((uint8_t)content.p[at] & 0xC0) == 0x80)
            at--;
        size_t begin = at;
        uint32_t c = utf8_next(content, &at);
        if (!is_space(c))
            return is_question(c);
        content.n = begin;
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_time(slice word)
{
    if (word.p[0] == '2')
        return word.n == 4 && word.p[1] == '0' && is_digit(word.p[2]) && is_digit(word.p[3]);
    return text_in_table(word, times, COUNT(times));
}

/* The next run of letters, numbers and underscores into `to`, ASCII in lower case; *n is its
 * length, LONGEST + 1 for one that no table has. */
static bool next_run(slice s, size_t *at, char to[LONGEST], size_t *n)
{
    *n = 0;
    while (*at < s.n) {
        char c = s.p[*at];
        bool plain = (uint8_t)c < 128;
        bool inside;

        if (plain) {
            ++*at;
            if (c >= 'A' && c <= 'Z')
                c = (char)(c | 0x20);
            inside = (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
        } else {
            inside = text_is_letter(utf8_next(s, at));
        }
        if (!inside && *n)
            break;
        if (!inside)
            continue;
        if (plain && *n < LONGEST)
            to[(*n)++] = c;
        else
            *n = LONGEST + 1;
    }
    return *n > 0;
}

uint8_t text_marks(slice content)
{
    char run[LONGEST];
    size_t at = 0, n = 0;
    int first = 0, other = asks(content) ? TEXT_MARK_ASKS : 0;

    while (next_run(content, &at, run, &n)) {
        slice word = {run, n};
        if (n > LONGEST)
            continue;
        if (first < MOST_FIRST && text_in_table(word, first_person, COUNT(first_person)))
            first++;
        else if (!(other & TEXT_MARK_TIME) && is_time(word))
            other |= TEXT_MARK_TIME;
    }
    return (uint8_t)(first | other);
}
