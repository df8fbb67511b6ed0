/* SPDX-License-Identifier: Apache-2.0
 *
 * db/postgres.c -- PostgreSQL through libpq, always in pipeline mode.
 *
 * What a job asks for is queued and sent; results are read, in the same order, when one of them is
 * needed:
 *
 *     queue   BEGIN  mark  prepare  statement | later  later  COMMIT |
 *                              one round trip ┘           and one more ┘
 *
 * A transaction begins in the round trip of its first statement, those marked `later` (db_sql) wait for
 * the next, and a reading transaction's end is not waited for at all.
 *
 * Reading transactions are REPEATABLE READ, so that a search sees one state. Writing ones are READ
 * COMMITTED: those of one graph take turns at its row, which each locks before it looks at what is
 * below (`locks` of db_sql), and so see what the one before them left.
 *
 * A commit whose answer is lost with its connection is looked up by the mark that each writing
 * transaction leaves: its number, in the row of its connection in `commits`. PostgreSQL's own number of
 * it (txid_status) would not do: after a crash it is given once more if nothing of the first
 * transaction had reached the log, and then tells what became of somebody else's. */
#include "db/engine.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <endian.h>
#include <postgresql/libpq-fe.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define UNREACHABLE_US (CLOCK_S_US)
#define MARKS_KEPT_US  (30 * 24 * 3600 * CLOCK_S_US) /* much longer than anybody looks for one */

enum {
    STATEMENT_SLOTS = 1024,
    QUEUE_MAX = 256, /* commands without reading; their results fit into the socket's buffers */
    ARGS_MAX = 16,
    SQL_MAX = 4096,
    LIMITS_TEXT = 256,
    MIGRATION_LOCK = 0x7265636c, /* "recl": an advisory lock's number */
};

struct engine {
    char *url;
    int64_t busy_ms;
    atomic_llong unreachable_us; /* when the log said so last */
    bool pooled; /* nothing that we leave on a connection is there in the next transaction */
};

/* What was sent and not read yet. */
enum queued { Q_PLAIN, Q_MARK, Q_PREPARE, Q_LATER, Q_QUERY, Q_COMMIT, Q_SYNC };

struct entry {
    enum queued what;
    size_t slot; /* Q_PREPARE */
    const char *text;
};

/* A statement is prepared apart for reading and for writing: there it locks. */
struct slot {
    const db_sql *sql;
    bool writing, prepared;
};

struct conn {
    PGconn *pg;
    engine *g;
    bool writing;
    bool begin_wanted; /* before the next statement */
    bool open;         /* a transaction is, as far as we know */
    bool lost;         /* the connection is; nothing more is sent */
    bool again;        /* the last error was nobody's fault: run the job again */
    char limits[LIMITS_TEXT];
    bool marked;    /* the writing transaction holds its row of `commits` */
    bool in_doubt;  /* a commit was sent and not answered */
    int64_t writer; /* the row's key, of this connection alone */
    int64_t number; /* of the writing transaction, from 1 */
    int64_t changed;
    struct entry queue[QUEUE_MAX + 12];
    int queued;
    struct slot cache[STATEMENT_SLOTS]; /* open addressing */
};

struct result {
    conn *c;
    PGresult *rows; /* NULL: of a statement whose result comes later */
    int at;
};

/* ---- errors ---- */

static const struct {
    const char *state; /* the beginning of an SQLSTATE */
    err e;
    bool again, quiet;
} states[] = {
    {.state = "23505", .e = ERR_EXISTS, .quiet = true},
    {.state = "40001", .e = ERR_BUSY, .again = true, .quiet = true}, /* serialization failure */
    {.state = "40P01", .e = ERR_BUSY, .again = true, .quiet = true}, /* deadlock */
    {.state = "55P03",
     .e = ERR_BUSY,
     .again = true,
     .quiet = true},                   /* lock not available in time */
    {.state = "57014", .e = ERR_BUSY}, /* canceled: the statement's time limit */
    {.state = "57P", .e = ERR_STORAGE},
    {.state = "53", .e = ERR_STORAGE}, /* resources, a full disk among them */
    {.state = "58", .e = ERR_STORAGE},
    {.state = "25006", .e = ERR_STORAGE}, /* read only: a standby */
    {.state = "08", .e = ERR_STORAGE},
    {.state = "XX", .e = ERR_STORAGE},
};

static bool is_gone(const conn *c)
{
    return PQstatus(c->pg) != CONNECTION_OK;
}

static err err_of(conn *c, const PGresult *r, const char *text)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    err e = ERR_INTERNAL;
    bool quiet = false;

    if (is_gone(c) || !state) {
        c->lost = is_gone(c);
        e = c->lost ? ERR_STORAGE : ERR_INTERNAL;
    } else {
        for (size_t i = 0; i < COUNT(states); i++)
            if (strncmp(state, states[i].state, strlen(states[i].state)) == 0) {
                e = states[i].e;
                quiet = states[i].quiet;
                c->again = states[i].again;
                break;
            }
        /* A server that goes down or a standby says so on a connection that will be of no more use. */
        c->lost = c->lost || strncmp(state, "57P", 3) == 0 || strcmp(state, "25006") == 0;
    }
    if (!quiet)
        log_error("store: %s: %s", text ? text : "-", PQresultErrorMessage(r));
    return e;
}

/* ---- sending and reading ---- */

static err broken(conn *c)
{
    if (!c->lost)
        log_error("store: %s", PQerrorMessage(c->pg));
    c->lost = true;
    return ERR_STORAGE;
}

static err sent(conn *c, int ok, struct entry what)
{
    if (!ok)
        return broken(c);
    c->queue[c->queued++] = what;
    return OK;
}

static err send_plain(conn *c, const char *text, enum queued what)
{
    return sent(c, PQsendQueryParams(c->pg, text, 0, NULL, NULL, NULL, NULL, 1),
                (struct entry){.what = what, .text = text});
}

/* The result of one command, without the NULL behind it; the first error is kept. */
static void read_one(conn *c, const struct entry *of, PGresult **rows, err *e)
{
    PGresult *r = PQgetResult(c->pg);
    ExecStatusType status = PQresultStatus(r);

    if (!r) {
        *e = *e ? *e : broken(c);
        return;
    }
    switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        if (of->what == Q_PREPARE)
            c->cache[of->slot].prepared = true;
        if (of->what == Q_MARK)
            c->marked = true;
        if (of->what == Q_COMMIT && strcmp(PQcmdStatus(r), "COMMIT") != 0 && !*e)
            *e = ERR_INTERNAL; /* it was rolled back: a job went on after an error */
        if (of->what == Q_QUERY && !*e) {
            c->changed = strtoll(PQcmdTuples(r), NULL, 10);
            *rows = r;
            r = NULL;
        }
        break;
    case PGRES_PIPELINE_SYNC:
    case PGRES_PIPELINE_ABORTED:
        break;
    default:
        if (!*e)
            *e = err_of(c, r, of->text);
    }
    if (r)
        PQclear(r);
    if (of->what != Q_SYNC && !c->lost && status != PGRES_PIPELINE_SYNC)
        PQclear(PQgetResult(c->pg)); /* the NULL */
}

/* Everything that is queued is sent and answered. *rows is the result of the query among it. */
static err run_queue(conn *c, PGresult **rows)
{
    PGresult *kept = NULL;
    err e = OK;

    c->again = false;
    if (c->queued && !c->lost)
        e = sent(c, PQpipelineSync(c->pg), (struct entry){.what = Q_SYNC});
    for (int i = 0; i < c->queued && !c->lost; i++)
        read_one(c, &c->queue[i], &kept, &e);
    if (c->lost && !e)
        e = ERR_STORAGE;
    c->queued = 0;
    if (e) {
        PQclear(kept);
        return e;
    }
    if (rows)
        *rows = kept;
    return OK;
}

/* ---- open and close ---- */

static err postgres_open(const db_options *o, arena *a, engine **out, slice *why)
{
    engine *g = mem_zalloc(sizeof(*g));
    char *wrong = NULL;

    (void)a;
    if (!g || !(g->url = mem_zalloc(o->url.n + 1))) {
        mem_free(g);
        return ERR_NO_MEMORY;
    }
    memcpy(g->url, o->url.p, o->url.n);
    g->busy_ms = o->busy_ms;
    g->pooled = o->pooled;
    PQconninfoOption *options = PQconninfoParse(g->url, &wrong);
    if (!options) {
        *why = arena_printf(a, "the database's URL: %s", wrong ? wrong : "out of memory");
        PQfreemem(wrong);
        mem_free(g->url);
        mem_free(g);
        return ERR_BAD_REQUEST;
    }
    PQconninfoFree(options);
    *out = g;
    return OK;
}

static void postgres_close(engine *g)
{
    if (!g)
        return;
    mem_free(g->url);
    mem_free(g);
}

static void disconnect(conn *c)
{
    if (!c)
        return;
    PQfinish(c->pg);
    mem_free(c);
}

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

/* Nobody is waited for for ever; on this connection, or in this transaction alone. */
static void limits_text(const engine *g, bool local, char to[LIMITS_TEXT])
{
    snprintf(
        to, LIMITS_TEXT,
        "SELECT set_config('lock_timeout', '%lld', %s), set_config('statement_timeout', '60s', %s),"
        " set_config('idle_in_transaction_session_timeout', '60s', %s)",
        (long long)g->busy_ms, local ? "true" : "false", local ? "true" : "false",
        local ? "true" : "false");
}

static err settle(conn *c)
{
    bool good = true;

    limits_text(c->g, c->g->pooled, c->limits);
    if (!c->g->pooled) {
        PGresult *r = PQexec(c->pg, c->limits);
        good = PQresultStatus(r) == PGRES_TUPLES_OK;
        PQclear(r);
    }
    if (!good || !PQenterPipelineMode(c->pg))
        return broken(c);
    return OK;
}

/* Everybody who asks tries again: one of them says so, now and then. */
static err unreachable(conn *c)
{
    int64_t now = clock_monotonic_us(), said = atomic_load(&c->g->unreachable_us);

    c->lost = said && now - said < UNREACHABLE_US;
    if (!c->lost)
        atomic_store(&c->g->unreachable_us, now);
    return broken(c);
}

static err connect(engine *g, bool writer, conn **out)
{
    /* Before the URL stands what it may say otherwise: a network that swallows everything is noticed
     * after some seconds, and not when the kernel gives up. */
    const char *const names[] = {
        "connect_timeout",  "keepalives_idle",  "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "fallback_application_name",
        "dbname",           "client_encoding",  NULL};
    const char *const values[] = {"5", "5", "2", "3", "10000", "recalld", g->url, "UTF8", NULL};
    conn *c = mem_zalloc(sizeof(*c));

    (void)writer;
    if (!c)
        return ERR_NO_MEMORY;
    c->g = g;
    if (getrandom(&c->writer, sizeof(c->writer), 0) != (ssize_t)sizeof(c->writer)) {
        mem_free(c);
        return ERR_STORAGE;
    }
    c->pg = PQconnectdbParams(names, values, 1);
    if (!c->pg) {
        disconnect(c);
        return ERR_NO_MEMORY;
    }
    PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
    err e = is_gone(c) ? unreachable(c) : settle(c);
    if (e)
        disconnect(c);
    else
        *out = c;
    return e;
}

static bool lost(const conn *c)
{
    return c->lost;
}

static bool again(const conn *c)
{
    return c->again;
}

/* ---- sending statements ---- */

/* Our dialect's ?1 as $1; where it writes, the rows it reads stay its own until the end. */
static err text_of(const db_sql *sql, bool writing, char to[SQL_MAX])
{
    const char *from = sql->postgres ? sql->postgres : sql->text;
    size_t n = 0;

    for (; *from && n < SQL_MAX - 1; from++)
        to[n++] = *from == '?' ? '$' : *from;
    to[n] = '\0';
    if (writing && sql->locks)
        n += (size_t)snprintf(to + n, SQL_MAX - n, " FOR UPDATE OF %s", sql->locks);
    return *from || n >= SQL_MAX ? ERR_INTERNAL : OK;
}

static size_t slot_of(conn *c, const db_sql *sql, bool writing)
{
    size_t at = ((uintptr_t)sql / sizeof(*sql) * 2 + writing) % STATEMENT_SLOTS;

    while (c->cache[at].sql && (c->cache[at].sql != sql || c->cache[at].writing != writing))
        at = (at + 1) % STATEMENT_SLOTS;
    c->cache[at].sql = sql;
    c->cache[at].writing = writing;
    return at;
}

struct binary {
    const char *values[ARGS_MAX];
    int lengths[ARGS_MAX], formats[ARGS_MAX];
    uint64_t numbers[ARGS_MAX];
};

static void to_binary(const db_value *args, size_t n, struct binary *to)
{
    assert(n <= ARGS_MAX);
    for (size_t i = 0; i < n; i++) {
        to->formats[i] = 1;
        switch (args[i].kind) {
        case DB_NULL:
            to->values[i] = NULL;
            to->lengths[i] = 0;
            break;
        case DB_INT:
            to->numbers[i] = htobe64((uint64_t)args[i].i);
            to->values[i] = (const char *)&to->numbers[i];
            to->lengths[i] = sizeof(to->numbers[i]);
            break;
        default:
            to->values[i] = args[i].s.p;
            to->lengths[i] = (int)args[i].s.n;
        }
    }
}

/* Prepared anew each time, as nobody knows which connection this is. */
static err send_unnamed(conn *c, const db_sql *sql, const struct binary *b, size_t n,
                        enum queued what)
{
    char text[SQL_MAX];
    err e = text_of(sql, c->writing, text);

    return e ? e
             : sent(c,
                    PQsendQueryParams(c->pg, text, (int)n, NULL, b->values, b->lengths, b->formats,
                                      1),
                    (struct entry){.what = what, .text = sql->text});
}

static err send_statement(conn *c, const db_sql *sql, const db_value *args, size_t n,
                          enum queued what)
{
    size_t slot = slot_of(c, sql, c->writing);
    struct binary b;
    char name[24];
    err e = OK;

    to_binary(args, n, &b);
    if (c->g->pooled)
        return send_unnamed(c, sql, &b, n, what);
    snprintf(name, sizeof(name), "s%zu", slot);
    if (!c->cache[slot].prepared) {
        char text[SQL_MAX];
        e = text_of(sql, c->writing, text);
        if (!e)
            e = sent(c, PQsendPrepare(c->pg, name, text, 0, NULL),
                     (struct entry){.what = Q_PREPARE, .slot = slot, .text = sql->text});
    }
    if (e)
        return e;
    return sent(c, PQsendQueryPrepared(c->pg, name, (int)n, b.values, b.lengths, b.formats, 1),
                (struct entry){.what = what, .text = sql->text});
}

/* ---- marks of commits ---- */

enum { MARK, OLD_MARKS, LOOK };

/* Only here, and so in PostgreSQL's words. */
static const db_sql marks[] = {
    [MARK] = {.text = "INSERT INTO commits (writer, number, at) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT (writer) DO UPDATE SET number = excluded.number,"
                      " at = excluded.at"},
    [OLD_MARKS] = {.text = "DELETE FROM commits WHERE writer IN (SELECT writer FROM commits"
                           " WHERE at < ?1 FOR UPDATE SKIP LOCKED)"},
    [LOOK] = {.text = "INSERT INTO commits (writer, number, at) VALUES (?1, 0, ?2)"
                      " ON CONFLICT (writer) DO UPDATE SET at = excluded.at RETURNING number"},
};

/* The first statement of a writing transaction; of a connection's first one also those of connections
 * that are long gone. */
static err send_mark(conn *c)
{
    int64_t now_us = clock_now_us();
    const db_value args[] = {db_int(c->writer), db_int(++c->number), db_int(now_us)};
    const db_value old[] = {db_int(now_us - MARKS_KEPT_US)};

    err e = send_statement(c, &marks[MARK], args, COUNT(args), Q_MARK);
    if (!e && c->number == 1)
        e = send_statement(c, &marks[OLD_MARKS], old, COUNT(old), Q_LATER);
    return e;
}

static int64_t number_of(const PGresult *r)
{
    uint64_t wide;

    assert(PQgetlength(r, 0, 0) == (int)sizeof(wide));
    memcpy(&wide, PQgetvalue(r, 0, 0), sizeof(wide));
    return (int64_t)be64toh(wide);
}

/* ---- transactions ---- */

static err begin(conn *c, bool writing)
{
    c->writing = writing;
    c->begin_wanted = true;
    c->marked = false;
    c->again = false;
    return c->lost ? ERR_STORAGE : OK;
}

/* With the statement that is about to be sent. */
static err send_begin(conn *c)
{
    if (!c->begin_wanted)
        return OK;
    c->begin_wanted = false;
    c->open = true;
    err e = send_plain(c,
                       c->writing ? "BEGIN ISOLATION LEVEL READ COMMITTED"
                                  : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                       Q_PLAIN);
    return e || !c->g->pooled ? e : send_plain(c, c->limits, Q_PLAIN);
}

static void rollback(conn *c)
{
    c->begin_wanted = false;
    if (c->open && !c->lost && run_queue(c, NULL) != ERR_STORAGE && !c->lost &&
        !send_plain(c, "ROLLBACK", Q_PLAIN))
        (void)!run_queue(c, NULL);
    c->open = false;
    c->queued = 0;
}

/* A reading transaction has nothing to lose: its end is sent, and read with whatever comes next. */
static void end_read(conn *c, bool failed)
{
    if (failed) {
        rollback(c);
        return;
    }
    c->begin_wanted = false;
    if (c->open && !send_plain(c, "COMMIT", Q_PLAIN) &&
        !sent(c, PQpipelineSync(c->pg), (struct entry){.what = Q_SYNC}))
        PQflush(c->pg);
    c->open = false;
}

static void rest(conn *c)
{
    (void)c;
}

static void refresh(engine *g)
{
    (void)g;
}

/* The row stays locked for as long as the transaction is under way, also while it makes the row; when
 * it is over, the number says whether it was committed. The look itself changes nothing. */
static err fate(conn *c, bool *known)
{
    const db_value args[] = {db_int(c->writer), db_int(clock_now_us())};
    conn *other = NULL;
    PGresult *r = NULL;

    *known = false;
    err e = connect(c->g, false, &other);
    if (e)
        return ERR_STORAGE;
    e = begin(other, true);
    if (!e)
        e = send_begin(other);
    if (!e)
        e = send_statement(other, &marks[LOOK], args, COUNT(args), Q_QUERY);
    if (!e)
        e = run_queue(other, &r);
    *known = !e && PQntuples(r) == 1;
    if (*known)
        e = number_of(r) == c->number ? OK : ERR_STORAGE;
    PQclear(r);
    rollback(other);
    disconnect(other);
    return e;
}

static err commit(conn *c)
{
    if (!c->open) {
        c->begin_wanted = false;
        return OK; /* it asked for nothing */
    }
    err e = c->marked || !c->writing ? OK : run_queue(c, NULL);
    if (!e && db_fault())
        e = ERR_STORAGE;
    if (e)
        return e;
    e = send_plain(c, "COMMIT", Q_COMMIT);
    if (!e)
        e = run_queue(c, NULL);
    c->open = e != OK;
    c->in_doubt = e && c->lost && c->marked;
    return e;
}

static bool in_doubt(const conn *c)
{
    return c->in_doubt;
}

/* Whether the store can be written. */
static err touch(conn *c)
{
    PGresult *r = NULL;

    err e = send_plain(c, "SELECT 1 WHERE NOT pg_is_in_recovery()", Q_QUERY);
    if (!e)
        e = run_queue(c, &r);
    if (!e && PQntuples(r) != 1)
        e = ERR_STORAGE;
    PQclear(r);
    return e;
}

/* ---- statements ---- */

static void *query(tx *t, const db_sql *sql, const db_value *args, size_t n, err *e)
{
    conn *c = t->c;
    bool later = sql->later && t->writing;
    struct result *r = mem_zalloc(sizeof(*r));

    *e = !r ? ERR_NO_MEMORY : db_fault() ? ERR_STORAGE : OK;
    if (!*e && c->queued >= QUEUE_MAX)
        *e = run_queue(c, NULL);
    bool begins = c->begin_wanted;
    if (!*e)
        *e = send_begin(c);
    if (!*e && begins && c->writing) /* what began by a script is a migration: no table yet */
        *e = send_mark(c);
    if (!*e)
        *e = send_statement(c, sql, args, n, later ? Q_LATER : Q_QUERY);
    if (!*e && !later)
        *e = run_queue(c, &r->rows);
    /* A statement that was not there yet may be prepared now; twice in one pipeline it must not. */
    else if (!*e && !c->g->pooled && !c->cache[slot_of(c, sql, c->writing)].prepared)
        *e = run_queue(c, NULL);
    if (*e) {
        mem_free(r);
        return NULL;
    }
    r->c = c;
    r->at = -1;
    return r;
}

static bool next(void *stmt, err *e)
{
    struct result *r = stmt;

    (void)e;
    return r->rows && ++r->at < PQntuples(r->rows);
}

static void end(void *stmt)
{
    struct result *r = stmt;

    PQclear(r->rows);
    mem_free(r);
}

static int64_t changed(conn *c)
{
    return c->changed;
}

static int64_t col_int(void *stmt, int col)
{
    const struct result *r = stmt;
    uint64_t wide;
    uint32_t narrow;

    if (PQgetisnull(r->rows, r->at, col))
        return NO_TIME;
    const char *p = PQgetvalue(r->rows, r->at, col);
    if (PQgetlength(r->rows, r->at, col) == (int)sizeof(wide)) {
        memcpy(&wide, p, sizeof(wide));
        return (int64_t)be64toh(wide);
    }
    assert(PQgetlength(r->rows, r->at, col) == (int)sizeof(narrow));
    memcpy(&narrow, p, sizeof(narrow));
    return (int32_t)be32toh(narrow);
}

static slice col_bytes(void *stmt, int col)
{
    const struct result *r = stmt;

    if (PQgetisnull(r->rows, r->at, col))
        return NO_SLICE;
    return (slice){PQgetvalue(r->rows, r->at, col), (size_t)PQgetlength(r->rows, r->at, col)};
}

/* ---- migrations ---- */

/* A script of several statements goes by the simple protocol, which knows no pipelines. */
static err run_script(conn *c, const char *sql)
{
    err e = run_queue(c, NULL);

    if (!e && !PQexitPipelineMode(c->pg))
        e = broken(c);
    if (e)
        return e;
    PGresult *r = PQexec(c->pg, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        e = err_of(c, r, "migration");
    PQclear(r);
    if (!PQenterPipelineMode(c->pg) && !e)
        e = broken(c);
    return e;
}

/* Lines that begin with `-- postgres: ` are for this engine alone. */
static err script(conn *c, const char *sql)
{
    static const char mark[] = "-- postgres: ";
    char *text = mem_alloc(strlen(sql) + 1);
    size_t n = 0;

    if (!text)
        return ERR_NO_MEMORY;
    while (*sql) {
        if (strncmp(sql, mark, sizeof(mark) - 1) == 0)
            sql += sizeof(mark) - 1;
        else
            text[n++] = *sql++;
    }
    text[n] = '\0';
    err e = send_begin(c);
    if (!e)
        e = run_script(c, text);
    mem_free(text);
    return e;
}

static err has_tables(conn *c, bool *yes)
{
    PGresult *r = NULL;

    err e = send_begin(c);
    if (!e)
        e = send_plain(c, "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL", Q_QUERY);
    if (!e)
        e = run_queue(c, &r);
    *yes = !e && PQntuples(r) == 1;
    PQclear(r);
    return e;
}

/* Nodes that start together migrate one after the other. */
static err lock_schema(conn *c)
{
    char text[80];

    snprintf(text, sizeof(text), "SELECT pg_advisory_xact_lock(%d)", (int)MIGRATION_LOCK);
    err e = send_begin(c);
    return e ? e : run_script(c, text);
}

/* ---- backup and check ---- */

static err backup(engine *g, const char *path, void (*progress)(int64_t, int64_t), arena *a,
                  slice *why)
{
    (void)g;
    (void)path;
    (void)progress;
    (void)a;
    *why = SLICE("a PostgreSQL store is backed up by its own tools, as pg_dump");
    return ERR_BAD_REQUEST;
}

static err check_files(engine *g, void (*say)(void *, slice), void *ctx)
{
    (void)g;
    (void)say;
    (void)ctx;
    return OK; /* the server looks after its files */
}

const engine_ops postgres_engine = {
    .many_writers = true,
    .open = postgres_open,
    .close = postgres_close,
    .connect = connect,
    .disconnect = disconnect,
    .lost = lost,
    .again = again,
    .begin = begin,
    .end_read = end_read,
    .rest = rest,
    .refresh = refresh,
    .commit = commit,
    .in_doubt = in_doubt,
    .fate = fate,
    .rollback = rollback,
    .touch = touch,
    .query = query,
    .next = next,
    .end = end,
    .changed = changed,
    .col_int = col_int,
    .col_text = col_bytes,
    .col_blob = col_bytes,
    .lock_schema = lock_schema,
    .has_tables = has_tables,
    .script = script,
    .backup = backup,
    .check_files = check_files,
};
