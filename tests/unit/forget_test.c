/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/forget_test.c -- deleting: what goes at once, what goes in steps, what stays; and the
 * thread that does the rest. */
#include "memory/forget.h"

#include "memory/ingest.h"
#include "memory/owners.h"
#include "memory/upkeep.h"
#include "search/check.h"
#include "search/fold.h"
#include "search/packed.h"
#include "store/counts.h"
#include "store/postings.h"
#include "store/projects.h"
#include "talk.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define MARK  "SECRET-4711-MARKER"
#define GIVEN "11111111-2222-4333-8444-555555555555"

static const char *const graph_tables[] = {"graphs", "strands", "episodes", "postings", "blocks"};

static int64_t rows_of(scratch *s, const char *table, int64_t at)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s WHERE graph = %lld", table, (long long)at);
    return scratch_number(s, sql);
}

static int64_t total(scratch *s, count_kind kind)
{
    int64_t n = -1;

    assert_int_equal(count_total(scratch_read(s), s->project, kind, &n), OK);
    assert_int_equal(scratch_end_read(s), OK);
    return n;
}

/* So many messages with the mark, one of them with a given id, folded but for the last ten. */
static void talk_much(scratch *s, const char *session_id, int64_t at, int n)
{
    const line given = {"Ana", ROLE_USER, "given " MARK, 0, GIVEN};
    dice d = {6};

    assert_int_equal(talk_say(s, session_id, &given, 1, NULL), OK);
    for (int i = 1; i < n; i++) {
        if (i == n - 10)
            talk_fold(s, at, false);
        talk_one(s, session_id, "Ana", talk_words(s, &d, 8, MARK));
    }
}

/* Every erasing job to its end, as upkeep does it; how many steps that took. */
static int erase_all(scratch *s)
{
    int steps = 0;
    job j = {0};

    for (;;) {
        bool left = true;
        job taken = {0};
        err e = job_take(scratch_write(s), &j, 1, 10, 20, &taken);
        scratch_commit(s);
        if (e)
            break;
        j = taken;
        for (; left; steps++) {
            assert_int_equal(forget_step(scratch_write(s), &j, &left), OK);
            scratch_commit(s);
        }
    }
    return steps;
}

static void assert_nothing_of(scratch *s, int64_t at)
{
    for (size_t i = 0; i < COUNT(graph_tables); i++)
        assert_int_equal(rows_of(s, graph_tables[i], at), 0);
    assert_int_equal(rows_of(s, "given_uuids", at), 0);
    assert_int_equal(rows_of(s, "jobs", at), 0);
}

static void assert_bytes_go(scratch *s)
{
    int64_t until = clock_monotonic_us() + 5 * CLOCK_S_US;

    while (scratch_has_bytes(s, MARK, NULL)) {
        assert_true(clock_monotonic_us() < until);
        usleep(20 * 1000);
    }
}

/* ---- users, groups, sessions ---- */

static void a_user_is_forgotten(void **state)
{
    scratch *s = *state;
    uuid id;
    graph g;
    episode ep;

    int64_t at = talk_user(s, "ana", MARK), other = talk_user(s, "bob", "Bob");
    for (int i = 0; i < 5; i++)
        talk_session(s, arena_printf(&s->arena, MARK "%d", i).p, "ana");
    talk_session(s, "bob's", "bob");
    talk_one(s, "bob's", "Bob", "hello");
    talk_much(s, MARK "0", at, 300);
    assert_int_equal(total(s, COUNT_USERS), 2);
    assert_int_equal(total(s, COUNT_SESSIONS), 6);

    assert_int_equal(forget_user(scratch_write(s), &s->arena, s->project, SLICE("ana")), OK);
    scratch_commit(s);
    assert_int_equal(total(s, COUNT_USERS), 1);
    assert_int_equal(total(s, COUNT_SESSIONS), 1);
    assert_true(uuid_parse(SLICE(GIVEN), &id));
    tx *t = scratch_read(s);
    user u;
    session one;
    assert_int_equal(user_get(t, &s->arena, s->project, SLICE("ana"), &u), ERR_NOT_FOUND);
    assert_int_equal(session_get(t, &s->arena, s->project, SLICE(MARK "0"), &one), ERR_NOT_FOUND);
    assert_int_equal(graph_open(t, &s->arena, s->project, at, &g), ERR_NOT_FOUND);
    assert_int_equal(episode_find(t, &s->arena, s->project, id, &g, &ep), ERR_NOT_FOUND);
    assert_int_equal(scratch_end_read(s), OK);
    scratch_check(s); /* rows that a job will erase are nothing to complain of */
    assert_int_equal(rows_of(s, "episodes", at), 300);

    assert_true(erase_all(s) >= 1);
    assert_nothing_of(s, at);
    scratch_check(s);
    assert_bytes_go(s);
    assert_int_equal(rows_of(s, "episodes", other), 1);
    assert_int_equal(forget_user(scratch_write(s), &s->arena, s->project, SLICE("ana")),
                     ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);

    /* the same names again, in a graph of their own */
    assert_int_not_equal(talk_user(s, "ana", "Ana"), at);
    talk_session(s, MARK "0", "ana");
    talk_much(s, MARK "0", talk_graph(s, 3).graph, 20);
    scratch_check(s);
}

static void a_group_is_forgotten(void **state)
{
    scratch *s = *state;

    int64_t at = talk_group(s, "team");
    for (int i = 0; i < 1300; i++) /* more than one step */
        talk_data(s, at, MARK " data");
    talk_fold(s, at, false);
    assert_int_equal(forget_group(scratch_write(s), &s->arena, s->project + 1, SLICE("team")),
                     ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);
    assert_int_equal(forget_group(scratch_write(s), &s->arena, s->project, SLICE("team")), OK);
    scratch_commit(s);
    assert_int_equal(total(s, COUNT_GROUPS), 0);
    assert_true(erase_all(s) >= 2);
    assert_nothing_of(s, at);
    scratch_check(s);
}

static void a_session_without_a_user_is_forgotten(void **state)
{
    scratch *s = *state;

    int64_t at = talk_session(s, "alone", NULL);
    talk_much(s, "alone", at, 200);
    assert_int_equal(forget_session(scratch_write(s), &s->arena, s->project, SLICE("alone")), OK);
    scratch_commit(s);
    assert_int_equal(total(s, COUNT_SESSIONS), 0);
    erase_all(s);
    assert_nothing_of(s, at);
    scratch_check(s);
}

/* Its episodes stay in the user's graph, with a session that is no more: its id and all metadata
 * leave the files. */
static void a_users_session_is_forgotten(void **state)
{
    scratch *s = *state;
    const line said = {"Ana", ROLE_USER, "tomatoes", 0, NULL};
    session one;
    slice id;

    int64_t at = talk_user(s, "ana", "Ana");
    session added = {
        .session_id = SLICE(MARK), .user_id = SLICE("ana"), .metadata = SLICE("\"" MARK "\"")};
    assert_int_equal(owners_add_session(scratch_write(s), s->project, &added), OK);
    scratch_commit(s);
    talk_session(s, "other", "ana");
    for (int i = 0; i < 140; i++)
        assert_int_equal(talk_say(s, i % 2 ? MARK : "other", &said, 1, NULL), OK);
    talk_fold(s, at, false);
    graph g = talk_graph(s, at);
    tx *t = scratch_write(s);
    for (int64_t number = 1; number <= 140; number++)
        assert_int_equal(
            episode_set_metadata(t, &g, number,
                                 number % 2 ? SLICE("{}") : SLICE("{\"m\":\"" MARK "\"}")),
            OK);
    scratch_commit(s);

    assert_int_equal(forget_session(scratch_write(s), &s->arena, s->project, SLICE(MARK)), OK);
    scratch_commit(s);
    assert_int_equal(total(s, COUNT_SESSIONS), 1);
    assert_int_equal(talk_graph(s, at).sessions, 1);
    assert_int_equal(rows_of(s, "episodes", at), 140);
    assert_int_equal(talk_ask(s, at, "tomatoes", 200).n, 140);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM episodes WHERE metadata IS NOT NULL"),
                     70);
    t = scratch_read(s);
    g = (graph){.graph = at, .project = s->project};
    assert_int_equal(strand_session_id(t, &s->arena, &g, 1, &id), OK);
    assert_null(id.p);
    assert_int_equal(session_get(t, &s->arena, s->project, SLICE(MARK), &one), ERR_NOT_FOUND);
    assert_int_equal(scratch_end_read(s), OK);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM jobs"), 0);
    scratch_check(s);
    assert_bytes_go(s);

    /* the same id again is another session, and begins anew */
    talk_session(s, MARK, "ana");
    assert_int_equal(talk_say(s, MARK, &said, 1, NULL), OK);
    assert_int_equal(session_get(scratch_read(s), &s->arena, s->project, SLICE(MARK), &one), OK);
    assert_int_equal(scratch_end_read(s), OK);
    assert_int_equal(one.session, 3);
    assert_int_equal(one.messages, 1);
    scratch_check(s);
    assert_int_equal(forget_user(scratch_write(s), &s->arena, s->project, SLICE("ana")), OK);
    scratch_commit(s);
    erase_all(s);
    assert_nothing_of(s, at);
}

static void an_episode_is_forgotten(void **state)
{
    scratch *s = *state;
    uuid id;
    session one;

    int64_t at = talk_user(s, "ana", "Ana");
    talk_session(s, "s", "ana");
    talk_much(s, "s", at, 150);
    assert_true(uuid_parse(SLICE(GIVEN), &id));
    assert_int_equal(forget_episode(scratch_write(s), &s->arena, s->project + 1, id),
                     ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);
    assert_int_equal(forget_episode(scratch_write(s), &s->arena, s->project, id), OK);
    scratch_commit(s);
    assert_int_equal(rows_of(s, "given_uuids", at), 0);
    assert_int_equal(session_get(scratch_read(s), &s->arena, s->project, SLICE("s"), &one), OK);
    assert_int_equal(scratch_end_read(s), OK);
    assert_int_equal(one.messages, 149);
    assert_int_equal(one.next_place, 151);
    assert_int_equal(forget_episode(scratch_write(s), &s->arena, s->project, id), ERR_NOT_FOUND);
    assert_int_equal(scratch_end(s, ERR_NOT_FOUND), ERR_NOT_FOUND);
    scratch_check(s);
}

/* ---- projects ---- */

static void a_project_is_forgotten(void **state)
{
    scratch *s = *state;
    project p;

    tx *t = scratch_write(s);
    assert_int_equal(project_create(t, &s->arena, SLICE("kept"), 1, &p), OK);
    scratch_commit(s);
    for (int i = 0; i < 70; i++) { /* more than one step */
        const char *name = arena_printf(&s->arena, MARK "%d", i).p;
        if (i % 3 == 0)
            talk_user(s, name, MARK);
        else if (i % 3 == 1)
            talk_group(s, name);
        talk_session(s, name, i % 3 ? NULL : name);
        talk_one(s, name, "Ana", MARK);
        s->project = p.project; /* the same in the other project */
        talk_session(s, name, NULL);
        talk_one(s, name, "Ana", "kept");
        s->project = 1;
    }
    assert_int_equal(project_delete(scratch_write(s), SLICE("test"), clock_now_us()), OK);
    scratch_commit(s);
    assert_true(erase_all(s) > 70);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM graphs WHERE project = 1"), 0);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM users WHERE project = 1"), 0);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM groups WHERE project = 1"), 0);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM sessions WHERE project = 1"), 0);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM counts WHERE project = 1"), 0);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM jobs"), 0);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM episodes"), 70);
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM sessions"), 70);
    scratch_check(s);

    t = scratch_write(s); /* the names in the other project bear the mark too */
    for (int i = 0; i < 70; i++)
        assert_int_equal(forget_session(t, &s->arena, p.project,
                                        slice_of(arena_printf(&s->arena, MARK "%d", i).p)),
                         OK);
    scratch_commit(s);
    erase_all(s);
    assert_bytes_go(s);
}

/* ---- upkeep ---- */

struct add {
    db_job job; /* first */
    scratch *s;
    upkeep *u;
    slice session_id;
    episode *eps;
    size_t n;
};

static err add_run(db_job *adding, tx *t)
{
    struct add *a = (struct add *)adding;
    int64_t number;
    uuid taken;
    graph g;

    return ingest_messages(t, &a->s->arena, a->u, a->s->project, a->session_id, a->eps, a->n, &g,
                           &number, &taken);
}

/* Some messages, with upkeep told of it. */
static void add_with(scratch *s, upkeep *u, const char *session_id, size_t n)
{
    struct add a = {
        .job = {.run = add_run}, .s = s, .u = u, .session_id = slice_of(session_id), .n = n};

    a.eps = arena_array(&s->arena, n, sizeof(*a.eps));
    for (size_t i = 0; i < n; i++)
        a.eps[i] = talk_episode(&(line){"Ana", ROLE_USER, "tomatoes " MARK, 0, NULL});
    assert_int_equal(ingest_prepare(&s->arena, a.eps, n), OK);
    assert_int_equal(db_write(s->d, &a.job), OK);
}

/* Within 5 s the query answers the number. */
static void wait_for(scratch *s, const char *sql, int64_t number)
{
    int64_t until = clock_monotonic_us() + 5 * CLOCK_S_US;

    while (scratch_number(s, sql) != number) {
        assert_true(clock_monotonic_us() < until);
        usleep(5000);
    }
}

static void upkeep_folds_and_erases(void **state)
{
    scratch *s = *state;
    upkeep *u;

    int64_t at = talk_user(s, "ana", "Ana");
    talk_session(s, "s", "ana");
    assert_int_equal(upkeep_open(s->d, &u), OK);
    add_with(s, u, "s", 100);
    usleep(100 * 1000);
    assert_int_equal(rows_of(s, "blocks", at), 0);
    add_with(s, u, "s", 100);
    wait_for(s, "SELECT folded FROM graphs", 200);
    scratch_check(s);

    tx *t = scratch_write(s);
    assert_int_equal(forget_user(t, &s->arena, s->project, SLICE("ana")), OK);
    upkeep_after_deleting(u, t);
    scratch_commit(s);
    wait_for(s, "SELECT COUNT(*) FROM jobs", 0);
    assert_nothing_of(s, at);
    assert_bytes_go(s);

    /* another process's jobs are found too */
    assert_int_equal(project_delete(scratch_write(s), SLICE("test"), clock_now_us()), OK);
    scratch_commit(s);
    wait_for(s, "SELECT COUNT(*) FROM jobs", 0);
    upkeep_close(u);
    upkeep_close(NULL);
}

static void upkeep_ends_what_was_begun(void **state)
{
    scratch *s = *state;
    upkeep *u;

    for (int i = 0; i < 20; i++) {
        const char *name = arena_printf(&s->arena, "u%d", i).p;
        talk_user(s, name, "Ana");
        talk_session(s, name, name);
        add_with(s, NULL, name, 30);
        assert_int_equal(forget_user(scratch_write(s), &s->arena, s->project, slice_of(name)), OK);
        scratch_commit(s);
    }
    assert_int_equal(scratch_number(s, "SELECT COUNT(*) FROM jobs"), 20);
    assert_int_equal(upkeep_open(s->d, &u), OK);
    upkeep_close(u); /* at once: some are left */
    scratch_reopen(s);
    scratch_check(s);
    assert_int_equal(upkeep_open(s->d, &u), OK);
    wait_for(s, "SELECT COUNT(*) FROM jobs", 0);
    wait_for(s, "SELECT COUNT(*) FROM episodes", 0);
    upkeep_close(u);
    scratch_check(s);
}

static void old_indexes_are_made_anew_at_start(void **state)
{
    scratch *s = *state;
    upkeep *u;

    for (int i = 0; i < 5; i++) {
        const char *name = arena_printf(&s->arena, "u%d", i).p;
        int64_t at = talk_user(s, name, "Ana");
        talk_session(s, name, name);
        add_with(s, NULL, name, 20);
        graph g = talk_graph(s, at);
        assert_int_equal(
            graph_set_folded(scratch_write(s), &g, i % 2 ? 20 : 0, INDEX_VERSION - i % 2), OK);
        scratch_commit(s);
    }
    assert_int_equal(upkeep_open(s->d, &u), OK);
    wait_for(s, "SELECT COUNT(*) FROM graphs WHERE folded = 20", 5);
    wait_for(s, "SELECT COUNT(*) FROM jobs", 0);
    assert_int_equal(scratch_number(s, "SELECT COUNT(DISTINCT index_version) FROM graphs"), 1);
    scratch_check(s);

    /* asked for by the operator: from damaged rows to good ones */
    graph g = talk_graph(s, 1);
    assert_int_equal(postings_clear(scratch_write(s), &g), OK);
    scratch_commit(s);
    assert_int_equal(talk_ask(s, 1, "tomatoes", 5).n, 0);
    assert_int_equal(check_reindex(s->d), OK);
    wait_for(s, "SELECT COUNT(*) FROM jobs", 0);
    assert_int_equal(talk_ask(s, 1, "tomatoes", 5).n, 5);
    upkeep_close(u);
    scratch_check(s);
}

/* ---- the check itself ---- */

static int complaints;

static void count_complaint(void *ctx, slice complaint)
{
    (void)ctx;
    assert_true(complaint.n > 0);
    complaints++;
}

static int64_t progressed;

static void note_progress(void *ctx, int64_t done, int64_t all)
{
    (void)ctx;
    assert_in_range(done, 0, all);
    progressed = done;
}

/* Whatever is spoilt is complained of, and found good again after. */
static void the_check_finds_what_is_wrong(void **state)
{
    static const char *const spoil[][2] = {
        {"UPDATE counts SET total = total + 1 WHERE kind = 1", "a total of users"},
        {"UPDATE counts SET total = total + 1 WHERE kind = 3", "a total of sessions"},
        {"UPDATE strands SET messages = messages + 1", "a count of messages"},
        {"UPDATE strands SET next_place = 5", "a place that would come twice"},
        {"UPDATE graphs SET sessions = 0", "a count of sessions"},
        {"UPDATE graphs SET next_episode = 100", "a number that would come twice"},
        {"DELETE FROM postings WHERE term = (SELECT MAX(term) FROM postings)", "a lost term"},
        {"DELETE FROM blocks", "a lost block"},
        {"UPDATE blocks SET packed = X'00'", "an empty block"},
        {"UPDATE postings SET packed = X'FFFFFFFFFFFFFFFFFFFFFF'"
         " WHERE term = (SELECT MIN(term) FROM postings)",
         "a broken chunk"},
        {"UPDATE episodes SET content = 'other words' WHERE number = 7", "words changed"},
        {"UPDATE episodes SET session = 0 WHERE number = 7", "a session lost"},
        {"DELETE FROM episodes WHERE number = 7", "an episode lost"},
        {"DELETE FROM graphs", "rows without a graph"},
        {"UPDATE graphs SET folded = 10", "folded twice"},
    };
    scratch *s = *state;
    sqlite3 *c = NULL;

    int64_t at = talk_user(s, "ana", "Ana");
    talk_session(s, "s", "ana");
    talk_much(s, "s", at, 150);
    scratch_check(s);
    assert_int_equal(sqlite3_open(s->path, &c), SQLITE_OK);
    for (size_t i = 0; i < COUNT(spoil); i++) {
        /* a savepoint cannot be looked into by others: a copy is spoilt instead */
        scratch copy;
        char command[400];
        scratch_close(s);
        scratch_init(&copy);
        snprintf(command, sizeof(command), "cp %s %s", s->path, copy.path);
        assert_int_equal(system(command), 0);
        scratch_open(s);
        assert_int_equal(sqlite3_close(c), SQLITE_OK);
        assert_int_equal(sqlite3_open(copy.path, &c), SQLITE_OK);
        if (sqlite3_exec(c, spoil[i][0], NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s: %s", spoil[i][0], sqlite3_errmsg(c));
        assert_true(sqlite3_changes(c) > 0);
        scratch_open(&copy);
        complaints = 0;
        err e = check_store(copy.d, count_complaint, note_progress, NULL);
        scratch_deinit(&copy);
        if (e != ERR_CONFLICT || complaints == 0)
            fail_msg("not found: %s (%s)", spoil[i][1], err_name(e));
    }
    sqlite3_close(c);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_user_is_forgotten),
        WITH_STORE(a_group_is_forgotten),
        WITH_STORE(a_session_without_a_user_is_forgotten),
        WITH_STORE(a_users_session_is_forgotten),
        WITH_STORE(an_episode_is_forgotten),
        WITH_STORE(a_project_is_forgotten),
        WITH_STORE(upkeep_folds_and_erases),
        WITH_STORE(upkeep_ends_what_was_begun),
        WITH_STORE(old_indexes_are_made_anew_at_start),
        WITH_STORE(the_check_finds_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
