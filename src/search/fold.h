/* SPDX-License-Identifier: Apache-2.0
 *
 * search/fold.h -- the index as it is kept: episodes wait with their own terms until some 128 are
 * pending, then one step folds them into postings and blocks.
 *
 * Every posting inserted on its own would dirty a page of its own; a message that waits costs its
 * row alone. A search reads both parts (search/search.h), so nothing is ever missing. */
#ifndef SEARCH_FOLD_H
#define SEARCH_FOLD_H

#include "store/episodes.h"

enum { FOLD_PENDING = 128 };

/* Who speaks in an episode: its role's free name, else the user's first name for a user's turn. May
 * be absent. Borrowed from both. */
slice fold_speaker(const graph *g, const episode *e);

/* Whether enough wait, or the index is of another version. */
bool fold_due(const graph *g);

/* Fold what waits, if enough does; a graph of another index version, and any graph with `anew`, is
 * indexed from its words again. ERR_NOT_FOUND: no such graph any more. */
MUST_CHECK err fold_graph(tx *t, arena *a, int64_t project, int64_t number, bool anew);

/* Take one folded or pending episode out of postings and blocks; its row is the caller's to delete
 * after. */
MUST_CHECK err fold_remove(tx *t, arena *a, const graph *g, int64_t number);

#endif
