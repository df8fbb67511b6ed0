/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/search_test.c -- the one entrance to finding things: what is found, in which order, and
 * what a request leaves out. How turns are scored is lexical_test's. */
#include "search/search.h"

#include "memory/ingest.h"
#include "talk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const line said_first[] = {
    {"Ana", ROLE_USER, "I planted tomatoes in the garden", 1709251200000000, NULL},
    {"Bob", ROLE_USER, "which kind of tomatoes?", 1709251260000000, NULL},
    {"Ana", ROLE_USER, "the yellow ones, from my grandmother", 1709251320000000, NULL},
    {"Bob", ROLE_USER, "my bicycle was stolen yesterday", 1709337600000000, NULL},
};
static const line said_second[] = {
    {"Cleo", ROLE_USER, "the concert in Lyon was loud", 1709424000000000, NULL},
    {"Ana", ROLE_USER, "who played in Lyon?", 1709424060000000, NULL},
    {"Cleo", ROLE_USER, "a band with two drummers", 1709424120000000, NULL},
    {"Bob", ROLE_USER, "I sold tomatoes at the market", 1709424180000000, NULL},
};
static const line said_third[] = {
    {"Bob", ROLE_USER, "my new bicycle is green", 1710028800000000, NULL},
    {"Cleo", ROLE_USER, "was the old bicycle found?", 1710028860000000, NULL},
};

/* Three speakers in three sessions of one user. */
static int64_t three_talks(scratch *s, const char *user_id)
{
    int64_t at = talk_user(s, user_id, "Ana");
    const char *first = arena_printf(&s->arena, "%s first", user_id).p;
    const char *second = arena_printf(&s->arena, "%s second", user_id).p;
    const char *third = arena_printf(&s->arena, "%s third", user_id).p;

    talk_session(s, first, user_id);
    talk_session(s, second, user_id);
    talk_session(s, third, user_id);
    assert_int_equal(talk_say(s, first, said_first, COUNT(said_first), NULL), OK);
    assert_int_equal(talk_say(s, second, said_second, COUNT(said_second), NULL), OK);
    assert_int_equal(talk_say(s, third, said_third, COUNT(said_third), NULL), OK);
    return at;
}

static void assert_first(scratch *s, int64_t at, const char *query, const char *text)
{
    found f = talk_ask(s, at, query, 3);

    assert_true(f.n > 0);
    if (!slice_is(f.at[0].ep.content, text))
        fail_msg("%s: %.*s", query, (int)f.at[0].ep.content.n, f.at[0].ep.content.p);
}

static void questions_find_their_turns(void **state)
{
    scratch *s = *state;
    int64_t at = three_talks(s, "ana");

    assert_first(s, at, "Who planted tomatoes?", "I planted tomatoes in the garden");
    assert_first(s, at, "What did Bob do with tomatoes?", "I sold tomatoes at the market");
    assert_first(s, at, "Which colour is Bob's new bicycle?", "my new bicycle is green");
    assert_first(s, at, "Which band has two drummers?", "a band with two drummers");
    assert_first(s, at, "GRANDMOTHER'S", "the yellow ones, from my grandmother");
    /* the day alone finds its turns */
    found f = talk_ask(s, at, "What was on March 10, 2024?", 10);
    assert_true(f.n >= 2);
    assert_int_equal(f.at[0].ep.session, 3);
    assert_int_equal(f.at[1].ep.session, 3);
}

static void hits_come_best_first_and_whole(void **state)
{
    scratch *s = *state;
    int64_t at = three_talks(s, "ana");
    found f = talk_ask(s, at, "tomatoes in Lyon with a bicycle", 10);

    assert_true(f.n > 5);
    for (size_t i = 0; i < f.n; i++) {
        const episode *ep = &f.at[i].ep;
        assert_true(isfinite(f.at[i].score));
        if (i > 0)
            assert_true(f.at[i - 1].score > f.at[i].score ||
                        (f.at[i - 1].score == f.at[i].score && f.at[i - 1].ep.number < ep->number));
        assert_true(ep->content.p && ep->role.p && ep->place > 0 && ep->session > 0);
    }
}

static void limits_cut_the_list(void **state)
{
    scratch *s = *state;
    int64_t at = three_talks(s, "ana");
    found all = talk_ask(s, at, "tomatoes bicycle", 100);

    assert_true(all.n > 3);
    for (size_t limit = 0; limit <= all.n + 2; limit++) {
        found f = talk_ask(s, at, "tomatoes bicycle", limit);
        found cut = all;
        cut.n = limit < all.n ? limit : all.n;
        talk_assert_same(&f, &cut, "tomatoes bicycle");
    }
    assert_int_equal(talk_ask(s, at, "tomatoes", SIZE_MAX).n, talk_ask(s, at, "tomatoes", 100).n);
}

/* Filters leave turns out and change no score. */
static void filters_come_after_the_scores(void **state)
{
    static const int64_t second[] = {2}, some[] = {1, 3}, none[] = {9};
    scratch *s = *state;
    int64_t at = three_talks(s, "ana");
    search_request rq = {.query = SLICE("tomatoes bicycle Lyon"), .limit = 100};
    found all = talk_search(s, at, &rq), f;
    size_t n = 0;

    rq.sessions = second;
    rq.sessions_n = 1;
    f = talk_search(s, at, &rq);
    for (size_t i = 0; i < all.n; i++) {
        if (all.at[i].ep.session != 2)
            continue;
        assert_int_equal(f.at[n].ep.number, all.at[i].ep.number);
        assert_true(f.at[n++].score == all.at[i].score);
    }
    assert_int_equal(f.n, n);
    rq.sessions = some;
    rq.sessions_n = 2;
    f = talk_search(s, at, &rq);
    assert_int_equal(f.n, all.n - n);
    rq.sessions = none;
    rq.sessions_n = 1;
    assert_int_equal(talk_search(s, at, &rq).n, 0);
    rq.sessions_n = 0; /* of no session at all */
    assert_int_equal(talk_search(s, at, &rq).n, 0);

    const int64_t without[] = {1, 4, 8};
    rq = (search_request){.query = rq.query, .limit = 100, .without = without, .without_n = 3};
    f = talk_search(s, at, &rq);
    n = 0;
    for (size_t i = 0; i < all.n; i++) {
        int64_t number = all.at[i].ep.number;
        if (number != 1 && number != 4 && number != 8)
            assert_int_equal(f.at[n++].ep.number, number);
    }
    assert_int_equal(f.n, n);
}

static void nothing_is_found_where_nothing_is(void **state)
{
    static const char *const empty[] = {
        "", "   ", "the and of", "?!", "zzz qqq", "\xF0\x9F\x98\x80", "0"};
    scratch *s = *state;
    int64_t at = three_talks(s, "ana"), silent = talk_user(s, "silent", NULL);

    for (size_t i = 0; i < COUNT(empty); i++) {
        assert_int_equal(talk_ask(s, at, empty[i], 10).n, 0);
        assert_int_equal(talk_ask(s, silent, empty[i], 10).n, 0);
    }
    assert_int_equal(talk_ask(s, silent, "tomatoes on 2024-03-01", 10).n, 0);
}

static void one_memory_knows_nothing_of_another(void **state)
{
    scratch *s = *state;
    int64_t ana = three_talks(s, "ana"), other = talk_user(s, "other", "Bob");

    talk_session(s, "other's", "other");
    talk_one(s, "other's", "Bob", "I dislike cucumbers");
    found before = talk_ask(s, ana, "tomatoes", 10);
    assert_int_equal(talk_ask(s, other, "tomatoes", 10).n, 0);
    assert_int_equal(talk_ask(s, ana, "cucumbers", 10).n, 0);
    for (int i = 0; i < 50; i++)
        talk_one(s, "other's", "Eve", "tomatoes tomatoes tomatoes");
    found after = talk_ask(s, ana, "tomatoes", 10);
    talk_assert_same(&before, &after, "tomatoes");
}

/* Sessions that interleave are heard as if each had been said on its own. */
static void sessions_may_interleave(void **state)
{
    static const char *const queries[] = {
        "tomatoes",          "Lyon drummers",        "bicycle",
        "Bob bicycle green", "when was the concert", "yellow grandmother market"};
    scratch *s = *state;
    int64_t apart = three_talks(s, "ana"), mixed = talk_user(s, "mixed", "Ana");

    talk_session(s, "m1", "mixed");
    talk_session(s, "m2", "mixed");
    talk_session(s, "m3", "mixed");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(talk_say(s, "m1", &said_first[i], 1, NULL), OK);
        assert_int_equal(talk_say(s, "m2", &said_second[i], 1, NULL), OK);
        if (i < COUNT(said_third))
            assert_int_equal(talk_say(s, "m3", &said_third[i], 1, NULL), OK);
    }
    for (size_t i = 0; i < COUNT(queries); i++) {
        found a = talk_ask(s, apart, queries[i], 50), b = talk_ask(s, mixed, queries[i], 50);
        assert_int_equal(a.n, b.n);
        for (size_t k = 0; k < a.n; k++) { /* ties may stand in another order */
            double score = NAN;
            for (size_t m = 0; m < b.n; m++)
                if (slice_eq(a.at[k].ep.content, b.at[m].ep.content))
                    score = b.at[m].score;
            assert_true(fabs(score - a.at[k].score) < 1e-5);
        }
    }
}

static void a_write_is_found_in_its_own_transaction(void **state)
{
    scratch *s = *state;
    int64_t at = three_talks(s, "ana"), number;
    const line said = {"Ana", ROLE_USER, "a xylophone", 0, NULL};
    const search_request rq = {.query = SLICE("xylophone"), .limit = 3};
    episode ep = talk_episode(&said);
    search_hit *hits;
    uuid taken;
    graph g;
    size_t n;

    assert_int_equal(ingest_prepare(&s->arena, &ep, 1), OK);
    tx *t = scratch_write(s);
    assert_int_equal(ingest_messages(t, &s->arena, NULL, s->project, SLICE("ana first"), &ep, 1, &g,
                                     &number, &taken),
                     OK);
    assert_int_equal(search_episodes(t, &s->arena, &g, &rq, &hits, &n), OK);
    assert_true(n >= 1);
    assert_true(slice_is(hits[0].ep.content, "a xylophone"));
    assert_int_equal(talk_ask(s, at, "xylophone", 3).n, 0); /* others see it after the commit */
    scratch_commit(s);
    assert_true(talk_ask(s, at, "xylophone", 3).n >= 1);
}

static void odd_texts_do_no_harm(void **state)
{
    enum { N = 60000 };
    static char text[N + 1];
    scratch *s = *state;
    int64_t at = three_talks(s, "ana");
    dice d = {8};

    for (size_t i = 0; i < N; i++)
        text[i] = i % 7 == 6 ? ' ' : (char)('a' + dice_below(&d, 26));
    talk_one(s, "ana first", "Ana", text);
    text[9000] = '\0';
    assert_true(talk_ask(s, at, text, 10).n > 0);
    assert_first(s, at, arena_printf(&s->arena, "%.*s tomatoes", 400, text).p,
                 talk_ask(s, at, text, 1).at[0].ep.content.p);
    memset(text, 'x', N);
    text[N] = '\0';
    talk_one(s, "ana second", "Ana", text);
    assert_first(s, at, text, text);
    talk_one(s, "ana first", NULL, "");
    talk_one(s, "ana first", "", " \n\t ");
    talk_one(s, "ana first", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80 \xE2\x80\x8B\xCC\x81");
    talk_one(s, "ana first", "\xD0\x90\xD0\xBD\xD0\xB0",
             "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82");
    assert_first(s, at, "\xD0\x9F\xD0\xA0\xD0\x98\xD0\x92\xD0\x95\xD0\xA2",
                 "\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82");
    scratch_check(s);
}

/* At every ceiling of the request's memory: the whole answer, or an error. */
static void little_memory_is_an_error_and_no_lie(void **state)
{
    scratch *s = *state;
    int64_t at = three_talks(s, "ana");
    const search_request rq = {.query = SLICE("did Bob sell tomatoes or a bicycle"), .limit = 10};
    found whole = talk_search(s, at, &rq);
    size_t failed = 0, done = 0;
    graph g = talk_graph(s, at);

    tx *t = scratch_read(s);
    for (size_t ceiling = 0; done < 20; ceiling += 61) {
        found f = {0};
        arena a;
        arena_init(&a, ceiling);
        f.e = search_episodes(t, &a, &g, &rq, &f.at, &f.n);
        if (f.e) {
            assert_true(f.e == ERR_NO_MEMORY || f.e == ERR_TOO_LARGE);
            failed++;
        } else {
            talk_assert_same(&whole, &f, "with little memory");
            done++;
        }
        arena_deinit(&a);
        assert_true(ceiling < 1 << 20);
    }
    assert_true(failed > 20);
    assert_int_equal(scratch_end_read(s), OK);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(questions_find_their_turns),
        WITH_STORE(hits_come_best_first_and_whole),
        WITH_STORE(limits_cut_the_list),
        WITH_STORE(filters_come_after_the_scores),
        WITH_STORE(nothing_is_found_where_nothing_is),
        WITH_STORE(one_memory_knows_nothing_of_another),
        WITH_STORE(sessions_may_interleave),
        WITH_STORE(a_write_is_found_in_its_own_transaction),
        WITH_STORE(odd_texts_do_no_harm),
        WITH_STORE(little_memory_is_an_error_and_no_lie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
