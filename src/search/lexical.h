/* SPDX-License-Identifier: Apache-2.0
 *
 * search/lexical.h -- which turns of a graph answer a query, by their words: BM25 over a turn and
 * its neighbours, and what else speaks for a turn.
 *
 * For each turn i of a graph of N living turns:
 *
 *     terms  = distinct stems of the query's words, less stop words and participants' names
 *     c(t,i) = sum over o = -4..+2 of w[o] * how often t is in the turn o places further in i's
 *              session
 *     len(i) = the same sum over lengths in words
 *     idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)), n turns have t
 *     window = sum over t of idf * c * (k1 + 1) / (c + k1 * (1 - b + b * len / mean len))
 *     score  = window
 *            + BM25 of the turn's session as one document
 *            + the turn is the one participant's whom the query names
 *            + how well its day fits a date of the query (text_date_match)
 *            + it speaks in the first person; - it asks
 *            + it has a word of time, and the query asks when
 *
 * BM25 with this idf is Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009,
 * section 3.4.1, as Lucene computes it; window, parts and weights are our own measurements
 * (docs/search.md). The weights are one table in lexical.c.
 *
 * Nothing here knows a store. A search reads the graph's blocks and pending episodes into a
 * turn_list, parses the query, looks up the postings of its terms, and ranks:
 *
 *     turns_init(&turns, a, 0);
 *     for each block, in order:             packed_block_decode(packed, &turns)
 *     for each pending episode, in order:   packed_terms_head, turns_add; keep its own terms
 *     lexical_parse(a, text, &turns, &q);
 *     for i < q->n_terms:
 *         for each chunk of q->terms[i].hash, in order:  lexical_add_chunk(q, i, packed)
 *     for each pending episode, in order:   lexical_add_pending(q, number, own)
 *     lexical_rank(a, &turns, q, filter, limit, &hits, &n);
 *
 * A search that adds something to the scores (vectors) calls lexical_score and lexical_pick in
 * place of lexical_rank. Everything lives in the arena that was given; nothing is shared; any
 * thread. */
#ifndef SEARCH_LEXICAL_H
#define SEARCH_LEXICAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "search/packed.h"
#include "text/dates.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LEXICAL_TERMS_MAX = 64,   /* those of the highest idf are ranked by */
    LEXICAL_PARSED_MAX = 512, /* distinct terms taken from a query, the first ones */
};

/* What an episode's row carries: the terms of "speaker: content" and the marks of the content,
 * packed (form (a) of search/packed.h). An absent or empty speaker is nobody.
 *
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err lexical_index(arena *a, slice speaker, slice content, slice *packed);

/* Where one term of a query is found: chunks from the store, and pending episodes. */
typedef struct lexical_term {
    uint32_t hash;
    slice *chunks;
    size_t n_chunks, chunks_room;
    posting *pending;
    size_t n_pending, pending_room;
} lexical_term;

typedef struct lexical_query {
    arena *in;
    lexical_term *terms; /* ascending by hash */
    size_t n_terms;      /* may be 0 */
    uint32_t *hashes;    /* the same, and */
    uint32_t *counts;    /* room for one episode's counts: for lexical_add_pending */
    text_date dates[TEXT_DATES_MAX];
    size_t n_dates;
    bool when;      /* it asks for a time */
    bool *by_named; /* for each name of the turn_list: is it the one participant's that the query
                     * names? NULL when it names none, or several */
    size_t n_names;
} lexical_query;

/* Read a query. `turns` holds all turns already: their speakers, other than user, assistant, ai,
 * bot, human and system, are the participants (two names that differ in case alone are one). A
 * participant is named by the name's words in any case, one behind the other; a word that is no
 * part of such a name also names those whose name it begins as written, if it has three letters or
 * more. A stop word is a name only where it looks like one: capitalised, and not at the beginning
 * of a sentence.
 *
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err lexical_parse(arena *a, slice text, const turn_list *turns, lexical_query **query);

/* A chunk of postings of q->terms[term], copied. Chunks may come in any order. What is wrong with
 * one is found by lexical_score.
 *
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err lexical_add_chunk(lexical_query *q, size_t term, slice chunk);

/* What of the query is in an episode that is not folded, of its own terms.
 *
 * ERR_INTERNAL   `own` is not such bytes
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err lexical_add_pending(lexical_query *q, int64_t number, slice own);

/* The score of every turn, by its index in the turn_list. */
typedef struct lexical_scores {
    float *score;
    bool *found; /* window, session or date score is above 0 */
    size_t n;
} lexical_scores;

/* Score all turns. Postings of numbers that no turn has do not count at all.
 *
 * ERR_INTERNAL   a chunk was nonsense
 * ERR_NO_MEMORY  the arena's ceiling was reached; some 60 bytes a turn are
 *                needed, and 130 for one without a session */
MUST_CHECK err lexical_score(arena *a, const turn_list *turns, const lexical_query *q,
                             lexical_scores *scores);

/* Which turns may be returned; statistics stay the graph's. Asked at most once for each turn, and
 * only for those that would be among the best so far. */
typedef struct lexical_filter {
    bool (*allows)(void *ctx, const turn *t);
    void *ctx;
} lexical_filter;

typedef struct lexical_hit {
    int64_t number;
    size_t turn; /* index in the turn_list */
    float score;
} lexical_hit;

/* The best `limit` of the turns that were found and that `filter` (NULL: all) allows: best first,
 * the earlier one first among equals. *hits is in the arena.
 *
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err lexical_pick(arena *a, const turn_list *turns, const lexical_scores *scores,
                            const lexical_filter *filter, size_t limit, lexical_hit **hits,
                            size_t *n);

/* lexical_score and lexical_pick; errors as theirs. */
MUST_CHECK err lexical_rank(arena *a, const turn_list *turns, const lexical_query *q,
                            const lexical_filter *filter, size_t limit, lexical_hit **hits,
                            size_t *n);

#endif
