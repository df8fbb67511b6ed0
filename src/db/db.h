/* SPDX-License-Identifier: Apache-2.0
 *
 * db/db.h -- one store behind one interface: connections, transactions, statements, and the threads
 * that run them.
 *
 * Statements are written once, in the dialect that SQLite and PostgreSQL share (docs/storage.md),
 * with ?1, ?2, ... for parameters, as `db_sql` rows at the top of the file that runs them. They are
 * prepared once per connection. All parameters are given at once and a statement's result may be
 * reported by a later call on the same transaction, so a driver is free to send without waiting.
 *
 * Threads: a transaction belongs to the thread that runs its job. One writer thread owns the one
 * write connection and commits many jobs at once; workers and the caller's own thread read. */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct db db; /* one per process; every call may come from any thread */
typedef struct tx tx; /* one open transaction; lives as long as the job that was given it */

/* ---- statements ---- */

typedef struct db_sql {
    const char *text;
    const char
        *postgres; /* what PostgreSQL is told in its place, and why stands beside it; else NULL */
    const char *locks; /* alias of a table whose rows that it reads nobody else may change until the
                           * end of a writing transaction; one writer alone needs no such thing */
    bool later;        /* in a writing transaction its errors may be reported by a later call; not
                           * for what may meet a taken key */
} db_sql;

/* A family's statements, exported so that a test can prepare every one. */
typedef struct db_sql_table {
    const char *family;
    const db_sql *sql;
    size_t n;
} db_sql_table;

typedef enum db_kind { DB_NULL, DB_INT, DB_TEXT, DB_BLOB } db_kind;

typedef struct db_value {
    db_kind kind;
    int64_t i;
    slice s; /* borrowed for the call */
} db_value;

static inline db_value db_int(int64_t v)
{
    return (db_value){.kind = DB_INT, .i = v};
}

/* NO_TIME (and so NO_INT) becomes NULL. */
static inline db_value db_opt(int64_t v)
{
    return v == NO_TIME ? (db_value){.kind = DB_NULL} : db_int(v);
}

/* An absent slice becomes NULL. */
static inline db_value db_text(slice s)
{
    return (db_value){.kind = s.p ? DB_TEXT : DB_NULL, .s = s};
}

static inline db_value db_blob(slice s)
{
    return (db_value){.kind = s.p ? DB_BLOB : DB_NULL, .s = s};
}

/* The arguments of a statement, as two arguments of a call: DB_ARGS(db_int(graph), db_text(id)). */
#define DB_ARGS(...)                                                                               \
    (const db_value[]){__VA_ARGS__}, sizeof((const db_value[]){__VA_ARGS__}) / sizeof(db_value)
#define DB_NO_ARGS NULL, 0

/* Run a statement for its effect.
 *
 * ERR_EXISTS     a unique key is taken; the transaction may go on only if the caller answers an
 * error ERR_BUSY, ERR_STORAGE, ERR_NO_MEMORY, ERR_INTERNAL  the transaction is lost; hand the error
 * on */
MUST_CHECK err db_run(tx *t, const db_sql *sql, const db_value *args, size_t n);

/* The same, and how many rows it changed. */
MUST_CHECK err db_run_count(tx *t, const db_sql *sql, const db_value *args, size_t n,
                            int64_t *changed);

/* An open result. Between db_query and db_end no other query of the same statement may be open. */
typedef struct db_rows {
    tx *t;
    void *stmt; /* the driver's */
    err failed;
    bool done;
} db_rows;

/* Run a statement for its rows. Always followed by db_end, whatever it answers:
 *
 *     db_rows r = db_query(t, &sql[X], DB_ARGS(...));
 *     while (db_next(&r))
 *         ... db_col_int(&r, 0) ...
 *     err e = db_end(&r); */
db_rows db_query(tx *t, const db_sql *sql, const db_value *args, size_t n);

/* The next row, the first included; false at the end and after an error. */
bool db_next(db_rows *r);

/* Closes the result. OK, or the error that stopped it, as db_run. */
MUST_CHECK err db_end(db_rows *r);

/* Columns of the current row, from 0. Text and blobs are borrowed until the next db_next or db_end.
 * A NULL is NO_TIME, or an absent slice. */
int64_t db_col_int(const db_rows *r, int col);
slice db_col_text(const db_rows *r, int col);
slice db_col_blob(const db_rows *r, int col);

/* This transaction takes people's words away: within 5 s of its commit (or at the next start) no
 * file of the store holds what it deleted. */
void db_forget(tx *t);

/* Whether each statement is a round trip to another process: what can be asked at once should be.
 * Where it is not, several small questions cost less than a large one. */
bool db_is_far(const tx *t);

/* What this transaction read in two looks does not fit together, because somebody else wrote between
 * them: it is run again from the start. Answers what the job is to answer. */
MUST_CHECK err db_again(tx *t);

/* Run once after the transaction has committed, on the writer's thread; not at all if it does not
 * commit. For wake-ups that live in memory only. `arg` must outlive the transaction. More than the
 * driver's room for them are dropped, so they must be hints. */
void db_after_commit(tx *t, void (*call)(void *arg, int64_t number), void *arg, int64_t number);

/* ---- jobs and the threads that run them ---- */

typedef struct db_job db_job;

struct db_job {
    /* The work, inside a transaction. May run more than once (a batch that the engine rolled back,
     * a serialization failure), so it has no effect outside of the transaction and what it resets
     * itself. */
    err (*run)(db_job *job, tx *t);
    /* After the commit is durable (OK), or when nothing was written (anything else). Any thread. */
    void (*done)(db_job *job, err e);
    bool writes; /* the queue's */
    bool fresh;  /* a read that must see what another process has just committed; for db_read */
    int64_t deadline_us; /* monotonic; a job still waiting then is done with ERR_BUSY; 0: none */
    db_job *next;        /* the queue's */
    err result;          /* the queue's */
};

/* Whether db_read may wait for another machine: not for loop threads then. */
bool db_reads_wait(const db *d);

/* Run in a read transaction on the calling thread; answers what `run` answered. `done` is not
 * called. */
MUST_CHECK err db_read(db *d, db_job *job);

/* Run in a read transaction on a worker. ERR_BUSY: the queue is full, the job was not taken. */
MUST_CHECK err db_submit_read(db *d, db_job *job);

/* Run in a durable transaction on the writer, with others in one commit. ERR_BUSY as above. */
MUST_CHECK err db_submit_write(db *d, db_job *job);

/* Run in a durable transaction and wait for it; on the writer where there is one. For commands and
 * start-up, not for loop threads. `done` is not called. */
MUST_CHECK err db_write(db *d, db_job *job);

/* The same for upkeep: behind what requests wait for, and at most one in a commit. Nobody is told of it:
 * where the answer of its commit was lost, it is run again, or fails, though it may stand. */
MUST_CHECK err db_write_behind(db *d, db_job *job);

/* ---- the store ---- */

typedef struct db_options {
    slice url; /* "sqlite:PATH", or "postgres://..." as libpq has it */
    bool
        pooled; /* PostgreSQL: what is at the URL hands its connections on after each transaction */
    bool serve; /* take the lock, migrate, start the threads; otherwise a command's visit */
    bool create;     /* make the store if there is none, and migrate it */
    int workers;     /* reading threads; on PostgreSQL writing too, a connection each; serve only */
    int max_queue;   /* jobs waiting for the writer, and for the workers; then ERR_BUSY */
    int64_t busy_ms; /* how long to wait for another process's lock */
    int64_t cache_bytes; /* page cache of the write connection; readers have a quarter each */
} db_options;

/* Open the store; *why (static or in `a`) says what is wrong, in a line for the operator.
 *
 * ERR_NOT_FOUND  there is none, and `create` is false
 * ERR_CONFLICT   another process serves it
 * ERR_BAD_REQUEST  the URL is of no kind that is known, or the store is of a newer version
 * ERR_STORAGE    the engine could not open or migrate it */
MUST_CHECK err db_open(const db_options *o, arena *a, db **out, slice *why);

/* Ends the threads after the queues are empty, checkpoints, closes. Accepts NULL. */
void db_close(db *d);

/* Whether the store can be written now: false from a failed write until the next good one. */
bool db_writable(db *d);

/* Counters since the start, for metrics. */
typedef struct db_stats {
    int64_t commits, jobs, rollbacks, queue_write, queue_read, checkpoints;
} db_stats;
void db_stats_read(db *d, db_stats *to);

/* A consistent copy of the running store into a new file at `path`; `progress` may be NULL.
 *
 * ERR_EXISTS   the file is there already; untouched
 * ERR_STORAGE  the copy failed; *why says how, and no file is left */
MUST_CHECK err db_backup(db *d, const char *path, void (*progress)(int64_t done, int64_t total),
                         arena *a, slice *why);

/* The engine's own check of its files; each complaint is given to `say`. OK when there is none,
 * ERR_STORAGE otherwise. */
MUST_CHECK err db_check_files(db *d, void (*say)(void *ctx, slice complaint), void *ctx);

/* The highest migration this binary knows. */
int db_schema_version(void);

/* Tests: `fails` is asked before each statement is run and each commit, and says whether it must
 * fail as a full disk would; NULL ends it. */
void db_set_fault(bool (*fails)(void));

#endif
