/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/bad_disk_test.c -- writes, syncs and truncations that fail, a full disk, torn writes: a
 * 5xx says that nothing was written, and it is so, also when the power is cut right after; what was
 * acknowledged is there when nothing but what was synced survives; reading goes on; writing resumes
 * by itself. */
#include "client.h"
#include "faultvfs.h"
#include "scratch.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static scratch *s;
static client c;

static int set_up(void **state)
{
    scratch_mute();
    scratch_set_up(state);
    s = *state;
    faultvfs_install(); /* the store is configured: from the next opening on */
    scratch_reopen(s);
    client_open(&c, s->d);
    return 0;
}

static int tear_down(void **state)
{
    faultvfs_set(NULL);
    client_close(&c);
    scratch_tear_down(state);
    scratch_unmute();
    return 0;
}

/* ---- users come and are looked for ---- */

static int add_user(int number)
{
    char body[200];

    snprintf(body, sizeof(body), "{\"user_id\":\"u%d\",\"metadata\":{\"k\":\"%0*d\"}}", number, 50,
             0);
    return client_call(&c, "POST", "/api/v2/users", body);
}

static int get_user(int number)
{
    return client_get(&c, "/api/v2/users/u%d", number);
}

/* Whether a store, opened as after a crash, is sound and has the user; without our code. */
static bool has_user(const char *path, int number)
{
    sqlite3 *cut = NULL;
    sqlite3_stmt *stmt = NULL;
    char sql[100];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM users WHERE user_id = 'u%d'", number);
    assert_int_equal(sqlite3_open_v2(path, &cut, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    if (sqlite3_prepare_v2(cut, "PRAGMA quick_check", -1, &stmt, NULL) != SQLITE_OK)
        scratch_fail("%s", sqlite3_errmsg(cut));
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_prepare_v2(cut, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int n = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(cut);
    return n == 1;
}

/* If the power were cut now, whatever of the unsynced is on the disk: is the user there? */
static void assert_after_a_power_cut(int number, bool there)
{
    char path[150], log[160], shm[160];

    snprintf(path, sizeof(path), "%s/cut.db", s->dir);
    snprintf(log, sizeof(log), "%s-wal", path);
    snprintf(shm, sizeof(shm), "%s-shm", path);
    for (int kept = 0; kept < 4; kept++) {
        faultvfs_power_cut(s->path, path, kept & 1, kept & 2);
        bool found = has_user(path, number);
        unlink(path);
        unlink(log);
        unlink(shm);
        if (found != there)
            scratch_fail(
                "u%d is%s there after a power cut that keeps %s of the store and %s of the log",
                number, found ? "" : " not", kept & 1 ? "what was synced" : "all",
                kept & 2 ? "what was synced" : "all");
    }
}

/* One more user while the disk is bad: what was answered is true, now and after a power cut. */
static int add_truly(int number)
{
    int status = add_user(number);

    if (status != 201 && status != 503)
        scratch_fail("u%d: %d: %.*s", number, status, (int)c.why.n, c.why.p);
    assert_after_a_power_cut(number, status == 201);
    faultvfs_set(NULL);
    assert_int_equal(get_user(number), status == 201 ? 200 : 404);
    return status;
}

/* ---- one failure ---- */

static void what_is_acknowledged_is_synced(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(add_truly(i), 201);
    client_close(&c);
    scratch_reopen(s);
    client_open(&c, s->d);
    assert_int_equal(add_truly(20), 201);
    scratch_check(s);
}

/* The Nth call of that kind fails, for every N until none is met. */
static void fail_each(faultvfs_plan plan, int *number)
{
    bool hit = true;

    for (plan.first = 1; hit; plan.first++) {
        faultvfs_set(&plan);
        int status = add_user(++*number);
        hit = faultvfs_hits() > 0;
        if (status != 201 && !(hit && status == 503))
            scratch_fail("u%d: %d: %.*s", *number, status, (int)c.why.n, c.why.p);
        assert_after_a_power_cut(*number, status == 201);
        faultvfs_set(NULL);
        assert_int_equal(get_user(*number), status == 201 ? 200 : 404);
        if (status == 503) {
            assert_int_equal(add_truly(*number), 201);
        }
        assert_true(plan.first < 100);
    }
    scratch_check(s);
}

static void any_write_may_fail(void **state)
{
    static const int rcs[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};
    int number = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rcs); i++) {
        fail_each((faultvfs_plan){.calls = FAULT_WRITE, .n = 1, .rc = rcs[i]}, &number);
        fail_each((faultvfs_plan){.calls = FAULT_WRITE, .n = 1, .rc = rcs[i], .half = true},
                  &number);
        fail_each((faultvfs_plan){.calls = FAULT_WRITE, .n = 3, .rc = rcs[i], .half = true},
                  &number);
    }
}

static void any_sync_may_fail(void **state)
{
    int number = 0;

    (void)state;
    for (int n = 1; n < 4; n++)
        for (int done = 0; done < 2; done++)
            fail_each((faultvfs_plan){.calls = FAULT_SYNC, .n = n, .done = done}, &number);
    fail_each((faultvfs_plan){.calls = FAULT_SYNC | FAULT_WRITE, .n = 2, .half = true}, &number);
}

static void any_read_may_fail(void **state)
{
    int number = 0;

    (void)state;
    for (int i = 0; i < 3; i++) { /* nothing is cached at first */
        client_close(&c);
        scratch_reopen(s);
        client_open(&c, s->d);
        fail_each((faultvfs_plan){.calls = FAULT_READ, .n = 1 + i}, &number);
    }
}

/* ---- many in one commit ---- */

struct adding {
    db_job job; /* first */
    int64_t key;
    atomic_int dones;
    err result;
};

static const db_sql put_sql = {.text = "INSERT INTO counts (project, kind, slot, total, last)"
                                       " VALUES (?1, 77, 0, 1, 1)"};

static err adding_run(db_job *job, tx *t)
{
    return db_run(t, &put_sql, DB_ARGS(db_int(((struct adding *)job)->key)));
}

static void adding_done(db_job *job, err e)
{
    struct adding *a = (struct adding *)job;

    a->result = e;
    a->dones++;
}

/* Ten jobs in one commit, one of them a duplicate; how many were refused for the disk's sake. */
static int batch_of_ten(const faultvfs_plan *plan, int64_t base)
{
    struct adding all[10];
    int refused = 0;
    char sql[100];

    (void)scratch_write(s);
    for (int i = 0; i < 10; i++) {
        all[i] = (struct adding){.job = {.run = adding_run, .done = adding_done},
                                 .key = base + (i == 7 ? 0 : i)};
        assert_int_equal(db_submit_write(s->d, &all[i].job), OK);
    }
    faultvfs_set(plan);
    assert_int_equal(scratch_end(s, ERR_CONFLICT), ERR_CONFLICT);
    for (int i = 0; i < 10; i++)
        while (!all[i].dones)
            usleep(100);
    faultvfs_set(NULL);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(all[i].dones, 1);
        if (i == 7) /* the first of its key may have been refused: then this one was let in */
            assert_true(all[i].result == (all[0].result ? OK : ERR_EXISTS) ||
                        all[i].result == ERR_STORAGE);
        else
            assert_true(all[i].result == OK || all[i].result == ERR_STORAGE);
        refused += all[i].result == ERR_STORAGE;
        snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM counts WHERE kind = 77 AND project = %d",
                 (int)all[i].key);
        bool there = scratch_number(s, sql) == 1;
        assert_int_equal(there, all[i].result == OK || (i == 7 && all[0].result == OK) ||
                                    (i == 0 && all[7].result == OK));
    }
    return refused;
}

static void batch_mates_get_their_own_answers(void **state)
{
    (void)state;
    assert_int_equal(batch_of_ten(NULL, 100), 0);
    /* the common commit fails, and each is run again */
    assert_int_equal(batch_of_ten(&(faultvfs_plan){.calls = FAULT_SYNC, .first = 1, .n = 1}, 200),
                     0);
    assert_int_equal(
        batch_of_ten(
            &(faultvfs_plan){
                .calls = FAULT_WRITE, .first = 1, .n = 1, .rc = SQLITE_FULL, .half = true},
            300),
        0);
    /* and some of those fail too: common commit; the log is cut; the first alone, and so on */
    int refused = 0;
    for (int64_t first = 2; first < 12; first++)
        refused += batch_of_ten(
            &(faultvfs_plan){.calls = FAULT_SYNC | FAULT_WRITE, .first = first, .n = 4},
            first * 1000);
    assert_true(refused > 0);
    scratch_check(s);
}

/* ---- a disk that stays bad ---- */

static void a_full_disk_is_waited_out(void **state)
{
    const faultvfs_plan full = {.calls = FAULT_WRITE, .first = 1, .rc = SQLITE_FULL};
    int64_t worst = 0;

    (void)state;
    assert_int_equal(add_user(1), 201);
    faultvfs_set(&full);
    for (int i = 100; i < 120; i++) {
        int64_t start = clock_monotonic_us();
        assert_int_equal(add_user(i), 503);
        int64_t took = clock_monotonic_us() - start;
        worst = took > worst ? took : worst;
        assert_int_equal(get_user(1), 200);
        assert_int_equal(get_user(i), 404);
        assert_false(db_writable(s->d));
        assert_int_equal(client_get(&c, "/readyz"), 503);
        assert_int_equal(client_get(&c, "/healthz"), 200);
    }
    assert_true(worst < CLOCK_S_US / 2); /* nobody hangs */
    assert_int_equal(client_delete(&c, "/api/v2/users/u1"), 503);
    assert_int_equal(get_user(1), 200);
    faultvfs_set(NULL);

    /* nobody writes, and it is found writable again all the same */
    int64_t until = clock_monotonic_us() + 5 * CLOCK_S_US;
    while (client_get(&c, "/readyz") != 200) {
        assert_true(clock_monotonic_us() < until);
        usleep(20 * 1000);
    }
    assert_true(db_writable(s->d));
    assert_int_equal(add_truly(100), 201);
    scratch_check(s);
}

static void *clear_soon(void *arg)
{
    usleep(*(useconds_t *)arg);
    faultvfs_set(NULL);
    return NULL;
}

static atomic_int reads_done;

static err count_read(db_job *job, tx *t)
{
    static const db_sql sql = {.text = "SELECT COUNT(*) FROM users"};

    (void)job;
    reads_done++;
    return db_run(t, &sql, DB_NO_ARGS);
}

static void *read_on(void *arg)
{
    atomic_bool *stop = arg;
    db_job job = {.run = count_read};

    while (!*stop)
        if (db_read(s->d, &job))
            reads_done = -1000000;
    return NULL;
}

/* No commit can be synced for a while: who asked meanwhile is told the truth in the end. */
static void a_disk_that_does_not_sync_is_waited_out(void **state)
{
    const faultvfs_plan bad = {.calls = FAULT_SYNC, .first = 1};
    useconds_t while_us = 700 * 1000;
    atomic_bool stop = false;
    pthread_t clears, reads;

    (void)state;
    assert_int_equal(add_user(1), 201);
    faultvfs_set(&bad);
    reads_done = 0;
    assert_int_equal(pthread_create(&clears, NULL, clear_soon, &while_us), 0);
    assert_int_equal(pthread_create(&reads, NULL, read_on, &stop), 0);
    int64_t start = clock_monotonic_us();
    int status = add_user(2);
    int64_t took = clock_monotonic_us() - start;
    stop = true;
    pthread_join(reads, NULL);
    pthread_join(clears, NULL);
    assert_int_equal(status, 503);
    assert_true(reads_done > 100); /* reading went on */
    assert_true(took < 5 * CLOCK_S_US);
    assert_after_a_power_cut(2, false);
    assert_int_equal(get_user(2), 404);
    assert_int_equal(add_truly(2), 201);
    scratch_check(s);
}

/* ---- forgetting ---- */

static void a_scrub_that_fails_is_made_again(void **state)
{
    static const faultvfs_plan plans[] = {
        {.calls = FAULT_TRUNCATE, .first = 1},
        {.calls = FAULT_WRITE, .first = 3, .n = 5, .half = true},
        {.calls = FAULT_SYNC, .first = 2, .n = 3},
    };
    char body[200], sign[40];

    (void)state;
    for (size_t i = 0; i < COUNT(plans); i++) {
        snprintf(sign, sizeof(sign), "SECRET-%zu-MARKER", i);
        snprintf(body, sizeof(body), "{\"user_id\":\"m%zu\",\"first_name\":\"%s\"}", i, sign);
        assert_int_equal(client_call(&c, "POST", "/api/v2/users", body), 201);
        assert_int_equal(client_delete(&c, "/api/v2/users/m%zu", i), 200);
        faultvfs_set(&plans[i]);
        usleep(1300 * 1000);
        faultvfs_set(NULL);
        int64_t until = clock_monotonic_us() + 5 * CLOCK_S_US;
        for (;;) { /* what faultvfs keeps for power cuts does not count */
            bool there = false;
            static const char *const files[] = {"", "-wal", "-shm"};
            for (size_t k = 0; k < COUNT(files); k++) {
                char path[150];
                snprintf(path, sizeof(path), "%s%s", s->path, files[k]);
                there = there || scratch_file_has_bytes(path, sign);
            }
            if (!there)
                break;
            assert_true(clock_monotonic_us() < until);
            usleep(20 * 1000);
        }
        assert_int_equal(add_truly(1000 + (int)i), 201);
        scratch_check(s);
    }
}

/* ---- by chance ---- */

static void anything_may_fail_at_any_time(void **state)
{
    dice d = {11};
    int refused = 0;

    (void)state;
    for (int i = 1; i <= 250; i++) {
        const faultvfs_plan plan = {
            .calls = 1 + (unsigned)dice_below(&d, 7),
            .first = 1 + (long)dice_below(&d, 8),
            .n = 1 + (long)dice_below(&d, 5),
            .rc = dice_below(&d, 2) ? SQLITE_FULL : SQLITE_IOERR_WRITE,
            .half = dice_below(&d, 2),
            .done = dice_below(&d, 4) == 0,
        };
        if (dice_below(&d, 3))
            faultvfs_set(&plan);
        refused += add_truly(i) == 503;
        if (dice_below(&d, 20) == 0) { /* a scrub, or a new beginning, somewhere between */
            if (i > 1 && get_user(i - 1) == 200)
                assert_int_equal(client_delete(&c, "/api/v2/users/u%d", i - 1), 200);
        }
        if (dice_below(&d, 40) == 0) {
            client_close(&c);
            faultvfs_set(&plan);
            scratch_close(s);
            faultvfs_set(NULL);
            scratch_open(s);
            client_open(&c, s->d);
        }
    }
    assert_true(refused > 20);
    scratch_check(s);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_is_acknowledged_is_synced),
        WITH_STORE(any_write_may_fail),
        WITH_STORE(any_sync_may_fail),
        WITH_STORE(any_read_may_fail),
        WITH_STORE(batch_mates_get_their_own_answers),
        WITH_STORE(a_full_disk_is_waited_out),
        WITH_STORE(a_disk_that_does_not_sync_is_waited_out),
        WITH_STORE(a_scrub_that_fails_is_made_again),
        WITH_STORE(anything_may_fail_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
