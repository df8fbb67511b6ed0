/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/store_test.c -- rows of each family, there and back: users, groups, sessions, graphs,
 * episodes, claims of ids, counters, projects and keys, jobs, the index's rows. */
#include "memory/owners.h"
#include "scratch.h"
#include "search/packed.h"
#include "store/counts.h"
#include "store/episodes.h"
#include "store/jobs.h"
#include "store/postings.h"
#include "store/projects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool same(slice a, slice b)
{
    return !a.p == !b.p && slice_eq(a, b);
}

static void assert_slice(slice got, const char *text)
{
    if (!same(got, slice_of(text)))
        fail_msg("%.*s (%p) is not %s", (int)got.n, got.p ? got.p : "", (const void *)got.p, text);
}

/* ---- users ---- */

static user add_user(tx *t, int64_t of, const char *user_id)
{
    user u = {.user_id = slice_of(user_id), .no_ontology = NO_TIME};

    assert_int_equal(owners_add_user(t, of, &u), OK);
    return u;
}

static void users_come_back_as_they_went(void **state)
{
    scratch *s = *state;
    user given = {
        .user_id = SLICE("an/a \xF0\x9F\x98\x80"),
        .email = SLICE("ana@example.org"),
        .first_name = SLICE("Ana"),
        .last_name = SLICE(""),
        .metadata = SLICE("{\"a\":1}"),
        .no_ontology = 1,
    };
    user got;

    tx *t = scratch_write(s);
    assert_int_equal(owners_add_user(t, s->project, &given), OK);
    scratch_commit(s);
    t = scratch_read(s);
    assert_int_equal(user_get(t, &s->arena, s->project, given.user_id, &got), OK);
    assert_int_equal(scratch_end_read(s), OK);
    assert_true(same(got.user_id, given.user_id));
    assert_slice(got.email, "ana@example.org");
    assert_slice(got.first_name, "Ana");
    assert_slice(got.last_name, "");
    assert_slice(got.metadata, "{\"a\":1}");
    assert_slice(got.rating, NULL);
    assert_int_equal(got.no_ontology, 1);
    assert_int_equal(got.graph, given.graph);
    assert_true(uuid_eq(got.id, given.id));
    assert_true(got.created_at == given.created_at && got.updated_at == given.created_at);
    assert_int_equal(got.sessions, 0);

    got.first_name = SLICE("Anna");
    got.email = NO_SLICE;
    got.no_ontology = NO_TIME;
    t = scratch_write(s);
    assert_int_equal(owners_update_user(t, s->project, &got), OK);
    graph g;
    assert_int_equal(graph_open(t, &s->arena, s->project, got.graph, &g), OK);
    assert_slice(g.speaker, "Anna");
    assert_true(same(g.owner, given.user_id));
    assert_int_equal(g.kind, GRAPH_USER);
    assert_int_equal(user_get(t, &s->arena, s->project, given.user_id, &got), OK);
    assert_slice(got.first_name, "Anna");
    assert_slice(got.email, NULL);
    assert_true(got.no_ontology == NO_TIME);
    assert_true(got.updated_at >= got.created_at);
    scratch_commit(s);
    scratch_check(s);
}

static void a_name_is_taken_once_a_project(void **state)
{
    scratch *s = *state;
    int64_t number, total;

    tx *t = scratch_write(s);
    add_user(t, 1, "ana");
    scratch_commit(s);
    t = scratch_write(s);
    user again = {.user_id = SLICE("ana")};
    assert_int_equal(owners_add_user(t, 1, &again), ERR_EXISTS);
    assert_int_equal(scratch_end(s, ERR_EXISTS), ERR_EXISTS);
    t = scratch_write(s);
    user other = add_user(t, 2, "ana");
    assert_int_equal(user_graph(t, 2, SLICE("ana"), &number), OK);
    assert_int_equal(number, other.graph);
    assert_int_equal(user_graph(t, 2, SLICE("Ana"), &number), ERR_NOT_FOUND);
    assert_int_equal(user_graph(t, 3, SLICE("ana"), &number), ERR_NOT_FOUND);
    assert_int_equal(user_delete(t, 2, SLICE("ana")), OK);
    user got;
    assert_int_equal(user_get(t, &s->arena, 2, SLICE("ana"), &got), ERR_NOT_FOUND);
    assert_int_equal(user_get(t, &s->arena, 1, SLICE("ana"), &got), OK);
    assert_int_equal(count_total(t, 1, COUNT_USERS, &total), OK);
    assert_int_equal(total, 1);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

static void users_are_listed_newest_first(void **state)
{
    enum { N = 25 };
    scratch *s = *state;
    user *got;
    size_t n;

    tx *t = scratch_write(s);
    for (int i = 0; i < N; i++) {
        add_user(t, 1, arena_printf(&s->arena, "u%02d", i).p);
        add_user(t, 2, arena_printf(&s->arena, "other%d", i).p);
    }
    assert_int_equal(user_page(t, &s->arena, 1, 10, 0, &got, &n), OK);
    assert_int_equal(n, 10);
    assert_slice(got[0].user_id, "u24");
    assert_slice(got[9].user_id, "u15");
    assert_int_equal(user_page(t, &s->arena, 1, 10, 20, &got, &n), OK);
    assert_int_equal(n, 5);
    assert_slice(got[4].user_id, "u00");
    assert_int_equal(user_page(t, &s->arena, 1, INT64_MAX, 0, &got, &n), OK);
    assert_int_equal(n, N);
    assert_int_equal(user_page(t, &s->arena, 1, 10, 100, &got, &n), OK);
    assert_int_equal(n, 0);

    int64_t after = 0;
    for (int i = 0; i < N;) {
        assert_int_equal(user_after(t, &s->arena, 1, after, 7, &got, &n), OK);
        assert_true(n > 0);
        for (size_t k = 0; k < n; k++, i++)
            assert_slice(got[k].user_id, arena_printf(&s->arena, "u%02d", i).p);
        after = got[n - 1].graph;
    }
    assert_int_equal(user_after(t, &s->arena, 1, after, 7, &got, &n), OK);
    assert_int_equal(n, 0);
    scratch_commit(s);
}

/* The clock may step back; a walk by row number meets everybody once all the same. */
static void a_clock_that_steps_back_loses_nobody(void **state)
{
    scratch *s = *state;
    int seen = 0;
    user *got;
    session *sessions;
    size_t n;

    tx *t = scratch_write(s);
    for (int i = 0; i < 6; i++) {
        user u = {.user_id = arena_printf(&s->arena, "u%d", i), .no_ontology = NO_TIME};
        u.created_at = u.updated_at = 1000 - i;
        assert_int_equal(graph_create(t, 1, GRAPH_USER, u.user_id, NO_SLICE, INDEX_VERSION,
                                      u.created_at, &u.graph),
                         OK);
        assert_int_equal(user_add(t, 1, &u), OK);
        session one = {.session_id = u.user_id,
                       .id = i + 1,
                       .graph = u.graph,
                       .session = 1,
                       .user_id = u.user_id,
                       .created_at = u.created_at,
                       .updated_at = u.created_at};
        assert_int_equal(session_add(t, 1, &one), OK);
    }
    for (int64_t after = 0;; after = got[n - 1].graph) {
        assert_int_equal(user_after(t, &s->arena, 1, after, 2, &got, &n), OK);
        if (n == 0)
            break;
        seen += (int)n;
    }
    assert_int_equal(seen, 6);
    seen = 0;
    for (int64_t after = 0;; after = sessions[n - 1].id) {
        assert_int_equal(session_after(t, &s->arena, 1, after, 2, &sessions, &n), OK);
        if (n == 0)
            break;
        seen += (int)n;
    }
    assert_int_equal(seen, 6);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

/* ---- groups ---- */

static void groups_come_back_as_they_went(void **state)
{
    scratch *s = *state;
    group given = {.group_id = SLICE("g/1"), .name = SLICE("One"), .rating = SLICE("{}")};
    group got, *all;
    int64_t number;
    size_t n;

    tx *t = scratch_write(s);
    assert_int_equal(owners_add_group(t, 1, &given), OK);
    assert_int_equal(group_get(t, &s->arena, 1, given.group_id, &got), OK);
    assert_slice(got.group_id, "g/1");
    assert_slice(got.name, "One");
    assert_slice(got.description, NULL);
    assert_slice(got.rating, "{}");
    assert_true(uuid_eq(got.id, given.id));
    assert_true(got.created_at == given.created_at);
    got.description = SLICE("d");
    got.name = NO_SLICE;
    assert_int_equal(group_update(t, 1, &got), OK);
    assert_int_equal(group_get(t, &s->arena, 1, given.group_id, &got), OK);
    assert_slice(got.description, "d");
    assert_slice(got.name, NULL);
    assert_int_equal(group_get(t, &s->arena, 2, given.group_id, &got), ERR_NOT_FOUND);
    for (int i = 0; i < 3; i++) {
        group more = {.group_id = arena_printf(&s->arena, "more%d", i)};
        assert_int_equal(owners_add_group(t, 1, &more), OK);
    }
    assert_int_equal(group_page(t, &s->arena, 1, 2, 0, &all, &n), OK);
    assert_int_equal(n, 2);
    assert_slice(all[0].group_id, "more2");
    assert_int_equal(group_page(t, &s->arena, 1, 2, 2, &all, &n), OK);
    assert_slice(all[1].group_id, "g/1");
    assert_int_equal(group_graph(t, 1, given.group_id, &number), OK);
    assert_int_equal(number, given.graph);
    scratch_commit(s);

    t = scratch_write(s);
    assert_int_equal(owners_add_group(t, 1, &given), ERR_EXISTS);
    assert_int_equal(scratch_end(s, ERR_EXISTS), ERR_EXISTS);
    t = scratch_write(s);
    assert_int_equal(group_delete(t, 1, given.group_id), OK);
    assert_int_equal(group_graph(t, 1, given.group_id, &number), ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
    scratch_check(s);
}

/* ---- sessions ---- */

static session add_session(tx *t, int64_t of, const char *session_id, const char *user_id)
{
    session one = {.session_id = slice_of(session_id), .user_id = slice_of(user_id)};

    assert_int_equal(owners_add_session(t, of, &one), OK);
    return one;
}

static void sessions_come_back_as_they_went(void **state)
{
    scratch *s = *state;
    session given = {
        .session_id = SLICE("s/1"), .user_id = SLICE("ana"), .metadata = SLICE("{\"x\":[]}")};
    session got;
    int64_t at_graph, number;

    tx *t = scratch_write(s);
    user ana = add_user(t, 1, "ana");
    assert_int_equal(owners_add_session(t, 1, &given), OK);
    assert_int_equal(given.graph, ana.graph);
    assert_int_equal(given.session, 1);
    assert_int_equal(session_get(t, &s->arena, 1, given.session_id, &got), OK);
    assert_slice(got.session_id, "s/1");
    assert_slice(got.user_id, "ana");
    assert_slice(got.metadata, "{\"x\":[]}");
    assert_slice(got.rating, NULL);
    assert_slice(got.classifications, NULL);
    assert_int_equal(got.id, 1);
    assert_true(uuid_eq(got.uuid, given.uuid));
    assert_true(got.created_at == given.created_at && got.updated_at == given.created_at);
    assert_true(got.ended_at == NO_TIME);
    assert_int_equal(got.messages, 0);
    assert_int_equal(got.next_place, 1);
    assert_int_equal(session_find(t, 1, given.session_id, &at_graph, &number), OK);
    assert_int_equal(at_graph, ana.graph);
    assert_int_equal(number, 1);
    assert_int_equal(session_find(t, 2, given.session_id, &at_graph, &number), ERR_NOT_FOUND);

    got.metadata = NO_SLICE;
    got.rating = SLICE("{\"r\":1}");
    got.classifications = SLICE("{}");
    assert_int_equal(session_update(t, 1, &got), OK);
    assert_int_equal(strand_touch(t, at_graph, number, 77), OK);
    assert_int_equal(session_get(t, &s->arena, 1, given.session_id, &got), OK);
    assert_slice(got.metadata, NULL);
    assert_slice(got.rating, "{\"r\":1}");
    assert_slice(got.classifications, "{}");
    assert_int_equal(got.updated_at, 77);

    assert_int_equal(strand_end(t, at_graph, number, 88), OK);
    assert_int_equal(session_get(t, &s->arena, 1, given.session_id, &got), OK);
    assert_int_equal(got.ended_at, 88);
    assert_int_equal(got.updated_at, 88);
    scratch_commit(s);
    scratch_check(s);

    t = scratch_write(s); /* of one that ended meanwhile: the caller has to look again */
    assert_int_equal(strand_end(t, at_graph, number, 99), ERR_BUSY);
    assert_int_equal(scratch_end(s, OK), ERR_BUSY);
    t = scratch_read(s);
    assert_int_equal(session_get(t, &s->arena, 1, given.session_id, &got), OK);
    assert_int_equal(got.ended_at, 88);
    assert_int_equal(scratch_end_read(s), OK);
}

static void a_session_without_a_user_has_its_own_graph(void **state)
{
    scratch *s = *state;
    graph g;

    tx *t = scratch_write(s);
    session one = add_session(t, 1, "one", NULL), two = add_session(t, 1, "two", "");
    assert_int_not_equal(one.graph, two.graph);
    assert_slice(one.user_id, "");
    assert_int_equal(graph_open(t, &s->arena, 1, one.graph, &g), OK);
    assert_int_equal(g.kind, GRAPH_SESSION);
    assert_slice(g.owner, "one");
    assert_int_equal(g.sessions, 1);
    session orphan = {.session_id = SLICE("three"), .user_id = SLICE("nobody")};
    assert_int_equal(owners_add_session(t, 1, &orphan), ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);

    t = scratch_write(s);
    add_session(t, 1, "one", NULL);
    scratch_commit(s);
    t = scratch_write(s);
    session again = {.session_id = SLICE("one")};
    assert_int_equal(owners_add_session(t, 1, &again), ERR_EXISTS);
    assert_int_equal(scratch_end(s, ERR_EXISTS), ERR_EXISTS);
    scratch_check(s);
}

static void a_number_is_never_used_again(void **state)
{
    scratch *s = *state;
    int64_t *numbers;
    graph g;
    size_t n;

    tx *t = scratch_write(s);
    user ana = add_user(t, 1, "ana");
    assert_int_equal(graph_open(t, &s->arena, 1, ana.graph, &g), OK);
    for (int64_t i = 1; i <= 5; i++) {
        session one = add_session(t, 1, "again", "ana");
        session got;
        slice id;
        assert_int_equal(one.session, i);
        assert_int_equal(one.id, i);
        assert_int_equal(strand_session_id(t, &s->arena, &g, i, &id), OK);
        assert_slice(id, "again");
        assert_int_equal(session_get(t, &s->arena, 1, SLICE("again"), &got), OK);
        assert_int_equal(session_delete(t, 1, &got), OK);
        assert_int_equal(graph_drop_session(t, &g), OK);
        assert_int_equal(count_down(t, 1, COUNT_SESSIONS, 1), OK);
        assert_int_equal(strand_session_id(t, &s->arena, &g, i, &id), OK);
        assert_null(id.p);
    }
    for (int i = 0; i < 3; i++)
        add_session(t, 1, arena_printf(&s->arena, "s%d", i).p, "ana");
    assert_int_equal(strand_numbers(t, &s->arena, &g, &numbers, &n), OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(numbers[i], 6 + i);
    int64_t gone;
    assert_int_equal(session_delete_all(t, &g, &gone), OK);
    assert_int_equal(gone, 3);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

static void assert_page(scratch *s, tx *t, session_order order, bool ascending,
                        const char *const ids[4])
{
    session *got;
    size_t n;

    for (int64_t from = 0; from < 4; from += 2) {
        assert_int_equal(session_page(t, &s->arena, 1, order, ascending, 2, from, &got, &n), OK);
        assert_int_equal(n, 2);
        assert_slice(got[0].session_id, ids[from]);
        assert_slice(got[1].session_id, ids[from + 1]);
    }
}

static void sessions_are_listed_in_four_orders(void **state)
{
    scratch *s = *state;
    session *got;
    size_t n;

    tx *t = scratch_write(s);
    add_user(t, 1, "bob");
    add_user(t, 1, "ana");
    session d = add_session(t, 1, "d", "bob");
    add_session(t, 1, "a", NULL);
    session c = add_session(t, 1, "c", "ana");
    add_session(t, 1, "b", "bob");
    add_session(t, 2, "x", NULL);
    int64_t later = clock_now_us() + 10;
    assert_int_equal(strand_touch(t, c.graph, c.session, later), OK);
    assert_int_equal(strand_touch(t, d.graph, d.session, later + 1), OK);

    assert_page(s, t, SESSIONS_BY_CREATED, true, (const char *const[]){"d", "a", "c", "b"});
    assert_page(s, t, SESSIONS_BY_CREATED, false, (const char *const[]){"b", "c", "a", "d"});
    assert_page(s, t, SESSIONS_BY_UPDATED, true, (const char *const[]){"a", "b", "c", "d"});
    assert_page(s, t, SESSIONS_BY_UPDATED, false, (const char *const[]){"d", "c", "b", "a"});
    assert_page(s, t, SESSIONS_BY_USER, true, (const char *const[]){"a", "c", "d", "b"});
    assert_page(s, t, SESSIONS_BY_USER, false, (const char *const[]){"b", "d", "c", "a"});
    assert_page(s, t, SESSIONS_BY_ID, true, (const char *const[]){"a", "b", "c", "d"});
    assert_page(s, t, SESSIONS_BY_ID, false, (const char *const[]){"d", "c", "b", "a"});

    assert_int_equal(session_list_of_user(t, &s->arena, 1, SLICE("bob"), &got, &n), OK);
    assert_int_equal(n, 2);
    assert_slice(got[0].session_id, "b");
    assert_slice(got[1].session_id, "d");
    assert_int_equal(session_list_of_user(t, &s->arena, 1, SLICE("nobody"), &got, &n), OK);
    assert_int_equal(n, 0);
    assert_int_equal(session_after(t, &s->arena, 1, 2, 10, &got, &n), OK);
    assert_int_equal(n, 2);
    assert_slice(got[0].session_id, "c");
    scratch_commit(s);
    scratch_check(s);
}

/* ---- episodes ---- */

static episode message(const char *content)
{
    return (episode){.source = SOURCE_MESSAGE,
                     .role_type = ROLE_USER,
                     .content = slice_of(content),
                     .created_at = 5,
                     .added_at = 6,
                     .terms = SLICE("\0\0\0")};
}

/* Room for one more episode in the graph of a new session. */
static graph open_room(scratch *s, tx *t, const char *session_id, int64_t room)
{
    int64_t place, ended_at;
    graph g;
    session one = add_session(t, 1, session_id, NULL);

    assert_int_equal(graph_take_episodes(t, &s->arena, 1, one.graph, room, &g), OK);
    assert_int_equal(g.next_episode, room + 1);
    assert_int_equal(strand_take_places(t, &g, one.session, room, 123, &place, &ended_at), OK);
    assert_int_equal(place, 1);
    assert_true(ended_at == NO_TIME);
    return g;
}

static void episodes_come_back_as_they_went(void **state)
{
    scratch *s = *state;
    episode got, *all;
    graph g, found;
    size_t n;

    tx *t = scratch_write(s);
    g = open_room(s, t, "one", 3);
    for (int64_t i = 1; i <= 3; i++) {
        episode ep = message(arena_printf(&s->arena, "text %d", (int)i).p);
        ep.number = ep.place = i;
        ep.session = 1;
        ep.role = i == 2 ? SLICE("Ana") : NO_SLICE;
        ep.metadata = i == 2 ? SLICE("{\"k\":null}") : NO_SLICE;
        ep.source_description = i == 3 ? SLICE("a mail") : NO_SLICE;
        ep.id = uuid_mint(ep.added_at, g.graph, UUID_EPISODE, i);
        assert_int_equal(episode_add(t, &g, &ep), OK);
    }
    assert_int_equal(episode_get(t, &s->arena, &g, 2, &got), OK);
    assert_int_equal(got.number, 2);
    assert_int_equal(got.session, 1);
    assert_int_equal(got.place, 2);
    assert_int_equal(got.source, SOURCE_MESSAGE);
    assert_int_equal(got.role_type, ROLE_USER);
    assert_slice(got.role, "Ana");
    assert_slice(got.content, "text 2");
    assert_slice(got.metadata, "{\"k\":null}");
    assert_slice(got.source_description, NULL);
    assert_int_equal(got.created_at, 5);
    assert_int_equal(got.added_at, 6);
    assert_false(got.id_given);

    assert_int_equal(episode_find(t, &s->arena, 1, got.id, &found, &got), OK);
    assert_int_equal(found.graph, g.graph);
    assert_int_equal(got.number, 2);
    assert_int_equal(episode_find(t, &s->arena, 2, got.id, &found, &got), ERR_NOT_FOUND);
    uuid near = uuid_mint(1000000, g.graph, UUID_EPISODE, 2); /* the right row, another time */
    assert_int_equal(episode_find(t, &s->arena, 1, near, &found, &got), ERR_NOT_FOUND);
    near = uuid_mint(6, g.graph, UUID_EPISODE, 9);
    assert_int_equal(episode_find(t, &s->arena, 1, near, &found, &got), ERR_NOT_FOUND);
    near = uuid_mint(6, g.graph, UUID_NODE, 2);
    assert_int_equal(episode_find(t, &s->arena, 1, near, &found, &got), ERR_NOT_FOUND);
    near = uuid_mint(6, 999, UUID_EPISODE, 2);
    assert_int_equal(episode_find(t, &s->arena, 1, near, &found, &got), ERR_NOT_FOUND);

    assert_int_equal(episode_places(t, &s->arena, &g, 1, 2, 3, &all, &n), OK);
    assert_int_equal(n, 2);
    assert_slice(all[0].content, "text 2");
    assert_int_equal(episode_ranks(t, &s->arena, &g, 1, 1, 1, &all, &n), OK);
    assert_int_equal(n, 1);
    assert_slice(all[0].content, "text 2");
    assert_int_equal(episode_last_of_session(t, &s->arena, &g, 1, 2, &all, &n), OK);
    assert_int_equal(n, 2);
    assert_slice(all[0].content, "text 2");
    assert_slice(all[1].content, "text 3");
    assert_int_equal(episode_last(t, &s->arena, &g, 100, &all, &n), OK);
    assert_int_equal(n, 3);
    assert_slice(all[0].content, "text 1");
    assert_int_equal(episode_places(t, &s->arena, &g, 2, 1, 3, &all, &n), OK);
    assert_int_equal(n, 0);

    assert_int_equal(episode_set_metadata(t, &g, 3, SLICE("{}")), OK);
    assert_int_equal(episode_clear_metadata(t, &g, 1), OK);
    assert_int_equal(episode_get(t, &s->arena, &g, 2, &got), OK);
    assert_slice(got.metadata, NULL);
    assert_int_equal(episode_get(t, &s->arena, &g, 3, &got), OK);
    assert_slice(got.metadata, NULL);
    assert_int_equal(episode_delete(t, &g, &got), OK);
    assert_int_equal(episode_get(t, &s->arena, &g, 3, &got), ERR_NOT_FOUND);
    scratch_commit(s);
}

/* ---- given ids ---- */

static err add_given(tx *t, const graph *g, int64_t number, const char *id)
{
    episode ep = message("given");

    ep.number = ep.place = number;
    ep.session = 1;
    ep.id_given = true;
    assert_true(uuid_parse(slice_of(id), &ep.id));
    return episode_add(t, g, &ep);
}

#define ID_ONE "11111111-2222-4333-8444-555555555555"
#define ID_TWO "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"

static err find_given(scratch *s, tx *t, const char *text, graph *g, episode *ep)
{
    uuid id;

    assert_true(uuid_parse(slice_of(text), &id));
    return episode_find(t, &s->arena, 1, id, g, ep);
}

static void a_given_id_is_claimed_in_the_project(void **state)
{
    scratch *s = *state;
    graph one, two, found;
    episode got;

    tx *t = scratch_write(s);
    one = open_room(s, t, "one", 5);
    two = open_room(s, t, "two", 5);
    assert_int_equal(add_given(t, &one, 1, ID_ONE), OK);
    assert_int_equal(find_given(s, t, ID_ONE, &found, &got), OK);
    assert_int_equal(found.graph, one.graph);
    assert_int_equal(got.number, 1);
    assert_true(got.id_given);
    assert_int_equal(find_given(s, t, ID_TWO, &found, &got), ERR_NOT_FOUND);
    assert_int_equal(add_given(t, &two, 1, ID_ONE), ERR_EXISTS);
    assert_int_equal(add_given(t, &one, 2, ID_ONE), ERR_EXISTS);

    /* another project may use it */
    session far = add_session(t, 2, "far", NULL);
    graph g;
    assert_int_equal(graph_take_episodes(t, &s->arena, 2, far.graph, 1, &g), OK);
    assert_int_equal(add_given(t, &g, 1, ID_ONE), OK);
    assert_int_equal(find_given(s, t, ID_ONE, &found, &got), OK);
    assert_int_equal(found.graph, one.graph);

    /* deleting frees it */
    assert_int_equal(episode_delete(t, &one, &got), OK);
    assert_int_equal(find_given(s, t, ID_ONE, &found, &got), ERR_NOT_FOUND);
    assert_int_equal(add_given(t, &two, 1, ID_ONE), OK);
    assert_int_equal(find_given(s, t, ID_ONE, &found, &got), OK);
    assert_int_equal(found.graph, two.graph);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

static void a_claim_of_an_erased_graph_is_free(void **state)
{
    scratch *s = *state;
    graph one, two, found;
    episode got;
    bool left;

    tx *t = scratch_write(s);
    one = open_room(s, t, "one", 5);
    two = open_room(s, t, "two", 5);
    assert_int_equal(add_given(t, &one, 1, ID_ONE), OK);
    assert_int_equal(add_given(t, &one, 2, ID_TWO), OK);
    assert_int_equal(graph_delete(t, &one), OK); /* its rows are there still */
    assert_int_equal(find_given(s, t, ID_ONE, &found, &got), ERR_NOT_FOUND);
    assert_int_equal(add_given(t, &two, 1, ID_ONE), OK);
    assert_int_equal(find_given(s, t, ID_ONE, &found, &got), OK);
    assert_int_equal(found.graph, two.graph);

    /* erasing the old graph takes its own claims, and not the new one */
    assert_int_equal(episode_erase(t, 1, one.graph, 1000, &left), OK);
    assert_false(left);
    assert_int_equal(find_given(s, t, ID_ONE, &found, &got), OK);
    assert_int_equal(find_given(s, t, ID_TWO, &found, &got), ERR_NOT_FOUND);
    assert_int_equal(add_given(t, &two, 2, ID_TWO), OK);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

/* An id that looks like one of ours, given by a client. */
static void a_minted_id_can_be_given(void **state)
{
    scratch *s = *state;
    graph one, found;
    episode got, ep = message("given");

    tx *t = scratch_write(s);
    one = open_room(s, t, "one", 5);
    ep.number = ep.place = 1;
    ep.id_given = true;
    ep.id = uuid_mint(12345678, 77, UUID_EPISODE, 99);
    assert_int_equal(episode_add(t, &one, &ep), OK);
    assert_int_equal(episode_find(t, &s->arena, 1, ep.id, &found, &got), OK);
    assert_int_equal(got.number, 1);

    episode plain = message("plain");
    plain.number = plain.place = 2;
    plain.id = uuid_mint(plain.added_at, one.graph, UUID_EPISODE, 2);
    assert_int_equal(episode_add(t, &one, &plain), OK);
    ep.number = ep.place = 3;
    ep.id = plain.id; /* ours, and in use */
    assert_int_equal(episode_add(t, &one, &ep), ERR_EXISTS);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

/* ---- walks and erasing ---- */

static void a_walk_goes_by_number(void **state)
{
    scratch *s = *state;
    episode ep;
    int64_t next = 3;

    tx *t = scratch_write(s);
    graph g = open_room(s, t, "one", 9);
    for (int64_t i = 9; i > 0; i--) {
        ep = message(arena_printf(&s->arena, "text %d", (int)i).p);
        ep.number = ep.place = i;
        ep.session = 1;
        ep.role = SLICE("Ana");
        assert_int_equal(episode_add(t, &g, &ep), OK);
    }
    assert_int_equal(episode_set_terms(t, &g, 4, SLICE("\0\1\0four")), OK);
    db_rows r = episode_walk(t, &g, 3, true);
    while (episode_walk_next(&r, &ep)) {
        assert_int_equal(ep.number, next);
        assert_slice(ep.role, "Ana");
        assert_int_equal(ep.role_type, ROLE_USER);
        assert_int_equal(ep.created_at, 5);
        assert_int_equal(ep.session, 1);
        assert_true(slice_eq(ep.terms, ep.number == 4 ? SLICE("\0\1\0four") : SLICE("\0\0\0")));
        assert_slice(db_col_text(&r, 6), arena_printf(&s->arena, "text %d", (int)next).p);
        next++;
    }
    assert_int_equal(db_end(&r), OK);
    assert_int_equal(next, 10);
    scratch_commit(s);
}

static void erasing_goes_in_steps(void **state)
{
    scratch *s = *state;
    bool left = true;
    int steps = 0;
    episode *all;
    size_t n;

    tx *t = scratch_write(s);
    graph g = open_room(s, t, "one", 25), other = open_room(s, t, "two", 25);
    for (int64_t i = 1; i <= 25; i++) {
        episode ep = message("text");
        ep.number = ep.place = i;
        ep.session = 1;
        assert_int_equal(episode_add(t, &g, &ep), OK);
        assert_int_equal(episode_add(t, &other, &ep), OK);
    }
    for (; left; steps++) {
        assert_int_equal(episode_erase(t, 1, g.graph, 10, &left), OK);
        assert_int_equal(episode_last(t, &s->arena, &g, 100, &all, &n), OK);
        assert_int_equal(n, left ? 25 - 10 * (steps + 1) : 0);
    }
    assert_int_equal(steps, 3);
    assert_int_equal(episode_last(t, &s->arena, &other, 100, &all, &n), OK);
    assert_int_equal(n, 25);
    scratch_commit(s);
}

/* ---- rows of the index ---- */

static void index_rows_are_found_by_what_they_hold(void **state)
{
    scratch *s = *state;
    packed_row row;
    size_t n = 0;

    tx *t = scratch_write(s);
    graph g = open_room(s, t, "one", 1);
    for (int64_t key = 10; key <= 30; key += 10) {
        const packed_row put = {key, SLICE("x")};
        assert_int_equal(postings_put(t, &g, 0xFFFFFFFFU, &put), OK);
        assert_int_equal(postings_put(t, &g, 7, &put), OK);
        assert_int_equal(blocks_put(t, &g, &put), OK);
    }
    assert_int_equal(postings_at(t, &s->arena, &g, 7, 9, &row), ERR_NOT_FOUND);
    assert_int_equal(postings_at(t, &s->arena, &g, 7, 10, &row), OK);
    assert_int_equal(row.key, 10);
    assert_int_equal(postings_at(t, &s->arena, &g, 7, 29, &row), OK);
    assert_int_equal(row.key, 20);
    assert_int_equal(postings_at(t, &s->arena, &g, 0xFFFFFFFFU, INT64_MAX, &row), OK);
    assert_int_equal(row.key, 30);
    assert_int_equal(postings_at(t, &s->arena, &g, 8, INT64_MAX, &row), ERR_NOT_FOUND);
    assert_int_equal(blocks_at(t, &s->arena, &g, 15, &row), OK);
    assert_int_equal(row.key, 10);

    row = (packed_row){20, SLICE("longer")};
    assert_int_equal(postings_put(t, &g, 7, &row), OK);
    row = (packed_row){30, SLICE("")};
    assert_int_equal(postings_put(t, &g, 7, &row), OK);
    assert_int_equal(blocks_put(t, &g, &row), OK);
    db_rows r = postings_walk(t, &g, (const uint32_t[]){6, 7}, 2);
    for (; db_next(&r); n++) {
        assert_int_equal(db_col_int(&r, 0), 7);
        assert_int_equal(db_col_int(&r, 1), 10 * (n + 1));
        assert_slice(db_col_blob(&r, 2), n ? "longer" : "x");
    }
    assert_int_equal(db_end(&r), OK);
    assert_int_equal(n, 2);
    n = 0;
    r = postings_walk_all(t, &g);
    for (; db_next(&r); n++)
        assert_int_equal(db_col_int(&r, 0), n < 2 ? 7 : 0xFFFFFFFFU);
    assert_int_equal(db_end(&r), OK);
    assert_int_equal(n, 5);
    n = 0;
    r = blocks_walk(t, &g);
    while (db_next(&r))
        n++;
    assert_int_equal(db_end(&r), OK);
    assert_int_equal(n, 2);
    assert_int_equal(postings_clear(t, &g), OK);
    assert_int_equal(postings_at(t, &s->arena, &g, 7, 10, &row), ERR_NOT_FOUND);
    assert_int_equal(blocks_at(t, &s->arena, &g, 15, &row), ERR_NOT_FOUND);
    scratch_commit(s);
}

/* One term in more chunks than a step takes: the step must get on all the same. */
static void index_rows_are_erased_in_steps(void **state)
{
    scratch *s = *state;
    bool left = true;
    int steps = 0;

    tx *t = scratch_write(s);
    graph g = open_room(s, t, "one", 1), other = open_room(s, t, "two", 1);
    for (int64_t i = 1; i <= 50; i++) {
        const packed_row row = {i, SLICE("x")};
        assert_int_equal(postings_put(t, &g, 5, &row), OK);
        assert_int_equal(postings_put(t, &g, (uint32_t)(1000 + i), &row), OK);
        assert_int_equal(postings_put(t, &other, 5, &row), OK);
        assert_int_equal(blocks_put(t, &g, &row), OK);
    }
    for (; left && steps < 100; steps++)
        assert_int_equal(postings_erase(t, g.graph, 10, &left), OK);
    assert_false(left);
    assert_in_range(steps, 5, 20);
    packed_row row;
    assert_int_equal(blocks_at(t, &s->arena, &g, 100, &row), ERR_NOT_FOUND);
    assert_int_equal(postings_at(t, &s->arena, &g, 5, 100, &row), ERR_NOT_FOUND);
    assert_int_equal(postings_at(t, &s->arena, &other, 5, 100, &row), OK);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

/* ---- graphs and counters ---- */

static void graphs_are_opened_by_their_project(void **state)
{
    scratch *s = *state;
    int64_t first, second, sessions, n = -1;
    graph g;

    tx *t = scratch_write(s);
    assert_int_equal(graph_create(t, 1, GRAPH_USER, SLICE("ana"), SLICE("Ana"), 3, 44, &first), OK);
    assert_int_equal(graph_create(t, 2, GRAPH_GROUP, SLICE("g"), NO_SLICE, 3, 45, &second), OK);
    assert_true(second > first);
    assert_int_equal(graph_open(t, &s->arena, 2, first, &g), ERR_NOT_FOUND);
    assert_int_equal(graph_open(t, &s->arena, 1, first, &g), OK);
    assert_int_equal(g.graph, first);
    assert_int_equal(g.project, 1);
    assert_int_equal(g.kind, GRAPH_USER);
    assert_slice(g.owner, "ana");
    assert_slice(g.speaker, "Ana");
    assert_int_equal(g.index_version, 3);
    assert_int_equal(g.next_episode, 1);
    assert_int_equal(g.folded, 0);
    assert_int_equal(g.sessions, 0);
    assert_int_equal(g.created_at, 44);

    assert_int_equal(graph_take_episodes(t, &s->arena, 1, first, 30, &g), OK);
    assert_int_equal(g.next_episode, 31);
    assert_int_equal(graph_take_episodes(t, &s->arena, 2, first, 1, &g), ERR_NOT_FOUND);
    assert_int_equal(graph_take_session(t, 1, first, &sessions), OK);
    assert_int_equal(sessions, 1);
    assert_int_equal(graph_take_session(t, 2, first, &sessions), ERR_NOT_FOUND);
    assert_int_equal(graph_set_speaker(t, 2, first, SLICE("Eve")), OK);
    assert_int_equal(graph_open(t, &s->arena, 1, first, &g), OK);
    assert_slice(g.speaker, "Ana");
    assert_int_equal(graph_set_folded(t, &g, 20, 4), OK);
    assert_int_equal(graph_open(t, &s->arena, 1, first, &g), OK);
    assert_int_equal(g.folded, 20);
    assert_int_equal(g.index_version, 4);
    assert_int_equal(g.sessions, 1);

    assert_int_equal(graph_next(t, &s->arena, 0, &g), OK);
    assert_int_equal(g.graph, first);
    assert_int_equal(graph_next(t, &s->arena, first, &g), OK);
    assert_int_equal(g.graph, second);
    assert_int_equal(graph_next(t, &s->arena, second, &g), ERR_NOT_FOUND);
    assert_int_equal(graph_count(t, &n), OK);
    assert_int_equal(n, 2);
    assert_int_equal(graph_delete(t, &(graph){.graph = second}), OK);
    assert_int_equal(graph_create(t, 2, GRAPH_GROUP, SLICE("g"), NO_SLICE, 3, 45, &n), OK);
    assert_int_equal(n, second + 1);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

static void counters_count(void **state)
{
    scratch *s = *state;
    int64_t number, total;

    tx *t = scratch_write(s);
    assert_int_equal(count_total(t, 9, COUNT_USERS, &total), OK);
    assert_int_equal(total, 0);
    for (int64_t i = 1; i <= 10; i++) {
        assert_int_equal(count_up(t, 9, COUNT_USERS, &number), OK);
        assert_int_equal(number, i);
    }
    assert_int_equal(count_down(t, 9, COUNT_USERS, 4), OK);
    assert_int_equal(count_total(t, 9, COUNT_USERS, &total), OK);
    assert_int_equal(total, 6);
    assert_int_equal(count_up(t, 9, COUNT_USERS, &number), OK);
    assert_int_equal(number, 11);
    assert_int_equal(count_up(t, 9, COUNT_SESSIONS, &number), OK);
    assert_int_equal(number, 1);
    assert_int_equal(count_up(t, 8, COUNT_USERS, &number), OK);
    assert_int_equal(number, 1);
    assert_int_equal(count_erase(t, 9), OK);
    assert_int_equal(count_total(t, 9, COUNT_USERS, &total), OK);
    assert_int_equal(total, 0);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

/* ---- projects, keys, jobs ---- */

static void keys_are_of_living_projects(void **state)
{
    scratch *s = *state;
    uint8_t hash[KEY_HASH];
    project p, got, *all;
    key_info *keys;
    slice key, other;
    int64_t number;
    uuid id;
    size_t n;

    assert_int_equal(key_make(&s->arena, &key), OK);
    assert_int_equal(key_make(&s->arena, &other), OK);
    assert_int_equal(key.n, 46);
    assert_memory_equal(key.p, "rk_", 3);
    assert_false(slice_eq(key, other));
    key_hash(key, hash);

    tx *t = scratch_write(s);
    assert_int_equal(project_create(t, &s->arena, SLICE("shop"), 50, &p), OK);
    assert_int_equal(project_create(t, &s->arena, SLICE("shop"), 50, &got), ERR_EXISTS);
    assert_int_equal(project_find(t, &s->arena, SLICE("shop"), &got), OK);
    assert_int_equal(got.project, p.project);
    assert_true(uuid_eq(got.id, p.id));
    assert_int_equal(key_add(t, p.project, hash, 60), OK);
    assert_int_equal(project_of_key(t, hash, &number, &id), OK);
    assert_int_equal(number, p.project);
    assert_true(uuid_eq(id, p.id));
    assert_int_equal(project_list(t, &s->arena, &all, &n), OK);
    assert_int_equal(n, 2);
    assert_slice(all[0].name, "shop");
    assert_int_equal(all[0].keys, 1);
    assert_slice(all[1].name, "test");
    assert_int_equal(all[1].keys, 0);
    assert_int_equal(key_list(t, &s->arena, SLICE("shop"), &keys, &n), OK);
    assert_int_equal(n, 1);
    assert_int_equal(keys[0].id.n, KEY_ID_TEXT);
    assert_slice(keys[0].project_name, "shop");
    assert_int_equal(keys[0].created_at, 60);
    assert_int_equal(key_list(t, &s->arena, SLICE("test"), &keys, &n), OK);
    assert_int_equal(n, 0);
    scratch_commit(s);

    t = scratch_write(s); /* by the key, by its id, in the right project only */
    assert_int_equal(key_revoke(t, SLICE("test"), key), ERR_NOT_FOUND);
    assert_int_equal(key_revoke(t, SLICE("shop"), other), ERR_NOT_FOUND);
    assert_int_equal(key_list(t, &s->arena, NO_SLICE, &keys, &n), OK);
    assert_int_equal(key_revoke(t, SLICE("shop"), keys[0].id), OK);
    assert_int_equal(project_of_key(t, hash, &number, &id), ERR_NOT_FOUND);
    assert_int_equal(key_add(t, p.project, hash, 60), OK);
    assert_int_equal(key_revoke(t, SLICE("shop"), key), OK);
    assert_int_equal(key_add(t, p.project, hash, 60), OK);
    scratch_commit(s);

    t = scratch_write(s);
    assert_int_equal(project_delete(t, SLICE("shop"), 70), OK);
    assert_int_equal(project_delete(t, SLICE("shop"), 70), ERR_NOT_FOUND);
    assert_int_equal(project_of_key(t, hash, &number, &id), ERR_NOT_FOUND);
    assert_int_equal(project_get(t, &s->arena, p.project, &got), ERR_NOT_FOUND);
    assert_int_equal(project_create(t, &s->arena, SLICE("shop"), 80, &got), OK);
    assert_true(got.project > p.project);
    job j = {0};
    assert_int_equal(job_take(t, &(job){0}, 1, 10, 20, &j), OK);
    assert_true(j.project == p.project && j.graph == 0 && j.kind == JOB_ERASE);
    scratch_commit(s);
}

static void jobs_come_in_key_order(void **state)
{
    static const job all[] = {{0, 0, JOB_REINDEX},
                              {1, 5, JOB_ERASE},
                              {1, 6, JOB_ERASE},
                              {2, 0, JOB_ERASE},
                              {2, 3, JOB_ERASE}};
    scratch *s = *state;
    job j = {0};

    tx *t = scratch_write(s);
    assert_int_equal(job_waits(t, 10), ERR_NOT_FOUND);
    assert_int_equal(job_take(t, &(job){0}, 1, 10, 20, &j), ERR_NOT_FOUND);
    for (size_t i = COUNT(all); i-- > 0;)
        for (int twice = 0; twice < 2; twice++)
            assert_int_equal(job_add(t, all[i].project, all[i].graph, all[i].kind, 9), OK);
    assert_int_equal(job_waits(t, 10), OK);
    for (size_t i = 0; i < COUNT(all); i++) {
        job after = j;
        assert_int_equal(job_take(t, &after, 1, 10, 20, &j), OK);
        assert_memory_equal(&j, &all[i], sizeof(j));
    }
    job last = j;
    assert_int_equal(job_take(t, &last, 1, 10, 20, &j), ERR_NOT_FOUND);
    assert_int_equal(job_done(t, &all[1]), OK);
    assert_int_equal(job_done(t, &all[1]), OK);
    assert_int_equal(job_take(t, &all[0], 1, 21, 30, &j), OK);
    assert_int_equal(j.graph, 6);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

static void a_job_is_held_by_one_at_a_time(void **state)
{
    scratch *s = *state;
    job j = {0}, other = {0};

    tx *t = scratch_write(s);
    assert_int_equal(job_add(t, 1, 5, JOB_ERASE, 9), OK);
    assert_int_equal(job_take(t, &(job){0}, 1, 10, 20, &j), OK);
    assert_int_equal(job_waits(t, 15), ERR_NOT_FOUND);
    assert_int_equal(job_take(t, &(job){0}, 2, 15, 25, &other), ERR_NOT_FOUND);
    assert_int_equal(job_hold(t, &j, 1, 30), OK);
    assert_int_equal(job_take(t, &(job){0}, 2, 25, 35, &other), ERR_NOT_FOUND);

    /* the lease ran out */
    assert_int_equal(job_take(t, &(job){0}, 2, 31, 41, &other), OK);
    assert_memory_equal(&j, &other, sizeof(j));
    assert_int_equal(job_hold(t, &j, 1, 50), ERR_CONFLICT);
    assert_int_equal(job_hold(t, &j, 2, 50), OK);

    assert_int_equal(job_free_all(t), OK);
    assert_int_equal(job_take(t, &(job){0}, 3, 42, 52, &j), OK);
    assert_int_equal(job_done(t, &j), OK);
    assert_int_equal(job_hold(t, &j, 3, 60), ERR_CONFLICT);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
}

/* ---- memory ---- */

/* A row is read whole or not at all, at every ceiling: a text that found no room must not read as
 * an absent one, which an update would write back. */
static void rows_are_read_whole_or_not_at_all(void **state)
{
    scratch *s = *state;
    size_t reads[5] = {0};

    tx *t = scratch_write(s);
    user u = {.user_id = SLICE("ana"),
              .email = SLICE("ana@example.org"),
              .first_name = SLICE("Ana"),
              .last_name = SLICE("Lee"),
              .metadata = SLICE("{\"a\":1}"),
              .rating = SLICE("{}"),
              .no_ontology = NO_TIME};
    assert_int_equal(owners_add_user(t, 1, &u), OK);
    group g = {.group_id = SLICE("g"),
               .name = SLICE("n"),
               .description = SLICE("d"),
               .rating = SLICE("{}")};
    assert_int_equal(owners_add_group(t, 1, &g), OK);
    session one = {.session_id = SLICE("s"),
                   .user_id = SLICE("ana"),
                   .metadata = SLICE("{}"),
                   .rating = SLICE("{}"),
                   .classifications = SLICE("{}")};
    assert_int_equal(owners_add_session(t, 1, &one), OK);
    graph at;
    assert_int_equal(graph_take_episodes(t, &s->arena, 1, u.graph, 1, &at), OK);
    episode ep = message("text");
    ep.number = ep.place = ep.session = 1;
    ep.role = SLICE("Ana");
    ep.metadata = SLICE("{}");
    ep.source_description = SLICE("a mail");
    assert_int_equal(episode_add(t, &at, &ep), OK);

    for (size_t ceiling = 0; ceiling < 600; ceiling += 8) {
        arena a;
        arena_init(&a, ceiling);
        if (user_get(t, &a, 1, u.user_id, &u) == OK) {
            assert_true(u.email.p && u.first_name.p && u.last_name.p && u.metadata.p && u.rating.p);
            reads[0]++;
        }
        arena_deinit(&a);
        arena_init(&a, ceiling);
        if (group_get(t, &a, 1, g.group_id, &g) == OK) {
            assert_true(g.name.p && g.description.p && g.rating.p);
            reads[1]++;
        }
        arena_deinit(&a);
        arena_init(&a, ceiling);
        if (session_get(t, &a, 1, SLICE("s"), &one) == OK) {
            assert_true(one.user_id.p && one.metadata.p && one.rating.p && one.classifications.p);
            reads[2]++;
        }
        arena_deinit(&a);
        arena_init(&a, ceiling);
        if (episode_get(t, &a, &at, 1, &ep) == OK) {
            assert_true(ep.role.p && ep.metadata.p && ep.source_description.p);
            reads[3]++;
        }
        arena_deinit(&a);
        arena_init(&a, ceiling);
        if (graph_open(t, &a, 1, u.graph, &at) == OK) {
            assert_non_null(at.speaker.p);
            reads[4]++;
        }
        arena_deinit(&a);
        u.user_id = SLICE("ana");
        g.group_id = SLICE("g");
    }
    for (size_t i = 0; i < COUNT(reads); i++)
        assert_true(reads[i] > 0);
    scratch_commit(s);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(users_come_back_as_they_went),
        WITH_STORE(a_name_is_taken_once_a_project),
        WITH_STORE(users_are_listed_newest_first),
        WITH_STORE(a_clock_that_steps_back_loses_nobody),
        WITH_STORE(groups_come_back_as_they_went),
        WITH_STORE(sessions_come_back_as_they_went),
        WITH_STORE(a_session_without_a_user_has_its_own_graph),
        WITH_STORE(a_number_is_never_used_again),
        WITH_STORE(sessions_are_listed_in_four_orders),
        WITH_STORE(episodes_come_back_as_they_went),
        WITH_STORE(a_given_id_is_claimed_in_the_project),
        WITH_STORE(a_claim_of_an_erased_graph_is_free),
        WITH_STORE(a_minted_id_can_be_given),
        WITH_STORE(a_walk_goes_by_number),
        WITH_STORE(erasing_goes_in_steps),
        WITH_STORE(index_rows_are_found_by_what_they_hold),
        WITH_STORE(index_rows_are_erased_in_steps),
        WITH_STORE(graphs_are_opened_by_their_project),
        WITH_STORE(counters_count),
        WITH_STORE(keys_are_of_living_projects),
        WITH_STORE(jobs_come_in_key_order),
        WITH_STORE(a_job_is_held_by_one_at_a_time),
        WITH_STORE(rows_are_read_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
