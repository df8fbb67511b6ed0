/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/recall.c -- the context string: ranked turns, dated and with their speakers. */
#include "memory/recall.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "search/fold.h"
#include "search/search.h"

enum {
    CANDIDATES = 128, /* ranked turns that are looked at */
    MISSES = 8,       /* after so many that do not fit, the budget is as good as full */
    CONTEXT_MAX = 8 << 20,
};

static const char head[] = "EPISODES are earlier turns that may matter to the conversation\n"
                           "\n"
                           "# Earlier turns, the most relevant first\n"
                           "# format: (when it was said, UTC) speaker: text\n"
                           "<EPISODES>\n";
static const char foot[] = "</EPISODES>\n";

/* Markers of the context string; inside of a text they would end it for its reader. */
static const char *const markers[] = {
    "<EPISODES>", "</EPISODES>", "<FACTS>",        "</FACTS>",
    "<ENTITIES>", "</ENTITIES>", "<USER_SUMMARY>", "</USER_SUMMARY>",
};

/* White space of any script (Unicode's White_Space, and the four separators that also split). */
static bool is_space(uint32_t c)
{
    if (c > ' ' && c < 0x7f)
        return false;
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f) || c == 0x85 ||
           c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

/* What a reader may take for the end of a line. */
static bool breaks_line(uint32_t c)
{
    if (c >= ' ' && c < 0x7f)
        return false;
    return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
}

/* The code point at *at, which moves on; ASCII, nearly always, without a call. */
static uint32_t next_point(slice s, size_t *at)
{
    unsigned char c = (unsigned char)s.p[*at];

    if (c >= 0x80)
        return utf8_next(s, at);
    ++*at;
    return c;
}

static size_t words_of(slice s)
{
    size_t n = 0;
    bool inside = false;

    for (size_t i = 0; i < s.n;) {
        bool space = is_space(next_point(s, &i));
        n += !space && !inside;
        inside = !space;
    }
    return n;
}

static size_t marker_at(slice s, size_t at)
{
    for (size_t i = 0; i < COUNT(markers); i++) {
        size_t n = strlen(markers[i]);
        if (s.n - at >= n && memcmp(s.p + at, markers[i], n) == 0)
            return n;
    }
    return 0;
}

/* Line breaks and markers become spaces; what lies between them is copied as it is. */
static void write_text(buf *b, slice s)
{
    size_t from = 0;

    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        uint32_t c = next_point(s, &i);
        size_t marker = c == '<' ? marker_at(s, at) : 0;
        if (!marker && !breaks_line(c))
            continue;
        buf_put(b, s.p + from, at - from);
        buf_putc(b, ' ');
        from = i = marker ? at + marker : i;
    }
    buf_put(b, s.p + from, s.n - from);
}

static err line_of(arena *a, const graph *g, const episode *ep, slice *line)
{
    char when[CLOCK_PLAIN_TEXT + 1];
    slice speaker = fold_speaker(g, ep);
    buf b;

    if (slice_empty(speaker) && ep->session && ep->role_type != ROLE_NONE)
        speaker = slice_of(role_types[ep->role_type]);
    clock_format_plain(ep->created_at, when);
    buf_init(&b, a, CONTEXT_MAX);
    buf_puts(&b, "  - (");
    buf_puts(&b, when);
    buf_puts(&b, ") ");
    if (!slice_empty(speaker)) {
        write_text(&b, speaker);
        buf_puts(&b, ": ");
    }
    write_text(&b, ep->content);
    buf_putc(&b, '\n');
    return buf_done(&b, line);
}

/* The texts of the last messages as one query. */
static err query_of(arena *a, const episode *last, size_t n, slice *query)
{
    buf b;

    buf_init(&b, a, CONTEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_slice(&b, last[i].content);
        buf_putc(&b, '\n');
    }
    return buf_done(&b, query);
}

static err numbers_of(arena *a, const episode *shown, size_t n, int64_t **numbers)
{
    *numbers = arena_array(a, n + 1, sizeof(**numbers));
    if (!*numbers)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        (*numbers)[i] = shown[i].number;
    return OK;
}

/* Lines in rank order, those that do not fit left out. */
static err write_lines(tx *t, arena *a, const graph *g, const search_rank *ranks, size_t n,
                       size_t words_left, buf *b)
{
    episode ep;
    slice line;

    for (size_t i = 0, misses = 0; i < n && misses < MISSES; i++) {
        err e = episode_get(t, a, g, ranks[i].number, &ep);
        if (!e)
            e = line_of(a, g, &ep, &line);
        if (e)
            return e;
        size_t words = words_of(line);
        if (words > words_left) {
            misses++;
            continue;
        }
        words_left -= words;
        buf_slice(b, line);
    }
    return OK;
}

err recall_context(tx *t, arena *a, const graph *g, const episode *last, size_t last_n,
                   const episode *shown, size_t shown_n, int64_t tokens, slice *context)
{
    search_request rq = {.limit = CANDIDATES, .without_n = shown_n};
    int64_t *without = NULL;
    search_rank *ranks = NULL;
    size_t n = 0;
    buf b;

    *context = SLICE("");
    size_t frame = words_of(slice_of(head)) + words_of(slice_of(foot));
    size_t words = (size_t)((double)tokens / 1.3);
    if (!last_n || words <= frame)
        return OK;
    err e = query_of(a, last, last_n, &rq.query);
    if (!e)
        e = numbers_of(a, shown, shown_n, &without);
    rq.without = without;
    if (!e)
        e = search_ranks(t, a, g, &rq, &ranks, &n);
    if (e)
        return e;
    buf_init(&b, a, CONTEXT_MAX);
    buf_puts(&b, head);
    e = write_lines(t, a, g, ranks, n, words - frame, &b);
    if (e || b.n == strlen(head))
        return e;
    buf_puts(&b, foot);
    return buf_done(&b, context);
}
