/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/recall.h -- what matters now, as one text for a reader with a budget. */
#ifndef MEMORY_RECALL_H
#define MEMORY_RECALL_H

#include "store/episodes.h"

/* The context string for the end of a conversation: the best-ranked earlier turns of the graph for
 * the texts of `last`, a line each, within `tokens` (a token is 1/1.3 of a word between white
 * space, markers and comments included). `shown` are the messages that the reader has beside it;
 * they are not repeated. Empty when there is nothing earlier. The text lives in the arena. */
MUST_CHECK err recall_context(tx *t, arena *a, const graph *g, const episode *last, size_t last_n,
                              const episode *shown, size_t shown_n, int64_t tokens, slice *context);

/* How many of a conversation's last messages it is searched with. */
enum { RECALL_LAST = 4 };

#endif
