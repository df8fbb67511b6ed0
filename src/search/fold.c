/* SPDX-License-Identifier: Apache-2.0
 *
 * search/fold.c -- from pending episodes to postings and blocks, and out of them again. */
#include "search/fold.h"

#include "search/lexical.h"
#include "search/packed.h"
#include "store/postings.h"

slice fold_speaker(const graph *g, const episode *e)
{
    if (!slice_empty(e->role))
        return e->role;
    return e->role_type == ROLE_USER && e->session ? g->speaker : NO_SLICE;
}

bool fold_due(const graph *g)
{
    return g->next_episode - 1 - g->folded >= FOLD_PENDING || g->index_version != INDEX_VERSION;
}

/* What waits, read into memory: the turns, and each one's own terms. */
struct pending {
    turn_list turns;
    int64_t *numbers;
    slice *own;
    size_t n, cap_numbers, cap_own;
};

static err add_pending(arena *a, const graph *g, struct pending *p, const episode *e)
{
    turn t = {.number = e->number, .session = e->session, .day = turn_day(e->created_at)};

    err wrong = packed_terms_head(e->terms, &t.length, &t.marks);
    if (!wrong)
        wrong = turns_add(&p->turns, t, fold_speaker(g, e));
    if (wrong)
        return wrong;
    p->numbers = arena_grow(a, p->numbers, p->n, &p->cap_numbers, sizeof(*p->numbers));
    p->own = arena_grow(a, p->own, p->n, &p->cap_own, sizeof(*p->own));
    if (!p->numbers || !p->own)
        return ERR_NO_MEMORY;
    p->numbers[p->n] = e->number;
    p->own[p->n] = arena_dup(a, e->terms);
    return p->own[p->n++].p ? OK : ERR_NO_MEMORY;
}

static err read_pending(tx *t, arena *a, const graph *g, struct pending *p)
{
    episode ep;
    err e = OK;

    *p = (struct pending){0};
    turns_init(&p->turns, a, FOLD_PENDING);
    db_rows r = episode_walk(t, g, g->folded + 1, false);
    while (!e && episode_walk_next(&r, &ep))
        e = add_pending(a, g, p, &ep);
    err ended = db_end(&r);
    return e ? e : ended;
}

/* Appends to the term's last chunk, and begins further ones as they fill up. */
static err write_term(tx *t, arena *a, const graph *g, const packed_gathered *term, packed_row row)
{
    size_t done = 0;
    err e = OK;

    while (!e && done < term->n) {
        size_t taken = 0;
        slice packed;
        e = packed_postings_append(a, row.packed, term->at + done, term->n - done, &packed, &taken);
        if (!e && taken) {
            row.packed = packed;
            e = postings_put(t, g, term->hash, &row);
        }
        done += taken;
        if (done < term->n)
            row = (packed_row){term->at[done].number, SLICE("")};
    }
    return e;
}

/* The last chunk of a term; a new one where it has none. */
static err last_chunk(tx *t, arena *a, const graph *g, const packed_gathered *term, packed_row *row)
{
    err e = postings_at(t, a, g, term->hash, INT64_MAX, row);

    if (e == ERR_NOT_FOUND) {
        *row = (packed_row){term->at[0].number, SLICE("")};
        e = OK;
    }
    return e;
}

/* The same of several terms, in one look at all of their chunks. */
static err last_chunks(tx *t, arena *a, const graph *g, const packed_gathered *terms, size_t n,
                       packed_row *rows)
{
    uint32_t hashes[POSTINGS_MANY];

    for (size_t i = 0; i < n; i++) {
        hashes[i] = terms[i].hash;
        rows[i] = (packed_row){terms[i].at[0].number, SLICE("")};
    }
    db_rows r = postings_walk(t, g, hashes, n);
    for (size_t i = 0; db_next(&r);) {
        while (i + 1 < n && hashes[i] != (uint32_t)db_col_int(&r, 0))
            i++;
        rows[i] = (packed_row){db_col_int(&r, 1), arena_dup(a, db_col_blob(&r, 2))};
    }
    err e = db_end(&r);
    return e ? e : arena_check(a);
}

static err write_terms(tx *t, arena *a, const graph *g, const packed_gathered *terms, size_t n)
{
    size_t at_once = db_is_far(t) ? POSTINGS_MANY : 1;
    packed_row rows[POSTINGS_MANY];
    err e = OK;

    for (size_t from = 0; !e && from < n; from += at_once) {
        size_t some = n - from < at_once ? n - from : at_once;
        e = some > 1 ? last_chunks(t, a, g, terms + from, some, rows)
                     : last_chunk(t, a, g, terms + from, rows);
        for (size_t i = 0; !e && i < some; i++)
            e = write_term(t, a, g, &terms[from + i], rows[i]);
    }
    return e;
}

static err write_pending(tx *t, arena *a, const graph *g, struct pending *p)
{
    packed_gathered *terms = NULL;
    size_t n_terms = 0;

    err e = packed_gather(a, p->numbers, p->own, p->n, &terms, &n_terms);
    if (!e)
        e = write_terms(t, a, g, terms, n_terms);
    for (size_t from = 0; !e && from < p->n; from += PACKED_BLOCK_TURNS) {
        size_t n = p->n - from < PACKED_BLOCK_TURNS ? p->n - from : PACKED_BLOCK_TURNS;
        packed_row row = {p->numbers[from], NO_SLICE};
        e = packed_block_encode(a, &p->turns, from, n, &row.packed);
        if (!e)
            e = blocks_put(t, g, &row);
    }
    return e;
}

/* Every episode's terms from its words again, by this version of the text rules. */
static err index_anew(tx *t, arena *a, graph *g)
{
    struct renewed {
        int64_t number;
        slice terms;
    } *all = NULL;
    size_t n = 0, cap = 0;
    episode ep;

    err e = postings_clear(t, g);
    if (e)
        return e;
    db_rows r = episode_walk(t, g, 1, true);
    while (!e && episode_walk_next(&r, &ep)) {
        all = arena_grow(a, all, n, &cap, sizeof(*all));
        if (!all) {
            e = ERR_NO_MEMORY;
            break;
        }
        all[n].number = ep.number;
        e = lexical_index(a, fold_speaker(g, &ep), db_col_text(&r, 6), &all[n].terms);
        n++;
    }
    err ended = db_end(&r);
    e = e ? e : ended;
    for (size_t i = 0; !e && i < n; i++)
        e = episode_set_terms(t, g, all[i].number, all[i].terms);
    g->folded = 0;
    return e;
}

err fold_graph(tx *t, arena *a, int64_t project, int64_t number, bool anew)
{
    struct pending p;
    graph g;

    err e = graph_open(t, a, project, number, &g);
    if (e || !(anew || fold_due(&g)))
        return e;
    if (anew || g.index_version != INDEX_VERSION)
        e = index_anew(t, a, &g);
    if (!e)
        e = read_pending(t, a, &g, &p);
    if (!e)
        e = write_pending(t, a, &g, &p);
    return e ? e : graph_set_folded(t, &g, g.next_episode - 1, INDEX_VERSION);
}

/* ---- taking out ---- */

static err remove_posting(tx *t, arena *a, const graph *g, uint32_t term, int64_t number)
{
    packed_row row;
    size_t removed;

    err e = postings_at(t, a, g, term, number, &row);
    if (!e)
        e = packed_postings_remove(a, row.packed, &number, 1, &row.packed, &removed);
    if (e == ERR_NOT_FOUND)
        return OK;
    return e || !removed ? e : postings_put(t, g, term, &row);
}

static err remove_from_block(tx *t, arena *a, const graph *g, int64_t number)
{
    packed_row row;
    size_t removed;

    err e = blocks_at(t, a, g, number, &row);
    if (!e)
        e = packed_block_remove(a, row.packed, &number, 1, &row.packed, &removed);
    if (e == ERR_NOT_FOUND)
        return OK;
    return e || !removed ? e : blocks_put(t, g, &row);
}

/* The episode's own terms, copied: the walk's row is gone when they are used. */
static err own_terms(tx *t, arena *a, const graph *g, int64_t number, text_terms *terms)
{
    episode ep;
    slice own = NO_SLICE;

    db_rows r = episode_walk(t, g, number, false);
    if (episode_walk_next(&r, &ep) && ep.number == number)
        own = arena_dup(a, ep.terms);
    err e = db_end(&r);
    if (e)
        return e;
    return own.p ? packed_terms_decode(a, own, terms, NULL) : ERR_NOT_FOUND;
}

err fold_remove(tx *t, arena *a, const graph *g, int64_t number)
{
    text_terms terms;

    /* Pending ones are in their rows alone; an index of another version is about to be made anew. */
    if (number > g->folded || g->index_version != INDEX_VERSION)
        return OK;
    err e = own_terms(t, a, g, number, &terms);
    for (size_t i = 0; !e && i < terms.n; i++)
        e = remove_posting(t, a, g, terms.at[i].hash, number);
    return e ? e : remove_from_block(t, a, g, number);
}
