/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/scratch.c -- stores in memory-backed directories, lent transactions, digests. */
#include "scratch.h"

#include "base/mem.h"
#include "search/check.h"
#include "store/projects.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- directories ---- */

void scratch_init(scratch *s)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    *s = (scratch){.project = 1, .busy_ms = 2000};
    snprintf(s->dir, sizeof(s->dir), "%s/recalld_test.XXXXXX", base);
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->path, sizeof(s->path), "%s/store.db", s->dir);
    snprintf(s->url, sizeof(s->url), "sqlite:%s", s->path);
    arena_init(&s->arena, (size_t)1 << 30);
}

static void remove_files(const char *dir)
{
    char path[400];
    DIR *d = opendir(dir);
    const struct dirent *one;

    while (d && (one = readdir(d))) {
        snprintf(path, sizeof(path), "%s/%s", dir, one->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

void scratch_deinit(scratch *s)
{
    scratch_close(s);
    remove_files(s->dir);
    arena_deinit(&s->arena);
}

bool scratch_file_has_bytes(const char *path, const char *bytes)
{
    size_t n = 0, cap = 1 << 20;
    char *all = malloc(cap);
    FILE *f = fopen(path, "rb");

    assert_non_null(all);
    for (size_t got = 1; f && got > 0; n += got) {
        if (n == cap)
            all = realloc(all, cap *= 2);
        assert_non_null(all);
        got = fread(all + n, 1, cap - n, f);
    }
    if (f)
        fclose(f);
    bool found = memmem(all, n, bytes, strlen(bytes)) != NULL;
    free(all);
    return found;
}

bool scratch_has_bytes(const scratch *s, const char *bytes, const char *but)
{
    char path[400];
    DIR *d = opendir(s->dir);
    const struct dirent *one;
    bool found = false;

    assert_non_null(d);
    while (!found && (one = readdir(d))) {
        if (one->d_name[0] == '.' || (but && strcmp(one->d_name, but) == 0))
            continue;
        snprintf(path, sizeof(path), "%s/%s", s->dir, one->d_name);
        found = scratch_file_has_bytes(path, bytes);
    }
    closedir(d);
    return found;
}

/* ---- lent transactions ---- */

static err lend(db_job *job, tx *t)
{
    hand *h = (hand *)job;

    pthread_mutex_lock(&h->lock);
    if (h->runs++ > 0) { /* the engine lost what the test did: it cannot be done again */
        pthread_mutex_unlock(&h->lock);
        return h->answer ? h->answer : ERR_INTERNAL;
    }
    h->t = t;
    pthread_cond_broadcast(&h->cond);
    while (!h->ended)
        pthread_cond_wait(&h->cond, &h->lock);
    h->t = NULL;
    err e = h->answer;
    pthread_mutex_unlock(&h->lock);
    return e;
}

static void lent(db_job *job, err e)
{
    hand *h = (hand *)job;

    pthread_mutex_lock(&h->lock);
    h->result = e;
    h->done = true;
    pthread_cond_broadcast(&h->cond);
    pthread_mutex_unlock(&h->lock);
}

static tx *begin(hand *h, db *d, bool writing)
{
    assert_false(h->begun);
    *h = (hand){.job = {.run = lend, .done = lent},
                .lock = PTHREAD_MUTEX_INITIALIZER,
                .cond = PTHREAD_COND_INITIALIZER};
    assert_int_equal(writing ? db_submit_write(d, &h->job) : db_submit_read(d, &h->job), OK);
    h->begun = true;
    pthread_mutex_lock(&h->lock);
    while (!h->t && !h->done)
        pthread_cond_wait(&h->cond, &h->lock);
    tx *t = h->t;
    pthread_mutex_unlock(&h->lock);
    assert_non_null(t);
    return t;
}

static err end(hand *h, err answer)
{
    pthread_mutex_lock(&h->lock);
    h->answer = answer;
    h->ended = true;
    pthread_cond_broadcast(&h->cond);
    while (!h->done)
        pthread_cond_wait(&h->cond, &h->lock);
    h->begun = false;
    err e = h->result;
    pthread_mutex_unlock(&h->lock);
    return e;
}

tx *scratch_write(scratch *s)
{
    return begin(&s->writing, s->d, true);
}

tx *scratch_read(scratch *s)
{
    return begin(&s->reading, s->d, false);
}

err scratch_end(scratch *s, err answer)
{
    return end(&s->writing, answer);
}

err scratch_end_read(scratch *s)
{
    return end(&s->reading, OK);
}

void scratch_commit(scratch *s)
{
    assert_int_equal(scratch_end(s, OK), OK);
}

/* ---- open and close ---- */

err scratch_open_as(scratch *s, bool serve, bool create, slice *why)
{
    const db_options o = {
        .url = slice_of(s->url),
        .serve = serve,
        .create = create,
        .workers = 2,
        .max_queue = 10000,
        .busy_ms = s->busy_ms,
        .cache_bytes = 4 << 20,
    };

    assert_null(s->d);
    return db_open(&o, &s->arena, &s->d, why);
}

void scratch_open(scratch *s)
{
    slice why;
    err e = scratch_open_as(s, true, true, &why);

    if (e)
        fail_msg("%s: %.*s", err_name(e), (int)why.n, why.p);
}

void scratch_close(scratch *s)
{
    sqlite3_close(s->looker);
    s->looker = NULL;
    if (s->writing.begun)
        end(&s->writing, ERR_INTERNAL);
    if (s->reading.begun)
        end(&s->reading, ERR_INTERNAL);
    db_close(s->d);
    s->d = NULL;
}

void scratch_reopen(scratch *s)
{
    scratch_close(s);
    scratch_open(s);
}

int scratch_set_up(void **state)
{
    scratch *s = malloc(sizeof(*s));
    project p;

    assert_non_null(s);
    scratch_init(s);
    *state = s;
    scratch_open(s);
    tx *t = scratch_write(s);
    assert_int_equal(project_create(t, &s->arena, SLICE("test"), clock_now_us(), &p), OK);
    scratch_commit(s);
    assert_int_equal(p.project, s->project);
    return 0;
}

int scratch_tear_down(void **state)
{
    scratch *s = *state;

    scratch_deinit(s);
    free(s);
    return 0;
}

/* ---- what is in it ---- */

static void say(void *ctx, slice complaint)
{
    (void)ctx;
    scratch_unmute();
    print_error("%.*s\n", (int)complaint.n, complaint.p);
}

void scratch_check(scratch *s)
{
    assert_int_equal(check_store(s->d, say, NULL, NULL), OK);
    assert_int_equal(db_check_files(s->d, say, NULL), OK);
}

static sqlite3 *look(scratch *s)
{
    if (!s->looker) {
        assert_int_equal(sqlite3_open_v2(s->path, &s->looker, SQLITE_OPEN_READWRITE, NULL),
                         SQLITE_OK);
        sqlite3_busy_timeout(s->looker, 2000);
    }
    return s->looker;
}

static void look_away(scratch *s)
{
    sqlite3_close(s->looker);
    s->looker = NULL;
}

int64_t scratch_number(scratch *s, const char *sql)
{
    sqlite3 *c = look(s);
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(c, sql, -1, &stmt, NULL) != SQLITE_OK)
        scratch_fail("%s: %s", sql, sqlite3_errmsg(c));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    if (!s->d)
        look_away(s);
    return v;
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const unsigned char *at = p;

    for (size_t i = 0; i < n; i++)
        h = (h ^ at[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t mix_rows(uint64_t h, sqlite3 *c, const char *table)
{
    char sql[200];
    sqlite3_stmt *stmt = NULL;

    snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", table);
    assert_int_equal(sqlite3_prepare_v2(c, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            int type = sqlite3_column_type(stmt, i);
            const void *p = sqlite3_column_blob(stmt, i);
            size_t n = (size_t)sqlite3_column_bytes(stmt, i);
            h = mix(mix(mix(h, &type, sizeof(type)), &n, sizeof(n)), p ? p : "", p ? n : 0);
        }
    }
    sqlite3_finalize(stmt);
    return mix(h, table, strlen(table));
}

uint64_t scratch_digest(scratch *s)
{
    sqlite3 *c = look(s);
    sqlite3_stmt *stmt = NULL;
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    assert_int_equal(sqlite3_exec(c, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(c,
                                        "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                        " ORDER BY name",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        h = mix_rows(h, c, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_exec(c, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    if (!s->d)
        look_away(s);
    return h;
}

/* ---- noise ---- */

static int real_stderr = -1;

void scratch_mute(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* these must be heard */
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
#endif
}

void scratch_unmute(void)
{
    if (real_stderr < 0)
        return;
    fflush(stderr);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    real_stderr = -1;
}

/* ---- chance ---- */

uint64_t dice_next(dice *d) /* splitmix64 */
{
    uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

size_t dice_below(dice *d, size_t n)
{
    return (size_t)(dice_next(d) % n);
}
