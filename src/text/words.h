/* SPDX-License-Identifier: Apache-2.0
 *
 * text/words.h -- the words of a text, their stems, and the 32 bits that the index knows them by.
 *
 * A word is a run of letters and numbers (Unicode categories L and N) in one form: compatibility
 * decomposed, case-folded, accents dropped ("Café" and "CAFÉ" are `cafe`). Everything else ends a
 * word, apostrophes included: "don't" is `don` and `t`. Combining marks neither start nor end a
 * word; they are dropped where they are accents or points (canonical classes 1, 10 to 36, and 200
 * up), and kept where they are letters in all but name (the vowel signs of Indic scripts, the
 * voicing of kana). Invisible characters inside of a word (soft hyphens, joiners, variation
 * selectors) are passed over. Each ideograph and each Hiragana letter is a word of its own, as in
 * UAX #29: those scripts write no spaces.
 *
 * The folding, the stemmer and the hash are part of the index: who changes what they answer counts
 * INDEX_VERSION (search/packed.h) up. */
#ifndef TEXT_WORDS_H
#define TEXT_WORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a longer word only the first so many folded bytes are looked at. */
enum { TEXT_WORD_MAX = 128 };

/* A walk over the words of a text; the text is borrowed while it lasts. */
typedef struct text_words {
    slice text;
    size_t at;    /* what has been read of it */
    slice folded; /* the word; valid until the next one is asked for */
    slice raw;    /* the same place in the text, as written */
    char room[TEXT_WORD_MAX];
    bool full; /* the word is longer than that */
} text_words;

void text_words_init(text_words *w, slice text);

/* The next word into w->folded and w->raw; false at the end. Ill-formed UTF-8 separates words. */
bool text_words_next(text_words *w);

/* Whether a code point is a letter or a number (Unicode categories L and N). */
bool text_is_letter(uint32_t c);

/* Tables of short words, zero-padded and in byte order, no two of which have the first eight bytes
 * in common; `n` is above 0. */
enum { TEXT_TABLE_WIDTH = 12 };
bool text_in_table(slice word, const char (*table)[TEXT_TABLE_WIDTH], size_t n);

/* Whether a folded word says too little to be indexed or asked for: the English function words,
 * compared before stemming. */
bool text_is_stop(slice folded);

/* The English Snowball stem of a folded word; valid until the next call on this thread.
 *
 * ERR_NO_MEMORY  the thread's stemmer could not be made */
MUST_CHECK err text_stem(slice folded, slice *stem);

/* What the index knows a stem by: FNV-1a over its bytes (32 bits, offset basis 2166136261, prime
 * 16777619), and then the finaliser of MurmurHash3 (x ^= x >> 16, x *= 85ebca6b, x ^= x >> 13,
 * x *= c2b2ae35, x ^= x >> 16), all modulo 2^32. Stored for ever. Two stems with one hash count as
 * one term: among the 10,000 terms of an owner, one pair in a hundred owners. */
uint32_t text_hash(slice stem);

/* How often a term stands in a text. */
typedef struct text_term {
    uint32_t hash;
    uint32_t count;
} text_term;

typedef struct text_terms {
    text_term *at; /* ascending by hash, each once; in the arena */
    size_t n;
    uint32_t length; /* all words, stop words included */
} text_terms;

/* The terms of `n` texts, taken as one, less stop words.
 *
 * ERR_NO_MEMORY  the arena's ceiling was reached, or as text_stem */
MUST_CHECK err text_terms_of(arena *a, const slice *texts, size_t n, text_terms *to);

#endif
