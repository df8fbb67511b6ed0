/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/ingest.c -- numbers and places are taken from the graph's and the strand's rows, then each
 * episode is one row. */
#include "memory/ingest.h"

#include "memory/owners.h"
#include "search/fold.h"
#include "search/lexical.h"

/* A user's turn that names no speaker is spoken by the user, whom only the transaction knows. */
static bool speaker_unknown(const episode *e)
{
    return slice_empty(e->role) && e->role_type == ROLE_USER && e->source == SOURCE_MESSAGE;
}

err ingest_prepare(arena *a, episode *eps, size_t n)
{
    err e = OK;

    for (size_t i = 0; !e && i < n; i++)
        if (!speaker_unknown(&eps[i]))
            e = lexical_index(a, eps[i].role, eps[i].content, &eps[i].terms);
    return e;
}

/* Number, times, id, terms; then the row. */
static err add_one(tx *t, arena *a, const graph *g, int64_t now_us, int64_t number, episode *ep)
{
    err e = OK;

    ep->number = number;
    ep->added_at = now_us;
    if (ep->created_at == NO_TIME)
        ep->created_at = now_us;
    if (!ep->id_given)
        ep->id = uuid_mint(now_us, g->graph, UUID_EPISODE, number);
    if (speaker_unknown(ep))
        e = lexical_index(a, fold_speaker(g, ep), ep->content, &ep->terms);
    return e ? e : episode_add(t, g, ep);
}

static err find_or_make_session(tx *t, int64_t project, slice session_id, int64_t *graph_number,
                                int64_t *number)
{
    session made = {.session_id = session_id};

    err e = session_find(t, project, session_id, graph_number, number);
    if (e != ERR_NOT_FOUND)
        return e;
    e = owners_add_session(t, project, &made);
    if (e == ERR_EXISTS)
        e = db_again(t); /* somebody made it just now */
    *graph_number = made.graph;
    *number = made.session;
    return e;
}

err ingest_messages(tx *t, arena *a, upkeep *u, int64_t project, slice session_id, episode *eps,
                    size_t n, graph *g, int64_t *number, uuid *taken)
{
    int64_t graph_number, place = 0, ended_at = NO_TIME;

    err e = find_or_make_session(t, project, session_id, &graph_number, number);
    int64_t now_us = clock_now_us();
    if (!e)
        e = graph_take_episodes(t, a, project, graph_number, (int64_t)n, g);
    if (!e)
        e = strand_take_places(t, g, *number, (int64_t)n, now_us, &place, &ended_at);
    if (e == ERR_NOT_FOUND)
        e = db_again(t); /* somebody deleted it just now */
    if (!e && ended_at != NO_TIME)
        e = ERR_CONFLICT;
    for (size_t i = 0; !e && i < n; i++) {
        eps[i].session = *number;
        eps[i].place = place + (int64_t)i;
        e = add_one(t, a, g, now_us, g->next_episode - (int64_t)(n - i), &eps[i]);
        if (e == ERR_EXISTS)
            *taken = eps[i].id;
    }
    if (!e)
        upkeep_after_adding(u, t, g);
    return e;
}

err ingest_data(tx *t, arena *a, upkeep *u, int64_t project, int64_t graph_number, episode *eps,
                size_t n)
{
    int64_t now_us = clock_now_us();
    graph g;

    err e = graph_take_episodes(t, a, project, graph_number, (int64_t)n, &g);
    for (size_t i = 0; !e && i < n; i++) {
        eps[i].session = eps[i].place = 0;
        e = add_one(t, a, &g, now_us, g.next_episode - (int64_t)(n - i), &eps[i]);
    }
    if (!e)
        upkeep_after_adding(u, t, &g);
    return e;
}
