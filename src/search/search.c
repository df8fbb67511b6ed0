/* SPDX-License-Identifier: Apache-2.0
 *
 * search/search.c -- reads a graph's index, ranks, and fetches what was found.
 *
 * All turns of the graph are read from blocks (a row for 128 of them) and from the pending
 * episodes; postings of the query's terms alone. Both come from the caller's transaction, so a
 * search sees what the call before it wrote. */
#include "search/search.h"

#include "search/fold.h"
#include "search/lexical.h"
#include "search/packed.h"
#include "store/postings.h"

/* Numbers ever given tell how many episodes to expect, as long as few were deleted. */
enum { EXPECTED_MAX = 1 << 16 };

struct pending {
    int64_t number;
    slice own;
};

/* The graph as ranking sees it. */
struct view {
    turn_list turns;
    struct pending *pending;
    size_t n, cap;
};

static err read_blocks(tx *t, const graph *g, struct view *v)
{
    err e = OK;
    db_rows r = blocks_walk(t, g);

    while (!e && db_next(&r))
        e = packed_block_decode(db_col_blob(&r, 1), &v->turns);
    err ended = db_end(&r);
    return e ? e : ended;
}

static err add_pending(arena *a, const graph *g, struct view *v, const episode *ep)
{
    turn one = {.number = ep->number, .session = ep->session, .day = turn_day(ep->created_at)};

    err e = packed_terms_head(ep->terms, &one.length, &one.marks);
    if (!e)
        e = turns_add(&v->turns, one, fold_speaker(g, ep));
    if (e)
        return e;
    v->pending = arena_grow(a, v->pending, v->n, &v->cap, sizeof(*v->pending));
    if (!v->pending)
        return ERR_NO_MEMORY;
    v->pending[v->n] = (struct pending){ep->number, arena_dup(a, ep->terms)};
    return v->pending[v->n++].own.p ? OK : ERR_NO_MEMORY;
}

static err read_pending(tx *t, arena *a, const graph *g, struct view *v)
{
    episode ep;
    err e = OK;
    db_rows r = episode_walk(t, g, g->folded + 1, false);

    while (!e && episode_walk_next(&r, &ep))
        e = add_pending(a, g, v, &ep);
    err ended = db_end(&r);
    return e ? e : ended;
}

/* Terms and chunks both come in the order of the terms' hashes. */
static err read_chunks(tx *t, const graph *g, lexical_query *q, size_t from, size_t n)
{
    err e = OK;
    db_rows r = postings_walk(t, g, q->hashes + from, n);

    for (size_t i = from; !e && db_next(&r);) {
        while (i + 1 < from + n && q->hashes[i] != (uint32_t)db_col_int(&r, 0))
            i++;
        e = lexical_add_chunk(q, i, db_col_blob(&r, 2));
    }
    err ended = db_end(&r);
    return e ? e : ended;
}

static err read_postings(tx *t, const graph *g, const struct view *v, lexical_query *q)
{
    size_t at_once = db_is_far(t) ? POSTINGS_MANY : 1;
    err e = OK;

    for (size_t i = 0; !e && i < q->n_terms; i += at_once)
        e = read_chunks(t, g, q, i, q->n_terms - i < at_once ? q->n_terms - i : at_once);
    for (size_t i = 0; !e && q->n_terms && i < v->n; i++)
        e = lexical_add_pending(q, v->pending[i].number, v->pending[i].own);
    return e;
}

/* ---- what may be returned ---- */

static bool contains(const int64_t *sorted, size_t n, int64_t what)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (sorted[mid] < what)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && sorted[low] == what;
}

static bool allows(void *ctx, const turn *one)
{
    const search_request *rq = ctx;

    if (rq->sessions && !contains(rq->sessions, rq->sessions_n, one->session))
        return false;
    return !contains(rq->without, rq->without_n, one->number);
}

err search_ranks(tx *t, arena *a, const graph *g, const search_request *rq, search_rank **ranks,
                 size_t *n)
{
    struct view v = {0};
    lexical_query *q = NULL;
    lexical_hit *found = NULL;
    const lexical_filter filter = {allows, (void *)(uintptr_t)rq};

    *n = 0;
    if (g->index_version != INDEX_VERSION)
        return ERR_BUSY;
    turns_init(&v.turns, a, g->next_episode < EXPECTED_MAX ? (size_t)g->next_episode : 0);
    err e = read_blocks(t, g, &v);
    if (!e)
        e = read_pending(t, a, g, &v);
    if (!e)
        e = lexical_parse(a, rq->query, &v.turns, &q);
    if (!e)
        e = read_postings(t, g, &v, q);
    if (!e)
        e = lexical_rank(a, &v.turns, q, &filter, rq->limit, &found, n);
    if (e)
        return e;
    *ranks = arena_array(a, *n + 1, sizeof(**ranks));
    if (!*ranks)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < *n; i++)
        (*ranks)[i] = (search_rank){found[i].number, (double)found[i].score};
    return OK;
}

err search_episodes(tx *t, arena *a, const graph *g, const search_request *rq, search_hit **hits,
                    size_t *n)
{
    search_rank *ranks = NULL;

    err e = search_ranks(t, a, g, rq, &ranks, n);
    if (e)
        return e;
    *hits = arena_array(a, *n + 1, sizeof(**hits));
    if (!*hits)
        return ERR_NO_MEMORY;
    for (size_t i = 0; !e && i < *n; i++) {
        (*hits)[i].score = ranks[i].score;
        e = episode_get(t, a, g, ranks[i].number, &(*hits)[i].ep);
    }
    return e == ERR_NOT_FOUND ? ERR_INTERNAL : e; /* the index names only rows that are there */
}
