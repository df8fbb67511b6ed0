/* SPDX-License-Identifier: Apache-2.0
 *
 * search/packed.h -- the three things that the index keeps, as bytes.
 *
 * An episode's row carries its own terms (a). Once enough are waiting, they are folded into
 * postings, a list of episodes for each term in chunks (b), and into blocks of what ranking needs
 * to know of each episode (c). Deleting an episode finds its chunks through its own terms.
 *
 * Numbers are LEB128 varints, signed ones in zigzag, hashes 32-bit little-endian (base/pack.h);
 * equal things have equal bytes. None of the forms says its version: a graph's row does, and a
 * graph of another INDEX_VERSION is indexed anew.
 *
 *   (a) an episode's own terms
 *
 *       byte             marks (text/marks.h); the upper four bits are 0
 *       varint           length in words, stop words included
 *       varint           m: how many terms it has more than once
 *       m times          hash, varint (count - 2)     ascending by hash
 *       to the end       hash                         ascending; each is there once
 *
 *   (b) a chunk of postings: what one term has in some episodes, ascending by number
 *
 *       to the end       varint (gap << 1 | more), and if `more`: varint (count - 2), otherwise the
 *                        count is 1; the gap is the number less the one before (0 for the first)
 *                        less 1
 *
 *   (c) a block of episodes, ascending by number
 *
 *       varint           how many names of speakers
 *       each             varint length, bytes; no name empty, none twice
 *       to the end       for each episode:
 *         byte           bits 0-3: marks; bits 4-7: which of the next four differ from those of
 *                        the episode before, and so are there (before the first: number 0,
 *                        session 0, day 0, speaker 0)
 *         varint         bit 4: number, less the one before, less 2; otherwise it is the next
 *         zigzag         bit 5: session, less the one before; session 0 is none
 *         zigzag         bit 6: day of created_at, UTC, since 1970, less the one before
 *         varint         bit 7: speaker: 0 none, k the k-th name
 *         varint         length in words
 *
 * Every decoder may be given any bytes: what is not such a form is ERR_INTERNAL, and nothing is
 * read behind its end. Episode numbers are 1 to UUID_MAX_NUMBER. No state; any thread. */
#ifndef SEARCH_PACKED_H
#define SEARCH_PACKED_H

#include "base/arena.h"
#include "base/err.h"
#include "base/pack.h"
#include "base/slice.h"
#include "text/words.h"

#include <stdint.h>

/* Of the forms above and of what fills them: words, stop list, stems, hashes, marks. */
enum { INDEX_VERSION = 1 };

enum {
    PACKED_CHUNK_MAX = 2048,  /* bytes of a chunk */
    PACKED_BLOCK_TURNS = 128, /* episodes that one fold puts into a block */
};

/* ---- (a) an episode's own terms ---- */

/* Pack terms (ascending by hash, each once, counts from 1), length and marks, into the arena.
 *
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err packed_terms_encode(arena *a, const text_terms *terms, uint8_t marks, slice *packed);

/* All of it again; `marks` may be NULL.
 *
 * ERR_INTERNAL   not such bytes
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err packed_terms_decode(arena *a, slice packed, text_terms *terms, uint8_t *marks);

/* Length and marks alone: what a turn_list wants of an episode that is not folded.
 *
 * ERR_INTERNAL  not such bytes */
MUST_CHECK err packed_terms_head(slice packed, uint32_t *length, uint8_t *marks);

/* How often each of `n` terms (`hashes` ascending) is in it, into `counts`; 0 for those that are
 * not.
 *
 * ERR_INTERNAL  not such bytes; the counts are of no use */
MUST_CHECK err packed_terms_find(slice packed, const uint32_t *hashes, size_t n, uint32_t *counts);

/* ---- (b) postings ---- */

typedef struct posting {
    int64_t number;
    uint32_t count; /* from 1 */
} posting;

/* `chunk` (empty to begin one) with as many of the postings behind it as go into PACKED_CHUNK_MAX
 * bytes; *taken says how many, and the rest begins another chunk, under the number of its first.
 * The result is in the arena. Numbers ascend and are above the chunk's last.
 *
 * ERR_INTERNAL   not such a chunk, or a number that is not above the one before it
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err packed_postings_append(arena *a, slice chunk, const posting *add, size_t n,
                                      slice *packed, size_t *taken);

/* The chunk without the episodes of `numbers` (ascending); *removed says how many of them it had.
 * When the result is empty the row goes too. Otherwise it keeps its key, which then is at or below
 * its first number. The result is in the arena, or `chunk` itself when nothing was removed.
 *
 * ERR_INTERNAL   not such a chunk
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err packed_postings_remove(arena *a, slice chunk, const int64_t *numbers, size_t n,
                                      slice *packed, size_t *removed);

/* A walk over a chunk:
 *
 *     packed_postings_open(&r, chunk);
 *     while (packed_postings_next(&r, &p))
 *         ...
 *     err e = packed_postings_close(&r);     ERR_INTERNAL when it ended at nonsense */
typedef struct packed_postings {
    unpack in;
    int64_t number; /* the last one read */
} packed_postings;

void packed_postings_open(packed_postings *r, slice chunk);
bool packed_postings_next(packed_postings *r, posting *p);
MUST_CHECK err packed_postings_close(const packed_postings *r);

/* One term of a fold, and where it is found. */
typedef struct packed_gathered {
    uint32_t hash;
    const posting *at; /* ascending by number */
    size_t n;
} packed_gathered;

/* Turn episodes inside out: from the own terms of `n` episodes, `numbers` ascending, to the
 * postings of each term, terms ascending by hash. All in the arena.
 *
 * ERR_INTERNAL   some of `own` is not such bytes
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err packed_gather(arena *a, const int64_t *numbers, const slice *own, size_t n,
                             packed_gathered **terms, size_t *n_terms);

/* ---- (c) blocks ---- */

/* What ranking needs to know of an episode. */
typedef struct turn {
    int64_t number;
    int64_t session;  /* within the graph; 0: none, it is a session of its own */
    int32_t day;      /* of created_at, UTC, since 1970 (turn_day) */
    uint32_t length;  /* in words */
    uint32_t speaker; /* index into the list's names */
    uint8_t marks;
} turn;

/* Turns in ascending order of their numbers, and the names of their speakers. names[0] is that of
 * nobody: absent. Everything lives in `in`. */
typedef struct turn_list {
    arena *in;
    turn *at;
    size_t n, room;
    slice *names; /* each once, as written */
    size_t n_names, names_room;
    uint32_t *slots; /* names by hash: index, 0 for a free slot */
    size_t n_slots;  /* a power of two */
} turn_list;

/* An empty list; `expected` turns will not make it grow (a hint). Takes no memory yet. */
void turns_init(turn_list *list, arena *in, size_t expected);

/* Append a turn; `t.speaker` is not looked at, `speaker` (absent or empty for nobody) is copied if
 * it is new.
 *
 * ERR_INTERNAL   the number is not above the last one's, or out of range
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err turns_add(turn_list *list, turn t, slice speaker);

/* The UTC day of a time in microseconds since 1970. */
int32_t turn_day(int64_t us);

/* Pack the turns from..from + n - 1 of a list into one block; its key is the first one's number.
 *
 * ERR_NO_MEMORY  the arena's ceiling was reached */
MUST_CHECK err packed_block_encode(arena *a, const turn_list *list, size_t from, size_t n,
                                   slice *packed);

/* Append a block's turns to a list. After an error the list may have some of them.
 *
 * ERR_INTERNAL   not such a block, or its numbers are not above the list's last
 * ERR_NO_MEMORY  the list's arena is at its ceiling */
MUST_CHECK err packed_block_decode(slice packed, turn_list *list);

/* The block without the episodes of `numbers` (ascending), and without the names that only they
 * had; otherwise as packed_postings_remove. */
MUST_CHECK err packed_block_remove(arena *a, slice block, const int64_t *numbers, size_t n,
                                   slice *packed, size_t *removed);

#endif
