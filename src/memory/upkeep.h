/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/upkeep.h -- the work behind the answers: folding what waits into the index, erasing what
 * was deleted, indexing anew. One thread that hands the writer a bounded step at a time. */
#ifndef MEMORY_UPKEEP_H
#define MEMORY_UPKEEP_H

#include "store/graphs.h"

typedef struct upkeep upkeep; /* one per serving process */

/* `d` outlives it. ERR_NO_MEMORY. */
MUST_CHECK err upkeep_open(db *d, upkeep **out);

/* Waits for the step under way. Accepts NULL. */
void upkeep_close(upkeep *u);

/* Once `t` is committed: fold the graph if it is due. `u` may be NULL (no upkeep runs here). */
void upkeep_after_adding(upkeep *u, tx *t, const graph *g);

/* Once `t` is committed: there is a new job. It would be found within half a second anyway. */
void upkeep_after_deleting(upkeep *u, tx *t);

#endif
