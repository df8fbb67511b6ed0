/* SPDX-License-Identifier: Apache-2.0
 *
 * db/sqlite.c -- the embedded engine: SQLite in WAL mode, every commit synced, deleted bytes
 * zeroed.
 *
 * What of our dialect SQLite does not say itself is translated when a migration runs: `COLLATE "C"`
 * is its own byte order and falls away, and a table whose closing line bears `-- clustered` becomes
 * WITHOUT ROWID, so that rows lie in the order of their primary key. */
#include "db/engine.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STATEMENT_SLOTS = 512,
    BACKUP_STEP_PAGES = 512,
    CHECKPOINT_PAGES = 8000,
    SCRUB_WAIT_MS = 20
};

struct engine {
    char *path;
    int64_t busy_ms;
    int64_t cache_bytes;
    bool create;
    atomic_llong version; /* counts what makes kept snapshots old: this process's commits */
};

/* A read snapshot is kept between requests while no commit came: beginning and ending one costs two
 * locks of the file, more than finding a row. Other processes' commits are seen after this long. */
#define SNAPSHOT_US (CLOCK_S_US / 10)

enum fixed { BEGIN_READ, BEGIN_WRITE, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO, FIXED };

static const char *const fixed_text[FIXED] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVEPOINT] = "SAVEPOINT job",
    [RELEASE] = "RELEASE job",
    [ROLLBACK_TO] = "ROLLBACK TO job",
};

struct conn {
    sqlite3 *s;
    engine *g;
    bool reading;          /* a read transaction is open, perhaps kept from an earlier request */
    long long version;     /* of g, before that began */
    int64_t reading_since; /* clock_coarse_us */
    bool tail_dirty;       /* a failed commit may stand whole in the log */
    sqlite3_stmt *fixed[FIXED];
    struct {
        const db_sql *sql;
        sqlite3_stmt *stmt;
    } cache[STATEMENT_SLOTS]; /* open addressing by the row's address; far fewer rows than slots */
};

/* ---- memory ---- */

static void *heap_alloc(int n)
{
    return mem_alloc((size_t)n);
}

static void *heap_realloc(void *p, int n)
{
    return mem_realloc(p, (size_t)n);
}

static int heap_size(void *p)
{
    return p ? (int)malloc_usable_size(p) : 0;
}

static int heap_round(int n)
{
    return (n + 7) & ~7;
}

static int heap_init(void *ctx)
{
    (void)ctx;
    return SQLITE_OK;
}

static void heap_shutdown(void *ctx)
{
    (void)ctx;
}

/* SQLite may be configured only before its first use in the process. */
static void configure_once(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;
    static sqlite3_mem_methods heap = {heap_alloc, mem_free,  heap_realloc,  heap_size,
                                       heap_round, heap_init, heap_shutdown, NULL};

    if (atomic_flag_test_and_set(&done))
        return;
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MALLOC, &heap);
    sqlite3_initialize();
}

/* ---- errors ---- */

static err err_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_CONSTRAINT:
        return ERR_EXISTS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_IOERR:
        return rc == SQLITE_IOERR_NOMEM ? ERR_NO_MEMORY : ERR_STORAGE;
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_STORAGE;
    default:
        return ERR_INTERNAL;
    }
}

static err report(conn *c, int rc, const char *what)
{
    err e = err_of(rc);

    if (e && e != ERR_EXISTS && e != ERR_BUSY)
        log_error("store: %s: %s (%d)", what, sqlite3_errmsg(c->s), rc);
    return e;
}

/* ---- open and close ---- */

static err sqlite_open(const db_options *o, arena *a, engine **out, slice *why)
{
    struct stat st;
    engine *g = mem_zalloc(sizeof(*g));
    const size_t scheme = strlen("sqlite:");

    configure_once();
    if (!g || !(g->path = mem_zalloc(o->url.n + 1))) {
        mem_free(g);
        return ERR_NO_MEMORY;
    }
    memcpy(g->path, o->url.p + scheme, o->url.n - scheme);
    if (strncmp(g->path, "//", 2) == 0)
        memmove(g->path, g->path + 2, strlen(g->path) - 1);
    g->busy_ms = o->busy_ms;
    g->cache_bytes = o->cache_bytes;
    g->create = o->create;
    if (!o->create && stat(g->path, &st) != 0) {
        *why = arena_printf(a, "there is no store at %s", g->path);
        mem_free(g->path);
        mem_free(g);
        return ERR_NOT_FOUND;
    }
    *out = g;
    return OK;
}

static void sqlite_close(engine *g)
{
    if (!g)
        return;
    mem_free(g->path);
    mem_free(g);
}

static void disconnect(conn *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < FIXED; i++)
        sqlite3_finalize(c->fixed[i]);
    for (size_t i = 0; i < STATEMENT_SLOTS; i++)
        sqlite3_finalize(c->cache[i].stmt);
    sqlite3_close(c->s);
    mem_free(c);
}

static int settle(conn *c, const engine *g, bool writer)
{
    char pragmas[512];
    int64_t cache_kib = (writer ? g->cache_bytes : g->cache_bytes / 4) / 1024;

    snprintf(
        pragmas, sizeof(pragmas),
        "PRAGMA cache_size = -%lld; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;%s",
        (long long)cache_kib,
        writer ? "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
               : "PRAGMA query_only = ON;");
    sqlite3_busy_timeout(c->s, (int)g->busy_ms);
    int rc = sqlite3_exec(c->s, pragmas, NULL, NULL, NULL);
    if (rc == SQLITE_OK && writer)
        rc = sqlite3_wal_autocheckpoint(c->s, CHECKPOINT_PAGES);
    return rc;
}

static err connect(engine *g, bool writer, conn **out)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (g->create ? SQLITE_OPEN_CREATE : 0);
    conn *c = mem_zalloc(sizeof(*c));

    if (!c)
        return ERR_NO_MEMORY;
    c->g = g;
    int rc = sqlite3_open_v2(g->path, &c->s, flags, NULL);
    if (rc == SQLITE_OK)
        rc = settle(c, g, writer);
    for (size_t i = 0; rc == SQLITE_OK && i < FIXED; i++)
        rc = sqlite3_prepare_v3(c->s, fixed_text[i], -1, SQLITE_PREPARE_PERSISTENT, &c->fixed[i],
                                NULL);
    if (rc != SQLITE_OK) {
        err e = report(c, rc, "cannot open");
        disconnect(c);
        return e ? e : ERR_STORAGE;
    }
    *out = c;
    return OK;
}

/* ---- transactions ---- */

static err run_fixed(conn *c, enum fixed which)
{
    if ((which == COMMIT || which == BEGIN_WRITE) && db_fault())
        return ERR_STORAGE;
    int rc = sqlite3_step(c->fixed[which]);
    sqlite3_reset(c->fixed[which]);
    return rc == SQLITE_DONE ? OK : report(c, rc, fixed_text[which]);
}

static bool in_transaction(conn *c)
{
    return !sqlite3_get_autocommit(c->s);
}

static void rollback(conn *c)
{
    if (in_transaction(c) && run_fixed(c, ROLLBACK))
        log_error("store: a transaction could not be rolled back");
}

static void rest(conn *c)
{
    rollback(c);
    c->reading = false;
}

static void refresh(engine *g)
{
    atomic_fetch_add(&g->version, 1);
}

static err begin_read(conn *c)
{
    long long version = atomic_load(&c->g->version);
    int64_t now = clock_coarse_us();

    if (c->reading && c->version == version && now - c->reading_since < SNAPSHOT_US)
        return OK;
    rest(c);
    err e = run_fixed(c, BEGIN_READ);
    c->reading = !e;
    c->version = version;
    c->reading_since = now;
    return e;
}

static void end_read(conn *c, bool failed)
{
    if (failed)
        rest(c);
}

static err begin(conn *c, bool writing)
{
    return writing ? run_fixed(c, BEGIN_WRITE) : begin_read(c);
}

/* A write that failed left no whole commit in the log: its last frame, the one that commits, comes
 * last. After any other failure (of the sync above all) it may be there. */
static err commit(conn *c)
{
    err e = run_fixed(c, COMMIT);
    int rc = sqlite3_extended_errcode(c->s);

    c->tail_dirty = e && rc != SQLITE_FULL && rc != SQLITE_IOERR_WRITE && rc != SQLITE_BUSY;
    if (!e)
        refresh(c->g);
    return e;
}

static err savepoint(conn *c)
{
    return run_fixed(c, SAVEPOINT);
}

static err release(conn *c)
{
    return run_fixed(c, RELEASE);
}

static err rollback_to(conn *c)
{
    err e = run_fixed(c, ROLLBACK_TO);

    return e ? e : run_fixed(c, RELEASE);
}

/* Setting user_version always writes a page. */
static err touch(conn *c)
{
    static atomic_int turn;
    char text[64];

    if (db_fault())
        return ERR_STORAGE;
    snprintf(text, sizeof(text), "PRAGMA user_version = %d",
             (atomic_fetch_add(&turn, 1) & 0x3fffffff) + 1);
    return err_of(sqlite3_exec(c->s, text, NULL, NULL, NULL));
}

/* A commit whose sync failed may stand whole in the log, and a crash would bring it back. The next
 * commit overwrites it: its frames begin where those began. */
static err cut_log(conn *c)
{
    return c->tail_dirty ? touch(c) : OK;
}

/* Not longer than a blink: the writer's queue waits meanwhile, and it is tried again. */
static err scrub(conn *c)
{
    sqlite3_busy_timeout(c->s, SCRUB_WAIT_MS);
    int rc = sqlite3_wal_checkpoint_v2(c->s, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    sqlite3_busy_timeout(c->s, (int)c->g->busy_ms);
    return rc == SQLITE_OK ? OK : report(c, rc, "checkpoint");
}

/* ---- statements ---- */

static sqlite3_stmt *statement(conn *c, const db_sql *sql, err *e)
{
    size_t slot = ((uintptr_t)sql / sizeof(*sql)) % STATEMENT_SLOTS;

    assert(sql);
    while (c->cache[slot].sql != sql && c->cache[slot].sql)
        slot = (slot + 1) % STATEMENT_SLOTS;
    if (c->cache[slot].sql)
        return c->cache[slot].stmt;

    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(c->s, sql->text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (rc != SQLITE_OK) {
        *e = report(c, rc, sql->text);
        return NULL;
    }
    c->cache[slot].sql = sql;
    c->cache[slot].stmt = stmt;
    return stmt;
}

static int bind(sqlite3_stmt *s, int at, const db_value *v)
{
    switch (v->kind) {
    case DB_INT:
        return sqlite3_bind_int64(s, at, v->i);
    case DB_TEXT:
        return sqlite3_bind_text64(s, at, v->s.p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case DB_BLOB:
        return sqlite3_bind_blob64(s, at, v->s.p, v->s.n, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(s, at);
    }
}

static void end(void *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

static void *query(tx *t, const db_sql *sql, const db_value *args, size_t n, err *e)
{
    int rc = SQLITE_OK;

    *e = OK;
    if (db_fault()) {
        *e = ERR_STORAGE;
        return NULL;
    }
    sqlite3_stmt *s = statement(t->c, sql, e);
    if (!s)
        return NULL;
    assert(!sqlite3_stmt_busy(s));
    assert(sqlite3_bind_parameter_count(s) == (int)n);
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
        rc = bind(s, (int)i + 1, &args[i]);
    if (rc != SQLITE_OK) {
        *e = report(t->c, rc, sql->text);
        end(s);
        return NULL;
    }
    return s;
}

static bool next(void *stmt, err *e)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE) {
        *e = err_of(rc);
        if (*e != ERR_EXISTS && *e != ERR_BUSY)
            log_error("store: %s: %s (%d)", sqlite3_sql(stmt),
                      sqlite3_errmsg(sqlite3_db_handle(stmt)), rc);
    }
    return false;
}

static int64_t changed(conn *c)
{
    return sqlite3_changes64(c->s);
}

static int64_t col_int(void *stmt, int col)
{
    return sqlite3_column_type(stmt, col) == SQLITE_NULL ? NO_TIME
                                                         : sqlite3_column_int64(stmt, col);
}

static slice col_bytes(void *stmt, int col, const void *p)
{
    if (sqlite3_column_type(stmt, col) == SQLITE_NULL)
        return NO_SLICE;
    return (slice){p ? p : "", (size_t)sqlite3_column_bytes(stmt, col)};
}

static slice col_text(void *stmt, int col)
{
    return col_bytes(stmt, col, sqlite3_column_text(stmt, col));
}

static slice col_blob(void *stmt, int col)
{
    return col_bytes(stmt, col, sqlite3_column_blob(stmt, col));
}

/* ---- migrations ---- */

static err lock_schema(conn *c)
{
    (void)c;
    return OK; /* BEGIN IMMEDIATE has done it */
}

static err has_tables(conn *c, bool *yes)
{
    sqlite3_stmt *s = NULL;

    int rc = sqlite3_prepare_v2(c->s, "SELECT 1 FROM sqlite_schema LIMIT 1", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    *yes = rc == SQLITE_ROW;
    sqlite3_finalize(s);
    return report(c, rc, "cannot open");
}

static bool take(const char **at, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

/* Our dialect as SQLite's; the result is to be freed. */
static char *translate(const char *sql)
{
    char *to = mem_alloc(strlen(sql) * 2 + 1);
    size_t n = 0;

    if (!to)
        return NULL;
    while (*sql) {
        if (take(&sql, " COLLATE \"C\""))
            continue;
        if (take(&sql, "); -- clustered")) {
            static const char clustered[] = ") WITHOUT ROWID;";
            memcpy(to + n, clustered, sizeof(clustered) - 1);
            n += sizeof(clustered) - 1;
            continue;
        }
        to[n++] = *sql++;
    }
    to[n] = '\0';
    return to;
}

static err script(conn *c, const char *sql)
{
    char *text = translate(sql);

    if (!text)
        return ERR_NO_MEMORY;
    int rc = sqlite3_exec(c->s, text, NULL, NULL, NULL);
    mem_free(text);
    return report(c, rc, "migration");
}

/* ---- backup and check ---- */

static int copy_pages(sqlite3 *from, sqlite3 *to, void (*progress)(int64_t, int64_t))
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

    if (!b)
        return sqlite3_errcode(to);
    while (sqlite3_backup_step(b, BACKUP_STEP_PAGES) == SQLITE_OK)
        if (progress)
            progress(sqlite3_backup_pagecount(b) - sqlite3_backup_remaining(b),
                     sqlite3_backup_pagecount(b));
    return sqlite3_backup_finish(b);
}

/* One read transaction for the whole copy: writers go on, and the copy is of one instant. */
static err copy_store(engine *g, const char *path, void (*progress)(int64_t, int64_t), arena *a,
                      slice *why)
{
    sqlite3 *to = NULL;
    conn *c = NULL;

    err e = connect(g, false, &c);
    if (e)
        return e;
    e = begin(c, false);
    if (!e)
        e = err_of(sqlite3_exec(c->s, "SELECT 1 FROM schema_version", NULL, NULL, NULL));
    if (!e) {
        int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
        if (rc == SQLITE_OK)
            rc = copy_pages(c->s, to, progress);
        if (rc != SQLITE_OK) {
            *why = arena_printf(a, "the copy failed: %s", sqlite3_errmsg(to));
            e = ERR_STORAGE;
        }
    }
    if (sqlite3_close(to) != SQLITE_OK && !e)
        e = ERR_STORAGE;
    disconnect(c);
    return e;
}

static err sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return ERR_STORAGE;
    err e = fsync(fd) == 0 ? OK : ERR_STORAGE;
    close(fd);
    return e;
}

static err backup(engine *g, const char *path, void (*progress)(int64_t, int64_t), arena *a,
                  slice *why)
{
    slice part = arena_printf(a, "%s.part", path);
    int fd;

    if (!part.p)
        return ERR_NO_MEMORY;
    if (access(path, F_OK) == 0) {
        *why = arena_printf(a, "%s is there already", path);
        return ERR_EXISTS;
    }
    fd = open(part.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        *why = arena_printf(a, "cannot write %s: %s", part.p, strerror(errno));
        return ERR_STORAGE;
    }
    close(fd);

    err e = copy_store(g, part.p, progress, a, why);
    if (!e)
        e = sync_file(part.p);
    if (!e && link(part.p, path) != 0) { /* unlike rename, never over a file that came meanwhile */
        *why = arena_printf(a, "cannot write %s: %s", path, strerror(errno));
        e = errno == EEXIST ? ERR_EXISTS : ERR_STORAGE;
    }
    unlink(part.p);
    return e;
}

struct complaints {
    void (*say)(void *ctx, slice complaint);
    void *ctx;
    bool any;
};

static int complaint(void *ctx, int n, char **texts, char **names)
{
    struct complaints *to = ctx;

    (void)names;
    if (n > 0 && texts[0] && strcmp(texts[0], "ok") != 0) {
        to->any = true;
        to->say(to->ctx, slice_of(texts[0]));
    }
    return 0;
}

static err check_files(engine *g, void (*say)(void *, slice), void *ctx)
{
    struct complaints to = {say, ctx, false};
    conn *c = NULL;

    err e = connect(g, false, &c);
    if (e)
        return e;
    e = report(c, sqlite3_exec(c->s, "PRAGMA integrity_check", complaint, &to, NULL), "check");
    disconnect(c);
    return !e && to.any ? ERR_STORAGE : e;
}

const engine_ops sqlite_engine = {
    .open = sqlite_open,
    .close = sqlite_close,
    .connect = connect,
    .disconnect = disconnect,
    .begin = begin,
    .end_read = end_read,
    .rest = rest,
    .refresh = refresh,
    .commit = commit,
    .rollback = rollback,
    .in_transaction = in_transaction,
    .savepoint = savepoint,
    .release = release,
    .rollback_to = rollback_to,
    .touch = touch,
    .cut_log = cut_log,
    .scrub = scrub,
    .query = query,
    .next = next,
    .end = end,
    .changed = changed,
    .col_int = col_int,
    .col_text = col_text,
    .col_blob = col_blob,
    .lock_schema = lock_schema,
    .has_tables = has_tables,
    .script = script,
    .backup = backup,
    .check_files = check_files,
};
