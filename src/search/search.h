/* SPDX-License-Identifier: Apache-2.0
 *
 * search/search.h -- the one entrance to finding things, whoever calls: graph.search, memory.get,
 * sessions/search. */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "store/episodes.h"

typedef struct search_request {
    slice query;
    size_t limit;
    const int64_t *sessions; /* only episodes of these session numbers; NULL: all */
    size_t sessions_n;
    const int64_t *without; /* episode numbers left out, ascending; NULL: none */
    size_t without_n;
} search_request;

/* An episode by its number, and how well it answers. */
typedef struct search_rank {
    int64_t number;
    double score;
} search_rank;

typedef struct search_hit {
    episode ep;
    double score;
} search_hit;

/* The best episodes of a graph, best first, the earlier first among equals; in the arena.
 *
 * ERR_BUSY  the graph is being indexed anew after an upgrade */
MUST_CHECK err search_ranks(tx *t, arena *a, const graph *g, const search_request *rq,
                            search_rank **ranks, size_t *n);

/* The same with their rows. */
MUST_CHECK err search_episodes(tx *t, arena *a, const graph *g, const search_request *rq,
                               search_hit **hits, size_t *n);

#endif
