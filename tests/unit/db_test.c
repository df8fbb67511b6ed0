/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/db_test.c -- opening and migrating, group commit, queues, snapshots, backup, forgetting. */
#include "db/db.h"

#include "base/mem.h"
#include "scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PUT, GET, TOTAL, DROP, NAME, NAMES, RENAME };

/* Rows of kind 77 in counts, and names of projects, are these tests' own. */
static const db_sql sql[] = {
    [PUT] = {.text =
                 "INSERT INTO counts (project, kind, slot, total, last) VALUES (?1, 77, 0, ?2, 0)"},
    [GET] = {.text = "SELECT total FROM counts WHERE project = ?1 AND kind = 77"},
    [TOTAL] = {.text = "SELECT COUNT(*), SUM(total) FROM counts WHERE kind = 77"},
    [DROP] = {.text = "DELETE FROM projects WHERE project = ?1"},
    [NAME] = {.text = "INSERT INTO projects (project, name, description, created_at)"
                      " VALUES (?1, ?2, ?3, 0)"},
    [NAMES] = {.text = "SELECT project, name, description FROM projects WHERE project >= ?1"
                       " ORDER BY project"},
    [RENAME] = {.text = "UPDATE projects SET description = ?2 WHERE project >= ?1"},
};

/* ---- jobs ---- */

/* Puts a row, and then answers `answer`. */
typedef struct put {
    db_job job; /* first */
    int64_t key;
    err answer;
    atomic_int runs, dones;
    err result;
    int order; /* which of all it was that was done */
    db *hooked;
} put;

static atomic_int done_so_far;

static err put_run(db_job *job, tx *t)
{
    put *p = (put *)job;

    p->runs++;
    err e = db_run(t, &sql[PUT], DB_ARGS(db_int(p->key), db_int(1)));
    return e ? e : p->answer;
}

static void put_done(db_job *job, err e)
{
    put *p = (put *)job;

    p->result = e;
    p->order = atomic_fetch_add(&done_so_far, 1);
    p->dones++; /* last: whoever waits for it may read the others then */
}

static void submit_put(scratch *s, put *p, int64_t key, err answer)
{
    *p = (put){.job = {.run = put_run, .done = put_done}, .key = key, .answer = answer};
    assert_int_equal(db_submit_write(s->d, &p->job), OK);
}

static void wait_for(put *all, size_t n)
{
    int64_t until = clock_monotonic_us() + 20 * CLOCK_S_US;

    for (size_t i = 0; i < n; i++)
        while (!all[i].dones) {
            assert_true(clock_monotonic_us() < until);
            usleep(200);
        }
}

struct get {
    db_job job; /* first */
    int64_t key, total;
};

static err get_run(db_job *job, tx *t)
{
    struct get *g = (struct get *)job;

    g->total = NO_TIME;
    db_rows r = db_query(t, &sql[GET], DB_ARGS(db_int(g->key)));
    if (db_next(&r))
        g->total = db_col_int(&r, 0);
    return db_end(&r);
}

static bool there(db *d, int64_t key)
{
    struct get g = {.job = {.run = get_run}, .key = key};

    return db_read(d, &g.job) == OK && g.total != NO_TIME;
}

static db_stats stats_of(scratch *s)
{
    db_stats st;

    db_stats_read(s->d, &st);
    return st;
}

/* ---- open ---- */

static void a_new_store_is_made_and_found_again(void **state)
{
    scratch s;

    (void)state;
    scratch_init(&s);
    scratch_open(&s);
    assert_int_equal(access(s.path, F_OK), 0);
    assert_int_equal(scratch_number(&s, "SELECT version FROM schema_version"), db_schema_version());
    assert_true(db_writable(s.d));
    assert_int_equal(db_run(scratch_write(&s), &sql[PUT], DB_ARGS(db_int(5), db_int(1))), OK);
    scratch_commit(&s);
    scratch_reopen(&s);
    assert_true(there(s.d, 5));
    assert_int_equal(scratch_number(&s, "SELECT COUNT(*) FROM schema_version"), 1);
    scratch_deinit(&s);
}

static void only_one_serves(void **state)
{
    scratch *s = *state, second = *s;
    slice why;

    second.d = NULL;
    assert_int_equal(scratch_open_as(&second, true, true, &why), ERR_CONFLICT);
    assert_true(why.n > 0);

    /* a command may visit, read and write */
    assert_int_equal(scratch_open_as(&second, false, false, &why), OK);
    put p = {.job = {.run = put_run, .done = put_done}, .key = 9};
    assert_int_equal(db_write(second.d, &p.job), OK);
    assert_int_equal(p.dones, 0);
    assert_true(there(second.d, 9));
    usleep(150 * 1000); /* what another process wrote is seen within a tenth of a second */
    assert_true(there(s->d, 9));
    db_close(second.d);

    scratch_close(s);
    second.d = NULL;
    assert_int_equal(scratch_open_as(&second, true, true, &why), OK);
    db_close(second.d);
}

static void a_visit_makes_nothing(void **state)
{
    scratch s;
    slice why;

    (void)state;
    scratch_init(&s);
    assert_int_equal(scratch_open_as(&s, false, false, &why), ERR_NOT_FOUND);
    assert_true(why.n > 0);
    assert_int_not_equal(access(s.path, F_OK), 0);

    /* an empty file is a store of no version yet */
    close(open(s.path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(scratch_open_as(&s, false, false, &why), ERR_NOT_FOUND);
    assert_true(why.n > 0);
    assert_int_equal(scratch_open_as(&s, false, true, &why), OK);
    scratch_deinit(&s);
}

static void set_version(scratch *s, int version)
{
    char text[100];
    sqlite3 *c = NULL;

    snprintf(text, sizeof(text), "UPDATE schema_version SET version = %d", version);
    assert_int_equal(sqlite3_open(s->path, &c), SQLITE_OK);
    assert_int_equal(sqlite3_exec(c, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(c);
}

static void a_newer_store_is_refused(void **state)
{
    scratch *s = *state;
    slice why;

    scratch_close(s);
    set_version(s, db_schema_version() + 1);
    uint64_t before = scratch_digest(s);
    for (int serve = 0; serve < 2; serve++) {
        assert_int_equal(scratch_open_as(s, serve, serve, &why), ERR_BAD_REQUEST);
        assert_non_null(memmem(why.p, why.n, "newer", 5));
    }
    assert_true(scratch_digest(s) == before);
    set_version(s, db_schema_version());
    scratch_open(s);
}

static void an_older_store_is_the_servers_to_migrate(void **state)
{
    scratch *s = *state;
    slice why;

    scratch_close(s);
    set_version(s, 0);
    assert_int_equal(scratch_open_as(s, false, false, &why), ERR_NOT_FOUND);
    assert_non_null(memmem(why.p, why.n, "older", 5));

    /* tables that are there already: the migration fails as a whole */
    uint64_t before = scratch_digest(s);
    assert_int_not_equal(scratch_open_as(s, true, true, &why), OK);
    assert_non_null(memmem(why.p, why.n, "0001", 4));
    assert_true(scratch_digest(s) == before);

    remove(s->path);
    sqlite3 *c = NULL;
    assert_int_equal(sqlite3_open(s->path, &c), SQLITE_OK);
    assert_int_equal(sqlite3_exec(c,
                                  "CREATE TABLE schema_version (version BIGINT NOT NULL);"
                                  "INSERT INTO schema_version VALUES (0);",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(c);
    scratch_open(s);
    assert_int_equal(scratch_number(s, "SELECT version FROM schema_version"), db_schema_version());
}

static void a_bad_url_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "sqlite", "sqlite:", "postgres://", "postgres://h/x?nonsense=1", "oracle:x", "/tmp/x"};
    arena a;

    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < COUNT(bad); i++) {
        const db_options o = {.url = slice_of(bad[i]), .create = true};
        db *d = NULL;
        slice why;
        assert_int_equal(db_open(&o, &a, &d, &why), ERR_BAD_REQUEST);
        assert_true(why.n > 0);
    }
    const db_options o = {
        .url = SLICE("sqlite:/nonexistent/dir/x.db"), .serve = true, .create = true};
    db *d = NULL;
    slice why;
    assert_int_equal(db_open(&o, &a, &d, &why), ERR_STORAGE);
    assert_true(why.n > 0);
    db_close(NULL);
    arena_deinit(&a);
}

/* ---- statements ---- */

static void values_come_back_as_they_went(void **state)
{
    scratch *s = *state;
    const char bytes[] = "a\0b\xC3\xA9";
    const slice text = {bytes, sizeof(bytes) - 1};

    tx *t = scratch_write(s);
    assert_int_equal(db_run(t, &sql[NAME], DB_ARGS(db_int(10), db_text(text), db_text(NO_SLICE))),
                     OK);
    assert_int_equal(
        db_run(t, &sql[NAME], DB_ARGS(db_int(11), db_text(SLICE("eleven")), db_text(SLICE("")))),
        OK);
    assert_int_equal(db_run(t, &sql[NAME], DB_ARGS(db_int(12), db_opt(NO_TIME), db_opt(INT64_MAX))),
                     OK);
    int64_t changed = 0;
    assert_int_equal(
        db_run_count(t, &sql[RENAME], DB_ARGS(db_int(99), db_text(SLICE("x"))), &changed), OK);
    assert_int_equal(changed, 0);

    db_rows r = db_query(t, &sql[NAMES], DB_ARGS(db_int(10)));
    db_rows other = db_query(t, &sql[TOTAL], DB_NO_ARGS); /* two of them open at a time */
    assert_true(db_next(&other));
    assert_int_equal(db_col_int(&other, 0), 0);
    assert_true(db_col_int(&other, 1) == NO_TIME);
    assert_true(db_next(&r));
    assert_int_equal(db_col_int(&r, 0), 10);
    assert_true(slice_eq(db_col_text(&r, 1), text));
    assert_null(db_col_text(&r, 2).p);
    assert_int_equal(db_end(&other), OK);
    assert_true(db_next(&r));
    assert_true(slice_is(db_col_text(&r, 1), "eleven"));
    assert_true(db_col_text(&r, 2).p && db_col_text(&r, 2).n == 0);
    assert_true(db_next(&r));
    assert_null(db_col_text(&r, 1).p);
    assert_true(db_col_int(&r, 2) == INT64_MAX);
    assert_false(db_next(&r));
    assert_false(db_next(&r));
    assert_int_equal(db_end(&r), OK);

    assert_int_equal(
        db_run_count(t, &sql[RENAME], DB_ARGS(db_int(10), db_text(SLICE("x"))), &changed), OK);
    assert_int_equal(changed, 3);
    scratch_commit(s);
}

static atomic_long asked;

static bool count_only(void)
{
    asked++;
    return false;
}

static void statements_are_prepared_once(void **state)
{
    scratch *s = *state;
    long took[3];

    tx *t = scratch_write(s);
    for (int i = 0; i < 3; i++) {
        asked = 0;
        mem_set_fault(count_only);
        err e = db_run(t, &sql[PUT], DB_ARGS(db_int(100 + i), db_int(1)));
        mem_set_fault(NULL);
        assert_int_equal(e, OK);
        took[i] = asked;
    }
    assert_true(took[0] > 20);
    assert_true(took[2] < took[0] / 4);
    scratch_commit(s);
}

/* ---- group commit ---- */

static void waiting_jobs_share_a_commit(void **state)
{
    enum { N = 200 };
    static put all[N];
    scratch *s = *state;

    (void)scratch_write(s); /* the writer waits for the test */
    db_stats before = stats_of(s);
    done_so_far = 0;
    for (int i = 0; i < N; i++)
        submit_put(s, &all[i], 1000 + i, i == 17 ? ERR_CONFLICT : i == 99 ? ERR_INTERNAL : OK);
    assert_int_equal(stats_of(s).queue_write, N);
    scratch_commit(s);
    wait_for(all, N);
    db_stats after = stats_of(s);
    assert_int_equal(after.commits - before.commits, 2); /* the test's own, and theirs */
    assert_int_equal(after.jobs - before.jobs, N + 1);
    assert_int_equal(after.rollbacks, before.rollbacks);
    assert_int_equal(after.queue_write, 0);
    for (int i = 0; i < N; i++) {
        assert_int_equal(all[i].runs, 1);
        assert_int_equal(all[i].dones, 1);
        assert_int_equal(all[i].order, i);
        assert_int_equal(all[i].result, all[i].answer);
        assert_int_equal(there(s->d, 1000 + i), all[i].answer == OK);
    }
}

static void a_taken_key_is_one_jobs_own_trouble(void **state)
{
    static put all[4];
    scratch *s = *state;

    (void)scratch_write(s);
    submit_put(s, &all[0], 1, OK);
    submit_put(s, &all[1], 1, OK);
    submit_put(s, &all[2], 2, OK);
    submit_put(s, &all[3], 1, OK);
    scratch_commit(s);
    wait_for(all, COUNT(all));
    assert_int_equal(all[0].result, OK);
    assert_int_equal(all[1].result, ERR_EXISTS);
    assert_int_equal(all[2].result, OK);
    assert_int_equal(all[3].result, ERR_EXISTS);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM counts WHERE kind = 77"), 2);
    assert_true(db_writable(s->d));
}

static void nothing_to_commit_is_no_commit(void **state)
{
    scratch *s = *state;
    int64_t before = stats_of(s).commits;
    static put one;

    submit_put(s, &one, 1, ERR_NOT_FOUND);
    wait_for(&one, 1);
    assert_int_equal(one.result, ERR_NOT_FOUND);
    assert_int_equal(stats_of(s).commits, before);
    assert_false(there(s->d, 1));
}

static atomic_int fail_from, fail_n, fault_calls;

static bool planned_fault(void)
{
    int now = ++fault_calls;

    return now >= fail_from && now < fail_from + fail_n;
}

static void fail_calls(int from, int n)
{
    fault_calls = 0;
    fail_from = from;
    fail_n = n;
    db_set_fault(planned_fault);
}

static void a_lost_commit_is_run_again_one_by_one(void **state)
{
    static put all[3];
    scratch *s = *state;

    (void)scratch_write(s);
    for (int i = 0; i < 3; i++)
        submit_put(s, &all[i], i + 1, i == 1 ? ERR_CONFLICT : OK);
    scratch_commit(s);
    wait_for(all, 3);
    db_stats before = stats_of(s);

    (void)scratch_write(s);
    for (int i = 0; i < 3; i++)
        submit_put(s, &all[i], i + 10, i == 1 ? ERR_CONFLICT : OK);
    /* the test's own commit; then begin, three statements, and the commit that fails */
    fail_calls(6, 1);
    scratch_commit(s);
    wait_for(all, 3);
    db_set_fault(NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(all[i].runs, 2);
        assert_int_equal(all[i].dones, 1);
        assert_int_equal(all[i].result, all[i].answer);
        assert_int_equal(there(s->d, i + 10), i != 1);
    }
    assert_int_equal(stats_of(s).rollbacks - before.rollbacks, 1);
    assert_int_equal(stats_of(s).commits - before.commits, 3);
    assert_true(db_writable(s->d));
}

static void a_store_that_cannot_be_written_says_so(void **state)
{
    static put all[3];
    scratch *s = *state;

    fail_calls(1, INT32_MAX / 2);
    for (int i = 0; i < 3; i++)
        submit_put(s, &all[i], i + 1, OK);
    wait_for(all, 3);
    db_set_fault(NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(all[i].result, ERR_STORAGE);
        assert_int_equal(all[i].dones, 1);
        assert_false(there(s->d, i + 1));
    }
    assert_false(db_writable(s->d));
    submit_put(s, &all[0], 1, OK);
    wait_for(all, 1);
    assert_int_equal(all[0].result, OK);
    assert_true(db_writable(s->d));
}

/* ---- deadlines and full queues ---- */

static void a_job_that_waited_too_long_is_not_run(void **state)
{
    static put late, timely;
    scratch *s = *state;
    int64_t now = clock_monotonic_us();

    (void)scratch_write(s);
    late = (put){.job = {.run = put_run, .done = put_done, .deadline_us = now + 1000}, .key = 1};
    timely = (put){.job = {.run = put_run, .done = put_done, .deadline_us = now + 60 * CLOCK_S_US},
                   .key = 2};
    assert_int_equal(db_submit_write(s->d, &late.job), OK);
    assert_int_equal(db_submit_write(s->d, &timely.job), OK);
    usleep(5000);
    scratch_commit(s);
    wait_for(&late, 1);
    wait_for(&timely, 1);
    assert_int_equal(late.result, ERR_BUSY);
    assert_int_equal(late.runs, 0);
    assert_int_equal(timely.result, OK);

    late = (put){.job = {.run = get_run, .done = put_done, .deadline_us = 1}};
    assert_int_equal(db_submit_read(s->d, &late.job), OK);
    wait_for(&late, 1);
    assert_int_equal(late.result, ERR_BUSY);
}

static void a_full_queue_takes_no_more(void **state)
{
    static put all[4];
    scratch *s = *state;
    const db_options o = {.url = slice_of(s->url),
                          .serve = true,
                          .create = true,
                          .workers = 1,
                          .max_queue = 3,
                          .busy_ms = 1000,
                          .cache_bytes = 1 << 20};
    slice why;

    scratch_close(s);
    assert_int_equal(db_open(&o, &s->arena, &s->d, &why), OK);
    (void)scratch_write(s);
    for (int i = 0; i < 3; i++)
        submit_put(s, &all[i], i + 1, OK);
    all[3] = (put){.job = {.run = put_run, .done = put_done}, .key = 4};
    assert_int_equal(db_submit_write(s->d, &all[3].job), ERR_BUSY);
    assert_int_equal(db_write(s->d, &all[3].job), ERR_BUSY);
    assert_int_equal(stats_of(s).queue_write, 3);
    scratch_commit(s);
    wait_for(all, 3);
    assert_int_equal(all[3].runs + all[3].dones, 0);

    (void)scratch_read(s);
    for (int i = 0; i < 3; i++) {
        all[i] = (put){.job = {.run = get_run, .done = put_done}};
        assert_int_equal(db_submit_read(s->d, &all[i].job), OK);
    }
    assert_int_equal(db_submit_read(s->d, &all[3].job), ERR_BUSY);
    assert_int_equal(stats_of(s).queue_read, 3);
    assert_int_equal(scratch_end_read(s), OK);
    wait_for(all, 3);
}

static void closing_waits_for_what_was_taken(void **state)
{
    enum { N = 500 };
    static put all[N];
    scratch *s = *state;

    for (int i = 0; i < N; i++)
        submit_put(s, &all[i], i, OK);
    scratch_close(s);
    for (int i = 0; i < N; i++) {
        assert_int_equal(all[i].dones, 1);
        assert_int_equal(all[i].result, OK);
    }
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM counts WHERE kind = 77"), N);
    scratch_open(s);
}

/* ---- what readers see ---- */

static void readers_see_commits_and_nothing_else(void **state)
{
    scratch *s = *state;
    int64_t total;

    tx *w = scratch_write(s);
    assert_int_equal(db_run(w, &sql[PUT], DB_ARGS(db_int(1), db_int(1))), OK);
    assert_false(there(s->d, 1));
    scratch_commit(s);
    assert_true(there(s->d, 1));

    tx *r = scratch_read(s);
    for (int i = 0; i < 2; i++) { /* a snapshot stands still */
        db_rows rows = db_query(r, &sql[TOTAL], DB_NO_ARGS);
        assert_true(db_next(&rows));
        total = db_col_int(&rows, 0);
        assert_int_equal(db_end(&rows), OK);
        assert_int_equal(total, 1);
        if (i == 0) {
            w = scratch_write(s);
            assert_int_equal(db_run(w, &sql[PUT], DB_ARGS(db_int(2), db_int(1))), OK);
            scratch_commit(s);
            assert_true(there(s->d, 2));
        }
    }
    assert_int_equal(scratch_end_read(s), OK);
    assert_true(there(s->d, 2));
}

static err write_in_a_read(db_job *job, tx *t)
{
    (void)job;
    return db_run(t, &sql[PUT], DB_ARGS(db_int(1), db_int(1)));
}

static void a_read_cannot_write(void **state)
{
    scratch *s = *state;
    db_job job = {.run = write_in_a_read};

    assert_int_not_equal(db_read(s->d, &job), OK);
    assert_false(there(s->d, 1));
    assert_true(there(s->d, 2) == false); /* the connection is as good as before */
}

struct own_writes {
    scratch *s;
    int64_t first;
    int lost;
};

static void *write_and_look(void *arg)
{
    struct own_writes *w = arg;

    for (int64_t key = w->first; key < w->first + 300; key++) {
        put p = {.job = {.run = put_run}, .key = key};
        if (db_write(w->s->d, &p.job) || !there(w->s->d, key))
            w->lost++;
    }
    return NULL;
}

static void everybody_reads_their_own_writes(void **state)
{
    enum { N = 6 };
    scratch *s = *state;
    struct own_writes all[N];
    pthread_t threads[N];

    for (int i = 0; i < N; i++) {
        all[i] = (struct own_writes){s, 10000 * (i + 1), 0};
        assert_int_equal(pthread_create(&threads[i], NULL, write_and_look, &all[i]), 0);
    }
    for (int i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < N; i++)
        assert_int_equal(all[i].lost, 0);
}

/* ---- behind ---- */

static void *write_behind(void *arg)
{
    struct own_writes *w = arg;
    put p = {.job = {.run = put_run, .done = put_done}, .key = w->first};

    w->lost = db_write_behind(w->s->d, &p.job) != OK || p.dones;
    return NULL;
}

static void upkeep_is_one_to_a_commit(void **state)
{
    enum { N = 3 };
    static put all[N];
    scratch *s = *state;
    struct own_writes behind[N];
    pthread_t threads[N];

    (void)scratch_write(s);
    int64_t before = stats_of(s).commits;
    for (int i = 0; i < N; i++) {
        behind[i] = (struct own_writes){s, 50 + i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, write_behind, &behind[i]), 0);
    }
    usleep(50 * 1000);
    for (int i = 0; i < N; i++)
        submit_put(s, &all[i], i + 1, OK);
    scratch_commit(s);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(behind[i].lost, 0);
        assert_true(there(s->d, 50 + i));
    }
    wait_for(all, N);
    assert_int_equal(stats_of(s).commits - before, 1 + N);
}

static void waiting_writes_answer_what_the_job_answers(void **state)
{
    scratch *s = *state;
    put p = {.job = {.run = put_run, .done = put_done}, .key = 1, .answer = ERR_CONFLICT};

    assert_int_equal(db_write(s->d, &p.job), ERR_CONFLICT);
    assert_int_equal(db_write_behind(s->d, &p.job), ERR_CONFLICT);
    p.answer = OK;
    assert_int_equal(db_write(s->d, &p.job), OK);
    assert_int_equal(db_write_behind(s->d, &p.job), ERR_EXISTS);
    assert_int_equal(p.dones, 0);
}

/* ---- hooks ---- */

static atomic_int hooks, hooks_too_early;

static void hook(void *arg, int64_t number)
{
    hooks++;
    hooks_too_early += !there(arg, number);
}

static err hooked_run(db_job *job, tx *t)
{
    put *p = (put *)job;

    db_after_commit(t, hook, p->hooked, p->key);
    return put_run(job, t);
}

static void hooks_come_after_the_commit(void **state)
{
    static put all[4];
    scratch *s = *state;

    hooks = hooks_too_early = 0;
    (void)scratch_write(s);
    for (int i = 0; i < 4; i++) {
        all[i] = (put){.job = {.run = hooked_run, .done = put_done},
                       .key = i + 1,
                       .answer = i == 2 ? ERR_CONFLICT : OK,
                       .hooked = s->d};
        assert_int_equal(db_submit_write(s->d, &all[i].job), OK);
    }
    fail_calls(7, 1); /* the first commit of the four fails: again, one by one */
    scratch_commit(s);
    wait_for(all, 4);
    db_set_fault(NULL);
    assert_int_equal(hooks, 3);
    assert_int_equal(hooks_too_early, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(all[i].runs, 2);

    put p = {.job = {.run = hooked_run}, .key = 9, .hooked = s->d};
    fail_calls(1, 1000);
    assert_int_equal(db_write(s->d, &p.job), ERR_STORAGE);
    db_set_fault(NULL);
    assert_int_equal(hooks, 3);
}

/* ---- backup ---- */

struct backing_up {
    scratch *s;
    atomic_bool stop;
    int64_t pairs;
};

/* Two rows that belong together, in one job. */
static err pair_run(db_job *job, tx *t)
{
    put *p = (put *)job;
    char filler[4000];

    memset(filler, 'f', sizeof(filler));
    err e = db_run(t, &sql[PUT], DB_ARGS(db_int(p->key), db_int(1)));
    if (!e)
        e = db_run(t, &sql[PUT], DB_ARGS(db_int(-p->key), db_int(-1)));
    if (!e)
        e = db_run(
            t, &sql[NAME],
            DB_ARGS(db_int(p->key), db_opt(NO_TIME), db_text((slice){filler, sizeof(filler)})));
    return e;
}

static void *write_pairs(void *arg)
{
    struct backing_up *b = arg;

    while (!b->stop) {
        put p = {.job = {.run = pair_run}, .key = 100 + b->pairs};
        if (db_write(b->s->d, &p.job) == OK)
            b->pairs++;
    }
    return NULL;
}

static int64_t steps, of_pages;

static void note_progress(int64_t done, int64_t total)
{
    assert_in_range(done, 0, total);
    of_pages = total;
    steps++;
    usleep(2000); /* writers go on meanwhile */
}

static void a_backup_is_of_one_instant(void **state)
{
    scratch *s = *state;
    struct backing_up b = {.s = s};
    char path[150], part[160];
    pthread_t thread;
    slice why;

    snprintf(path, sizeof(path), "%s/copy.db", s->dir);
    snprintf(part, sizeof(part), "%s.part", path);
    assert_int_equal(pthread_create(&thread, NULL, write_pairs, &b), 0);
    while (scratch_number(s, "SELECT COUNT(*) FROM counts WHERE kind = 77") < 2000)
        usleep(1000);
    err e = db_backup(s->d, path, note_progress, &s->arena, &why);
    int64_t then = scratch_number(s, "SELECT COUNT(*) FROM counts WHERE kind = 77");
    usleep(20 * 1000);
    b.stop = true;
    pthread_join(thread, NULL);
    assert_int_equal(e, OK);
    assert_true(steps > 1 && of_pages > 1000);
    assert_int_not_equal(access(part, F_OK), 0);

    scratch copy = {.project = 1};
    snprintf(copy.path, sizeof(copy.path), "%s/copy.db", s->dir);
    snprintf(copy.url, sizeof(copy.url), "sqlite:%s", copy.path);
    arena_init(&copy.arena, 1 << 30);
    int64_t rows = scratch_number(&copy, "SELECT COUNT(*) FROM counts WHERE kind = 77");
    assert_in_range(rows, 2000, then);
    assert_int_equal(scratch_number(&copy, "SELECT SUM(total) FROM counts WHERE kind = 77"), 0);
    assert_int_equal(
        scratch_number(&copy, "SELECT 2 * COUNT(*) FROM projects WHERE project >= 100"), rows);
    scratch_open(&copy);
    scratch_check(&copy);
    scratch_close(&copy);
    arena_deinit(&copy.arena);

    uint64_t before = scratch_digest(&copy);
    assert_int_equal(db_backup(s->d, path, NULL, &s->arena, &why), ERR_EXISTS);
    assert_true(why.n > 0);
    assert_true(scratch_digest(&copy) == before);
    assert_int_equal(db_backup(s->d, "/nonexistent/dir/copy.db", NULL, &s->arena, &why),
                     ERR_STORAGE);
    assert_true(why.n > 0);
}

static void complain(void *ctx, slice complaint)
{
    (void)complaint;
    ++*(int *)ctx;
}

static void damage_is_found(void **state)
{
    static put all[3000];
    scratch *s = *state;
    int complaints = 0;

    for (size_t i = 0; i < COUNT(all); i++)
        submit_put(s, &all[i], (int64_t)i, OK);
    wait_for(all, COUNT(all));
    assert_int_equal(db_check_files(s->d, complain, &complaints), OK);
    assert_int_equal(complaints, 0);
    scratch_close(s);

    int fd = open(s->path, O_WRONLY);
    char junk[4096];
    memset(junk, 0xA5, sizeof(junk));
    int64_t root = scratch_number(s, "SELECT rootpage FROM sqlite_schema WHERE name = 'counts'");
    assert_int_equal(pwrite(fd, junk, sizeof(junk), (root - 1) * 4096), sizeof(junk));
    close(fd);
    scratch_open(s);
    assert_int_equal(db_check_files(s->d, complain, &complaints), ERR_STORAGE);
    assert_true(complaints > 0);
}

/* ---- forgetting ---- */

#define MARK "SECRET-4711-MARKER"

static void write_mark(scratch *s)
{
    tx *t = scratch_write(s);

    for (int64_t i = 0; i < 300; i++) {
        char text[500];
        snprintf(text, sizeof(text), "%s %d %0*d", MARK, (int)i, 300 + (int)i % 100, 0);
        assert_int_equal(db_run(t, &sql[NAME],
                                DB_ARGS(db_int(500 + i), db_opt(NO_TIME), db_text(slice_of(text)))),
                         OK);
    }
    scratch_commit(s);
    assert_true(scratch_has_bytes(s, MARK, NULL));
}

static void forget_mark(scratch *s)
{
    tx *t = scratch_write(s);

    for (int64_t i = 0; i < 300; i++)
        assert_int_equal(db_run(t, &sql[DROP], DB_ARGS(db_int(500 + i))), OK);
    db_forget(t);
    scratch_commit(s);
}

/* Microseconds until no file has it. */
static int64_t gone_after(const scratch *s)
{
    int64_t start = clock_monotonic_us();

    while (scratch_has_bytes(s, MARK, NULL)) {
        assert_true(clock_monotonic_us() - start < 8 * CLOCK_S_US);
        usleep(20 * 1000);
    }
    return clock_monotonic_us() - start;
}

static void what_is_forgotten_leaves_the_files(void **state)
{
    scratch *s = *state;

    write_mark(s);
    forget_mark(s);
    assert_true(scratch_has_bytes(s, MARK, NULL)); /* in the log still */
    assert_true(gone_after(s) < 5 * CLOCK_S_US);
    assert_true(stats_of(s).checkpoints >= 1);

    write_mark(s); /* long in the file, not in the log alone */
    scratch_reopen(s);
    forget_mark(s);
    assert_true(gone_after(s) < 5 * CLOCK_S_US);
}

static void a_start_ends_what_a_crash_began(void **state)
{
    scratch *s = *state, after;
    char command[400];

    write_mark(s);
    forget_mark(s);
    scratch_init(&after);
    snprintf(command, sizeof(command), "cp %s %s-wal %s/", s->path, s->path, after.dir);
    assert_int_equal(system(command), 0);
    assert_true(scratch_has_bytes(&after, MARK, NULL));
    scratch_open(&after);
    assert_true(gone_after(&after) < 5 * CLOCK_S_US);
    scratch_deinit(&after);
}

static void a_long_reader_holds_nobody_up(void **state)
{
    scratch *s = *state;
    int64_t worst = 0;

    write_mark(s);
    tx *r = scratch_read(s);
    assert_int_equal(db_run(r, &sql[TOTAL], DB_NO_ARGS), OK);
    forget_mark(s);
    for (int64_t i = 0; i < 40; i++) { /* over the time of the scrub */
        put p = {.job = {.run = put_run}, .key = i};
        int64_t start = clock_monotonic_us();
        assert_int_equal(db_write(s->d, &p.job), OK);
        int64_t took = clock_monotonic_us() - start;
        worst = took > worst ? took : worst;
        usleep(50 * 1000);
    }
    assert_true(scratch_has_bytes(s, MARK, NULL));
    assert_int_equal(scratch_end_read(s), OK);
    assert_true(gone_after(s) < 5 * CLOCK_S_US);
    assert_true(worst < CLOCK_S_US / 2);
}

/* ---- another process's lock ---- */

static void a_locked_store_is_busy_once_for_all(void **state)
{
    static put all[10];
    scratch *s = *state;
    sqlite3 *other = NULL;

    s->busy_ms = 500;
    scratch_reopen(s);
    assert_int_equal(sqlite3_open(s->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    int64_t start = clock_monotonic_us();
    for (int i = 0; i < 10; i++)
        submit_put(s, &all[i], i, OK);
    wait_for(all, 10);
    int64_t took = clock_monotonic_us() - start;
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    for (int i = 0; i < 10; i++)
        assert_int_equal(all[i].result, ERR_BUSY);
    assert_true(took < 2 * CLOCK_S_US); /* two batches at most wait */
    assert_true(db_writable(s->d));
    submit_put(s, &all[0], 0, OK);
    wait_for(all, 1);
    assert_int_equal(all[0].result, OK);
}

static int quiet_set_up(void **state)
{
    scratch_mute();
    return scratch_set_up(state);
}

static int quiet_tear_down(void **state)
{
    db_set_fault(NULL);
    int rc = scratch_tear_down(state);
    scratch_unmute();
    return rc;
}

static int mute(void **state)
{
    (void)state;
    scratch_mute();
    return 0;
}

static int unmute(void **state)
{
    (void)state;
    scratch_unmute();
    return 0;
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, quiet_set_up, quiet_tear_down)
#define WITHOUT(test)    cmocka_unit_test_setup_teardown(test, mute, unmute)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(a_new_store_is_made_and_found_again),
        WITH_STORE(only_one_serves),
        WITHOUT(a_visit_makes_nothing),
        WITH_STORE(a_newer_store_is_refused),
        WITH_STORE(an_older_store_is_the_servers_to_migrate),
        WITHOUT(a_bad_url_is_refused),
        WITH_STORE(values_come_back_as_they_went),
        WITH_STORE(statements_are_prepared_once),
        WITH_STORE(waiting_jobs_share_a_commit),
        WITH_STORE(a_taken_key_is_one_jobs_own_trouble),
        WITH_STORE(nothing_to_commit_is_no_commit),
        WITH_STORE(a_lost_commit_is_run_again_one_by_one),
        WITH_STORE(a_store_that_cannot_be_written_says_so),
        WITH_STORE(a_job_that_waited_too_long_is_not_run),
        WITH_STORE(a_full_queue_takes_no_more),
        WITH_STORE(closing_waits_for_what_was_taken),
        WITH_STORE(readers_see_commits_and_nothing_else),
        WITH_STORE(a_read_cannot_write),
        WITH_STORE(everybody_reads_their_own_writes),
        WITH_STORE(upkeep_is_one_to_a_commit),
        WITH_STORE(waiting_writes_answer_what_the_job_answers),
        WITH_STORE(hooks_come_after_the_commit),
        WITH_STORE(a_backup_is_of_one_instant),
        WITH_STORE(damage_is_found),
        WITH_STORE(what_is_forgotten_leaves_the_files),
        WITH_STORE(a_start_ends_what_a_crash_began),
        WITH_STORE(a_long_reader_holds_nobody_up),
        WITH_STORE(a_locked_store_is_busy_once_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
