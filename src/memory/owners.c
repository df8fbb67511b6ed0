/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/owners.c -- new names and their graphs. */
#include "memory/owners.h"

#include "search/packed.h"
#include "store/counts.h"

err owners_add_user(tx *t, int64_t project, user *u)
{
    int64_t ignored;

    u->created_at = u->updated_at = clock_now_us();
    err e = graph_create(t, project, GRAPH_USER, u->user_id, u->first_name, INDEX_VERSION,
                         u->created_at, &u->graph);
    if (!e)
        e = user_add(t, project, u);
    if (!e)
        e = count_up(t, project, COUNT_USERS, &ignored);
    u->id = uuid_mint(u->created_at, u->graph, UUID_USER, 1);
    u->sessions = 0;
    return e;
}

err owners_add_group(tx *t, int64_t project, group *g)
{
    int64_t ignored;

    g->created_at = clock_now_us();
    err e = graph_create(t, project, GRAPH_GROUP, g->group_id, NO_SLICE, INDEX_VERSION,
                         g->created_at, &g->graph);
    if (!e)
        e = group_add(t, project, g);
    if (!e)
        e = count_up(t, project, COUNT_GROUPS, &ignored);
    g->id = uuid_mint(g->created_at, g->graph, UUID_GROUP, 1);
    return e;
}

err owners_add_session(tx *t, int64_t project, session *s)
{
    err e;

    if (!s->user_id.p)
        s->user_id = SLICE("");
    s->created_at = s->updated_at = clock_now_us();
    s->ended_at = NO_TIME;
    if (s->user_id.n)
        e = user_graph(t, project, s->user_id, &s->graph);
    else
        e = graph_create(t, project, GRAPH_SESSION, s->session_id, NO_SLICE, INDEX_VERSION,
                         s->created_at, &s->graph);
    if (!e)
        e = graph_take_session(t, project, s->graph, &s->session);
    if (!e)
        e = count_up(t, project, COUNT_SESSIONS, &s->id);
    if (!e)
        e = session_add(t, project, s);
    s->messages = 0;
    s->next_place = 1;
    s->uuid = uuid_mint(s->created_at, s->graph, UUID_SESSION, s->session);
    return e;
}

err owners_update_user(tx *t, int64_t project, user *u)
{
    u->updated_at = clock_now_us();
    err e = user_update(t, project, u);
    return e ? e : graph_set_speaker(t, project, u->graph, u->first_name);
}
