/* SPDX-License-Identifier: Apache-2.0
 *
 * search/check.h -- the index recounted from the episodes, for `recalld check`. */
#ifndef SEARCH_CHECK_H
#define SEARCH_CHECK_H

#include "db/db.h"

/* Compares, graph by graph, postings and blocks with the episodes' own words, and the counters of
 * users, groups, sessions and messages with the rows; each difference is given to `say`, progress
 * to `progress` (may be NULL) after each graph. Reads only.
 *
 * OK: nothing differs. ERR_CONFLICT: something was said. Others: the store could not be read. */
MUST_CHECK err check_store(db *d, void (*say)(void *ctx, slice complaint),
                           void (*progress)(void *ctx, int64_t graphs_done, int64_t graphs),
                           void *ctx);

/* Have the server build the index of every graph anew, now or at its next start; one short
 * transaction. */
MUST_CHECK err check_reindex(db *d);

#endif
