/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/talk.c -- memory/ and search/ as tests use them. */
#include "talk.h"

#include "memory/forget.h"
#include "memory/ingest.h"
#include "memory/owners.h"
#include "search/fold.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int64_t talk_user(scratch *s, const char *user_id, const char *first_name)
{
    user u = {
        .user_id = slice_of(user_id), .first_name = slice_of(first_name), .no_ontology = NO_TIME};

    assert_int_equal(owners_add_user(scratch_write(s), s->project, &u), OK);
    scratch_commit(s);
    return u.graph;
}

int64_t talk_group(scratch *s, const char *group_id)
{
    group g = {.group_id = slice_of(group_id)};

    assert_int_equal(owners_add_group(scratch_write(s), s->project, &g), OK);
    scratch_commit(s);
    return g.graph;
}

int64_t talk_session(scratch *s, const char *session_id, const char *user_id)
{
    session one = {.session_id = slice_of(session_id), .user_id = slice_of(user_id)};

    assert_int_equal(owners_add_session(scratch_write(s), s->project, &one), OK);
    scratch_commit(s);
    return one.graph;
}

episode talk_episode(const line *said)
{
    episode ep = {.source = SOURCE_MESSAGE,
                  .role_type = said->role_type,
                  .role = slice_of(said->speaker),
                  .content = slice_of(said->text),
                  .created_at = said->at ? said->at : NO_TIME,
                  .id_given = said->id != NULL};

    if (said->id)
        assert_true(uuid_parse(slice_of(said->id), &ep.id));
    return ep;
}

err talk_say(scratch *s, const char *session_id, const line *said, size_t n, episode *eps)
{
    episode *own = arena_array(&s->arena, n + 1, sizeof(*own));
    int64_t number;
    uuid taken;
    graph g;

    assert_non_null(own);
    for (size_t i = 0; i < n; i++)
        own[i] = talk_episode(&said[i]);
    assert_int_equal(ingest_prepare(&s->arena, own, n), OK);
    err e = ingest_messages(scratch_write(s), &s->arena, NULL, s->project, slice_of(session_id),
                            own, n, &g, &number, &taken);
    assert_int_equal(scratch_end(s, e), e);
    if (eps)
        memcpy(eps, own, n * sizeof(*own));
    return e;
}

int64_t talk_one(scratch *s, const char *session_id, const char *speaker, const char *text)
{
    const line said = {.speaker = speaker, .role_type = ROLE_USER, .text = text};
    episode ep;

    assert_int_equal(talk_say(s, session_id, &said, 1, &ep), OK);
    return ep.number;
}

int64_t talk_data(scratch *s, int64_t at_graph, const char *text)
{
    episode ep = {.source = SOURCE_TEXT, .content = slice_of(text), .created_at = NO_TIME};

    assert_int_equal(ingest_prepare(&s->arena, &ep, 1), OK);
    assert_int_equal(ingest_data(scratch_write(s), &s->arena, NULL, s->project, at_graph, &ep, 1),
                     OK);
    scratch_commit(s);
    return ep.number;
}

const char *talk_words(scratch *s, dice *d, size_t n, const char *tag)
{
    static const char *const often[] = {"I",   "the", "a",  "and", "to",
                                        "was", "it",  "my", "you", "?"};
    static const char *const heads[] = {"gar", "lon", "mis", "ter", "pol", "vid", "hun", "ser",
                                        "cal", "bor", "fen", "jul", "kip", "nas", "ril", "tov"};
    static const char *const tails[] = {"den", "ing", "ed", "ers", "ion", "a", "ous", "ly"};
    slice text = arena_dup(&s->arena, slice_of(tag ? tag : ""));

    for (size_t i = 0; i < n; i++) {
        if (dice_below(d, 3) == 0) {
            text = arena_printf(&s->arena, "%s %s", text.p, often[dice_below(d, COUNT(often))]);
            continue;
        }
        size_t head = dice_below(d, COUNT(heads)) * dice_below(d, COUNT(heads)) / COUNT(heads);
        text = arena_printf(&s->arena, "%s %s%s", text.p, heads[head],
                            tails[dice_below(d, COUNT(tails))]);
    }
    assert_non_null(text.p);
    return text.p;
}

void talk_fold(scratch *s, int64_t at_graph, bool anew)
{
    arena a;

    arena_init(&a, 1 << 30);
    err e = fold_graph(scratch_write(s), &a, s->project, at_graph, anew);
    arena_deinit(&a);
    assert_int_equal(scratch_end(s, e), OK);
}

void talk_forget(scratch *s, int64_t at_graph, int64_t number)
{
    graph g = talk_graph(s, at_graph);
    episode ep;

    tx *t = scratch_write(s);
    assert_int_equal(episode_get(t, &s->arena, &g, number, &ep), OK);
    assert_int_equal(forget_episode(t, &s->arena, s->project, ep.id), OK);
    scratch_commit(s);
}

graph talk_graph(scratch *s, int64_t number)
{
    graph g;

    assert_int_equal(graph_open(scratch_read(s), &s->arena, s->project, number, &g), OK);
    assert_int_equal(scratch_end_read(s), OK);
    return g;
}

found talk_search(scratch *s, int64_t at_graph, const search_request *rq)
{
    found f = {0};
    graph g;

    tx *t = scratch_read(s);
    assert_int_equal(graph_open(t, &s->arena, s->project, at_graph, &g), OK);
    f.e = search_episodes(t, &s->arena, &g, rq, &f.at, &f.n);
    assert_int_equal(scratch_end_read(s), OK);
    if (f.e)
        f.n = 0;
    return f;
}

found talk_ask(scratch *s, int64_t at_graph, const char *query, size_t limit)
{
    const search_request rq = {.query = slice_of(query), .limit = limit};
    found f = talk_search(s, at_graph, &rq);

    assert_int_equal(f.e, OK);
    return f;
}

void talk_assert_same(const found *a, const found *b, const char *query)
{
    if (a->n != b->n)
        scratch_fail("%s: %zu and %zu are found", query, a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const search_hit *x = &a->at[i], *y = &b->at[i];
        if (!slice_eq(x->ep.content, y->ep.content) || fabs(x->score - y->score) > 1e-5)
            scratch_fail("%s: place %zu: %f %.*s\nand %f %.*s", query, i, x->score,
                         (int)x->ep.content.n, x->ep.content.p, y->score, (int)y->ep.content.n,
                         y->ep.content.p);
    }
}
