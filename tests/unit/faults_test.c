/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/faults_test.c -- the Nth allocation fails, or the Nth call of the database, for every N
 * until an operation gets through without meeting it: each answer is true, nothing is half done, and
 * the next try succeeds. Then the same operations on a bad disk (bad_disk_test.c goes on there). */
#include "base/mem.h"
#include "client.h"
#include "memory/forget.h"
#include "search/fold.h"
#include "talk.h"

#include <limits.h>
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

/* ---- the fault ---- */

static atomic_long asked, fails_at, fails_n, hits;

static bool fails(void)
{
    long now = ++asked, at = fails_at;
    bool hit = now >= at && now < at + fails_n;

    hits += hit;
    return hit;
}

typedef void (*set_fault)(bool (*)(void));

static void arm(set_fault set, long at, bool on)
{
    asked = hits = 0;
    fails_at = at;
    fails_n = !on ? 1 : set == mem_set_fault ? LONG_MAX / 2 : 2; /* the writer waits for its disk */
    set(fails);
}

/* ---- a world ---- */

typedef struct world {
    scratch *s;
    client c;
    bool app; /* the client is open */
    int round;
    int64_t at; /* of operations without an app: the graph, and its job */
    job todo;
    bool left;
} world;

static world w;

static void open_app(void)
{
    client_open(&w.c, w.s->d);
    w.app = true;
}

static void close_app(void)
{
    if (w.app)
        client_close(&w.c);
    w.app = false;
}

static int set_up(void **state)
{
    scratch_mute();
    scratch_set_up(state);
    w = (world){.s = *state};
    return 0;
}

static int tear_down(void **state)
{
    mem_set_fault(NULL);
    db_set_fault(NULL);
    close_app();
    scratch_tear_down(state);
    scratch_unmute();
    return 0;
}

/* A request whose target and body may have the round's number at %d, several times. */
static int call(const char *method, const char *target, const char *body)
{
    static char to[500], text[2000];
    int r = w.round;

    snprintf(to, sizeof(to), target, r, r);
    if (body)
        snprintf(text, sizeof(text), body, r, r, r, r);
    return client_call(&w.c, method, to, body ? text : NULL);
}

static void must(int got, int wanted)
{
    if (got != wanted)
        scratch_fail("%d, not %d: %.*s", got, wanted, (int)w.c.why.n, w.c.why.p);
}

/* Upkeep has nothing left to do: nobody but the test changes the store. */
static void settle(void)
{
    int64_t until = clock_monotonic_us() + 10 * CLOCK_S_US;

    while (scratch_number(w.s, "SELECT COUNT(*) FROM jobs") > 0) {
        assert_true(clock_monotonic_us() < until);
        usleep(2000);
    }
}

/* ---- operations ---- */

static void make_user(void)
{
    must(call("POST", "/api/v2/users",
              "{\"user_id\":\"u%d\",\"first_name\":\"Ana\",\"email\":\"a@example.org\","
              "\"metadata\":{\"k\":\"v\"}}"),
         201);
}

static void make_session(void)
{
    make_user();
    must(call("POST", "/api/v2/sessions",
              "{\"session_id\":\"s%d\",\"user_id\":\"u%d\",\"metadata\":{\"k\":\"v\"}}"),
         201);
}

#define MESSAGES                                                                                   \
    "{\"messages\":["                                                                              \
    "{\"role\":\"Ana\",\"role_type\":\"user\",\"content\":\"I planted tomatoes\","                 \
    "\"metadata\":{\"m\":%d}},"                                                                    \
    "{\"role_type\":\"assistant\",\"content\":\"which kind of tomatoes?\","                        \
    "\"uuid\":\"11111111-2222-4333-8444-%012d\"},"                                                 \
    "{\"role_type\":\"user\",\"content\":\"yellow ones\",\"created_at\":\"2024-03-05\"}]}"

static void make_messages(void)
{
    make_session();
    must(call("POST", "/api/v2/sessions/s%d/memory", MESSAGES), 200);
}

static int add_user(void)
{
    return call("POST", "/api/v2/users",
                "{\"user_id\":\"u%d\",\"first_name\":\"Ana\",\"metadata\":{\"k\":[1,2,{}]}}");
}

static void user_is_there(void)
{
    must(call("GET", "/api/v2/users/u%d", NULL), 200);
    assert_string_equal(client_text(&w.c, "first_name"), "Ana");
    assert_int_equal(json_array_size(client_at(&w.c, "metadata.k")), 3);
}

static int update_user(void)
{
    return call("PATCH", "/api/v2/users/u%d", "{\"last_name\":\"Lee\",\"metadata\":{\"z\":%d}}");
}

static void user_is_updated(void)
{
    must(call("GET", "/api/v2/users/u%d", NULL), 200);
    assert_string_equal(client_text(&w.c, "first_name"), "Ana");
    assert_string_equal(client_text(&w.c, "last_name"), "Lee");
    assert_string_equal(client_text(&w.c, "email"), "a@example.org");
    assert_string_equal(client_text(&w.c, "metadata.k"), "v");
    assert_non_null(client_at(&w.c, "metadata.z"));
}

static int add_session(void)
{
    return call("POST", "/api/v2/sessions",
                "{\"session_id\":\"s%d\",\"user_id\":\"u%d\",\"metadata\":{\"k\":\"v\"}}");
}

static void session_is_there(void)
{
    must(call("GET", "/api/v2/sessions/s%d", NULL), 200);
    assert_string_equal(client_text(&w.c, "metadata.k"), "v");
    must(call("GET", "/api/v2/users/u%d/sessions", NULL), 200);
    assert_int_equal(json_array_size(client_json(&w.c)), 1);
}

static int update_session(void)
{
    return call("PATCH", "/api/v2/sessions/s%d", "{\"metadata\":{\"z\":%d}}");
}

static void session_is_updated(void)
{
    session_is_there();
    must(call("GET", "/api/v2/sessions/s%d", NULL), 200);
    assert_non_null(client_at(&w.c, "metadata.z"));
}

static int add_memory(void)
{
    return call("POST", "/api/v2/sessions/s%d/memory", MESSAGES);
}

static void memory_is_there(void)
{
    must(call("GET", "/api/v2/sessions/s%d/messages", NULL), 200);
    assert_int_equal(json_integer_value(client_at(&w.c, "total_count")), 3);
    assert_int_equal(json_array_size(client_at(&w.c, "messages")), 3);
    assert_string_equal(client_text(&w.c, "messages.0.content"), "I planted tomatoes");
    assert_string_equal(client_text(&w.c, "messages.0.role"), "Ana");
    assert_non_null(client_at(&w.c, "messages.0.metadata.m"));
    assert_string_equal(client_text(&w.c, "messages.2.content"), "yellow ones");
}

/* Parsed on a worker, and then on to the writer. */
static int add_long_memory(void)
{
    w.c.long_bodies = true;
    int got = add_memory();
    w.c.long_bodies = false;
    return got;
}

static int add_memory_with_context(void)
{
    return call("POST", "/api/v2/sessions/s%d/memory",
                "{\"return_context\":true,\"messages\":[{\"role_type\":\"user\","
                "\"content\":\"tomatoes again\"}]}");
}

static void four_are_there(void)
{
    must(call("GET", "/api/v2/sessions/s%d/messages", NULL), 200);
    assert_int_equal(json_array_size(client_at(&w.c, "messages")), 4);
}

static int get_memory(void)
{
    return call("GET", "/api/v2/sessions/s%d/memory?lastn=2", NULL);
}

static void memory_is_got(void)
{
    assert_int_equal(json_array_size(client_at(&w.c, "messages")), 2);
    assert_string_equal(client_text(&w.c, "messages.0.content"), "which kind of tomatoes?");
    assert_string_equal(client_text(&w.c, "messages.1.content"), "yellow ones");
    assert_non_null(strstr(client_text(&w.c, "context"), "Ana: I planted tomatoes"));
}

static int get_user(void)
{
    return call("GET", "/api/v2/users/u%d", NULL);
}

static void user_is_got(void)
{
    assert_string_equal(client_text(&w.c, "first_name"), "Ana");
    assert_string_equal(client_text(&w.c, "email"), "a@example.org");
    assert_string_equal(client_text(&w.c, "metadata.k"), "v");
}

static int list_sessions(void)
{
    return call("GET", "/api/v2/sessions-ordered?page_size=10&page_number=1", NULL);
}

static void sessions_are_listed(void)
{
    assert_true(json_array_size(client_at(&w.c, "sessions")) > 0);
    assert_string_equal(client_text(&w.c, "sessions.0.metadata.k"), "v");
}

static int search(void)
{
    return call("POST", "/api/v2/graph/search",
                "{\"user_id\":\"u%d\",\"query\":\"tomatoes planted\",\"scope\":\"episodes\"}");
}

static void tomatoes_are_found(void)
{
    assert_string_equal(client_text(&w.c, "episodes.0.content"), "I planted tomatoes");
    assert_non_null(client_text(&w.c, "episodes.0.session_id"));
    assert_non_null(client_text(&w.c, "episodes.0.role"));
}

static int search_sessions(void)
{
    return call("POST", "/api/v2/sessions/search",
                "{\"session_ids\":[\"s%d\"],\"text\":\"tomatoes planted\"}");
}

static void tomatoes_are_found_there(void)
{
    assert_string_equal(client_text(&w.c, "results.0.message.content"), "I planted tomatoes");
    assert_non_null(client_text(&w.c, "results.0.session_id"));
}

static int delete_session(void)
{
    return call("DELETE", "/api/v2/sessions/s%d/memory", NULL);
}

static void session_is_gone(void)
{
    must(call("GET", "/api/v2/sessions/s%d", NULL), 404);
    must(search(), 200);
    assert_string_equal(client_text(&w.c, "episodes.0.content"), "I planted tomatoes");
}

static int delete_message(void)
{
    return call("DELETE", "/api/v2/graph/episodes/11111111-2222-4333-8444-%012d", NULL);
}

static void message_is_gone(void)
{
    must(call("GET", "/api/v2/sessions/s%d/messages", NULL), 200);
    assert_int_equal(json_array_size(client_at(&w.c, "messages")), 2);
}

static int delete_user(void)
{
    return call("DELETE", "/api/v2/users/u%d", NULL);
}

static void user_is_gone(void)
{
    must(call("GET", "/api/v2/users/u%d", NULL), 404);
    must(call("GET", "/api/v2/sessions/s%d", NULL), 404);
}

/* Without an app: what upkeep hands to the writer. */

struct step {
    db_job job; /* first */
};

static err run_fold(db_job *step, tx *t)
{
    arena a;

    (void)step;
    arena_init(&a, 64 << 20);
    err e = fold_graph(t, &a, w.s->project, w.at, false);
    arena_deinit(&a);
    return e;
}

static void make_pending(void)
{
    static line said[FOLD_PENDING];
    const char *name = arena_printf(&w.s->arena, "u%d", w.round).p;

    for (int i = 0; i < FOLD_PENDING; i++)
        said[i] = (line){
            i % 3 ? "Ana" : NULL, ROLE_USER, i % 2 ? "red apples" : "green pears", 0,
            i == 5 ? arena_printf(&w.s->arena, "11111111-2222-4333-8444-%012d", w.round).p : NULL};
    w.at = talk_user(w.s, name, "Ana");
    talk_session(w.s, name, name);
    assert_int_equal(talk_say(w.s, name, said, FOLD_PENDING, NULL), OK);
}

static int fold(void)
{
    db_job step = {.run = run_fold};

    return err_status(db_write_behind(w.s->d, &step));
}

static void it_is_folded(void)
{
    assert_int_equal(talk_graph(w.s, w.at).folded, FOLD_PENDING);
    assert_int_equal(talk_ask(w.s, w.at, "pears", 3).n, 3);
}

static void make_forgotten(void)
{
    make_pending();
    talk_fold(w.s, w.at, false);
    assert_int_equal(forget_user(scratch_write(w.s), &w.s->arena, w.s->project,
                                 slice_of(arena_printf(&w.s->arena, "u%d", w.round).p)),
                     OK);
    scratch_commit(w.s);
    w.todo = (job){w.s->project, w.at, JOB_ERASE};
}

static err run_erase(db_job *step, tx *t)
{
    (void)step;
    return forget_step(t, &w.todo, &w.left);
}

static int erase(void)
{
    db_job step = {.run = run_erase};

    return err_status(db_write_behind(w.s->d, &step));
}

static void it_is_erased(void)
{
    static const char *const tables[] = {"episodes", "postings", "blocks", "given_uuids", "jobs"};
    char sql[100];

    assert_false(w.left);
    for (size_t i = 0; i < COUNT(tables); i++) {
        snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s WHERE graph = %lld", tables[i],
                 (long long)w.at);
        assert_int_equal(scratch_number(w.s, sql), 0);
    }
}

typedef struct operation {
    const char *name;
    void (*make)(void); /* what there must be before; with everything well */
    int (*act)(void);   /* the operation, and its status */
    int status;         /* of success */
    void (*look)(void); /* after success */
    bool reads;         /* and changes nothing */
    bool deletes;       /* and leaves a job */
    bool bare;          /* without an app */
} operation;

static const operation operations[] = {
    {.name = "add user", .make = NULL, .act = add_user, .status = 201, .look = user_is_there},
    {.name = "update user",
     .make = make_user,
     .act = update_user,
     .status = 200,
     .look = user_is_updated},
    {.name = "get user",
     .make = make_user,
     .act = get_user,
     .status = 200,
     .look = user_is_got,
     .reads = true},
    {.name = "add session",
     .make = make_user,
     .act = add_session,
     .status = 201,
     .look = session_is_there},
    {.name = "update session",
     .make = make_session,
     .act = update_session,
     .status = 200,
     .look = session_is_updated},
    {.name = "list sessions",
     .make = make_session,
     .act = list_sessions,
     .status = 200,
     .look = sessions_are_listed,
     .reads = true},
    {.name = "add memory",
     .make = make_session,
     .act = add_memory,
     .status = 200,
     .look = memory_is_there},
    {.name = "add memory, session made",
     .make = NULL,
     .act = add_memory,
     .status = 200,
     .look = memory_is_there},
    {.name = "add memory, long",
     .make = make_session,
     .act = add_long_memory,
     .status = 200,
     .look = memory_is_there},
    {.name = "add memory, context",
     .make = make_messages,
     .act = add_memory_with_context,
     .status = 200,
     .look = four_are_there},
    {.name = "get memory",
     .make = make_messages,
     .act = get_memory,
     .status = 200,
     .look = memory_is_got,
     .reads = true},
    {.name = "search",
     .make = make_messages,
     .act = search,
     .status = 200,
     .look = tomatoes_are_found,
     .reads = true},
    {.name = "search sessions",
     .make = make_messages,
     .act = search_sessions,
     .status = 200,
     .look = tomatoes_are_found_there,
     .reads = true},
    {.name = "delete message",
     .make = make_messages,
     .act = delete_message,
     .status = 200,
     .look = message_is_gone},
    {.name = "delete session",
     .make = make_messages,
     .act = delete_session,
     .status = 200,
     .look = session_is_gone},
    {.name = "delete user",
     .make = make_messages,
     .act = delete_user,
     .status = 200,
     .look = user_is_gone,
     .deletes = true},
    {.name = "fold",
     .make = make_pending,
     .act = fold,
     .status = 200,
     .look = it_is_folded,
     .bare = true},
    {.name = "erase",
     .make = make_forgotten,
     .act = erase,
     .status = 200,
     .look = it_is_erased,
     .bare = true},
};

/* ---- every N ---- */

/* One round; true when the operation did not meet the fault at all. */
static bool round_of(const operation *op, set_fault set, long at, bool on)
{
    w.round++;
    if (op->make)
        op->make();
    if (op->deletes)
        settle();
    uint64_t before = scratch_digest(w.s);
    arm(set, at, on);
    int got = op->act();
    set(NULL);
    bool hit = hits > 0;

    if (got != op->status && got != 503)
        scratch_fail("%s, fault at %ld%s: %d: %.*s", op->name, at, on ? " and on" : "", got,
                     op->bare ? 0 : (int)w.c.why.n, op->bare ? "" : w.c.why.p);
    if (got == 503 || op->reads) {
        assert_true(hit || got != 503);
        if (scratch_digest(w.s) != before)
            scratch_fail("%s, fault at %ld%s: half of it is there", op->name, at,
                         on ? " and on" : "");
    }
    if (got == 503) {
        got = op->act();
        if (got != op->status)
            scratch_fail("%s, after a fault at %ld: %d", op->name, at, got);
    }
    op->look();
    return !hit;
}

/* `stride` 0: every N; otherwise ever larger steps. */
static void every_fault(const operation *op, set_fault set, bool on, long stride, bool cold)
{
    bool through = false;

    for (long at = 1; !through; at += 1 + (stride ? at / stride : 0)) {
        if (cold) {
            close_app();
            scratch_reopen(w.s);
            if (!op->bare)
                open_app();
        }
        through = round_of(op, set, at, on);
        if (at % 16 == 1)
            scratch_check(w.s);
        assert_true(at < 20000);
    }
    scratch_check(w.s);
}

/* Each in a store of its own, that stays small. */
static void all_operations(void **state, set_fault set, bool bare)
{
    for (size_t i = 0; i < COUNT(operations); i++) {
        const operation *op = &operations[i];
        if (op->bare != bare)
            continue;
        tear_down(state);
        set_up(state);
        if (!bare)
            open_app();
        if (op->make) /* its statements are prepared */
            op->make();
        int got = op->act();
        if (got != op->status)
            scratch_fail("%s: %d: %.*s", op->name, got, (int)w.c.why.n, w.c.why.p);
        every_fault(op, set, false, op->deletes ? 6 : 0, false); /* upkeep rests after a fault */
        every_fault(op, set, true, 6, false);
    }
}

static void any_allocation_may_fail(void **state)
{
    all_operations(state, mem_set_fault, false);
}

static void any_allocation_may_fail_in_upkeep(void **state)
{
    all_operations(state, mem_set_fault, true);
}

static void any_database_call_may_fail(void **state)
{
    all_operations(state, db_set_fault, false);
}

static void any_database_call_may_fail_in_upkeep(void **state)
{
    all_operations(state, db_set_fault, true);
}

/* Just opened: connections and statements are still to be made. */
static void any_allocation_may_fail_at_first(void **state)
{
    static const char *const names[] = {"add memory", "search", "delete user"};

    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++)
        for (size_t k = 0; k < COUNT(names); k++)
            if (strcmp(operations[i].name, names[k]) == 0) {
                every_fault(&operations[i], mem_set_fault, false, 8, true);
                every_fault(&operations[i], mem_set_fault, true, 4, true);
            }
}

static void opening_may_fail(void **state)
{
    bool through = false;
    slice why;

    (void)state;
    for (int on = 0; on < 2; on++) {
        through = false;
        for (long at = 1; !through; at += 1 + at / 12) {
            scratch_close(w.s);
            arm(mem_set_fault, at, on);
            err e = scratch_open_as(w.s, true, true, &why);
            mem_set_fault(NULL);
            through = hits == 0;
            if (e) {
                assert_null(w.s->d);
                assert_true(e == ERR_NO_MEMORY || e == ERR_STORAGE || e == ERR_INTERNAL);
                scratch_open(w.s);
            }
            scratch_check(w.s);
        }
    }
}

/* Making a store anew fails as a whole. */
static void creating_may_fail(void **state)
{
    bool through = false;
    scratch fresh;
    slice why;

    (void)state;
    for (long at = 1; !through; at += 1 + at / 8) {
        scratch_init(&fresh);
        arm(mem_set_fault, at, false);
        err e = scratch_open_as(&fresh, true, true, &why);
        mem_set_fault(NULL);
        through = hits == 0;
        if (e)
            scratch_open(&fresh);
        assert_int_equal(scratch_number(&fresh, "SELECT version FROM schema_version"),
                         db_schema_version());
        scratch_check(&fresh);
        scratch_deinit(&fresh);
    }
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(any_allocation_may_fail),
        WITH_STORE(any_allocation_may_fail_in_upkeep),
        WITH_STORE(any_database_call_may_fail),
        WITH_STORE(any_database_call_may_fail_in_upkeep),
        WITH_STORE(any_allocation_may_fail_at_first),
        WITH_STORE(opening_may_fail),
        WITH_STORE(creating_may_fail),
    };

    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); /* every allocation is asked for */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
