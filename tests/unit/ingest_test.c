/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/ingest_test.c -- what was said becomes rows: numbers, places, ids, times, sessions that
 * are made on the way, and all or nothing. */
#include "memory/ingest.h"

#include "store/sessions.h"
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ID_ONE "11111111-2222-4333-8444-555555555555"
#define ID_TWO "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"

static session session_of(scratch *s, const char *session_id)
{
    session one;

    assert_int_equal(
        session_get(scratch_read(s), &s->arena, s->project, slice_of(session_id), &one), OK);
    assert_int_equal(scratch_end_read(s), OK);
    return one;
}

static found all_of(scratch *s, int64_t at_graph)
{
    graph g = talk_graph(s, at_graph);
    episode *eps;
    found f = {0};

    assert_int_equal(episode_last(scratch_read(s), &s->arena, &g, 100000, &eps, &f.n), OK);
    assert_int_equal(scratch_end_read(s), OK);
    f.at = arena_array(&s->arena, f.n + 1, sizeof(*f.at));
    for (size_t i = 0; i < f.n; i++)
        f.at[i].ep = eps[i];
    return f;
}

static void messages_keep_their_order(void **state)
{
    scratch *s = *state;
    const line said[] = {
        {"Ana", ROLE_USER, "one", 5000000, NULL},
        {NULL, ROLE_ASSISTANT, "two", 0, ID_ONE},
        {NULL, ROLE_USER, "three", 0, NULL},
    };
    episode eps[3];

    int64_t at = talk_user(s, "ana", "Ana");
    talk_session(s, "s", "ana");
    int64_t before = clock_now_us();
    for (int round = 0; round < 3; round++)
        assert_int_equal(
            talk_say(s, "s", said + (round ? 2 : 0), round ? 1 : 3, round ? NULL : eps), OK);
    int64_t after = clock_now_us();

    found f = all_of(s, at);
    assert_int_equal(f.n, 5);
    for (size_t i = 0; i < f.n; i++) {
        const episode *ep = &f.at[i].ep;
        assert_int_equal(ep->number, i + 1);
        assert_int_equal(ep->place, i + 1);
        assert_int_equal(ep->session, 1);
        assert_in_range(ep->added_at, before, after);
        assert_true(slice_is(ep->content, i < 3 ? said[i].text : "three"));
        if (i < 3)
            assert_true(uuid_eq(ep->id, eps[i].id));
        assert_int_equal(ep->id_given, i == 1);
    }
    assert_int_equal(f.at[0].ep.created_at, 5000000);
    assert_true(f.at[1].ep.created_at == f.at[1].ep.added_at);
    uuid_route to;
    assert_true(uuid_route_of(f.at[0].ep.id, &to));
    assert_int_equal(to.graph, at);
    assert_int_equal(to.number, 1);
    assert_int_equal(to.time_ms, f.at[0].ep.added_at / 1000);

    session one = session_of(s, "s");
    assert_int_equal(one.messages, 5);
    assert_int_equal(one.next_place, 6);
    assert_in_range(one.updated_at, before, after);
    scratch_check(s);
}

static void an_unknown_session_is_made(void **state)
{
    scratch *s = *state;

    talk_one(s, "new", "Ana", "hello");
    session one = session_of(s, "new");
    assert_int_equal(one.user_id.n, 0);
    assert_int_equal(one.messages, 1);
    assert_int_equal(talk_graph(s, one.graph).kind, GRAPH_SESSION);
    talk_one(s, "new", "Ana", "hello");
    assert_int_equal(session_of(s, "new").messages, 2);

    assert_int_equal(talk_say(s, "empty", NULL, 0, NULL), OK);
    assert_int_equal(session_of(s, "empty").messages, 0);
    assert_int_equal(session_of(s, "empty").next_place, 1);
    scratch_check(s);
}

static void an_ended_session_takes_no_more(void **state)
{
    scratch *s = *state;
    const line said = {"Ana", ROLE_USER, "more", 0, NULL};

    talk_one(s, "s", "Ana", "hello");
    session one = session_of(s, "s");
    assert_int_equal(strand_end(scratch_write(s), one.graph, one.session, 99), OK);
    scratch_commit(s);
    uint64_t before = scratch_digest(s);
    assert_int_equal(talk_say(s, "s", &said, 1, NULL), ERR_CONFLICT);
    assert_true(scratch_digest(s) == before);
}

static void a_taken_id_takes_all_back(void **state)
{
    scratch *s = *state;
    const line first = {"Ana", ROLE_USER, "first", 0, ID_ONE};
    const line batch[] = {
        {"Ana", ROLE_USER, "a", 0, ID_TWO},
        {"Ana", ROLE_USER, "b", 0, ID_ONE},
        {"Ana", ROLE_USER, "c", 0, NULL},
    };
    episode eps[3];
    int64_t number;
    uuid taken = {0};
    graph g;

    assert_int_equal(talk_say(s, "one", &first, 1, NULL), OK);
    uint64_t before = scratch_digest(s);
    assert_int_equal(talk_say(s, "two", batch, 3, NULL), ERR_EXISTS);
    assert_true(scratch_digest(s) == before); /* not even the session */

    for (int i = 0; i < 3; i++)
        eps[i] = talk_episode(&batch[i]);
    assert_int_equal(ingest_prepare(&s->arena, eps, 3), OK);
    err e = ingest_messages(scratch_write(s), &s->arena, NULL, s->project, SLICE("two"), eps, 3, &g,
                            &number, &taken);
    assert_int_equal(scratch_end(s, e), ERR_EXISTS);
    assert_true(uuid_eq(taken, eps[1].id));
    assert_int_equal(talk_say(s, "two", batch, 1, NULL), OK); /* ID_TWO was not claimed */
}

static void the_users_name_speaks_for_their_turns(void **state)
{
    scratch *s = *state;
    const line said[] = {
        {NULL, ROLE_USER, "green apples", 0, NULL},
        {NULL, ROLE_ASSISTANT, "red apples", 0, NULL},
        {"Zoe", ROLE_USER, "blue apples", 0, NULL},
    };

    int64_t at = talk_user(s, "ana", "Wilhelmina");
    talk_session(s, "s", "ana");
    assert_int_equal(talk_say(s, "s", said, 3, NULL), OK);
    found f = talk_ask(s, at, "what did Wilhelmina say of apples", 3);
    assert_int_equal(f.n, 3);
    assert_true(slice_is(f.at[0].ep.content, "green apples"));
    f = talk_ask(s, at, "what did Zoe say of apples", 3);
    assert_true(slice_is(f.at[0].ep.content, "blue apples"));
    scratch_check(s);
}

static void data_has_no_session(void **state)
{
    scratch *s = *state;
    episode ep = {.source = SOURCE_JSON,
                  .content = SLICE("{\"city\":\"Lyon\"}"),
                  .source_description = SLICE("a form"),
                  .created_at = 77};

    int64_t at = talk_group(s, "team"), user = talk_user(s, "ana", "Ana");
    assert_int_equal(ingest_prepare(&s->arena, &ep, 1), OK);
    assert_int_equal(ingest_data(scratch_write(s), &s->arena, NULL, s->project, at, &ep, 1), OK);
    scratch_commit(s);
    found f = all_of(s, at);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.at[0].ep.session, 0);
    assert_int_equal(f.at[0].ep.created_at, 77);
    assert_int_equal(f.at[0].ep.source, SOURCE_JSON);
    assert_true(slice_is(f.at[0].ep.source_description, "a form"));
    assert_int_equal(talk_ask(s, at, "Lyon", 5).n, 1);
    assert_int_equal(talk_ask(s, user, "Lyon", 5).n, 0);

    assert_int_equal(ingest_data(scratch_write(s), &s->arena, NULL, s->project, 999, &ep, 1),
                     ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);
    assert_int_equal(ingest_data(scratch_write(s), &s->arena, NULL, s->project + 1, at, &ep, 1),
                     ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);
    scratch_check(s);
}

static void many_talk_at_once_in_one_graph(void **state)
{
    enum { N = 300 };
    scratch *s = *state;
    dice d = {5};
    int64_t said[4] = {0};

    int64_t at = talk_user(s, "ana", "Ana");
    for (int i = 0; i < 3; i++)
        talk_session(s, (const char *const[]){"a", "b", "c"}[i], "ana");
    for (int i = 0; i < N; i++) {
        size_t who = dice_below(&d, 4);
        const char *text = arena_printf(&s->arena, "text %d", i).p;
        if (who == 3)
            talk_data(s, at, text);
        else
            talk_one(s, (const char *const[]){"a", "b", "c"}[who], "Ana", text);
        said[who]++;
    }
    found f = all_of(s, at);
    int64_t place[4] = {0};
    assert_int_equal(f.n, N);
    for (size_t i = 0; i < f.n; i++) {
        const episode *ep = &f.at[i].ep;
        assert_int_equal(ep->number, i + 1);
        assert_true(slice_is(ep->content, arena_printf(&s->arena, "text %d", (int)i).p));
        if (ep->session)
            assert_int_equal(ep->place, ++place[ep->session - 1]);
        else
            assert_int_equal(ep->place, 0);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(place[i], said[i]);
    scratch_check(s);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(messages_keep_their_order),
        WITH_STORE(an_unknown_session_is_made),
        WITH_STORE(an_ended_session_takes_no_more),
        WITH_STORE(a_taken_id_takes_all_back),
        WITH_STORE(the_users_name_speaks_for_their_turns),
        WITH_STORE(data_has_no_session),
        WITH_STORE(many_talk_at_once_in_one_graph),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
