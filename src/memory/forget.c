/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/forget.c -- names first, rows after, bytes last. */
#include "memory/forget.h"

#include "search/fold.h"
#include "store/counts.h"
#include "store/episodes.h"
#include "store/groups.h"
#include "store/postings.h"
#include "store/users.h"

/* A step: some ten milliseconds of the writer. */
enum { ERASE_ROWS = 1000, ERASE_GRAPHS = 50 };

/* A graph with all its sessions; its rows below are left to a job. */
static err drop_graph(tx *t, arena *a, int64_t project, int64_t number)
{
    graph g;
    int64_t sessions = 0;

    err e = graph_open(t, a, project, number, &g);
    if (!e)
        e = session_delete_all(t, &g, &sessions);
    if (!e && sessions)
        e = count_down(t, project, COUNT_SESSIONS, sessions);
    if (!e)
        e = graph_delete(t, &g);
    if (!e)
        e = job_add(t, project, number, JOB_ERASE, clock_now_us());
    db_forget(t);
    return e;
}

err forget_user(tx *t, arena *a, int64_t project, slice user_id)
{
    int64_t number;

    err e = user_graph(t, project, user_id, &number);
    if (!e)
        e = drop_graph(t, a, project, number);
    if (!e)
        e = user_delete(t, project, user_id);
    return e ? e : count_down(t, project, COUNT_USERS, 1);
}

err forget_group(tx *t, arena *a, int64_t project, slice group_id)
{
    int64_t number;

    err e = group_graph(t, project, group_id, &number);
    if (!e)
        e = drop_graph(t, a, project, number);
    if (!e)
        e = group_delete(t, project, group_id);
    return e ? e : count_down(t, project, COUNT_GROUPS, 1);
}

err forget_session(tx *t, arena *a, int64_t project, slice session_id)
{
    session s;
    graph g;

    err e = session_get(t, a, project, session_id, &s);
    if (!e)
        e = graph_open(t, a, project, s.graph, &g);
    if (e)
        return e;
    if (g.kind == GRAPH_SESSION)
        return drop_graph(t, a, project, g.graph);
    e = episode_clear_metadata(t, &g, s.session);
    if (!e)
        e = session_delete(t, project, &s);
    if (!e)
        e = graph_drop_session(t, &g);
    db_forget(t);
    return e ? e : count_down(t, project, COUNT_SESSIONS, 1);
}

err forget_episode(tx *t, arena *a, int64_t project, uuid id)
{
    graph g;
    episode ep;

    err e = episode_find(t, a, project, id, &g, &ep);
    if (!e)
        e = fold_remove(t, a, &g, ep.number);
    if (!e)
        e = episode_delete(t, &g, &ep);
    if (!e && ep.session)
        e = strand_drop_message(t, &g, ep.session);
    db_forget(t);
    return e;
}

/* ---- erasing ---- */

static err erase_graph(tx *t, const job *j, bool *left)
{
    err e = episode_erase(t, j->project, j->graph, ERASE_ROWS, left);

    if (!e && !*left)
        e = postings_erase(t, j->graph, ERASE_ROWS, left);
    if (!e && !*left)
        e = job_done(t, j);
    return e;
}

static err forget_owner(tx *t, arena *a, const graph *g)
{
    switch (g->kind) {
    case GRAPH_USER:
        return forget_user(t, a, g->project, g->owner);
    case GRAPH_GROUP:
        return forget_group(t, a, g->project, g->owner);
    default:
        return forget_session(t, a, g->project, g->owner);
    }
}

/* Some graphs of the project a step: their names and rows go, jobs of their own take the rest. */
static err erase_project(tx *t, const job *j, bool *left)
{
    arena a;
    graph g;
    err e = OK;

    arena_init(&a, 16 << 20);
    *left = true;
    for (int i = 0; !e && i < ERASE_GRAPHS; i++) {
        e = graph_next_of_project(t, &a, j->project, &g);
        if (!e)
            e = forget_owner(t, &a, &g);
        if (!e)
            e = arena_check(&a);
    }
    if (e == ERR_NOT_FOUND) {
        *left = false;
        e = count_erase(t, j->project);
        if (!e)
            e = job_done(t, j);
    }
    arena_deinit(&a);
    return e;
}

err forget_step(tx *t, const job *j, bool *left)
{
    db_forget(t);
    return j->graph ? erase_graph(t, j, left) : erase_project(t, j, left);
}
