/* SPDX-License-Identifier: Apache-2.0
 *
 * api/searches.c -- graph.search, sessions/search and sessions/{id}/search: three questions to the
 * one entrance, search/search.h. */
#include "api/handlers.h"
#include "api/pages.h"
#include "search/search.h"

#include <math.h>

enum { LIMIT = 10, GRAPH_LIMIT_MAX = 50, SESSIONS_LIMIT_MAX = 100 };

static int64_t clamp(int64_t asked, int64_t most)
{
    return asked == NO_INT ? LIMIT : asked > most ? most : asked;
}

/* `min_score` still filters; hits come best first. */
static size_t above(const search_hit *hits, size_t n, double min_score)
{
    size_t kept = 0;

    while (kept < n && !(hits[kept].score < min_score)) /* NAN: none was asked for */
        kept++;
    return kept;
}

/* ---- graph.search ---- */

err graph_search_check(request *rq)
{
    const graph_search_body *in = rq->body;

    if (in->reranker == RERANK_MMR && isnan(in->mmr_lambda))
        return request_bad(rq, "mmr_lambda: needed with the reranker mmr");
    if (in->reranker == RERANK_NODE_DISTANCE && uuid_none(in->center_node))
        return request_bad(rq, "center_node_uuid: needed with the reranker node_distance");
    return one_owner(rq, in->user_id, in->group_id);
}

static err found_episodes(request *rq, tx *t, const graph *g, const search_hit *hits, size_t n,
                          list *to)
{
    episode *eps = arena_array(&rq->arena, n + 1, sizeof(*eps));

    if (!eps)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        eps[i] = hits[i].ep;
    err e = replies_of_episodes(rq, t, g, eps, n, to);
    for (size_t i = 0; !e && i < n; i++)
        ((episode_reply *)to->items)[i].score = hits[i].score;
    return e;
}

/* POST /graph/search */
err graph_search(request *rq, tx *t)
{
    const graph_search_body *in = rq->body;
    graph_results_reply r = {.edges = {&r, 0}, .episodes = {&r, 0}, .nodes = {&r, 0}};
    search_hit *hits;
    int64_t number;
    graph g;
    size_t n;

    err e = graph_of_owner(rq, t, in->user_id, in->group_id, &number);
    if (!e)
        e = graph_open(t, &rq->arena, rq->project, number, &g);
    if (!e && in->scope == SCOPE_EPISODES) {
        const search_request ask = {.query = in->query,
                                    .limit = (size_t)clamp(in->limit, GRAPH_LIMIT_MAX)};
        e = search_episodes(t, &rq->arena, &g, &ask, &hits, &n);
        if (!e)
            e = found_episodes(rq, t, &g, hits, above(hits, n, in->min_score), &r.episodes);
    }
    return e ? e : reply_shape(rq, &graph_results_shape, &r);
}

/* ---- sessions/search ---- */

err sessions_search_check(request *rq)
{
    const session_search_body *in = rq->body;

    if (!in->user_id.p && in->session_ids.n == 0)
        return request_bad(rq, "user_id or session_ids is needed");
    return OK;
}

static bool searches_messages(const session_search_body *in)
{
    return (in->scope == NO_ENUM || in->scope == SCOPE_MESSAGES) && !slice_empty(in->text);
}

/* One graph and the sessions of it that may answer. */
struct place {
    int64_t graph;
    int64_t *sessions; /* ascending */
    size_t n, cap;
};

struct places {
    struct place *at;
    size_t n, cap;
};

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static struct place *place_of(arena *a, struct places *all, int64_t number)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->at[i].graph == number)
            return &all->at[i];
    all->at = arena_grow(a, all->at, all->n, &all->cap, sizeof(*all->at));
    if (!all->at)
        return NULL;
    all->at[all->n] = (struct place){.graph = number};
    return &all->at[all->n++];
}

static err add_session(arena *a, struct places *all, int64_t at_graph, int64_t number)
{
    struct place *p = place_of(a, all, at_graph);

    if (!p)
        return ERR_NO_MEMORY;
    p->sessions = arena_grow(a, p->sessions, p->n, &p->cap, sizeof(*p->sessions));
    if (!p->sessions)
        return ERR_NO_MEMORY;
    p->sessions[p->n++] = number;
    return OK;
}

/* The named sessions that there are (of the user, where one is named too). */
static err named_sessions(request *rq, tx *t, const session_search_body *in, int64_t of_graph,
                          struct places *all)
{
    const slice *ids = in->session_ids.items;
    err e = OK;

    for (size_t i = 0; !e && i < in->session_ids.n; i++) {
        int64_t at_graph, number;
        e = session_find(t, rq->project, ids[i], &at_graph, &number);
        if (e == ERR_NOT_FOUND)
            e = OK;
        else if (!e && (!of_graph || at_graph == of_graph))
            e = add_session(&rq->arena, all, at_graph, number);
    }
    for (size_t i = 0; i < all->n; i++)
        qsort(all->at[i].sessions, all->at[i].n, sizeof(int64_t), by_number);
    return e;
}

/* All sessions of the user that live. */
static err sessions_of_graph(request *rq, tx *t, int64_t number, struct places *all)
{
    graph g;
    struct place *p = place_of(&rq->arena, all, number);

    if (!p)
        return ERR_NO_MEMORY;
    err e = graph_open(t, &rq->arena, rq->project, number, &g);
    return e ? e : strand_numbers(t, &rq->arena, &g, &p->sessions, &p->n);
}

static err find_places(request *rq, tx *t, const session_search_body *in, struct places *all)
{
    int64_t of_graph = 0;
    err e = OK;

    if (in->user_id.p)
        e = user_graph(t, rq->project, in->user_id, &of_graph);
    if (!e)
        e = in->session_ids.n ? named_sessions(rq, t, in, of_graph, all)
                              : sessions_of_graph(rq, t, of_graph, all);
    return e == ERR_NOT_FOUND ? OK : e; /* an unknown user said nothing */
}

struct results {
    session_search_result *at;
    size_t n, cap;
};

static err add_result(request *rq, tx *t, const graph *g, const search_hit *hit, struct results *to)
{
    message_reply_v2 *message = arena_alloc(&rq->arena, sizeof(*message));

    to->at = arena_grow(&rq->arena, to->at, to->n, &to->cap, sizeof(*to->at));
    if (!message || !to->at)
        return ERR_NO_MEMORY;
    *message = reply_of_message(&hit->ep);
    session_search_result *r = &to->at[to->n++];
    *r = (session_search_result){.score = hit->score, .message = message};
    return strand_session_id(t, &rq->arena, g, hit->ep.session, &r->session_id);
}

static err search_place(request *rq, tx *t, const session_search_body *in, const struct place *p,
                        size_t limit, struct results *to)
{
    const search_request ask = {
        .query = in->text, .limit = limit, .sessions = p->sessions, .sessions_n = p->n};
    search_hit *hits;
    graph g;
    size_t n;

    if (p->n == 0)
        return OK;
    err e = graph_open(t, &rq->arena, rq->project, p->graph, &g);
    if (!e)
        e = search_episodes(t, &rq->arena, &g, &ask, &hits, &n);
    if (e)
        return e;
    n = above(hits, n, in->min_score);
    for (size_t i = 0; !e && i < n; i++)
        e = add_result(rq, t, &g, &hits[i], to);
    return e;
}

static int by_score(const void *a, const void *b)
{
    double x = ((const session_search_result *)a)->score;
    double y = ((const session_search_result *)b)->score;

    return (x < y) - (x > y);
}

static err search_places(request *rq, tx *t, const session_search_body *in,
                         const struct places *all, struct results *to)
{
    const limit_query *q = rq->query;
    size_t limit = (size_t)clamp(q->limit, SESSIONS_LIMIT_MAX);
    err e = OK;

    for (size_t i = 0; !e && limit && i < all->n; i++)
        e = search_place(rq, t, in, &all->at[i], limit, to);
    if (e || all->n < 2)
        return e;
    qsort(to->at, to->n, sizeof(*to->at), by_score);
    to->n = to->n < limit ? to->n : limit;
    return OK;
}

/* POST /sessions/search */
err sessions_search(request *rq, tx *t)
{
    const session_search_body *in = rq->body;
    struct places all = {0};
    struct results found = {0};
    session_search_reply r;
    err e = OK;

    if (searches_messages(in)) {
        e = find_places(rq, t, in, &all);
        if (!e)
            e = search_places(rq, t, in, &all, &found);
    }
    r.results = (list){found.at ? (void *)found.at : (void *)&found, found.n};
    return e ? e : reply_shape(rq, &session_search_reply_shape, &r);
}

/* POST /sessions/{session_id}/search: a bare array. */
err session_search(request *rq, tx *t)
{
    const session_search_body *in = rq->body;
    struct places all = {0};
    struct results found = {0};
    int64_t at_graph, number;

    err e = session_find(t, rq->project, request_arg(rq, "session_id"), &at_graph, &number);
    if (!e && searches_messages(in)) {
        e = add_session(&rq->arena, &all, at_graph, number);
        if (!e)
            e = search_places(rq, t, in, &all, &found);
    }
    memory_search_result *items = arena_array(&rq->arena, found.n + 1, sizeof(*items));
    if (!e && !items)
        e = ERR_NO_MEMORY;
    for (size_t i = 0; !e && i < found.n; i++)
        items[i] =
            (memory_search_result){.message = found.at[i].message, .score = found.at[i].score};
    return e ? e : reply_list(rq, &memory_search_result_shape, items, found.n);
}
