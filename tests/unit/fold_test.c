/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/fold_test.c -- the index waits, is folded, loses episodes and is made anew, and a search
 * never tells the difference. The model is a graph into which the living episodes alone were put,
 * none of them folded. */
#include "search/fold.h"

#include "memory/forget.h"
#include "search/packed.h"
#include "store/postings.h"
#include "store/sessions.h"
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const speakers[] = {"Ana Lee", "Bob", "Wilhelmina"};

/* Queries of every kind: words, names, dates, "when", none. */
static const char *const queries[] = {
    "garden vided",
    "when did Bob go to the garden",
    "Wilhelmina polous terion sering",
    "what was on 2024-03-05",
    "misa lona gara tera pola vida",
    "the and you",
    "tag7 tag70 tag140",
    "kipers?",
    "",
};

static void talk_at_length(scratch *s, dice *d, const char *session_id, int n, int first_tag)
{
    for (int i = 0; i < n; i++) {
        char tag[20];
        snprintf(tag, sizeof(tag), "tag%d", first_tag + i);
        const line said = {
            speakers[dice_below(d, 3)], ROLE_USER, talk_words(s, d, 3 + dice_below(d, 20), tag),
            INT64_C(1709251200000000) + (int64_t)dice_below(d, 20) * CLOCK_DAY_US, NULL};
        assert_int_equal(talk_say(s, session_id, &said, 1, NULL), OK);
    }
}

static void assert_answers_stay(scratch *s, int64_t at, const found *before)
{
    for (size_t i = 0; i < COUNT(queries); i++) {
        found after = talk_ask(s, at, queries[i], 50);
        talk_assert_same(&before[i], &after, queries[i]);
    }
}

static void ask_all(scratch *s, int64_t at, found *answers)
{
    for (size_t i = 0; i < COUNT(queries); i++)
        answers[i] = talk_ask(s, at, queries[i], 50);
}

static int64_t rows_of(scratch *s, const char *table, int64_t at)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s WHERE graph = %lld", table, (long long)at);
    return scratch_number(s, sql);
}

static void folding_waits_until_enough_wait(void **state)
{
    scratch *s = *state;
    found answers[COUNT(queries)];
    dice d = {1};

    int64_t at = talk_user(s, "ana", "Ana");
    talk_session(s, "s", "ana");
    talk_at_length(s, &d, "s", FOLD_PENDING - 1, 0);
    graph g = talk_graph(s, at);
    assert_false(fold_due(&g));
    talk_fold(s, at, false);
    assert_int_equal(talk_graph(s, at).folded, 0);
    assert_int_equal(rows_of(s, "postings", at), 0);

    talk_at_length(s, &d, "s", 1, FOLD_PENDING - 1);
    g = talk_graph(s, at);
    assert_true(fold_due(&g));
    ask_all(s, at, answers);
    talk_fold(s, at, false);
    g = talk_graph(s, at);
    assert_int_equal(g.folded, FOLD_PENDING);
    assert_false(fold_due(&g));
    assert_int_equal(rows_of(s, "blocks", at), 1);
    assert_true(rows_of(s, "postings", at) > 100);
    assert_answers_stay(s, at, answers);
    scratch_check(s);

    uint64_t before = scratch_digest(s);
    talk_fold(s, at, false);
    assert_true(scratch_digest(s) == before);
    assert_int_equal(fold_graph(scratch_write(s), &s->arena, s->project, 999, false),
                     ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);
}

static void many_folds_make_one_index(void **state)
{
    scratch *s = *state;
    found answers[COUNT(queries)], again[COUNT(queries)];
    dice d = {2};

    /* the one is folded again and again, as it grows; the other never */
    int64_t folded = talk_user(s, "folded", "Ana"), waiting = talk_user(s, "waiting", "Ana");
    talk_session(s, "folded", "folded");
    talk_session(s, "waiting", "waiting");
    for (int i = 0; i < 4; i++) {
        dice same = d;
        talk_at_length(s, &d, "folded", 150, 150 * i);
        talk_at_length(s, &same, "waiting", 150, 150 * i);
        talk_fold(s, folded, false);
        ask_all(s, waiting, answers);
        assert_answers_stay(s, folded, answers);
    }
    assert_int_equal(talk_graph(s, folded).folded, 600);
    assert_int_equal(talk_graph(s, waiting).folded, 0);
    scratch_check(s);

    /* all at once, and from the words again */
    talk_fold(s, waiting, false);
    assert_answers_stay(s, waiting, answers);
    assert_int_equal(rows_of(s, "blocks", waiting),
                     (600 + PACKED_BLOCK_TURNS - 1) / PACKED_BLOCK_TURNS);
    talk_fold(s, waiting, true);
    ask_all(s, waiting, again);
    for (size_t i = 0; i < COUNT(queries); i++)
        talk_assert_same(&answers[i], &again[i], queries[i]);
    scratch_check(s);
}

/* One word in so many episodes that its postings fill several chunks. */
static void a_common_word_has_several_chunks(void **state)
{
    enum { N = 2600 };
    static line said[N];
    scratch *s = *state;

    int64_t at = talk_user(s, "ana", NULL);
    for (int i = 0; i < N; i++)
        said[i] =
            (line){"Ana", ROLE_USER,
                   arena_printf(&s->arena, "common word%d %s", i % 700, i % 2 ? "odd" : "even").p,
                   0, NULL};
    talk_session(s, "s", "ana");
    for (int i = 0; i < N; i += 100)
        assert_int_equal(talk_say(s, "s", said + i, 100, NULL), OK);
    found before = talk_ask(s, at, "common word5 odd", 100);
    talk_fold(s, at, false);
    found after = talk_ask(s, at, "common word5 odd", 100);
    talk_assert_same(&before, &after, "several chunks");
    assert_true(scratch_number(s, "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM postings"
                                  " GROUP BY graph, term)") >= 2);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM postings WHERE LENGTH(packed) > 2048"),
                     0);
    /* whole chunks go, in the middle and at the end */
    for (int i = 1; i <= 500; i++)
        talk_forget(s, at, N / 2 + i);
    for (int i = 0; i < 300; i++)
        talk_forget(s, at, N - i);
    scratch_check(s);
    for (int i = 0; i < 200; i += 100)
        assert_int_equal(talk_say(s, "s", said + i, 100, NULL), OK);
    talk_fold(s, at, false);
    scratch_check(s);
}

static void what_is_removed_is_out_of_the_index(void **state)
{
    scratch *s = *state;
    dice d = {3};
    graph g;

    int64_t at = talk_user(s, "ana", "Ana");
    talk_session(s, "s", "ana");
    talk_at_length(s, &d, "s", 200, 0);
    talk_fold(s, at, false);
    talk_at_length(s, &d, "s", 50, 200);

    assert_int_equal(talk_ask(s, at, "tag7", 5).at[0].ep.number, 8);
    talk_forget(s, at, 8); /* folded */
    found f = talk_ask(s, at, "tag7", 50);
    for (size_t i = 0; i < f.n; i++)
        assert_int_not_equal(f.at[i].ep.number, 8);
    assert_int_equal(talk_ask(s, at, "tag220", 5).at[0].ep.number, 221);
    talk_forget(s, at, 221); /* waiting */
    f = talk_ask(s, at, "tag220", 50);
    for (size_t i = 0; i < f.n; i++)
        assert_int_not_equal(f.at[i].ep.number, 221);
    scratch_check(s);

    /* what is not there is nothing to take out */
    g = talk_graph(s, at);
    tx *t = scratch_write(s);
    assert_int_equal(fold_remove(t, &s->arena, &g, 8), ERR_NOT_FOUND);
    assert_int_equal(fold_remove(t, &s->arena, &g, 1000), OK);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);

    for (int64_t number = 1; number <= 250; number++)
        if (number != 8 && number != 221)
            talk_forget(s, at, number);
    assert_int_equal(rows_of(s, "postings", at), 0);
    assert_int_equal(rows_of(s, "blocks", at), 0);
    assert_int_equal(rows_of(s, "episodes", at), 0);
    scratch_check(s);
    talk_at_length(s, &d, "s", 130, 0);
    talk_fold(s, at, false);
    assert_int_equal(talk_ask(s, at, "tag7", 1).at[0].ep.number, 258);
    scratch_check(s);
}

/* An index of another version is not read, and made anew by the next fold. */
static void another_version_is_indexed_anew(void **state)
{
    scratch *s = *state;
    found answers[COUNT(queries)];
    dice d = {4};

    int64_t at = talk_user(s, "ana", "Ana");
    talk_session(s, "s", "ana");
    talk_at_length(s, &d, "s", 200, 0);
    talk_fold(s, at, false);
    ask_all(s, at, answers);
    graph g = talk_graph(s, at);
    tx *t = scratch_write(s);
    assert_int_equal(graph_set_folded(t, &g, g.folded, INDEX_VERSION + 1), OK);
    assert_int_equal(episode_set_terms(t, &g, 9, SLICE("of another form")), OK);
    scratch_commit(s);

    const search_request rq = {.query = SLICE("garden"), .limit = 5};
    assert_int_equal(talk_search(s, at, &rq).e, ERR_BUSY);
    talk_forget(s, at, 9); /* deleting goes on */
    g = talk_graph(s, at);
    assert_true(fold_due(&g));
    talk_fold(s, at, false);
    assert_int_equal(talk_graph(s, at).index_version, INDEX_VERSION);
    scratch_check(s);
    assert_true(talk_ask(s, at, "tag8", 1).n == 0 ||
                talk_ask(s, at, "tag8", 1).at[0].ep.number != 9);
}

/* ---- by chance, beside a model ---- */

enum { SESSIONS = 3, EPISODES = 4000 };

/* One episode of the model. */
struct told {
    line said;
    int session; /* 0: data */
    int life;    /* of the session: an id used again is another session */
    bool living;
};

struct world {
    scratch *s;
    dice d;
    int64_t at;
    int life[SESSIONS + 1]; /* how often the id was used */
    bool there[SESSIONS + 1];
    struct told told[EPISODES + 1];
    int64_t n;
    int models;
};

static const char *const session_ids[] = {"", "first", "second", "third"};

static void add_some(struct world *w)
{
    line said[12];
    size_t n = 1 + dice_below(&w->d, COUNT(said));
    int which = 1 + (int)dice_below(&w->d, SESSIONS);

    if (!w->there[which]) {
        talk_session(w->s, session_ids[which], "ana");
        w->there[which] = true;
        w->life[which]++;
    }
    for (size_t i = 0; i < n; i++) {
        char tag[20];
        snprintf(tag, sizeof(tag), "tag%d", (int)w->n + (int)i);
        said[i] =
            (line){speakers[dice_below(&w->d, 3)], ROLE_USER,
                   talk_words(w->s, &w->d, dice_below(&w->d, 25), tag),
                   INT64_C(1709251200000000) + (int64_t)dice_below(&w->d, 40) * CLOCK_DAY_US, NULL};
        w->told[w->n + (int64_t)i + 1] = (struct told){said[i], which, w->life[which], true};
    }
    assert_int_equal(talk_say(w->s, session_ids[which], said, n, NULL), OK);
    w->n += (int64_t)n;
}

static void add_data(struct world *w)
{
    const char *text = talk_words(w->s, &w->d, 1 + dice_below(&w->d, 30), NULL);

    assert_int_equal(talk_data(w->s, w->at, text), w->n + 1);
    w->told[++w->n] = (struct told){{NULL, ROLE_NONE, text, 0, NULL}, 0, 0, true};
}

static void forget_one(struct world *w)
{
    int64_t number = 1 + (int64_t)dice_below(&w->d, (size_t)w->n + 1);

    while (number <= w->n && !w->told[number].living)
        number++;
    if (number > w->n)
        return;
    talk_forget(w->s, w->at, number);
    w->told[number].living = false;
}

static void forget_session_of(struct world *w)
{
    int which = 1 + (int)dice_below(&w->d, SESSIONS);

    if (!w->there[which])
        return;
    assert_int_equal(forget_session(scratch_write(w->s), &w->s->arena, w->s->project,
                                    slice_of(session_ids[which])),
                     OK);
    scratch_commit(w->s);
    w->there[which] = false;
}

static void step(struct world *w)
{
    size_t what = dice_below(&w->d, 100);

    if (w->n > EPISODES - 20 || what >= 60)
        forget_one(w);
    else if (what < 45)
        add_some(w);
    else if (what < 52)
        add_data(w);
    else if (what < 54)
        forget_session_of(w);
    else if (what < 59)
        talk_fold(w->s, w->at, false);
    else
        talk_fold(w->s, w->at, true);
}

/* The living episodes in a graph of their own, their sessions told apart. */
static int64_t build_model(struct world *w)
{
    const char *user_id = arena_printf(&w->s->arena, "model %d", ++w->models).p;
    int64_t at = talk_user(w->s, user_id, "Ana");
    bool made[SESSIONS + 1][500] = {0};

    for (int64_t i = 1; i <= w->n; i++) {
        const struct told *one = &w->told[i];
        if (!one->living)
            continue;
        if (!one->session) {
            talk_data(w->s, at, one->said.text);
            continue;
        }
        const char *id = arena_printf(&w->s->arena, "%s %d %d", user_id, one->session, one->life).p;
        if (!made[one->session][one->life])
            talk_session(w->s, id, user_id);
        made[one->session][one->life] = true;
        assert_int_equal(talk_say(w->s, id, &one->said, 1, NULL), OK);
    }
    return at;
}

static void compare_with_model(struct world *w)
{
    int64_t model = build_model(w);

    for (int i = 0; i < 12; i++) {
        const char *query = i < (int)COUNT(queries)
                                ? queries[i]
                                : talk_words(w->s, &w->d, 1 + dice_below(&w->d, 12), NULL);
        found a = talk_ask(w->s, w->at, query, 30), b = talk_ask(w->s, model, query, 30);
        talk_assert_same(&a, &b, query);
    }
}

static void anything_may_come_in_any_order(void **state)
{
    static struct world w;

    for (uint64_t seed = 1; seed <= 3; seed++) {
        char name[20];
        scratch *s = *state;
        snprintf(name, sizeof(name), "ana");
        if (seed > 1) { /* a store of its own for each */
            scratch_tear_down(state);
            scratch_set_up(state);
            s = *state;
        }
        w = (struct world){.s = s, .d = {seed}};
        w.at = talk_user(s, name, "Ana");
        for (int i = 1; i <= 500; i++) {
            step(&w);
            if (i % 100 == 0)
                scratch_check(s);
            if (i % 250 == 0)
                compare_with_model(&w);
        }
    }
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(folding_waits_until_enough_wait),
        WITH_STORE(many_folds_make_one_index),
        WITH_STORE(a_common_word_has_several_chunks),
        WITH_STORE(what_is_removed_is_out_of_the_index),
        WITH_STORE(another_version_is_indexed_anew),
        WITH_STORE(anything_may_come_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
