/* SPDX-License-Identifier: Apache-2.0
 *
 * search/check.c -- the index as it ought to be, made anew in memory graph by graph, beside the
 * index as it is. Each graph is read in a transaction of its own, so a served store can be checked.
 */
#include "search/check.h"

#include "search/fold.h"
#include "search/lexical.h"
#include "search/packed.h"
#include "store/counts.h"
#include "store/jobs.h"
#include "store/postings.h"
#include "store/projects.h"
#include "store/sessions.h"

#include <inttypes.h>

#define GRAPH_MEMORY ((size_t)8 << 30)

struct checking {
    db_job job; /* first */
    void (*say)(void *ctx, slice complaint);
    void *ctx;
    int64_t after; /* the graph before */
    int64_t graphs;
    bool any;
};

/* What the episodes say that the index ought to hold. */
struct expected {
    turn_list turns;
    int64_t *numbers;
    slice *own;
    bool *named; /* the turn names its speaker itself */
    size_t n, cap_numbers, cap_own, cap_named;
};

static void complain(struct checking *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(struct checking *c, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    c->any = true;
    c->say(c->ctx, slice_of(text));
}

/* ---- episodes ---- */

static err expect_turn(arena *a, const graph *g, const episode *ep, struct expected *x)
{
    turn t = {.number = ep->number, .session = ep->session, .day = turn_day(ep->created_at)};

    err e = packed_terms_head(ep->terms, &t.length, &t.marks);
    if (!e)
        e = turns_add(&x->turns, t, fold_speaker(g, ep));
    if (e)
        return e;
    x->numbers = arena_grow(a, x->numbers, x->n, &x->cap_numbers, sizeof(*x->numbers));
    x->own = arena_grow(a, x->own, x->n, &x->cap_own, sizeof(*x->own));
    x->named = arena_grow(a, x->named, x->n, &x->cap_named, sizeof(*x->named));
    if (!x->numbers || !x->own || !x->named)
        return ERR_NO_MEMORY;
    x->numbers[x->n] = ep->number;
    x->named[x->n] = !slice_empty(ep->role);
    x->own[x->n] = arena_dup(a, ep->terms);
    return x->own[x->n++].p ? OK : ERR_NO_MEMORY;
}

/* A turn without a name was indexed under the user's first name of that time: only its marks and
 * the number of its words can be told then, if the name is still one word. */
static err check_terms(struct checking *c, arena *a, const graph *g, const episode *ep,
                       slice content)
{
    slice again;

    if (slice_empty(ep->role) && ep->role_type == ROLE_USER && ep->session)
        return OK;
    err e = lexical_index(a, ep->role, content, &again);
    if (!e && !slice_eq(again, ep->terms))
        complain(c, "graph %" PRId64 ": episode %" PRId64 " is not indexed by its words", g->graph,
                 ep->number);
    return e;
}

static err read_episodes(struct checking *c, tx *t, arena *a, const graph *g, struct expected *x)
{
    episode ep;
    err e = OK;

    *x = (struct expected){0};
    turns_init(&x->turns, a, 0);
    db_rows r = episode_walk(t, g, 1, true);
    while (!e && episode_walk_next(&r, &ep)) {
        if (ep.number >= g->next_episode)
            complain(c, "graph %" PRId64 ": episode %" PRId64 " is beyond the last number",
                     g->graph, ep.number);
        e = check_terms(c, a, g, &ep, db_col_text(&r, 6));
        if (!e && ep.number <= g->folded)
            e = expect_turn(a, g, &ep, x);
    }
    err ended = db_end(&r);
    return e ? e : ended;
}

/* ---- postings ---- */

/* Walks the stored chunks beside the expected lists; both ascend by term, then by number. */
struct beside {
    const packed_gathered *terms;
    size_t n, term, posting;
    bool differs;
};

static void expect_posting(struct beside *b, uint32_t term, const posting *p)
{
    if (b->differs)
        return;
    b->differs = b->term >= b->n || b->terms[b->term].hash != term ||
                 b->terms[b->term].at[b->posting].number != p->number ||
                 b->terms[b->term].at[b->posting].count != p->count;
    if (b->differs)
        return;
    if (++b->posting == b->terms[b->term].n) {
        b->term++;
        b->posting = 0;
    }
}

static err check_postings(struct checking *c, tx *t, arena *a, const graph *g,
                          const struct expected *x)
{
    packed_gathered *terms = NULL;
    struct beside b = {0};
    err e;

    e = packed_gather(a, x->numbers, x->own, x->n, &terms, &b.n);
    b.terms = terms;
    if (e)
        return e;
    db_rows r = postings_walk_all(t, g);
    while (db_next(&r)) {
        packed_postings chunk;
        posting p;
        packed_postings_open(&chunk, db_col_blob(&r, 2));
        while (packed_postings_next(&chunk, &p))
            expect_posting(&b, (uint32_t)db_col_int(&r, 0), &p);
        if (packed_postings_close(&chunk))
            complain(c, "graph %" PRId64 ": a chunk of postings cannot be read", g->graph);
    }
    if (b.differs || b.term < b.n)
        complain(c, "graph %" PRId64 ": the postings differ from the episodes' words", g->graph);
    return db_end(&r);
}

/* ---- blocks ---- */

static bool turns_equal(const turn_list *a, const turn_list *b, size_t i, bool named)
{
    const turn *x = &a->at[i], *y = &b->at[i];

    return x->number == y->number && x->session == y->session && x->day == y->day &&
           x->length == y->length && x->marks == y->marks &&
           (!named || slice_eq(a->names[x->speaker], b->names[y->speaker]));
}

static err check_blocks(struct checking *c, tx *t, arena *a, const graph *g,
                        const struct expected *x)
{
    turn_list stored;
    bool differs;
    err e = OK;

    turns_init(&stored, a, x->n);
    db_rows r = blocks_walk(t, g);
    while (!e && db_next(&r))
        e = packed_block_decode(db_col_blob(&r, 1), &stored);
    err ended = db_end(&r);
    if (e == ERR_INTERNAL) {
        complain(c, "graph %" PRId64 ": a block cannot be read", g->graph);
        return ended;
    }
    differs = stored.n != x->n;
    for (size_t i = 0; !differs && i < x->n; i++)
        differs = !turns_equal(&stored, &x->turns, i, x->named[i]);
    if (differs)
        complain(c, "graph %" PRId64 ": the blocks differ from the episodes", g->graph);
    return e ? e : ended;
}

/* ---- graphs and projects ---- */

static err check_sessions(struct checking *c, tx *t, const graph *g)
{
    int64_t wrong, living;

    err e = strand_miscounted(t, g, &wrong, &living);
    if (!e && wrong)
        complain(c, "graph %" PRId64 ": %" PRId64 " sessions count their messages wrongly",
                 g->graph, wrong);
    if (!e && living != g->sessions)
        complain(c, "graph %" PRId64 ": %" PRId64 " sessions live, it counts %" PRId64, g->graph,
                 living, g->sessions);
    return e;
}

static err run_graph(db_job *step, tx *t)
{
    struct checking *c = (struct checking *)step;
    struct expected x;
    arena a;
    graph g;

    arena_init(&a, GRAPH_MEMORY);
    err e = graph_next(t, &a, c->after, &g);
    if (!e)
        e = read_episodes(c, t, &a, &g, &x);
    if (!e)
        e = check_postings(c, t, &a, &g, &x);
    if (!e)
        e = check_blocks(c, t, &a, &g, &x);
    if (!e)
        e = check_sessions(c, t, &g);
    if (!e)
        c->after = g.graph;
    arena_deinit(&a);
    return e;
}

static err check_total(struct checking *c, tx *t, const project *p, count_kind kind,
                       const char *what)
{
    int64_t total, rows;

    err e = count_total(t, p->project, kind, &total);
    if (!e)
        e = count_rows(t, p->project, kind, &rows);
    if (!e && total != rows)
        complain(c, "project %.*s: %" PRId64 " %s, it counts %" PRId64, (int)p->name.n, p->name.p,
                 rows, what, total);
    return e;
}

static err run_totals(db_job *step, tx *t)
{
    struct checking *c = (struct checking *)step;
    int64_t orphans = 0;
    project *all;
    size_t n = 0;
    arena a;

    arena_init(&a, GRAPH_MEMORY);
    err e = project_list(t, &a, &all, &n);
    for (size_t i = 0; !e && i < n; i++) {
        e = check_total(c, t, &all[i], COUNT_USERS, "users");
        if (!e)
            e = check_total(c, t, &all[i], COUNT_GROUPS, "groups");
        if (!e)
            e = check_total(c, t, &all[i], COUNT_SESSIONS, "sessions");
    }
    if (!e)
        e = count_orphans(t, &orphans);
    if (!e && orphans)
        complain(c, "%" PRId64 " deleted graphs left rows that nobody erases", orphans);
    if (!e)
        e = graph_count(t, &c->graphs);
    arena_deinit(&a);
    return e;
}

err check_store(db *d, void (*say)(void *, slice), void (*progress)(void *, int64_t, int64_t),
                void *ctx)
{
    struct checking c = {.job.run = run_totals, .say = say, .ctx = ctx};

    err e = db_read(d, &c.job);
    c.job.run = run_graph;
    for (int64_t done = 0; !e; done++) {
        if (progress)
            progress(ctx, done, c.graphs);
        e = db_read(d, &c.job);
    }
    if (e != ERR_NOT_FOUND)
        return e;
    return c.any ? ERR_CONFLICT : OK;
}

static err run_reindex(db_job *step, tx *t)
{
    (void)step;
    return job_add(t, 0, 0, JOB_REINDEX, clock_now_us());
}

err check_reindex(db *d)
{
    db_job ask = {.run = run_reindex};

    return db_write(d, &ask);
}
