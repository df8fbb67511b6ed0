/* SPDX-License-Identifier: Apache-2.0
 *
 * store/postings.h -- rows of the index: chunks of postings by term, and blocks of episodes. What
 * the bytes mean is search/packed.h's. */
#ifndef STORE_POSTINGS_H
#define STORE_POSTINGS_H

#include "store/graphs.h"

/* A chunk or a block: its key (a number at or below its first episode's) and its bytes. */
typedef struct packed_row {
    int64_t key;
    slice packed;
} packed_row;

/* Terms that can be asked for at once, where the store is far (db_is_far). */
enum { POSTINGS_MANY = 15 };

/* A walk over the chunks of `n` terms, 1 to POSTINGS_MANY, by term and key: term, key, bytes. */
db_rows postings_walk(tx *t, const graph *g, const uint32_t *terms, size_t n);

/* A walk in key order: key in column 0, bytes in column 1. */
db_rows blocks_walk(tx *t, const graph *g);

/* Every chunk of a graph, for checks: term, key, bytes. */
db_rows postings_walk_all(tx *t, const graph *g);

/* The row that would hold an episode: the last with a key at or below its number. Bytes live in the
 * arena. ERR_NOT_FOUND. */
MUST_CHECK err postings_at(tx *t, arena *a, const graph *g, uint32_t term, int64_t number,
                           packed_row *row);
MUST_CHECK err blocks_at(tx *t, arena *a, const graph *g, int64_t number, packed_row *row);

/* Written whether there was one or not; empty bytes take the row away. */
MUST_CHECK err postings_put(tx *t, const graph *g, uint32_t term, const packed_row *row);
MUST_CHECK err blocks_put(tx *t, const graph *g, const packed_row *row);

/* The whole index of a graph away. */
MUST_CHECK err postings_clear(tx *t, const graph *g);

/* Up to `n_max` rows of a graph, by its number, whose own row is gone; *left: there are more. */
MUST_CHECK err postings_erase(tx *t, int64_t gone, int64_t n_max, bool *left);

extern const db_sql_table postings_sql;

#endif
