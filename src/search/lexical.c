/* SPDX-License-Identifier: Apache-2.0
 *
 * search/lexical.c -- ranking by dense arrays, one pass for each term.
 *
 * Turns of a session are put side by side, sessions one behind the other, in slots with empty ones
 * between:
 *
 *     slots   . . . . A1 A2 A3 . . . . B1 B2 . . . . . . .
 *
 * so that "the turn o places further in the same session" is the slot o further, sessions that
 * interleave included, and what reaches over a session's end falls into an empty slot and is never
 * looked at. A posting of a turn in slot p is heard by the turns in slots p-2 to p+4: eight
 * additions in a row (one of nothing) to the term's sums. A bit for each eight slots says which
 * sums are not zero; only those are looked at when the term is done, eight at a time, and become
 * zero again. */
#include "search/lexical.h"

#include "base/utf8.h"
#include "text/marks.h"

#include <assert.h>
#include <math.h>

/* ---- weights ---- */

/* How loud a posting is in the slots around its own, from two before to five behind: a turn hears
 * the one after it with 0.3, the one before it with 0.7. */
enum { LANES = 8, REACH_BACK = 2, GAP = 4 };
static const float spread[LANES] = {0.3F, 0.3F, 1.0F, 0.7F, 0.4F, 0.1F, 0.1F, 0.0F};

/* Measured on LoCoMo, leaving one conversation out; each may move by half without much loss. */
static const struct {
    float k1, b;    /* of both BM25s */
    float session;  /* times the session's BM25 */
    float speaker;  /* the turn is the named participant's */
    float date;     /* times text_date_match */
    float first[4]; /* by how many first-person words it has */
    float asks;     /* it ends with a question mark */
    float when;     /* it has a word of time, and the query asks when */
} weight = {
    .k1 = 1.2F,
    .b = 0.75F,
    .session = 0.5F,
    .speaker = 2.0F,
    .date = 8.0F,
    .first = {0.0F, 0.5F, 1.0F, 1.5F},
    .asks = -1.0F,
    .when = 2.0F,
};

/* ---- what an episode carries ---- */

err lexical_index(arena *a, slice speaker, slice content, slice *packed)
{
    const slice texts[] = {speaker, content};
    text_terms terms;
    err e = text_terms_of(a, texts, COUNT(texts), &terms);

    return e ? e : packed_terms_encode(a, &terms, text_marks(content), packed);
}

/* ---- reading a query ---- */

/* A word of the query. */
struct word {
    slice folded, raw;
    uint32_t hash; /* of `folded` */
    bool stop;
    bool weak;      /* a stop word that does not look like a name */
    bool dropped;   /* it is a word of a participant's name */
    size_t longest; /* words of the longest name that begins here */
    bool covered;   /* part of a name that is there in full */
};

/* A participant's name, folded. */
struct name {
    size_t index; /* in the turn_list */
    slice *words;
    size_t n;
};

struct parse {
    arena *in;
    struct word *words;
    size_t n_words;
    uint32_t *slots; /* words by hash: index + 1 of the first of its kind; 0 for a free slot */
    size_t n_slots;
    struct name *names; /* those that could be in the query */
    size_t n_names;
};

static bool is_capital(slice raw)
{
    return raw.n && raw.p[0] >= 'A' && raw.p[0] <= 'Z';
}

/* Whether what stands before a word ends a sentence, or is the query's beginning. */
static bool begins_sentence(const struct word *before, slice raw)
{
    static const char ends[] = {'.', '?', '!', ':', '\n'};

    if (!before)
        return true;
    for (const char *at = before->raw.p + before->raw.n; at < raw.p; at++)
        if (memchr(ends, *at, sizeof(ends)))
            return true;
    return false;
}

static err read_words(struct parse *p, slice text)
{
    text_words w;
    size_t room = 0;

    text_words_init(&w, text);
    while (text_words_next(&w)) {
        if (p->n_words == room) {
            room = room ? room * 2 : 32;
            struct word *words = arena_array(p->in, room, sizeof(*words));
            if (!words)
                return ERR_NO_MEMORY;
            if (p->n_words)
                memcpy(words, p->words, p->n_words * sizeof(*words));
            p->words = words;
        }
        struct word *to = &p->words[p->n_words];
        to->folded = arena_dup(p->in, w.folded);
        if (!to->folded.p)
            return ERR_NO_MEMORY;
        to->raw = w.raw;
        to->hash = text_hash(to->folded);
        to->stop = text_is_stop(to->folded);
        to->weak = to->stop &&
                   (!is_capital(to->raw) || begins_sentence(p->n_words ? to - 1 : NULL, to->raw));
        p->n_words++;
    }
    return OK;
}

static uint32_t *slot_of(const struct parse *p, slice folded, uint32_t hash)
{
    size_t at = hash & (p->n_slots - 1);

    while (p->slots[at] && !slice_eq(p->words[p->slots[at] - 1].folded, folded))
        at = (at + 1) & (p->n_slots - 1);
    return &p->slots[at];
}

static err hash_words(struct parse *p)
{
    p->n_slots = 16;
    while (p->n_slots < p->n_words * 2)
        p->n_slots *= 2;
    p->slots = arena_array(p->in, p->n_slots, sizeof(*p->slots));
    if (!p->slots)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < p->n_words; i++) {
        uint32_t *slot = slot_of(p, p->words[i].folded, p->words[i].hash);
        if (!*slot)
            *slot = (uint32_t)i + 1;
    }
    return OK;
}

/* The first place of a word in the query, and the next; n_words when there is none. */
static size_t first_place(const struct parse *p, slice folded)
{
    uint32_t slot = *slot_of(p, folded, text_hash(folded));

    return slot ? slot - 1 : p->n_words;
}

static size_t next_place(const struct parse *p, size_t at)
{
    const struct word *w = &p->words[at];

    for (at++; at < p->n_words; at++)
        if (p->words[at].hash == w->hash && slice_eq(p->words[at].folded, w->folded))
            break;
    return at;
}

static bool is_role(slice folded)
{
    static const char roles[][TEXT_TABLE_WIDTH] = {"ai",    "assistant", "bot",
                                                   "human", "system",    "user"};

    return text_in_table(folded, roles, COUNT(roles));
}

/* A speaker's name into its words. A role has none. */
static err read_name(struct parse *p, slice name, struct name *to)
{
    text_words w;
    size_t room = 0;

    to->n = 0;
    text_words_init(&w, name);
    while (text_words_next(&w)) {
        if (to->n == room) {
            room = room ? room * 2 : 4;
            slice *words = arena_array(p->in, room, sizeof(*words));
            if (!words)
                return ERR_NO_MEMORY;
            if (to->n)
                memcpy(words, to->words, to->n * sizeof(*words));
            to->words = words;
        }
        to->words[to->n] = arena_dup(p->in, w.folded);
        if (!to->words[to->n++].p)
            return ERR_NO_MEMORY;
    }
    if (to->n == 1 && is_role(to->words[0]))
        to->n = 0;
    return OK;
}

static err read_names(struct parse *p, const turn_list *turns)
{
    p->names = arena_array(p->in, turns->n_names + 1, sizeof(*p->names));
    if (!p->names)
        return ERR_NO_MEMORY;
    for (size_t i = 1; i < turns->n_names; i++) {
        struct name *to = &p->names[p->n_names];
        to->index = i;
        err e = read_name(p, turns->names[i], to);
        if (e)
            return e;
        p->n_names += to->n > 0;
    }
    return OK;
}

/* Whether the name's words stand in the query from `at` on, and not all of them are weak. */
static bool stands_at(const struct parse *p, const struct name *name, size_t at)
{
    bool weak = true;

    if (name->n > p->n_words - at)
        return false;
    for (size_t i = 0; i < name->n; i++) {
        if (!slice_eq(p->words[at + i].folded, name->words[i]))
            return false;
        weak = weak && p->words[at + i].weak;
    }
    return !weak;
}

/* Words of names are dropped from the terms; of the names that are there in full, the longest at
 * each place counts, from the left. */
static void find_names(struct parse *p)
{
    for (size_t k = 0; k < p->n_names; k++) {
        const struct name *name = &p->names[k];
        for (size_t i = 0; i < name->n; i++)
            for (size_t at = first_place(p, name->words[i]); at < p->n_words;
                 at = next_place(p, at))
                p->words[at].dropped = true;
        for (size_t at = first_place(p, name->words[0]); at < p->n_words; at = next_place(p, at))
            if (p->words[at].longest < name->n && stands_at(p, name, at))
                p->words[at].longest = name->n;
    }
    for (size_t at = 0, end = 0; at < p->n_words; at++) {
        if (at < end)
            p->words[at].longest = 0;
        else
            end = at + p->words[at].longest;
        p->words[at].covered = at < end;
    }
}

/* "A prefix of at least three letters, as written." */
static bool begins(const struct word *w, slice name)
{
    return !w->covered && !w->weak && w->raw.n <= name.n &&
           memcmp(w->raw.p, name.p, w->raw.n) == 0 && utf8_length(w->raw) >= 3;
}

static bool is_named(const struct parse *p, const struct name *name, slice as_written)
{
    for (size_t at = first_place(p, name->words[0]); at < p->n_words; at = next_place(p, at))
        if (p->words[at].longest == name->n && stands_at(p, name, at))
            return true;
    for (size_t at = 0; at < p->n_words; at++)
        if (begins(&p->words[at], as_written))
            return true;
    return false;
}

static bool same_name(const struct name *a, const struct name *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!slice_eq(a->words[i], b->words[i]))
            return false;
    return true;
}

/* Which names are those of the one participant that the query names. */
static err choose_named(const struct parse *p, const turn_list *turns, lexical_query *q)
{
    const struct name *one = NULL;
    bool *by_named = arena_zalloc(p->in, turns->n_names + 1);

    if (!by_named)
        return ERR_NO_MEMORY;
    for (size_t k = 0; k < p->n_names; k++) {
        const struct name *name = &p->names[k];
        if (!is_named(p, name, turns->names[name->index]))
            continue;
        if (one && !same_name(one, name))
            return OK; /* several */
        one = name;
        by_named[name->index] = true;
    }
    q->by_named = one ? by_named : NULL;
    return OK;
}

static bool has_hash(const uint32_t *hashes, size_t n, uint32_t hash)
{
    for (size_t i = 0; i < n; i++)
        if (hashes[i] == hash)
            return true;
    return false;
}

static void insert(uint32_t *hashes, size_t n, uint32_t hash)
{
    for (; n > 0 && hashes[n - 1] > hash; n--)
        hashes[n] = hashes[n - 1];
    hashes[n] = hash;
}

static err choose_terms(const struct parse *p, lexical_query *q)
{
    size_t room = p->n_words < LEXICAL_PARSED_MAX ? p->n_words : LEXICAL_PARSED_MAX;

    q->hashes = arena_alloc(p->in, room * sizeof(*q->hashes));
    q->counts = arena_alloc(p->in, room * sizeof(*q->counts));
    if (!q->hashes || !q->counts)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < p->n_words && q->n_terms < room; i++) {
        const struct word *w = &p->words[i];
        slice stem;
        if (w->stop || w->dropped)
            continue;
        err e = text_stem(w->folded, &stem);
        if (e)
            return e;
        uint32_t hash = text_hash(stem);
        if (!has_hash(q->hashes, q->n_terms, hash))
            insert(q->hashes, q->n_terms++, hash);
    }

    q->terms = arena_array(p->in, q->n_terms, sizeof(*q->terms));
    if (!q->terms)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < q->n_terms; i++)
        q->terms[i].hash = q->hashes[i];
    return OK;
}

err lexical_parse(arena *a, slice text, const turn_list *turns, lexical_query **query)
{
    struct parse p = {.in = a};
    lexical_query *q = arena_zalloc(a, sizeof(*q));

    if (!q)
        return ERR_NO_MEMORY;
    q->in = a;
    q->n_names = turns->n_names;
    q->n_dates = text_asked_dates(text, q->dates);
    q->when = text_asks_when(text);

    err e = read_words(&p, text);
    if (!e)
        e = hash_words(&p);
    if (!e)
        e = read_names(&p, turns);
    if (e)
        return e;
    find_names(&p);
    e = choose_named(&p, turns, q);
    if (!e)
        e = choose_terms(&p, q);
    if (!e)
        *query = q;
    return e;
}

/* ---- postings ---- */

err lexical_add_chunk(lexical_query *q, size_t term, slice chunk)
{
    assert(term < q->n_terms);
    lexical_term *t = &q->terms[term];

    if (t->n_chunks == t->chunks_room) {
        size_t room = t->chunks_room ? t->chunks_room * 2 : 2;
        slice *chunks = arena_array(q->in, room, sizeof(*chunks));
        if (!chunks)
            return ERR_NO_MEMORY;
        if (t->n_chunks)
            memcpy(chunks, t->chunks, t->n_chunks * sizeof(*chunks));
        t->chunks = chunks;
        t->chunks_room = room;
    }
    slice copy = arena_dup(q->in, chunk);
    if (chunk.p && !copy.p)
        return ERR_NO_MEMORY;
    t->chunks[t->n_chunks++] = copy;
    return OK;
}

static err add_posting(lexical_query *q, lexical_term *t, posting p)
{
    if (t->n_pending == t->pending_room) {
        size_t room = t->pending_room ? t->pending_room * 2 : 8;
        posting *pending = arena_array(q->in, room, sizeof(*pending));
        if (!pending)
            return ERR_NO_MEMORY;
        if (t->n_pending)
            memcpy(pending, t->pending, t->n_pending * sizeof(*pending));
        t->pending = pending;
        t->pending_room = room;
    }
    t->pending[t->n_pending++] = p;
    return OK;
}

err lexical_add_pending(lexical_query *q, int64_t number, slice own)
{
    err e = packed_terms_find(own, q->hashes, q->n_terms, q->counts);

    for (size_t i = 0; i < q->n_terms && !e; i++)
        if (q->counts[i])
            e = add_posting(q, &q->terms[i], (posting){number, q->counts[i]});
    return e;
}

/* ---- the lie of the turns ---- */

/* All arrays by slot have n_slots entries, a multiple of LANES. */
struct ranking {
    const turn_list *turns;
    uint32_t *slot;    /* of each turn */
    uint32_t *session; /* of each turn, numbered from 0 */
    size_t n_slots, n_sessions;
    float *norm; /* by slot: k1 * (1 - b + b * len / mean len) */
    float *sum;  /* by slot: c(t,i) of the term at hand; zero between terms */
    float *window;
    uint64_t *touched;   /* a bit for each LANES slots: some of their sums are not zero */
    float *session_norm; /* by session */
    float *session_sum;  /* of the term at hand; zero between terms */
    float *session_score;
    uint32_t *session_hit; /* sessions whose sum is not zero */
    struct hit *hits;      /* postings of the term at hand; room for all turns */
    size_t n_hits;
};

struct hit {
    uint32_t turn;
    float count;
};

/* Number the sessions in the order of their first turns; *sizes has the turns of each. */
static err number_sessions(arena *a, struct ranking *r, uint32_t **sizes)
{
    size_t n = r->turns->n, room = 16;
    const turn *at = r->turns->at;

    while (room < n * 2)
        room *= 2;
    uint32_t *slots = arena_array(a, room, sizeof(*slots)); /* session + 1 by its number's hash */
    int64_t *numbers = arena_alloc(a, n * sizeof(*numbers));
    *sizes = arena_array(a, n + 1, sizeof(**sizes));
    r->session = arena_alloc(a, n * sizeof(*r->session));
    if (!slots || !numbers || !*sizes || !r->session)
        return ERR_NO_MEMORY;

    for (size_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)r->n_sessions;
        if (at[i].session == 0) {
            numbers[r->n_sessions++] = 0;
        } else if (i > 0 && at[i].session == at[i - 1].session) {
            k = r->session[i - 1];
        } else {
            size_t s = (uint64_t)at[i].session * UINT64_C(0x9E3779B97F4A7C15) >> 32 & (room - 1);
            while (slots[s] && numbers[slots[s] - 1] != at[i].session)
                s = (s + 1) & (room - 1);
            if (!slots[s]) {
                numbers[r->n_sessions++] = at[i].session;
                slots[s] = k + 1;
            }
            k = slots[s] - 1;
        }
        r->session[i] = k;
        (*sizes)[k]++;
    }
    return OK;
}

/* Give each turn its slot. `sizes` becomes the next slot of each session. */
static void place_turns(struct ranking *r, uint32_t *sizes)
{
    uint32_t next = GAP;

    for (size_t k = 0; k < r->n_sessions; k++) {
        uint32_t size = sizes[k];
        sizes[k] = next;
        next += size + GAP;
    }
    for (size_t i = 0; i < r->turns->n; i++)
        r->slot[i] = sizes[r->session[i]]++;
    r->n_slots = ((size_t)next + LANES) / LANES * LANES;
}

static void add_around(float *sum, uint32_t slot, float count)
{
    float *to = sum + slot - REACH_BACK;

    for (size_t k = 0; k < LANES; k++)
        to[k] += spread[k] * count;
}

/* Lengths, and of them the part of BM25's denominator that no term changes. */
static void measure(struct ranking *r)
{
    const turn *at = r->turns->at;
    size_t n = r->turns->n;
    double total = 0, wide = 0;

    for (size_t i = 0; i < n; i++) {
        float length = (float)at[i].length;
        add_around(r->norm, r->slot[i], length);
        r->session_norm[r->session[i]] += length;
        total += length;
    }
    for (size_t i = 0; i < n; i++)
        wide += r->norm[r->slot[i]];

    float per = wide > 0 ? weight.b * (float)((double)n / wide) : 0.0F;
    for (size_t s = 0; s < r->n_slots; s++)
        r->norm[s] = weight.k1 * (1 - weight.b + per * r->norm[s]);
    per = total > 0 ? weight.b * (float)((double)r->n_sessions / total) : 0.0F;
    for (size_t k = 0; k < r->n_sessions; k++)
        r->session_norm[k] = weight.k1 * (1 - weight.b + per * r->session_norm[k]);
}

static err lay_out(arena *a, const turn_list *turns, struct ranking *r)
{
    uint32_t *sizes = NULL;

    *r = (struct ranking){.turns = turns};
    if (turns->n > UINT32_MAX / (2 * (GAP + 1)))
        return ERR_NO_MEMORY;
    err e = number_sessions(a, r, &sizes);
    if (e)
        return e;
    r->slot = arena_alloc(a, turns->n * sizeof(*r->slot));
    if (!r->slot)
        return ERR_NO_MEMORY;
    place_turns(r, sizes);

    r->norm = arena_array(a, r->n_slots, sizeof(*r->norm));
    r->sum = arena_array(a, r->n_slots, sizeof(*r->sum));
    r->window = arena_array(a, r->n_slots, sizeof(*r->window));
    r->touched = arena_array(a, r->n_slots / LANES / 64 + 1, sizeof(*r->touched));
    r->session_norm = arena_array(a, r->n_sessions, sizeof(*r->session_norm));
    r->session_sum = arena_array(a, r->n_sessions, sizeof(*r->session_sum));
    r->session_score = arena_array(a, r->n_sessions, sizeof(*r->session_score));
    r->session_hit = arena_alloc(a, r->n_sessions * sizeof(*r->session_hit));
    r->hits = arena_alloc(a, turns->n * sizeof(*r->hits));
    if (!r->norm || !r->sum || !r->window || !r->touched || !r->session_norm || !r->session_sum ||
        !r->session_score || !r->session_hit || !r->hits)
        return ERR_NO_MEMORY;
    measure(r);
    return OK;
}

/* ---- one term ---- */

/* The index of the turn that has `number`, at or behind `from`, or of the first one with a higher
 * number. Numbers ascend, so a turn is no further away than its number; mostly it is just there. */
static size_t find_turn(const turn_list *turns, size_t from, int64_t number)
{
    size_t low = from, high = turns->n;

    if (low == high || turns->at[low].number >= number)
        return low;
    uint64_t away = (uint64_t)(number - turns->at[low].number);
    if (away < high - low) {
        high = low + (size_t)away;
        if (turns->at[high].number == number)
            return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (turns->at[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Note a posting, if a turn has its number; *from is where to look from. */
static err hit(struct ranking *r, posting p, size_t *from)
{
    const turn_list *turns = r->turns;

    if (*from > 0 && turns->at[*from - 1].number >= p.number)
        *from = 0; /* out of order */
    *from = find_turn(turns, *from, p.number);
    if (*from == turns->n || turns->at[*from].number != p.number)
        return OK;
    if (r->n_hits == turns->n) /* more postings than turns: some are there twice */
        return ERR_INTERNAL;
    r->hits[r->n_hits++] = (struct hit){(uint32_t)*from, (float)p.count};
    return OK;
}

/* The postings of a term, those of living turns, into r->hits. */
static err find_hits(struct ranking *r, const lexical_term *t)
{
    size_t from = 0;
    err e = OK;

    r->n_hits = 0;
    for (size_t i = 0; i < t->n_chunks && !e; i++) {
        packed_postings chunk;
        posting p;
        packed_postings_open(&chunk, t->chunks[i]);
        while (!e && packed_postings_next(&chunk, &p))
            e = hit(r, p, &from);
        if (!e)
            e = packed_postings_close(&chunk);
    }
    for (size_t i = 0; i < t->n_pending && !e; i++)
        e = hit(r, t->pending[i], &from);
    return e;
}

static float idf(size_t all, size_t with)
{
    double n = (double)all, k = (double)with;

    return (float)log(1 + (n - k + 0.5) / (k + 0.5));
}

static void touch(struct ranking *r, uint32_t slot)
{
    uint32_t lanes = slot / LANES;

    r->touched[lanes / 64] |= UINT64_C(1) << (lanes % 64);
}

/* What eight sums add to the window scores; the sums become zero. */
static void settle(struct ranking *r, size_t slot, float worth)
{
    float *sum = r->sum + slot, *window = r->window + slot;
    const float *norm = r->norm + slot;

    for (size_t k = 0; k < LANES; k++) {
        window[k] += worth * sum[k] / (sum[k] + norm[k]);
        sum[k] = 0;
    }
}

static void add_window(struct ranking *r)
{
    float worth = idf(r->turns->n, r->n_hits) * (weight.k1 + 1);

    for (size_t i = 0; i < r->n_hits; i++) {
        uint32_t slot = r->slot[r->hits[i].turn];
        add_around(r->sum, slot, r->hits[i].count);
        touch(r, slot - REACH_BACK);
        touch(r, slot - REACH_BACK + LANES - 1);
    }
    for (size_t w = 0; w <= r->n_slots / LANES / 64; w++) {
        for (uint64_t bits = r->touched[w]; bits; bits &= bits - 1)
            settle(r, (w * 64 + (size_t)__builtin_ctzll(bits)) * LANES, worth);
        r->touched[w] = 0;
    }
}

static void add_sessions(struct ranking *r)
{
    size_t with = 0;

    for (size_t i = 0; i < r->n_hits; i++) {
        uint32_t k = r->session[r->hits[i].turn];
        if (r->session_sum[k] == 0)
            r->session_hit[with++] = k;
        r->session_sum[k] += r->hits[i].count;
    }

    float worth = idf(r->n_sessions, with) * (weight.k1 + 1);
    for (size_t i = 0; i < with; i++) {
        uint32_t k = r->session_hit[i];
        float c = r->session_sum[k];
        r->session_score[k] += worth * c / (c + r->session_norm[k]);
        r->session_sum[k] = 0;
    }
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

/* Of more terms than LEXICAL_TERMS_MAX the rarest are ranked by: those in less than *most turns,
 * and the first *of_most of those in exactly so many. */
static err choose_rare(arena *a, struct ranking *r, const lexical_query *q, size_t *most,
                       size_t *of_most)
{
    size_t n = 0;

    *most = SIZE_MAX;
    *of_most = 0;
    if (q->n_terms <= LEXICAL_TERMS_MAX)
        return OK;
    size_t *with = arena_alloc(a, q->n_terms * sizeof(*with));
    if (!with)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < q->n_terms; i++) {
        err e = find_hits(r, &q->terms[i]);
        if (e)
            return e;
        if (r->n_hits)
            with[n++] = r->n_hits;
    }
    if (n <= LEXICAL_TERMS_MAX)
        return OK;
    qsort(with, n, sizeof(*with), compare_sizes);
    *most = with[LEXICAL_TERMS_MAX - 1];
    for (size_t i = LEXICAL_TERMS_MAX; i > 0 && with[i - 1] == *most; i--)
        ++*of_most;
    return OK;
}

static err add_terms(arena *a, struct ranking *r, const lexical_query *q)
{
    size_t most = 0, of_most = 0;
    err e = choose_rare(a, r, q, &most, &of_most);

    for (size_t i = 0; i < q->n_terms && !e; i++) {
        e = find_hits(r, &q->terms[i]);
        if (e || r->n_hits == 0 || r->n_hits > most || (r->n_hits == most && of_most == 0))
            continue;
        of_most -= r->n_hits == most;
        add_window(r);
        add_sessions(r);
    }
    return e;
}

/* ---- the sum ---- */

static float best_date(const lexical_query *q, int32_t day)
{
    float best = 0;

    for (size_t i = 0; i < q->n_dates; i++) {
        float match = text_date_match(q->dates[i], day);
        if (match > best)
            best = match;
    }
    return best;
}

/* What a turn has on its own, whatever the words. */
static float bonus(const lexical_query *q, const turn *t)
{
    float v = weight.first[t->marks & TEXT_MARK_FIRST];

    if (t->marks & TEXT_MARK_ASKS)
        v += weight.asks;
    if (q->when && t->marks & TEXT_MARK_TIME)
        v += weight.when;
    if (q->by_named && t->speaker < q->n_names && q->by_named[t->speaker])
        v += weight.speaker;
    return v;
}

static void add_up(const struct ranking *r, const lexical_query *q, lexical_scores *scores)
{
    int32_t day = 0;
    float date = best_date(q, day);

    for (size_t i = 0; i < r->turns->n; i++) {
        const turn *t = &r->turns->at[i];
        float window = r->window[r->slot[i]], session = r->session_score[r->session[i]];

        if (t->day != day) {
            day = t->day;
            date = best_date(q, day);
        }
        scores->score[i] = window + weight.session * session + weight.date * date + bonus(q, t);
        scores->found[i] = window > 0 || session > 0 || date > 0;
    }
}

err lexical_score(arena *a, const turn_list *turns, const lexical_query *q, lexical_scores *scores)
{
    struct ranking r;
    lexical_scores got = {.n = turns->n};

    got.score = arena_alloc(a, turns->n * sizeof(*got.score));
    got.found = arena_alloc(a, turns->n * sizeof(*got.found));
    if (!got.score || !got.found)
        return ERR_NO_MEMORY;
    err e = lay_out(a, turns, &r);
    if (!e)
        e = add_terms(a, &r, q);
    if (e)
        return e;
    add_up(&r, q, &got);
    *scores = got;
    return OK;
}

/* ---- the best ---- */

/* Of equals the earlier is better. */
static bool worse(const lexical_hit *a, const lexical_hit *b)
{
    return a->score < b->score || (a->score == b->score && a->turn > b->turn);
}

/* Let at[i] sink in a heap of `n` whose root is the worst. */
static void sink(lexical_hit *at, size_t n, size_t i)
{
    lexical_hit h = at[i];

    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && worse(&at[child + 1], &at[child]))
            child++;
        if (!worse(&at[child], &h))
            break;
        at[i] = at[child];
        i = child;
    }
    at[i] = h;
}

static void rise(lexical_hit *at, size_t i)
{
    lexical_hit h = at[i];

    for (; i > 0 && worse(&h, &at[(i - 1) / 2]); i = (i - 1) / 2)
        at[i] = at[(i - 1) / 2];
    at[i] = h;
}

err lexical_pick(arena *a, const turn_list *turns, const lexical_scores *scores,
                 const lexical_filter *filter, size_t limit, lexical_hit **hits, size_t *n)
{
    size_t room = limit < turns->n ? limit : turns->n, have = 0;
    lexical_hit *best = arena_alloc(a, room * sizeof(*best));

    assert(scores->n == turns->n);
    if (!best)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < turns->n && room > 0; i++) {
        const turn *t = &turns->at[i];
        if (!scores->found[i] || (have == room && scores->score[i] <= best[0].score))
            continue;
        if (filter && !filter->allows(filter->ctx, t))
            continue;
        lexical_hit h = {.number = t->number, .turn = i, .score = scores->score[i]};
        if (have < room) {
            best[have] = h;
            rise(best, have++);
        } else {
            best[0] = h;
            sink(best, have, 0);
        }
    }
    for (size_t left = have; left > 1; left--) { /* the worst goes to the end */
        lexical_hit h = best[0];
        best[0] = best[left - 1];
        best[left - 1] = h;
        sink(best, left - 1, 0);
    }
    *hits = best;
    *n = have;
    return OK;
}

err lexical_rank(arena *a, const turn_list *turns, const lexical_query *q,
                 const lexical_filter *filter, size_t limit, lexical_hit **hits, size_t *n)
{
    lexical_scores scores;
    err e = lexical_score(a, turns, q, &scores);

    return e ? e : lexical_pick(a, turns, &scores, filter, limit, hits, n);
}
