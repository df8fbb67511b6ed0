/* SPDX-License-Identifier: Apache-2.0
 *
 * text/words.c -- ASCII goes through a table of 128 entries; what is beyond asks utf8proc for its
 * category and its folding, a code point at a time. */
#include "text/words.h"

#include "base/utf8.h"

#include <assert.h>
#include <libstemmer.h>
#include <pthread.h>
#include <utf8proc.h>

/* ---- words ---- */

typedef enum kind {
    BETWEEN, /* ends a word */
    LETTER,  /* part of a word: a letter or a number */
    ALONE,   /* a word by itself */
    MARK,    /* part of a word that has begun */
    NOTHING, /* passed over */
} kind;

/* ASCII letters and digits, folded; 0 for all else. */
static const char ascii[128] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6',
    ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd',
    ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k',
    ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r',
    ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y',
    ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f',
    ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm',
    ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't',
    ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
};

/* Han ideographs and Hiragana letters. */
static bool stands_alone(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x309F) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/* Sets of categories, a bit each. */
enum {
    LETTERS = 1 << UTF8PROC_CATEGORY_LU | 1 << UTF8PROC_CATEGORY_LL | 1 << UTF8PROC_CATEGORY_LT |
              1 << UTF8PROC_CATEGORY_LM | 1 << UTF8PROC_CATEGORY_LO | 1 << UTF8PROC_CATEGORY_ND |
              1 << UTF8PROC_CATEGORY_NL | 1 << UTF8PROC_CATEGORY_NO,
    MARKS = 1 << UTF8PROC_CATEGORY_MN | 1 << UTF8PROC_CATEGORY_MC | 1 << UTF8PROC_CATEGORY_ME,
};

static bool in(const utf8proc_property_t *p, int categories)
{
    return categories >> p->category & 1;
}

static bool is_accent(const utf8proc_property_t *p)
{
    int ccc = p->combining_class;

    return p->category == UTF8PROC_CATEGORY_ME || ccc == 1 || (ccc >= 10 && ccc <= 36) ||
           ccc >= 200;
}

static kind kind_of(uint32_t c)
{
    const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)c);

    if (p->ignorable)
        return NOTHING;
    if (in(p, LETTERS))
        return stands_alone(c) ? ALONE : LETTER;
    if (in(p, MARKS))
        return is_accent(p) ? NOTHING : MARK;
    return BETWEEN;
}

bool text_is_letter(uint32_t c)
{
    if (c < 128)
        return ascii[c] != 0;
    return in(utf8proc_get_property((utf8proc_int32_t)c), LETTERS);
}

void text_words_init(text_words *w, slice text)
{
    w->text = text;
    w->at = 0;
    w->folded = w->raw = NO_SLICE;
}

/* Append bytes of one code point; the first that does not go in ends the word's form for good. */
static void append(text_words *w, const char *p, size_t n)
{
    if (w->folded.n + n > TEXT_WORD_MAX) {
        w->full = true;
        return;
    }
    memcpy(w->room + w->folded.n, p, n);
    w->folded.n += n;
}

/* Append what `c` folds to: of its decomposition, what can be part of a word. */
static void append_folded(text_words *w, uint32_t c)
{
    enum { LONGEST = 32 }; /* U+FDFA has 18 */
    static const int how = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
    utf8proc_int32_t parts[LONGEST];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, LONGEST,
                                                 (utf8proc_option_t)how, &boundary);

    for (utf8proc_ssize_t i = 0; i < n && i < LONGEST && !w->full; i++) {
        kind k = kind_of((uint32_t)parts[i]);
        char bytes[4];
        if (k == LETTER || k == ALONE || k == MARK)
            append(w, bytes, utf8_put(bytes, (uint32_t)parts[i]));
    }
}

bool text_words_next(text_words *w)
{
    const char *p = w->text.p;
    size_t begin = 0, end = 0, at = w->at;
    bool alone = false;

    w->folded = (slice){w->room, 0};
    w->full = false;
    while (at < w->text.n) {
        size_t here = at;
        bool inside = w->folded.n > 0;
        kind k;
        uint32_t c = 0;

        if ((uint8_t)p[at] < 128) {
            const char *folded = &ascii[(uint8_t)p[at++]];
            k = *folded ? LETTER : BETWEEN;
            if (k == LETTER && !alone && !w->full)
                append(w, folded, 1);
        } else {
            c = utf8_next(w->text, &at);
            k = kind_of(c);
            if (!w->full &&
                ((k == LETTER && !alone) || (k == ALONE && !inside) || (k == MARK && inside)))
                append_folded(w, c);
        }
        if (inside && (k == BETWEEN || k == ALONE || (k == LETTER && alone))) {
            at = k == BETWEEN ? at : here;
            break;
        }
        if (!inside && w->folded.n > 0) {
            begin = here;
            alone = k == ALONE;
        }
        if (w->folded.n > 0)
            end = at;
    }
    w->at = at;
    w->raw = end ? (slice){p + begin, end - begin} : NO_SLICE;
    return end > 0;
}

/* ---- stop words ---- */

/* In byte order. What a possessive or a contraction leaves behind an apostrophe is among them. */
static const char stops[][TEXT_TABLE_WIDTH] = {
    "a",          "about",   "above",      "after",   "again",  "against",   "all",    "am",
    "an",         "and",     "any",        "are",     "aren",   "as",        "at",     "be",
    "because",    "been",    "before",     "being",   "below",  "between",   "both",   "but",
    "by",         "can",     "cannot",     "could",   "couldn", "d",         "did",    "didn",
    "do",         "does",    "doesn",      "doing",   "don",    "down",      "during", "each",
    "few",        "for",     "from",       "further", "had",    "hadn",      "has",    "hasn",
    "have",       "haven",   "having",     "he",      "her",    "here",      "hers",   "herself",
    "him",        "himself", "his",        "how",     "i",      "if",        "in",     "into",
    "is",         "isn",     "it",         "its",     "itself", "just",      "ll",     "m",
    "me",         "mightn",  "more",       "most",    "mustn",  "my",        "myself", "no",
    "nor",        "not",     "now",        "o",       "of",     "off",       "on",     "once",
    "only",       "or",      "other",      "our",     "ours",   "ourselves", "out",    "over",
    "own",        "re",      "s",          "same",    "shan",   "she",       "should", "shouldn",
    "so",         "some",    "such",       "t",       "than",   "that",      "the",    "their",
    "theirs",     "them",    "themselves", "then",    "there",  "these",     "they",   "this",
    "those",      "through", "to",         "too",     "under",  "until",     "up",     "ve",
    "very",       "was",     "wasn",       "we",      "were",   "weren",     "what",   "when",
    "where",      "which",   "while",      "who",     "whom",   "why",       "will",   "with",
    "won",        "would",   "wouldn",     "y",       "you",    "your",      "yours",  "yourself",
    "yourselves",
};

/* The first eight bytes as a number that sorts as they do. */
static uint64_t key_of(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

bool text_in_table(slice word, const char (*table)[TEXT_TABLE_WIDTH], size_t n)
{
    char padded[TEXT_TABLE_WIDTH] = {0};
    size_t first = 0;

    if (word.n == 0 || word.n >= TEXT_TABLE_WIDTH)
        return false;
    memcpy(padded, word.p, word.n);

    uint64_t key = key_of(padded);
    while (n > 1) { /* narrow down to the last one that is not above the key */
        size_t half = n / 2;
        first += key_of(table[first + half]) <= key ? half : 0;
        n -= half;
    }
    return memcmp(table[first], padded, TEXT_TABLE_WIDTH) == 0;
}

bool text_is_stop(slice folded)
{
    return text_in_table(folded, stops, COUNT(stops));
}

/* ---- stems ---- */

/* A stemmer has state, so each thread has its own, made at its first word and deleted at its end.
 */
static _Thread_local struct sb_stemmer *stemmer;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;
static bool have_key;

static void delete_stemmer(void *p)
{
    sb_stemmer_delete(p);
}

static void make_key(void)
{
    have_key = pthread_key_create(&at_end, delete_stemmer) == 0;
}

static bool make_stemmer(void)
{
    pthread_once(&once, make_key);
    if (!have_key)
        return false;

    struct sb_stemmer *made = sb_stemmer_new("english", NULL);
    if (!made)
        return false;
    if (pthread_setspecific(at_end, made) != 0) {
        sb_stemmer_delete(made);
        return false;
    }
    stemmer = made;
    return true;
}

err text_stem(slice folded, slice *stem)
{
    if (!stemmer && !make_stemmer())
        return ERR_NO_MEMORY;
    assert(folded.n <= TEXT_WORD_MAX);

    const sb_symbol *p = sb_stemmer_stem(stemmer, (const sb_symbol *)folded.p, (int)folded.n);
    if (!p)
        return ERR_NO_MEMORY;
    *stem = (slice){(const char *)p, (size_t)sb_stemmer_length(stemmer)};
    return OK;
}

/* ---- terms ---- */

uint32_t text_hash(slice stem)
{
    uint32_t h = 2166136261U;

    for (size_t i = 0; i < stem.n; i++)
        h = (h ^ (uint8_t)stem.p[i]) * 16777619U;
    h ^= h >> 16;
    h *= 0x85ebca6bU;
    h ^= h >> 13;
    h *= 0xc2b2ae35U;
    h ^= h >> 16;
    return h;
}

/* Hashes of the words that count, one for each time they stand there. */
struct gathered {
    arena *in;
    uint32_t *at;
    size_t n, room;
};

static err gather(struct gathered *g, uint32_t hash)
{
    if (g->n == g->room) {
        size_t room = g->room ? g->room * 2 : 64;
        uint32_t *at = arena_alloc(g->in, room * sizeof(*at));
        if (!at)
            return ERR_NO_MEMORY;
        if (g->n)
            memcpy(at, g->at, g->n * sizeof(*at));
        g->at = at;
        g->room = room;
    }
    g->at[g->n++] = hash;
    return OK;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void sort(uint32_t *at, size_t n)
{
    enum { SHORT = 48 };

    if (n > SHORT) {
        qsort(at, n, sizeof(*at), compare);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        uint32_t v = at[i];
        size_t j = i;
        for (; j > 0 && at[j - 1] > v; j--)
            at[j] = at[j - 1];
        at[j] = v;
    }
}

/* Equal hashes become one term with a count. */
static err count(struct gathered *g, text_terms *to)
{
    sort(g->at, g->n);
    to->n = 0;
    to->at = arena_alloc(g->in, g->n * sizeof(*to->at));
    if (!to->at)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < g->n; i++) {
        if (to->n && to->at[to->n - 1].hash == g->at[i])
            to->at[to->n - 1].count++;
        else
            to->at[to->n++] = (text_term){g->at[i], 1};
    }
    return OK;
}

err text_terms_of(arena *a, const slice *texts, size_t n, text_terms *to)
{
    struct gathered g = {.in = a};
    uint32_t length = 0;

    for (size_t i = 0; i < n; i++) {
        text_words w;
        text_words_init(&w, texts[i]);
        while (text_words_next(&w)) {
            slice stem;
            length++;
            if (text_is_stop(w.folded))
                continue;
            err e = text_stem(w.folded, &stem);
            if (!e)
                e = gather(&g, text_hash(stem));
            if (e)
                return e;
        }
    }
    to->length = length;
    return count(&g, to);
}
