/* SPDX-License-Identifier: Apache-2.0
 *
 * db/db.c -- the writer, the workers, and the connections they use.
 *
 * Group commit: the writer takes every job that waits, runs each in a savepoint of one transaction,
 * commits once, and only then tells them. A job that fails takes only itself back. When the engine
 * rolls the whole transaction back by itself, or the commit fails, the jobs are run again one by
 * one, so that each gets its own answer.
 *
 * Where the engine takes several writers there is no such thread: a worker takes whatever waits, and
 * runs what writes in a transaction of its own, again if it met another one. */
#include "db/db.h"

#include "base/log.h"
#include "base/mem.h"
#include "db/engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <unistd.h>

enum { MAX_BATCH = 256, MAX_CONNS = 128, REST_EVERY = 64, MOST_TURNS = 50, READ_TURNS = 3 };

#define PROBE_US       (1 * CLOCK_S_US)
#define SCRUB_AFTER_US (1 * CLOCK_S_US)
#define CUT_AGAIN_US   (CLOCK_S_US / 20)
#define FATE_AGAIN_US  (CLOCK_S_US / 10)
#define TURN_US        (CLOCK_S_US / 1000)
#define UNWRITABLE_US  (1 * CLOCK_S_US)

struct queue {
    db_job *head, **tail;
    int n;
};

struct db {
    const engine_ops *ops;
    engine *g;
    int lock_fd;
    int max_queue;
    conn *writer; /* the writer thread's; of db_write's caller in a command */

    pthread_mutex_t lock;      /* guards the queues, `stopping` and `idle` */
    pthread_cond_t write_cond; /* something for the writer */
    pthread_cond_t read_cond;  /* something for a worker */
    struct queue writes, background, reads;
    bool stopping;

    pthread_mutex_t conns_lock; /* guards the three below */
    conn *idle[MAX_CONNS];
    int idle_n;
    bool resting; /* given back connections let go of their snapshots */

    pthread_t writer_thread;
    pthread_t *workers;
    int workers_n;
    bool threads;

    atomic_bool unwritable;
    atomic_llong unwritable_us; /* when that was seen last */
    atomic_llong commits, jobs, rollbacks, scrubs;
    int64_t probed_us;       /* the writer's: when an unwritable store was last tried */
    int64_t forget_since_us; /* the writer's: when the oldest unscrubbed delete was committed; 0:
                                none */
};

/* ---- the fault seam ---- */

static _Atomic(bool (*)(void)) fault;

void db_set_fault(bool (*fails)(void))
{
    atomic_store(&fault, fails);
}

bool db_fault(void)
{
    bool (*f)(void) = atomic_load_explicit(&fault, memory_order_relaxed);

    return f && f();
}

/* ---- statements ---- */

/* A read transaction begins with its first statement: one that needs none costs none. */
static err ensure_begun(tx *t)
{
    if (t->failed)
        return t->failed;
    if (!t->begun) {
        t->failed = t->ops->begin(t->c, t->writing);
        t->begun = !t->failed;
    }
    return t->failed;
}

/* A taken key leaves the transaction whole; everything else loses it. */
static err note(tx *t, err e)
{
    if (e && e != ERR_EXISTS)
        t->failed = e;
    return e;
}

err db_run(tx *t, const db_sql *sql, const db_value *args, size_t n)
{
    db_rows r = db_query(t, sql, args, n);

    while (db_next(&r))
        ;
    return db_end(&r);
}

err db_run_count(tx *t, const db_sql *sql, const db_value *args, size_t n, int64_t *changed)
{
    err e = db_run(t, sql, args, n);

    if (!e)
        *changed = t->ops->changed(t->c);
    return e;
}

db_rows db_query(tx *t, const db_sql *sql, const db_value *args, size_t n)
{
    db_rows r = {.t = t};

    r.failed = ensure_begun(t);
    if (!r.failed)
        r.stmt = t->ops->query(t, sql, args, n, &r.failed);
    return r;
}

bool db_next(db_rows *r)
{
    if (r->failed || r->done)
        return false;
    if (r->t->ops->next(r->stmt, &r->failed))
        return true;
    r->done = true;
    return false;
}

err db_end(db_rows *r)
{
    if (r->stmt)
        r->t->ops->end(r->stmt);
    r->stmt = NULL;
    return note(r->t, r->failed);
}

int64_t db_col_int(const db_rows *r, int col)
{
    return r->t->ops->col_int(r->stmt, col);
}

slice db_col_text(const db_rows *r, int col)
{
    return r->t->ops->col_text(r->stmt, col);
}

slice db_col_blob(const db_rows *r, int col)
{
    return r->t->ops->col_blob(r->stmt, col);
}

bool db_is_far(const tx *t)
{
    return t->ops->many_writers;
}

err db_again(tx *t)
{
    t->again = true;
    t->failed = ERR_BUSY;
    return t->failed;
}

void db_forget(tx *t)
{
    t->forgets = true;
}

void db_after_commit(tx *t, void (*call)(void *arg, int64_t number), void *arg, int64_t number)
{
    if (t->after && t->after_n < DB_AFTER_MAX)
        t->after[t->after_n++] = (struct after){call, arg, number};
}

/* ---- queues ---- */

static void queue_init(struct queue *q)
{
    *q = (struct queue){.tail = &q->head};
}

static void queue_push(struct queue *q, db_job *job)
{
    job->next = NULL;
    *q->tail = job;
    q->tail = &job->next;
    q->n++;
}

static db_job *queue_pop(struct queue *q)
{
    db_job *job = q->head;

    if (!job)
        return NULL;
    q->head = job->next;
    if (!q->head)
        q->tail = &q->head;
    q->n--;
    job->next = NULL;
    return job;
}

static err submit(db *d, struct queue *q, pthread_cond_t *cond, db_job *job, bool bounded)
{
    err e = OK;

    assert(d->threads);
    pthread_mutex_lock(&d->lock);
    if (d->stopping || (bounded && q->n >= d->max_queue)) {
        e = ERR_BUSY;
    } else {
        queue_push(q, job);
        pthread_cond_signal(cond);
    }
    pthread_mutex_unlock(&d->lock);
    return e;
}

err db_submit_read(db *d, db_job *job)
{
    job->writes = false;
    return submit(d, &d->reads, &d->read_cond, job, true);
}

err db_submit_write(db *d, db_job *job)
{
    job->writes = true;
    if (d->ops->many_writers)
        return submit(d, &d->reads, &d->read_cond, job, true);
    return submit(d, &d->writes, &d->write_cond, job, true);
}

static bool expired(const db_job *job)
{
    return job->deadline_us && clock_monotonic_us() > job->deadline_us;
}

/* ---- what cannot be written ---- */

static void note_write(db *d, err e)
{
    atomic_fetch_add(&d->jobs, 1);
    if (e == ERR_STORAGE)
        atomic_store(&d->unwritable_us, clock_monotonic_us());
    if (!e || e == ERR_STORAGE)
        atomic_store(&d->unwritable, e != OK);
}

static void finish(db *d, db_job *job, err e)
{
    if (job->writes)
        note_write(d, e);
    job->done(job, e);
}

/* Those that wait have written nothing, and can be told so. */
static void refuse(db *d, struct queue *q)
{
    pthread_mutex_lock(&d->lock);
    db_job *jobs = q->head;
    queue_init(q);
    pthread_mutex_unlock(&d->lock);
    for (db_job *next; jobs; jobs = next) {
        next = jobs->next;
        finish(d, jobs, ERR_STORAGE);
    }
}

static bool is_stopping(db *d)
{
    pthread_mutex_lock(&d->lock);
    bool stop = d->stopping;
    pthread_mutex_unlock(&d->lock);
    return stop;
}

static _Noreturn void leave_in_doubt(void)
{
    log_error("store: stopped with a commit whose fate is unknown; its clients get no answer");
    log_close();
    abort();
}

/* ---- reading ---- */

static err conn_take(db *d, conn **c)
{
    pthread_mutex_lock(&d->conns_lock);
    *c = d->idle_n ? d->idle[--d->idle_n] : NULL;
    pthread_mutex_unlock(&d->conns_lock);
    return *c ? OK : d->ops->connect(d->g, false, c);
}

/* With one connection the others are likely gone too; each is found out by its own use otherwise. */
static void drop_lost(db *d, conn *c)
{
    d->ops->disconnect(c);
    pthread_mutex_lock(&d->conns_lock);
    while (d->idle_n)
        d->ops->disconnect(d->idle[--d->idle_n]);
    pthread_mutex_unlock(&d->conns_lock);
}

static void conn_give(db *d, conn *c)
{
    if (d->ops->many_writers && d->ops->lost(c)) {
        drop_lost(d, c);
        return;
    }
    pthread_mutex_lock(&d->conns_lock);
    bool kept = d->idle_n < MAX_CONNS;
    if (d->resting)
        d->ops->rest(c);
    if (kept)
        d->idle[d->idle_n++] = c;
    pthread_mutex_unlock(&d->conns_lock);
    if (!kept)
        d->ops->disconnect(c);
}

static err read_once(db *d, db_job *job, bool *again)
{
    conn *c = NULL;

    err e = conn_take(d, &c);
    if (e)
        return e;
    tx t = {.c = c, .ops = d->ops};
    if (job->fresh)
        d->ops->refresh(d->g);
    e = job->run(job, &t);
    if (t.failed && !e)
        e = t.failed;
    if (t.begun)
        d->ops->end_read(c, t.failed != OK);
    *again = e && d->ops->many_writers && (d->ops->lost(c) || d->ops->again(c));
    conn_give(d, c);
    return e;
}

err db_read(db *d, db_job *job)
{
    bool again = false;
    err e = read_once(d, job, &again);

    for (int turn = 1; again && turn < READ_TURNS; turn++) {
        again = false;
        e = read_once(d, job, &again);
    }
    return e;
}

bool db_reads_wait(const db *d)
{
    return d->ops->many_writers;
}

/* ---- writing, one of many ---- */

/* Its client would rather wait than be told a guess. Those who wait behind it have written nothing, and
 * are told so while the store is away: every worker may be here. */
static err find_fate(db *d, conn *c)
{
    bool known = false;

    for (;;) {
        err e = d->ops->fate(c, &known);
        if (known) {
            log_info("store: a commit was not answered; %s", e ? "it was not made" : "it was made");
            return e;
        }
        if (e == ERR_STORAGE)
            refuse(d, &d->reads);
        if (is_stopping(d))
            leave_in_doubt();
        usleep(FATE_AGAIN_US);
    }
}

static err write_once(db *d, db_job *job, bool waited, bool *again)
{
    struct after after[DB_AFTER_MAX];
    conn *c = NULL;

    err e = conn_take(d, &c);
    if (e)
        return e;
    tx t = {.c = c, .ops = d->ops, .writing = true, .after = after};
    e = job->run(job, &t);
    if (!e)
        e = t.failed;
    if (!e && t.begun) {
        e = d->ops->commit(c);
        if (e && waited && d->ops->in_doubt(c))
            e = find_fate(d, c);
    }
    *again = e && (t.again || d->ops->lost(c) || d->ops->again(c));
    if (e && t.begun)
        d->ops->rollback(c);
    conn_give(d, c);
    if (e) {
        atomic_fetch_add(&d->rollbacks, 1);
        return e;
    }
    atomic_fetch_add(&d->commits, 1);
    for (int i = 0; i < t.after_n; i++)
        t.after[i].call(t.after[i].arg, t.after[i].number);
    return OK;
}

/* Those who met wait a little, each for another time, or they would meet again. */
static void wait_for_turn(int turn)
{
    uint64_t mixed = (uint64_t)clock_monotonic_us() * UINT64_C(0x9E3779B97F4A7C15);
    int64_t most = TURN_US * (turn < 20 ? turn : 20);

    usleep((useconds_t)(mixed >> 33) % (useconds_t)most + 1);
}

/* `waited`: somebody is told what became of it. */
static err write_alone(db *d, db_job *job, bool waited)
{
    bool again = false;
    err e = write_once(d, job, waited, &again);

    for (int turn = 1; again && turn < MOST_TURNS && !expired(job); turn++) {
        wait_for_turn(turn);
        again = false;
        e = write_once(d, job, waited, &again);
    }
    note_write(d, e);
    return e;
}

static err run_now(db *d, db_job *job)
{
    if (expired(job))
        return ERR_BUSY;
    return job->writes ? write_alone(d, job, true) : db_read(d, job);
}

static void *worker_main(void *arg)
{
    db *d = arg;

    pthread_mutex_lock(&d->lock);
    for (;;) {
        db_job *job = queue_pop(&d->reads);
        if (!job) {
            if (d->stopping)
                break;
            pthread_cond_wait(&d->read_cond, &d->lock);
            continue;
        }
        pthread_mutex_unlock(&d->lock);
        job->done(job, run_now(d, job));
        pthread_mutex_lock(&d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* ---- writing ---- */

/* One job in its savepoint. False: the engine lost the whole transaction. */
static bool run_in_savepoint(tx *t, db_job *job)
{
    int after_before = t->after_n;
    bool forgets_before = t->forgets;

    job->result = expired(job) ? ERR_BUSY : OK;
    if (job->result)
        return true;
    t->failed = t->ops->savepoint(t->c);
    if (t->failed)
        return false;
    job->result = job->run(job, t);
    if (!job->result)
        job->result = t->failed;
    err e = job->result ? OK : t->ops->release(t->c);
    if (e)
        job->result = e;
    if (job->result) {
        t->after_n = after_before;
        t->forgets = forgets_before;
        if (!t->ops->in_transaction(t->c) || t->ops->rollback_to(t->c))
            return false;
    }
    t->failed = OK;
    return true;
}

static void committed(db *d, tx *t)
{
    atomic_fetch_add(&d->commits, 1);
    atomic_store(&d->unwritable, false);
    if (t->forgets && !d->forget_since_us)
        d->forget_since_us = clock_monotonic_us();
    for (int i = 0; i < t->after_n; i++)
        t->after[i].call(t->after[i].arg, t->after[i].number);
}

/* After a failed sync the commit may stand in the log, and a crash would bring it back after a 5xx
 * had said that nothing was written. So its clients wait until it is overwritten, as long as that
 * takes; a stop then ends the process without an answer. */
static void cut_log(db *d)
{
    atomic_store(&d->unwritable, true);
    while (d->ops->cut_log(d->writer)) {
        bool stop = is_stopping(d);
        refuse(d, &d->writes);
        refuse(d, &d->background);
        if (stop)
            leave_in_doubt();
        usleep(CUT_AGAIN_US);
    }
}

/* All of `jobs` in one transaction. False: nothing was committed and `result`s are not to be used.
 */
static bool run_batch(db *d, db_job *jobs, err *why)
{
    struct after after[DB_AFTER_MAX];
    tx t = {.c = d->writer, .ops = d->ops, .writing = true, .begun = true, .after = after};
    bool any = false;

    *why = d->ops->begin(d->writer, true);
    if (*why) { /* another process holds the lock, or worse: nobody needs to try once more */
        for (db_job *j = jobs; j; j = j->next)
            j->result = *why;
        return true;
    }
    for (db_job *j = jobs; j; j = j->next) {
        if (!run_in_savepoint(&t, j)) {
            *why = t.failed ? t.failed : j->result;
            d->ops->rollback(d->writer);
            atomic_fetch_add(&d->rollbacks, 1);
            return false;
        }
        any = any || !j->result;
    }
    if (!any) {
        d->ops->rollback(d->writer);
        return true;
    }
    *why = d->ops->commit(d->writer);
    if (*why) {
        d->ops->rollback(d->writer);
        atomic_fetch_add(&d->rollbacks, 1);
        cut_log(d);
        return false;
    }
    committed(d, &t);
    return true;
}

/* `jobs` is a chain by `next`. */
static void write_jobs(db *d, db_job *jobs)
{
    err why = OK;
    bool alone = !jobs->next;
    bool ran = run_batch(d, jobs, &why);

    while (jobs) {
        db_job *job = jobs;
        jobs = job->next;
        job->next = NULL;
        if (!ran && !alone && !run_batch(d, job, &why))
            job->result = why ? why : ERR_INTERNAL;
        else if (!ran && alone)
            job->result = why ? why : ERR_INTERNAL;
        finish(d, job, job->result);
    }
}

/* Up to MAX_BATCH requests, then at most one background job. Called with the lock held. */
static db_job *take_batch(db *d)
{
    db_job *jobs = NULL, **tail = &jobs;

    for (int n = 0; n < MAX_BATCH && d->writes.head; n++) {
        *tail = queue_pop(&d->writes);
        tail = &(*tail)->next;
    }
    *tail = queue_pop(&d->background);
    return jobs;
}

static bool scrub_due(const db *d)
{
    return d->forget_since_us && clock_monotonic_us() - d->forget_since_us >= SCRUB_AFTER_US;
}

/* Unused connections let go of what they kept, or the log could never begin anew. */
static void rest_idle(db *d, bool resting)
{
    pthread_mutex_lock(&d->conns_lock);
    d->resting = resting;
    for (int i = 0; i < d->idle_n; i++)
        d->ops->rest(d->idle[i]);
    pthread_mutex_unlock(&d->conns_lock);
}

static void scrub(db *d)
{
    rest_idle(d, true);
    err e = d->ops->scrub(d->writer);
    rest_idle(d, false);
    if (!e) {
        d->forget_since_us = 0;
        atomic_fetch_add(&d->scrubs, 1);
    } else { /* a reader stood in the way: again in a while */
        d->forget_since_us = clock_monotonic_us() - SCRUB_AFTER_US / 2;
    }
}

/* Nobody may dare to write to a store that says it cannot be written: it tries by itself. */
static void probe(db *d)
{
    int64_t now = clock_monotonic_us();

    if (!atomic_load(&d->unwritable) || now - d->probed_us < PROBE_US)
        return;
    d->probed_us = now;
    if (d->ops->touch(d->writer) == OK)
        atomic_store(&d->unwritable, false);
}

static void wait_for_work(db *d)
{
    struct timespec until;

    if (!d->forget_since_us && !atomic_load(&d->unwritable)) {
        pthread_cond_wait(&d->write_cond, &d->lock);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 100 * 1000 * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&d->write_cond, &d->lock, &until);
}

static void *writer_main(void *arg)
{
    db *d = arg;
    unsigned batches = 0;

    pthread_mutex_lock(&d->lock);
    for (;;) {
        db_job *jobs = take_batch(d);
        bool last = !jobs && d->stopping;
        if (!jobs && !last && !scrub_due(d)) {
            wait_for_work(d);
            pthread_mutex_unlock(&d->lock);
            probe(d);
            pthread_mutex_lock(&d->lock);
            continue;
        }
        pthread_mutex_unlock(&d->lock);
        if (jobs) {
            write_jobs(d, jobs);
            if (++batches % REST_EVERY == 0)
                rest_idle(d, false);
        }
        if (scrub_due(d) || last)
            scrub(d);
        pthread_mutex_lock(&d->lock);
        if (last)
            break;
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* A job that somebody waits for. */
struct waited {
    db_job job;
    db_job *inner;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
    err result;
};

static err waited_run(db_job *job, tx *t)
{
    struct waited *w = (struct waited *)job;

    return w->inner->run(w->inner, t);
}

static void waited_done(db_job *job, err e)
{
    struct waited *w = (struct waited *)job;

    pthread_mutex_lock(&w->lock);
    w->done = true;
    w->result = e;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

static err write_and_wait(db *d, struct queue *q, db_job *job)
{
    struct waited w = {.job = {.run = waited_run, .done = waited_done, .writes = true},
                       .inner = job,
                       .lock = PTHREAD_MUTEX_INITIALIZER,
                       .cond = PTHREAD_COND_INITIALIZER};

    if (d->ops->many_writers)
        return write_alone(d, job, q == &d->writes);
    if (!d->threads) {
        write_jobs(d, &w.job);
        return w.result;
    }
    err e = submit(d, q, &d->write_cond, &w.job, q == &d->writes);
    if (e)
        return e;
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.cond, &w.lock);
    pthread_mutex_unlock(&w.lock);
    return w.result;
}

err db_write(db *d, db_job *job)
{
    return write_and_wait(d, &d->writes, job);
}

err db_write_behind(db *d, db_job *job)
{
    return write_and_wait(d, &d->background, job);
}

/* ---- open and close ---- */

/* The lock of a served store lies beside it; a command takes it for a migration only. */
static int lock_take(const db_options *o, arena *a)
{
    slice path = arena_printf(a, "%.*s.lock", (int)(o->url.n - strlen("sqlite:")),
                              o->url.p + strlen("sqlite:"));
    int fd = path.p ? open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        errno = EWOULDBLOCK;
        return -1;
    }
    return fd;
}

static err start_threads(db *d, int workers)
{
    d->workers = mem_zalloc((size_t)workers * sizeof(*d->workers));
    if (!d->workers)
        return ERR_NO_MEMORY;
    d->threads = true;
    if (!d->ops->many_writers && pthread_create(&d->writer_thread, NULL, writer_main, d) != 0) {
        d->threads = false;
        return ERR_NO_MEMORY;
    }
    for (; d->workers_n < workers; d->workers_n++)
        if (pthread_create(&d->workers[d->workers_n], NULL, worker_main, d) != 0)
            return ERR_NO_MEMORY;
    return OK;
}

static err lock_and_migrate(db *d, const db_options *o, arena *a, slice *why)
{
    err e = OK;

    bool migrates = o->serve || o->create;
    bool locks = migrates && !d->ops->many_writers;

    d->lock_fd = locks ? lock_take(o, a) : -1;
    if (o->serve && locks && d->lock_fd < 0) {
        *why = errno == EWOULDBLOCK
                   ? SLICE("the data directory is in use by another recalld")
                   : arena_printf(a, "cannot write in the data directory: %s", strerror(errno));
        return errno == EWOULDBLOCK ? ERR_CONFLICT : ERR_STORAGE;
    }
    e = d->ops->connect(d->g, true, &d->writer);
    if (e)
        *why = SLICE("the store cannot be opened");
    if (!e) /* never under the feet of a running server */
        e = migrate(d->ops, d->writer, migrates && (!locks || d->lock_fd >= 0), a, why);
    if (e == ERR_NOT_FOUND)
        *why =
            SLICE("the store is of an older version; start the server once to bring it up to date");
    if (d->ops->many_writers && !e) {
        conn_give(d, d->writer);
        d->writer = NULL;
    }
    if (!o->serve && d->lock_fd >= 0) {
        close(d->lock_fd);
        d->lock_fd = -1;
    }
    return e;
}

static const engine_ops *engine_of(slice url)
{
    static const struct {
        const char *scheme;
        const engine_ops *ops;
    } engines[] = {{"sqlite:", &sqlite_engine},
                   {"postgres://", &postgres_engine},
                   {"postgresql://", &postgres_engine}};

    for (size_t i = 0; i < COUNT(engines); i++) {
        size_t n = strlen(engines[i].scheme);
        if (url.n > n && memcmp(url.p, engines[i].scheme, n) == 0)
            return engines[i].ops;
    }
    return NULL;
}

err db_open(const db_options *o, arena *a, db **out, slice *why)
{
    *why = NO_SLICE;
    const engine_ops *ops = engine_of(o->url);
    if (!ops) {
        *why = SLICE("the database must be named as sqlite:PATH or postgres://...");
        return ERR_BAD_REQUEST;
    }
    db *d = mem_zalloc(sizeof(*d));
    if (!d)
        return ERR_NO_MEMORY;
    d->ops = ops;
    d->lock_fd = -1;
    d->max_queue = o->max_queue;
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->conns_lock, NULL);
    pthread_cond_init(&d->write_cond, NULL);
    pthread_cond_init(&d->read_cond, NULL);
    queue_init(&d->writes);
    queue_init(&d->background);
    queue_init(&d->reads);

    err e = d->ops->open(o, a, &d->g, why);
    if (!e)
        e = lock_and_migrate(d, o, a, why);
    if (!e && o->serve) {
        d->forget_since_us = 1; /* a crash may have come between a delete and its scrub */
        e = start_threads(d, o->workers);
    }
    if (e) {
        if (!why->p)
            *why = slice_of(err_text(e));
        db_close(d);
        return e;
    }
    *out = d;
    return OK;
}

void db_close(db *d)
{
    if (!d)
        return;
    if (d->threads) {
        pthread_mutex_lock(&d->lock);
        d->stopping = true;
        pthread_cond_broadcast(&d->write_cond);
        pthread_cond_broadcast(&d->read_cond);
        pthread_mutex_unlock(&d->lock);
        for (int i = 0; i < d->workers_n; i++)
            pthread_join(d->workers[i], NULL);
        if (!d->ops->many_writers)
            pthread_join(d->writer_thread, NULL);
    }
    mem_free(d->workers);
    while (d->idle_n)
        d->ops->disconnect(d->idle[--d->idle_n]);
    d->ops->disconnect(d->writer);
    d->ops->close(d->g);
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    pthread_cond_destroy(&d->read_cond);
    pthread_cond_destroy(&d->write_cond);
    pthread_mutex_destroy(&d->conns_lock);
    pthread_mutex_destroy(&d->lock);
    mem_free(d);
}

bool db_writable(db *d)
{
    if (!atomic_load(&d->unwritable))
        return true;
    /* Of many writers the next one finds out. */
    return d->ops->many_writers &&
           clock_monotonic_us() - atomic_load(&d->unwritable_us) > UNWRITABLE_US;
}

void db_stats_read(db *d, db_stats *to)
{
    pthread_mutex_lock(&d->lock);
    to->queue_write = d->writes.n;
    to->queue_read = d->reads.n;
    pthread_mutex_unlock(&d->lock);
    to->commits = atomic_load(&d->commits);
    to->jobs = atomic_load(&d->jobs);
    to->rollbacks = atomic_load(&d->rollbacks);
    to->checkpoints = atomic_load(&d->scrubs);
}

err db_backup(db *d, const char *path, void (*progress)(int64_t, int64_t), arena *a, slice *why)
{
    return d->ops->backup(d->g, path, progress, a, why);
}

err db_check_files(db *d, void (*say)(void *, slice), void *ctx)
{
    return d->ops->check_files(d->g, say, ctx);
}
