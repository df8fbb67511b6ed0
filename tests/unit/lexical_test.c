/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/lexical_test.c -- ranking against the formula written down plainly, and each of its
 * parts on a graph small enough to see through. */
#include "search/lexical.h"

#include "base/clock.h"
#include "text/marks.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena a;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, (size_t)256 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&a);
    return 0;
}

static uint64_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 33) % n;
}

/* ---- a graph in memory ---- */

enum { MOST_TURNS = 700 };

struct graph {
    turn_list turns;
    int64_t numbers[MOST_TURNS];
    slice own[MOST_TURNS];
    size_t n;
    size_t folded; /* so many are given as chunks, the rest as pending episodes */
};

static void begin(struct graph *g)
{
    g->n = g->folded = 0;
    turns_init(&g->turns, &a, 0);
}

/* Say something in a session; the numbers run from 1 unless one is given. */
static void say_as(struct graph *g, int64_t number, int64_t session, int32_t day,
                   const char *speaker, const char *content)
{
    turn t = {.number = number, .session = session, .day = day};
    slice *own = &g->own[g->n];

    assert_true(g->n < MOST_TURNS);
    assert_int_equal(lexical_index(&a, slice_of(speaker), slice_of(content), own), OK);
    assert_int_equal(packed_terms_head(*own, &t.length, &t.marks), OK);
    assert_int_equal(turns_add(&g->turns, t, slice_of(speaker)), OK);
    g->numbers[g->n++] = number;
}

static void say(struct graph *g, int64_t session, const char *speaker, const char *content)
{
    say_as(g, (int64_t)g->n + 1, session, 0, speaker, content);
}

static lexical_query *parse(const struct graph *g, const char *text)
{
    lexical_query *q = NULL;

    assert_int_equal(lexical_parse(&a, slice_of(text), &g->turns, &q), OK);
    return q;
}

/* Give the query what the store would: folded postings in chunks of a few, the others pending. */
static void look_up(const struct graph *g, lexical_query *q)
{
    packed_gathered *terms = NULL;
    size_t n = 0;

    assert_int_equal(packed_gather(&a, g->numbers, g->own, g->folded, &terms, &n), OK);
    for (size_t i = 0; i < q->n_terms; i++) {
        for (size_t k = 0; k < n; k++) {
            for (size_t at = 0; terms[k].hash == q->terms[i].hash && at < terms[k].n;) {
                size_t some = 1 + random_below(20), taken = 0;
                slice chunk;
                some = some > terms[k].n - at ? terms[k].n - at : some;
                assert_int_equal(
                    packed_postings_append(&a, NO_SLICE, terms[k].at + at, some, &chunk, &taken),
                    OK);
                assert_int_equal(lexical_add_chunk(q, i, chunk), OK);
                at += taken;
            }
        }
    }
    for (size_t i = g->folded; i < g->n; i++)
        assert_int_equal(lexical_add_pending(q, g->numbers[i], g->own[i]), OK);
}

static lexical_hit *rank(const struct graph *g, const char *text, size_t limit, size_t *n)
{
    lexical_query *q = parse(g, text);
    lexical_hit *hits = NULL;

    look_up(g, q);
    assert_int_equal(lexical_rank(&a, &g->turns, q, NULL, limit, &hits, n), OK);
    return hits;
}

static lexical_scores scores(const struct graph *g, const char *text)
{
    lexical_query *q = parse(g, text);
    lexical_scores s = {0};

    look_up(g, q);
    assert_int_equal(lexical_score(&a, &g->turns, q, &s), OK);
    assert_int_equal(s.n, g->turns.n);
    return s;
}

/* ---- the formula, plainly ---- */

static double count_in(const struct graph *g, int64_t number, uint32_t hash)
{
    uint32_t count = 0;

    for (size_t i = 0; i < g->n; i++)
        if (g->numbers[i] == number)
            assert_int_equal(packed_terms_find(g->own[i], &hash, 1, &count), OK);
    return count;
}

/* The turn `o` places further in i's session, or -1. */
static int neighbour(const struct graph *g, size_t i, int o)
{
    int at = (int)i, step = o < 0 ? -1 : 1;

    if (o == 0)
        return at;
    if (g->turns.at[i].session == 0)
        return -1;
    while (o != 0) {
        at += step;
        if (at < 0 || at >= (int)g->turns.n)
            return -1;
        if (g->turns.at[at].session == g->turns.at[i].session)
            o -= step;
    }
    return at;
}

static const double w[] = {0.1, 0.1, 0.4, 0.7, 1.0, 0.3, 0.3}; /* -4 to +2 */

static double around(const struct graph *g, size_t i, const uint32_t *hash)
{
    double sum = 0;

    for (int o = -4; o <= 2; o++) {
        int j = neighbour(g, i, o);
        if (j >= 0)
            sum += w[o + 4] * (hash ? count_in(g, g->turns.at[j].number, *hash)
                                    : (double)g->turns.at[j].length);
    }
    return sum;
}

static bool same_session(const struct graph *g, size_t i, size_t j)
{
    return i == j || (g->turns.at[i].session && g->turns.at[i].session == g->turns.at[j].session);
}

static double in_session(const struct graph *g, size_t i, const uint32_t *hash)
{
    double sum = 0;

    for (size_t j = 0; j < g->turns.n; j++)
        if (same_session(g, i, j))
            sum += hash ? count_in(g, g->turns.at[j].number, *hash) : (double)g->turns.at[j].length;
    return sum;
}

static bool first_of_session(const struct graph *g, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (same_session(g, i, j))
            return false;
    return true;
}

static double bm25(double n, double with, double c, double length, double mean)
{
    return log(1 + (n - with + 0.5) / (with + 0.5)) * c * 2.2 /
           (c + 1.2 * (0.25 + 0.75 * length / mean));
}

struct plain {
    double window, session;
};

static void score_plainly(const struct graph *g, const uint32_t *hashes, size_t n_hashes,
                          struct plain *to)
{
    static double wide[MOST_TURNS], all[MOST_TURNS];
    double n = (double)g->turns.n, n_sessions = 0, wide_mean = 0, all_mean = 0;

    for (size_t i = 0; i < g->turns.n; i++) {
        wide[i] = around(g, i, NULL);
        all[i] = in_session(g, i, NULL);
        wide_mean += wide[i] / n;
        if (first_of_session(g, i)) {
            n_sessions++;
            all_mean += all[i];
        }
        to[i] = (struct plain){0};
    }
    all_mean /= n_sessions;
    for (size_t k = 0; k < n_hashes; k++) {
        double with = 0, sessions_with = 0;
        for (size_t i = 0; i < g->turns.n; i++) {
            with += count_in(g, g->turns.at[i].number, hashes[k]) > 0;
            if (first_of_session(g, i))
                sessions_with += in_session(g, i, &hashes[k]) > 0;
        }
        for (size_t i = 0; i < g->turns.n; i++) {
            double c = around(g, i, &hashes[k]), s = in_session(g, i, &hashes[k]);
            if (c > 0)
                to[i].window += bm25(n, with, c, wide[i], wide_mean);
            if (s > 0)
                to[i].session += bm25(n_sessions, sessions_with, s, all[i], all_mean);
        }
    }
}

static void random_graph(struct graph *g, size_t n, uint32_t n_sessions)
{
    int64_t number = 0;

    begin(g);
    for (size_t i = 0; i < n; i++) {
        char text[200];
        size_t at = 0, words = random_below(12);
        for (size_t k = 0; k < words; k++)
            at += (size_t)snprintf(text + at, sizeof(text) - at, "w%u ",
                                   random_below(1 + random_below(40)));
        text[at] = '\0';
        number += random_below(5) ? 1 : 1 + random_below(9);
        say_as(g, number, random_below(n_sessions + 1) * (int64_t)7919, 0, NULL, text);
    }
    g->folded = random_below((uint32_t)n + 1);
}

/* Take some turns out of the list, as if their postings were still there. */
static void forget_some(struct graph *g)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->turns.n; i++)
        if (random_below(6))
            g->turns.at[kept++] = g->turns.at[i];
    g->turns.n = kept;
}

static void scores_are_those_of_the_formula(void **state)
{
    static struct graph g;
    static struct plain plain[MOST_TURNS];

    (void)state;
    for (int round = 0; round < 60; round++) {
        random_graph(&g, 1 + random_below(60), random_below(6));
        if (round % 2)
            forget_some(&g);
        lexical_query *q = parse(&g, "w0 w1 w3 w7 w20 w39 absent");
        lexical_scores s = {0};
        look_up(&g, q);
        assert_int_equal(q->n_terms, 7);
        assert_int_equal(lexical_score(&a, &g.turns, q, &s), OK);
        score_plainly(&g, q->hashes, q->n_terms, plain);
        for (size_t i = 0; i < g.turns.n; i++) {
            double want = plain[i].window + 0.5 * plain[i].session;
            assert_true(fabs(want - (double)s.score[i]) < 1e-4 * (1 + want));
            assert_int_equal(s.found[i], want > 0);
        }
    }
}

static void many_sessions_that_interleave(void **state)
{
    static struct graph g;
    static struct plain plain[MOST_TURNS];

    (void)state;
    random_graph(&g, 300, 90);
    forget_some(&g);
    lexical_query *q = parse(&g, "w2 w5");
    lexical_scores s = {0};
    look_up(&g, q);
    assert_int_equal(lexical_score(&a, &g.turns, q, &s), OK);
    score_plainly(&g, q->hashes, q->n_terms, plain);
    for (size_t i = 0; i < g.turns.n; i++) {
        double want = plain[i].window + 0.5 * plain[i].session;
        assert_true(fabs(want - (double)s.score[i]) < 1e-4 * (1 + want));
    }
}

/* ---- the parts ---- */

static double part(const struct graph *g, const char *with, const char *without, size_t of)
{
    return (double)scores(g, with).score[of] - (double)scores(g, without).score[of];
}

#define assert_near(got, want) assert_true(fabs((got) - (want)) < 1e-4)

static void nothing_asked_nothing_found(void **state)
{
    static struct graph g;
    size_t n = 9;

    (void)state;
    begin(&g);
    rank(&g, "harbour", 10, &n);
    assert_int_equal(n, 0);
    rank(&g, "", 10, &n);
    assert_int_equal(n, 0);
    say(&g, 1, "Ana", "I rowed to the harbour.");
    rank(&g, "", 10, &n);
    assert_int_equal(n, 0);
    rank(&g, "where was it, and what of the", 10, &n);
    assert_int_equal(n, 0);
    rank(&g, "submarine", 10, &n);
    assert_int_equal(n, 0);
    rank(&g, "harbours", 0, &n);
    assert_int_equal(n, 0);
    rank(&g, "harbours", 10, &n);
    assert_int_equal(n, 1);
}

static void turns_without_words_are_no_trouble(void **state)
{
    static struct graph g;
    size_t n = 9;

    (void)state;
    begin(&g);
    say(&g, 1, NULL, "...");
    say(&g, 0, NULL, "");
    rank(&g, "in June 2031", 10, &n);
    assert_int_equal(n, 0);
}

static void a_neighbour_is_found_too_but_not_over_sessions(void **state)
{
    static struct graph g;
    size_t n = 0;

    (void)state;
    begin(&g);
    say(&g, 1, "Ana", "Let us repaint the harbour office.");
    say(&g, 2, "Otto", "Bread, please.");
    say(&g, 1, "Bo", "Green, on Friday.");
    lexical_hit *hits = rank(&g, "harbour office", 10, &n);
    assert_int_equal(n, 2);
    assert_int_equal(hits[0].number, 1);
    assert_int_equal(hits[1].number, 3);
    assert_true(hits[0].score > hits[1].score);
}

static void marks_count(void **state)
{
    static struct graph g;

    (void)state;
    begin(&g);
    say(&g, 0, NULL, "harbour one");
    say(&g, 0, NULL, "my harbour");
    say(&g, 0, NULL, "harbour two?");
    say(&g, 0, NULL, "harbour yesterday");
    say(&g, 0, NULL, "my harbour, our harbour, we, I");
    lexical_scores s = scores(&g, "harbour");
    assert_near((double)(s.score[1] - s.score[0]), 0.5);
    assert_near((double)(s.score[2] - s.score[0]), -1.0);
    assert_near((double)(s.score[3] - s.score[0]), 0.0);
    assert_true(s.score[4] > s.score[0] + 1);
    assert_near(part(&g, "when harbour", "harbour", 3), 2.0);
    assert_near(part(&g, "when harbour", "harbour", 0), 0.0);
}

static void dates_count_and_find(void **state)
{
    static struct graph g;
    size_t n = 0;
    int32_t june = (int32_t)clock_days(2031, 6, 7);

    (void)state;
    begin(&g);
    say_as(&g, 1, 1, june, NULL, "harbour");
    say_as(&g, 2, 2, june + 2, NULL, "office");
    say_as(&g, 3, 3, june + 300, NULL, "office");
    lexical_hit *hits = rank(&g, "on 7 June 2031", 10, &n);
    assert_int_equal(n, 2); /* nothing but the date speaks for them */
    assert_int_equal(hits[0].number, 1);
    assert_near((double)hits[0].score, 8.0);
    assert_near((double)hits[1].score, 8.0 * 0.8);
    hits = rank(&g, "on 7 June 2031, or in April 2032", 10, &n); /* the best of the dates */
    assert_int_equal(n, 3);
    assert_near((double)hits[2].score, 4.0);
}

static void three_speakers(struct graph *g)
{
    begin(g);
    say(g, 0, "Annika Holm", "harbour");
    say(g, 0, "Otto", "harbour");
    say(g, 0, "Assistant", "harbour");
}

static void the_named_speaker_is_preferred(void **state)
{
    static const char *const annika[] = {
        "Annika Holm harbour",    "annika holm's harbour", "ANNIKA HOLM harbour",
        "Was Ann in the harbour", "harbour Annika",
    };
    static struct graph g;

    (void)state;
    three_speakers(&g);
    for (size_t i = 0; i < COUNT(annika); i++) {
        assert_near(part(&g, annika[i], "harbour", 0), 2.0);
        assert_near(part(&g, annika[i], "harbour", 1), 0.0);
    }
    assert_near(part(&g, "what of otto, harbour", "harbour", 1), 2.0);
}

static void who_is_not_named_is_not_preferred(void **state)
{
    static const char *const nobody[] = {
        "harbour",
        "An harbour",
        "annika harbour",
        "ann harbour",
        "holm harbour",
        "harbour of Holm",
        "Annikas harbour",
        "assistant harbour",
        "user harbour",
        "Annika and Otto harbour",
        "otto or annika holm harbour",
    };
    static struct graph g;

    (void)state;
    three_speakers(&g);
    for (size_t i = 0; i < COUNT(nobody); i++) {
        lexical_query *q = parse(&g, nobody[i]);
        assert_null(q->by_named);
    }
}

static void names_in_full_come_before_beginnings(void **state)
{
    static struct graph g;

    (void)state;
    begin(&g);
    say(&g, 0, "Ana", "one");
    say(&g, 0, "Anabel", "two");
    say(&g, 0, "Ana Lima", "three");
    lexical_query *q = parse(&g, "Where does Ana row?");
    assert_true(q->by_named && q->by_named[1] && !q->by_named[2] && !q->by_named[3]);
    q = parse(&g, "Where does ana lima row?");
    assert_true(q->by_named && !q->by_named[1] && !q->by_named[2] && q->by_named[3]);
    q = parse(&g, "Where does Anab row?");
    assert_true(q->by_named && !q->by_named[1] && q->by_named[2] && !q->by_named[3]);
    assert_null(parse(&g, "Where do Ana and Ana Lima row?")->by_named);
}

static void names_that_differ_in_case_are_one_person(void **state)
{
    static struct graph g;

    (void)state;
    begin(&g);
    say(&g, 0, "Otto", "one");
    say(&g, 0, "otto", "two");
    say(&g, 0, "Bo", "three");
    lexical_query *q = parse(&g, "Is otto at home?");
    assert_true(q->by_named && q->by_named[1] && q->by_named[2] && !q->by_named[3]);
    q = parse(&g, "Is Ott at home?"); /* as written begins one of the two, which is enough */
    assert_true(q->by_named && q->by_named[1]);
}

static void small_words_are_names_only_where_they_look_like_it(void **state)
{
    static struct graph g;

    (void)state;
    begin(&g);
    say(&g, 0, "Will", "one");
    say(&g, 0, "Theresa", "two");
    assert_null(parse(&g, "Will it rain? The boat will sink")->by_named);
    assert_null(parse(&g, "the rain will")->by_named);
    lexical_query *q = parse(&g, "Does Will row?");
    assert_true(q->by_named && q->by_named[1] && !q->by_named[2]);
    q = parse(&g, "The boat of There");
    assert_true(q->by_named && q->by_named[2]);
}

static bool asks_for(const lexical_query *q, const char *stem)
{
    for (size_t i = 0; i < q->n_terms; i++)
        if (q->terms[i].hash == text_hash(slice_of(stem)))
            return true;
    return false;
}

static void the_terms_are_stems_less_small_words_and_names(void **state)
{
    static struct graph g;

    (void)state;
    three_speakers(&g);
    lexical_query *q = parse(&g, "Did Annika or holm see OTTO's boats, boat and boating user?");
    assert_int_equal(q->n_terms, 3);
    assert_true(asks_for(q, "see") && asks_for(q, "boat") && asks_for(q, "user"));
    for (size_t i = 1; i < q->n_terms; i++)
        assert_true(q->terms[i].hash > q->terms[i - 1].hash);
}

static void speakers_names_are_words_of_the_turn(void **state)
{
    static struct graph g;
    lexical_query *q;
    text_terms t;

    (void)state;
    begin(&g);
    say(&g, 0, "Otto", "one two?");
    assert_int_equal(g.turns.at[0].length, 3);
    assert_int_equal(g.turns.at[0].marks, TEXT_MARK_ASKS);
    assert_int_equal(packed_terms_decode(&a, g.own[0], &t, NULL), OK);
    assert_int_equal(t.n, 3);
    q = parse(&g, "otto");
    assert_int_equal(q->n_terms, 0);
}

/* ---- bounds ---- */

static const char *many_words(size_t from, size_t n)
{
    buf b;
    slice s;

    buf_init(&b, &a, 1 << 20);
    for (size_t i = from; i < from + n; i++)
        buf_printf(&b, "x%zu ", i);
    assert_int_equal(buf_done(&b, &s), OK);
    return s.p;
}

static void the_rarest_terms_are_ranked_by(void **state)
{
    static struct graph g;

    (void)state;
    begin(&g);
    say(&g, 0, NULL, many_words(0, 70));  /* 70 terms in one turn, */
    say(&g, 0, NULL, many_words(70, 64)); /* 64 in another; those of the next are in two */
    say(&g, 0, NULL, "common");
    say(&g, 0, NULL, "common");
    for (int i = 0; i < 50; i++)
        say(&g, 0, NULL, "other things");

    buf b;
    slice few, many;
    buf_init(&b, &a, 1 << 20);
    buf_printf(&b, "common %s", many_words(0, 63));
    assert_int_equal(buf_done(&b, &few), OK);
    buf_init(&b, &a, 1 << 20);
    buf_printf(&b, "common %s", many_words(0, 64));
    assert_int_equal(buf_done(&b, &many), OK);
    assert_true(scores(&g, few.p).found[2]);
    assert_false(scores(&g, many.p).found[2]);

    /* 134 of one idf: 64 of them are ranked by */
    lexical_query *q = parse(&g, many_words(0, 134));
    lexical_scores s = {0}, one;
    assert_int_equal(q->n_terms, 134);
    look_up(&g, q);
    assert_int_equal(lexical_score(&a, &g.turns, q, &s), OK);
    one = scores(&g, "x0");
    double first = (double)one.score[0], second = (double)scores(&g, "x100").score[1];
    double n = (double)s.score[0] / first, m = (double)s.score[1] / second;
    assert_true(fabs(n + m - 64) < 0.01);
}

static void a_long_query_is_cut(void **state)
{
    static struct graph g;

    (void)state;
    begin(&g);
    say(&g, 1, NULL, "x1000 x600 x5");
    lexical_query *q = parse(&g, many_words(0, 2000));
    assert_int_equal(q->n_terms, LEXICAL_PARSED_MAX);
    look_up(&g, q);
    lexical_scores s = {0};
    assert_int_equal(lexical_score(&a, &g.turns, q, &s), OK);
    assert_true(s.found[0]);
}

static void postings_of_nobody_do_not_count(void **state)
{
    static struct graph g;
    const posting p[] = {{1, 1}, {2, 5}, {3, 1}, {900, 1}};
    slice chunk;
    size_t taken = 0;
    lexical_scores s = {0}, t;

    (void)state;
    begin(&g);
    say_as(&g, 1, 1, 0, NULL, "harbour");
    say_as(&g, 3, 2, 0, NULL, "harbour");
    t = scores(&g, "harbour");
    lexical_query *q = parse(&g, "harbour");
    assert_int_equal(packed_postings_append(&a, NO_SLICE, p, COUNT(p), &chunk, &taken), OK);
    assert_int_equal(lexical_add_chunk(q, 0, chunk), OK);
    assert_int_equal(lexical_score(&a, &g.turns, q, &s), OK);
    assert_true(s.score[0] == t.score[0] && s.score[1] == t.score[1]);
}

static void chunks_come_in_any_order(void **state)
{
    static struct graph g;
    const posting p[] = {{4, 1}, {2, 1}, {9, 1}, {1, 1}};
    slice chunk;
    size_t taken = 0;
    lexical_scores s = {0}, t;

    (void)state;
    begin(&g);
    for (int64_t i = 1; i <= 10; i++)
        say_as(&g, i, 1, 0, NULL, i == 1 || i == 2 || i == 4 || i == 9 ? "harbour" : "office");
    t = scores(&g, "harbour");
    lexical_query *q = parse(&g, "harbour");
    for (size_t i = 0; i < COUNT(p); i++) {
        assert_int_equal(packed_postings_append(&a, NO_SLICE, &p[i], 1, &chunk, &taken), OK);
        assert_int_equal(lexical_add_chunk(q, 0, chunk), OK);
    }
    assert_int_equal(lexical_score(&a, &g.turns, q, &s), OK);
    for (size_t i = 0; i < 10; i++)
        assert_true(fabs((double)(s.score[i] - t.score[i])) < 1e-5);
}

static void damage_is_told(void **state)
{
    static struct graph g;
    lexical_hit *hits = NULL;
    size_t n = 0;

    (void)state;
    begin(&g);
    say(&g, 1, NULL, "harbour");
    lexical_query *q = parse(&g, "harbour");
    assert_int_equal(lexical_add_pending(q, 1, SLICE("\x7f")), ERR_INTERNAL);
    assert_int_equal(lexical_add_chunk(q, 0, SLICE("\x81")), OK);
    assert_int_equal(lexical_rank(&a, &g.turns, q, NULL, 5, &hits, &n), ERR_INTERNAL);

    q = parse(&g, "harbour"); /* the one turn twice */
    assert_int_equal(lexical_add_pending(q, 1, g.own[0]), OK);
    assert_int_equal(lexical_add_pending(q, 1, g.own[0]), OK);
    assert_int_equal(lexical_rank(&a, &g.turns, q, NULL, 5, &hits, &n), ERR_INTERNAL);
}

/* ---- the best ---- */

static bool odd(void *ctx, const turn *t)
{
    ++*(size_t *)ctx;
    return t->number % 2 == 1;
}

static void the_best_come_first_and_of_equals_the_earlier(void **state)
{
    enum { N = 500 };
    static struct graph g;
    float score[N];
    bool found[N];

    (void)state;
    begin(&g);
    for (int64_t i = 1; i <= N; i++)
        assert_int_equal(turns_add(&g.turns, (turn){.number = i}, NO_SLICE), OK);
    for (int round = 0; round < 200; round++) {
        lexical_scores s = {score, found, N};
        size_t asked = 0, n = 0, limit = random_below(round % 3 ? 40 : N * 2), want = 0;
        lexical_filter filter = {odd, &asked};
        bool filtered = random_below(2);
        lexical_hit *hits = NULL;

        for (size_t i = 0; i < N; i++) {
            score[i] = (float)random_below(1 + (uint32_t)round * 5) - 3;
            found[i] = random_below(4) > 0;
        }
        assert_int_equal(
            lexical_pick(&a, &g.turns, &s, filtered ? &filter : NULL, limit, &hits, &n), OK);
        for (size_t i = 0; i < N; i++)
            want += found[i] && (!filtered || i % 2 == 0);
        assert_int_equal(n, want < limit ? want : limit);
        assert_true(asked <= N);
        for (size_t i = 0; i < n; i++) {
            const lexical_hit *h = &hits[i];
            assert_true(found[h->turn] && h->score == score[h->turn]);
            assert_int_equal(h->number, h->turn + 1);
            assert_true(!filtered || h->number % 2 == 1);
            if (i > 0)
                assert_true(hits[i - 1].score > h->score ||
                            (hits[i - 1].score == h->score && hits[i - 1].turn < h->turn));
        }
        for (size_t i = 0; i < N && n == limit && n > 0; i++) { /* nobody better was left out */
            bool in = false;
            for (size_t k = 0; k < n; k++)
                in = in || hits[k].turn == i;
            if (!in && found[i] && (!filtered || i % 2 == 0))
                assert_true(score[i] < hits[n - 1].score ||
                            (score[i] == hits[n - 1].score && i > hits[n - 1].turn));
        }
    }
}

static void a_filter_leaves_the_scores_alone(void **state)
{
    static struct graph g;
    size_t n = 0, asked = 0;
    lexical_filter filter = {odd, &asked};
    lexical_hit *hits = NULL;

    (void)state;
    begin(&g);
    say(&g, 0, NULL, "harbour");
    say(&g, 0, NULL, "harbour harbour");
    say(&g, 0, NULL, "office");
    lexical_query *q = parse(&g, "harbour");
    look_up(&g, q);
    assert_int_equal(lexical_rank(&a, &g.turns, q, &filter, 10, &hits, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(hits[0].number, 1);
    assert_true(hits[0].score == scores(&g, "harbour").score[0]);
}

static void running_out_of_memory_is_told(void **state)
{
    static struct graph g;
    err e = ERR_NO_MEMORY;

    (void)state;
    three_speakers(&g);
    for (size_t max = 0; e; max += 48) {
        arena s;
        lexical_query *q = NULL;
        lexical_hit *hits = NULL;
        size_t n = 0;
        arena_init(&s, max);
        e = lexical_parse(&s, SLICE("Annika Holm in the harbour, boats"), &g.turns, &q);
        if (!e)
            e = lexical_add_chunk(q, 0, SLICE("\x06"));
        for (size_t i = 0; i < g.n && !e; i++)
            e = lexical_add_pending(q, g.numbers[i], g.own[i]);
        if (!e)
            e = lexical_rank(&s, &g.turns, q, NULL, 3, &hits, &n);
        assert_true(e == OK || e == ERR_NO_MEMORY);
        arena_deinit(&s);
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(scores_are_those_of_the_formula),
        test(many_sessions_that_interleave),
        test(nothing_asked_nothing_found),
        test(turns_without_words_are_no_trouble),
        test(a_neighbour_is_found_too_but_not_over_sessions),
        test(marks_count),
        test(dates_count_and_find),
        test(the_named_speaker_is_preferred),
        test(who_is_not_named_is_not_preferred),
        test(names_in_full_come_before_beginnings),
        test(names_that_differ_in_case_are_one_person),
        test(small_words_are_names_only_where_they_look_like_it),
        test(the_terms_are_stems_less_small_words_and_names),
        test(speakers_names_are_words_of_the_turn),
        test(the_rarest_terms_are_ranked_by),
        test(a_long_query_is_cut),
        test(postings_of_nobody_do_not_count),
        test(chunks_come_in_any_order),
        test(damage_is_told),
        test(the_best_come_first_and_of_equals_the_earlier),
        test(a_filter_leaves_the_scores_alone),
        test(running_out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
