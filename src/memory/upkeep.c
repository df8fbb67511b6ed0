/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/upkeep.c -- a queue of graphs to fold that lives in memory (what waits is searched anyway,
 * so a lost hint loses nothing), and the table of jobs, which is read twice a second: another
 * process may have added one, or died while it held one. */
#include "memory/upkeep.h"

#include "base/log.h"
#include "base/mem.h"
#include "memory/forget.h"
#include "search/fold.h"
#include "search/packed.h"
#include "store/jobs.h"

#include <pthread.h>
#include <sys/random.h>

enum { MAX_FOLDS = 4096, POLL_MS = 500, STEP_MEMORY = 512 << 20 };

/* A step takes some ten milliseconds; only a process that is gone, or was stopped, is late. */
#define LEASE_US (3 * CLOCK_S_US)

struct upkeep {
    db *d;
    int64_t holder; /* this process, among those that take jobs */
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t cond;
    int64_t folds[MAX_FOLDS]; /* a ring of graph numbers */
    size_t first, n;
    bool stopping, woken;
};

/* ---- one step, on the writer ---- */

struct step {
    db_job job; /* first */
    job what;
    int64_t holder;
    int64_t graph_number;
    bool anew, left;
    job found;
};

static err run_fold(db_job *db_step, tx *t)
{
    struct step *s = (struct step *)db_step;
    graph g;
    arena a;

    arena_init(&a, STEP_MEMORY);
    err e = graph_next(t, &a, s->graph_number - 1, &g);
    if (!e && g.graph == s->graph_number)
        e = fold_graph(t, &a, g.project, g.graph, s->anew);
    if (!e)
        e = arena_check(&a);
    arena_deinit(&a);
    return e == ERR_NOT_FOUND ? OK : e; /* deleted meanwhile */
}

static err run_hold(db_job *db_step, tx *t)
{
    struct step *s = (struct step *)db_step;

    return job_hold(t, &s->what, s->holder, clock_now_us() + LEASE_US);
}

static err run_forget(db_job *db_step, tx *t)
{
    struct step *s = (struct step *)db_step;
    err e = run_hold(db_step, t);

    return e ? e : forget_step(t, &s->what, &s->left);
}

static err run_done(db_job *db_step, tx *t)
{
    struct step *s = (struct step *)db_step;

    return job_done(t, &s->what);
}

static err run_job_waits(db_job *db_step, tx *t)
{
    (void)db_step;
    return job_waits(t, clock_now_us());
}

static err run_take_job(db_job *db_step, tx *t)
{
    struct step *s = (struct step *)db_step;
    int64_t now = clock_now_us();
    job taken = {0};
    err e = job_take(t, &s->what, s->holder, now, now + LEASE_US, &taken);

    s->found = taken;
    return e;
}

/* A process alone with its store holds nothing when it begins. */
static err run_free_all(db_job *db_step, tx *t)
{
    (void)db_step;
    return job_free_all(t);
}

static err run_next_graph(db_job *db_step, tx *t)
{
    struct step *s = (struct step *)db_step;
    graph g = {0};
    arena a;

    arena_init(&a, 1 << 20);
    err e = graph_next(t, &a, s->graph_number, &g);
    s->graph_number = g.graph;
    s->anew = g.index_version != INDEX_VERSION;
    arena_deinit(&a);
    return e;
}

/* Old versions of the index are found by one look at every graph's row, in a reader. */
static err run_find_stale(db_job *db_step, tx *t)
{
    struct step *s = (struct step *)db_step;
    err e;

    do
        e = run_next_graph(db_step, t);
    while (!e && !s->anew);
    return e;
}

static err run_ask_reindex(db_job *db_step, tx *t)
{
    (void)db_step;
    return job_add(t, 0, 0, JOB_REINDEX, clock_now_us());
}

/* ---- the thread ---- */

static bool stopping(upkeep *u)
{
    pthread_mutex_lock(&u->lock);
    bool stop = u->stopping;
    pthread_mutex_unlock(&u->lock);
    return stop;
}

static bool take_fold(upkeep *u, int64_t *number)
{
    pthread_mutex_lock(&u->lock);
    bool any = u->n > 0;
    if (any) {
        *number = u->folds[u->first];
        u->first = (u->first + 1) % MAX_FOLDS;
        u->n--;
    }
    pthread_mutex_unlock(&u->lock);
    return any;
}

static void fold_one(upkeep *u, int64_t number, bool anew)
{
    struct step s = {.job.run = run_fold, .graph_number = number, .anew = anew};
    err e = db_write_behind(u->d, &s.job);

    if (e)
        log_warn("upkeep: a graph could not be indexed now: %s", err_name(e));
}

static void fold_all(upkeep *u)
{
    int64_t number;

    while (!stopping(u) && take_fold(u, &number))
        fold_one(u, number, false);
}

static err erase(upkeep *u, const job *what)
{
    struct step s = {.job.run = run_forget, .what = *what, .holder = u->holder, .left = true};
    err e = OK;

    while (!e && s.left && !stopping(u)) {
        e = db_write_behind(u->d, &s.job);
        fold_all(u); /* long erasing must not hold it up */
    }
    return e;
}

static err reindex(upkeep *u, const job *what)
{
    struct step s = {.job.run = run_next_graph};
    struct step done = {.job.run = run_done, .what = *what};
    struct step hold = {.job.run = run_hold, .what = *what, .holder = u->holder};
    err e, held = OK;

    log_info("upkeep: indexing every graph anew");
    while (!held && (e = db_read(u->d, &s.job)) == OK && !stopping(u)) {
        fold_one(u, s.graph_number, true);
        fold_all(u);
        held = db_write_behind(u->d, &hold.job);
    }
    if (held)
        return held;
    if (e != ERR_NOT_FOUND)
        return e; /* stopped: from the beginning at the next start */
    log_info("upkeep: every graph is indexed");
    return db_write_behind(u->d, &done.job);
}

static void run_jobs(upkeep *u)
{
    struct step look = {.job.run = run_job_waits, .job.fresh = true};
    struct step s = {.job.run = run_take_job, .holder = u->holder};

    if (db_read(u->d, &look.job) != OK)
        return;
    while (!stopping(u) && db_write_behind(u->d, &s.job) == OK) {
        s.what = s.found;
        err e = s.what.kind == JOB_REINDEX ? reindex(u, &s.what) : erase(u, &s.what);
        if (e)
            log_warn("upkeep: a job must wait: %s", err_name(e));
    }
}

static void find_stale(upkeep *u)
{
    struct step s = {.job.run = run_find_stale};
    struct step ask = {.job.run = run_ask_reindex};

    if (db_read(u->d, &s.job) == OK && db_write_behind(u->d, &ask.job))
        log_warn("upkeep: an old index could not be noted");
}

static void rest(upkeep *u)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&u->lock);
    if (!u->n && !u->stopping && !u->woken)
        pthread_cond_timedwait(&u->cond, &u->lock, &until);
    u->woken = false;
    pthread_mutex_unlock(&u->lock);
}

static void *upkeep_main(void *arg)
{
    upkeep *u = arg;
    struct step alone = {.job.run = run_free_all};

    if (!db_reads_wait(u->d) && db_write_behind(u->d, &alone.job))
        log_warn("upkeep: what was under way before waits for its lease to run out");
    find_stale(u);
    while (!stopping(u)) {
        fold_all(u);
        run_jobs(u);
        rest(u);
    }
    return NULL;
}

err upkeep_open(db *d, upkeep **out)
{
    upkeep *u = mem_zalloc(sizeof(*u));

    if (!u)
        return ERR_NO_MEMORY;
    u->d = d;
    if (getrandom(&u->holder, sizeof(u->holder), 0) < 0)
        u->holder = clock_now_us();
    pthread_mutex_init(&u->lock, NULL);
    pthread_cond_init(&u->cond, NULL);
    if (pthread_create(&u->thread, NULL, upkeep_main, u) != 0) {
        mem_free(u);
        return ERR_NO_MEMORY;
    }
    *out = u;
    return OK;
}

void upkeep_close(upkeep *u)
{
    if (!u)
        return;
    pthread_mutex_lock(&u->lock);
    u->stopping = true;
    pthread_cond_signal(&u->cond);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->thread, NULL);
    pthread_cond_destroy(&u->cond);
    pthread_mutex_destroy(&u->lock);
    mem_free(u);
}

/* ---- hints ---- */

static void hint_fold(void *arg, int64_t number)
{
    upkeep *u = arg;

    pthread_mutex_lock(&u->lock);
    bool there = false;
    for (size_t i = 0; i < u->n && !there; i++)
        there = u->folds[(u->first + i) % MAX_FOLDS] == number;
    if (!there && u->n < MAX_FOLDS)
        u->folds[(u->first + u->n++) % MAX_FOLDS] = number;
    pthread_cond_signal(&u->cond);
    pthread_mutex_unlock(&u->lock);
}

static void hint_job(void *arg, int64_t unused)
{
    upkeep *u = arg;

    (void)unused;
    pthread_mutex_lock(&u->lock);
    u->woken = true;
    pthread_cond_signal(&u->cond);
    pthread_mutex_unlock(&u->lock);
}

void upkeep_after_adding(upkeep *u, tx *t, const graph *g)
{
    if (u && fold_due(g))
        db_after_commit(t, hint_fold, u, g->graph);
}

void upkeep_after_deleting(upkeep *u, tx *t)
{
    if (u)
        db_after_commit(t, hint_job, u, 0);
}
