/* SPDX-License-Identifier: Apache-2.0
 *
 * db/engine.h -- what a driver (sqlite.c, postgres.c) offers to db.c; inside db/ only.
 *
 * A connection is used by one thread at a time. Errors are those of db.h. */
#ifndef DB_ENGINE_H
#define DB_ENGINE_H

#include "db/db.h"

enum { DB_AFTER_MAX = 256 };

typedef struct engine engine; /* a driver's store */
typedef struct conn conn;     /* a driver's connection */

/* A call of db_after_commit. */
struct after {
    void (*call)(void *arg, int64_t number);
    void *arg;
    int64_t number;
};

struct tx {
    conn *c;
    const struct engine_ops *ops;
    bool begun; /* a read transaction begins with its first statement */
    bool writing;
    bool forgets;        /* db_forget was called */
    bool again;          /* db_again was called */
    err failed;          /* sticky: once the engine lost the transaction nothing more is run */
    struct after *after; /* room for DB_AFTER_MAX of the writer's; NULL in a read */
    int after_n;
};

typedef struct engine_ops {
    /* Several connections write at once, each job in a transaction of its own: savepoints, touch,
     * cut_log and scrub are not called. Where there is one writer, lost, again, in_doubt and fate are
     * not. */
    bool many_writers;

    err (*open)(const db_options *o, arena *a, engine **out, slice *why);
    void (*close)(engine *g);

    err (*connect)(engine *g, bool writer, conn **out);
    void (*disconnect)(conn *c);
    bool (*lost)(const conn *c);  /* it is of no more use */
    bool (*again)(const conn *c); /* the last error would not come again: run the job once more */

    err (*begin)(conn *c, bool writing);
    /* A read transaction is over; what it saw may be kept for the next one as long as nothing was
     * committed meanwhile. After `rest` an unused connection holds nothing. */
    void (*end_read)(conn *c, bool failed);
    void (*rest)(conn *c);
    /* From here on every read sees what other processes have committed. */
    void (*refresh)(engine *g);
    err (*commit)(conn *c);
    /* The commit that failed may have been made: its answer was lost. `fate` then looks on a connection
     * of its own: OK, it was; ERR_STORAGE, nothing was written. Not `known` yet: ERR_STORAGE while the
     * store cannot be reached, anything else while the commit is under way. */
    bool (*in_doubt)(const conn *c);
    err (*fate)(conn *c, bool *known);
    void (*rollback)(conn *c);
    bool (*in_transaction)(conn *c); /* false when the engine rolled it back by itself */
    err (*savepoint)(conn *c);
    err (*release)(conn *c);
    err (*rollback_to)(conn *c); /* and releases */

    /* The smallest durable commit there is: whether the store can be written. */
    err (*touch)(conn *c);
    /* Overwrites what a failed commit may have left in the log, durably. */
    err (*cut_log)(conn *c);
    /* Takes deleted bytes out of every file. OK, or ERR_BUSY when readers stood in the way. */
    err (*scrub)(conn *c);

    void *(*query)(tx *t, const db_sql *sql, const db_value *args, size_t n, err *e);
    bool (*next)(void *stmt, err *e);
    void (*end)(void *stmt);
    int64_t (*changed)(conn *c);
    int64_t (*col_int)(void *stmt, int col);
    slice (*col_text)(void *stmt, int col);
    slice (*col_blob)(void *stmt, int col);

    /* Whoever migrates is alone until the end of the transaction. */
    err (*lock_schema)(conn *c);
    /* Whether there is any table yet. */
    err (*has_tables)(conn *c, bool *yes);
    /* One script of several statements, no parameters; for migrations. */
    err (*script)(conn *c, const char *sql);

    err (*backup)(engine *g, const char *path, void (*progress)(int64_t, int64_t), arena *a,
                  slice *why);
    err (*check_files)(engine *g, void (*say)(void *, slice), void *ctx);
} engine_ops;

extern const engine_ops sqlite_engine, postgres_engine;

/* db/migrate.c: bring the schema up to this binary's version in one transaction of `c`. With
 * `apply` false it only looks.
 *
 * ERR_BAD_REQUEST  the store is of a newer version (*why); where nodes are brought up to date one by
 *                  one, of a version newer by more than one
 * ERR_NOT_FOUND    it is of an older one, or empty, and `apply` is false */
MUST_CHECK err migrate(const engine_ops *ops, conn *c, bool apply, arena *a, slice *why);

/* Asks the fault seam of db_set_fault. */
bool db_fault(void);

#endif
