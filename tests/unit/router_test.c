/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/router_test.c -- patterns, methods, and how a raw path is cut and decoded. */
#include "http/router.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROW(verb, path)                                                                            \
    {                                                                                              \
        .method = (verb), .pattern = (path), .access = ACCESS_ANYONE                               \
    }

enum {
    ROOT,
    USERS,
    USERS_ADD,
    USER,
    USER_PATCH,
    USER_DELETE,
    USER_NODE,
    ME,
    ME_NODE,
    ANY_END,
    END,
    MESSAGE,
    EIGHT,
    SEARCH_ALL,
    SEARCH_ONE,
};

static const route rows[] = {
    [ROOT] = ROW("GET", "/"),
    [USERS] = ROW("GET", "/users"),
    [USERS_ADD] = ROW("POST", "/users"),
    [USER] = ROW("GET", "/users/{user_id}"),
    [USER_PATCH] = ROW("PATCH", "/users/{user_id}"),
    [USER_DELETE] = ROW("DELETE", "/users/{user_id}"),
    [USER_NODE] = ROW("GET", "/users/{user_id}/node"),
    [ME] = ROW("GET", "/users/me"),
    [ME_NODE] = ROW("POST", "/users/me/node"),
    [ANY_END] = ROW("POST", "/{a}/end"),
    [END] = ROW("POST", "/sessions/end"),
    [MESSAGE] = ROW("GET", "/sessions/{session_id}/messages/{message_uuid}"),
    [EIGHT] = ROW("GET", "/1/2/3/4/5/6/7/{h}"),
    [SEARCH_ALL] = ROW("POST", "/sessions/search"),
    [SEARCH_ONE] = ROW("POST", "/sessions/{session_id}/search"),
};

static router *r;
static arena a;
static route_match m;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, 1 << 20);
    return router_new(rows, COUNT(rows), &r) != OK;
}

static int tear_down(void **state)
{
    (void)state;
    router_free(r);
    arena_deinit(&a);
    return 0;
}

/* The row that answers; -1: none of that path, -2: none of that method, -3: a bad path. */
static int find_in(const char *method, slice path)
{
    err e = router_find(r, &a, slice_of(method), path, &m);

    if (e)
        return e == ERR_BAD_REQUEST ? -3 : -4;
    if (!m.route)
        return m.allow.p ? -2 : -1;
    assert_ptr_equal(m.route, &rows[m.index]);
    assert_null(m.allow.p);
    return (int)m.index;
}

static int find(const char *method, const char *path)
{
    return find_in(method, slice_of(path));
}

static void assert_arg(int i, const char *text)
{
    assert_true(slice_is(m.args[i], text));
}

static void patterns_fit(void **state)
{
    (void)state;
    assert_int_equal(find("GET", "/"), ROOT);
    assert_int_equal(find("GET", "/users"), USERS);
    assert_int_equal(find("POST", "/users"), USERS_ADD);
    assert_int_equal(find("GET", "/users/ana"), USER);
    assert_arg(0, "ana");
    assert_int_equal(find("GET", "/users/ana/node"), USER_NODE);
    assert_arg(0, "ana");
    assert_int_equal(find("GET", "/sessions/s 1/messages/m+2"), MESSAGE);
    assert_arg(0, "s 1");
    assert_arg(1, "m+2");
    assert_int_equal(find("GET", "/user"), -1);
    assert_int_equal(find("GET", "/Users"), -1);
    assert_int_equal(find("GET", "/users/ana/nodes"), -1);
    assert_int_equal(find("GET", "/users/{user_id}"), USER);
    assert_arg(0, "{user_id}");
}

static void static_segments_win_for_their_method(void **state)
{
    (void)state;
    assert_int_equal(find("GET", "/users/me"), ME);
    assert_int_equal(find("DELETE", "/users/me"), USER_DELETE);
    assert_arg(0, "me");
    assert_int_equal(find("GET", "/users/me/node"), USER_NODE);
    assert_arg(0, "me");
    assert_int_equal(find("POST", "/users/me/node"), ME_NODE);
    assert_int_equal(find("POST", "/sessions/end"), END);
    assert_int_equal(find("POST", "/other/end"), ANY_END);
    assert_arg(0, "other");
    assert_int_equal(find("POST", "/sessions/search"), SEARCH_ALL);
    assert_int_equal(find("POST", "/sessions/search/search"), SEARCH_ONE);
    /* an escape hides nothing: the name is what it decodes to */
    assert_int_equal(find("GET", "/users/m%65"), ME);
}

static void methods_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(find("PUT", "/users"), -2);
    assert_true(slice_is(m.allow, "GET, HEAD, POST"));
    assert_int_equal(find("POST", "/users/ana"), -2);
    assert_true(slice_is(m.allow, "GET, HEAD, PATCH, DELETE"));
    assert_int_equal(find("POST", "/users/me"), -2);
    assert_true(slice_is(m.allow, "GET, HEAD, PATCH, DELETE"));
    assert_int_equal(find("GET", "/sessions/end"), -2);
    assert_true(slice_is(m.allow, "POST"));
    assert_int_equal(find("get", "/users"), -2);
    assert_int_equal(find("", "/users"), -2);
    assert_int_equal(find("GETX", "/users"), -2);
    assert_int_equal(find("PUT", "/nothing"), -1);
}

static void head_is_answered_where_get_is(void **state)
{
    (void)state;
    assert_int_equal(find("HEAD", "/users"), USERS);
    assert_int_equal(find("HEAD", "/users/me"), ME);
    assert_int_equal(find("HEAD", "/users/ana"), USER);
    assert_int_equal(find("HEAD", "/sessions/end"), -2);
    assert_int_equal(find("HEAD", "/nothing"), -1);
}

static void slashes_fold(void **state)
{
    (void)state;
    assert_int_equal(find("GET", ""), ROOT);
    assert_int_equal(find("GET", "///"), ROOT);
    assert_int_equal(find("GET", "users"), USERS);
    assert_int_equal(find("GET", "//users//"), USERS);
    assert_int_equal(find("GET", "/users//ana///node/"), USER_NODE);
    assert_arg(0, "ana");
}

static void dots_are_names(void **state)
{
    (void)state;
    assert_int_equal(find("GET", "/users/."), USER);
    assert_arg(0, ".");
    assert_int_equal(find("GET", "/users/.."), USER);
    assert_arg(0, "..");
    assert_int_equal(find("GET", "/users/../node"), USER_NODE);
    assert_int_equal(find("GET", "/users/%2e%2E/node"), USER_NODE);
    assert_arg(0, "..");
}

static void segments_are_decoded_once(void **state)
{
    (void)state;
    assert_int_equal(find("GET", "/users/a%2Fb"), USER);
    assert_arg(0, "a/b");
    assert_int_equal(find("GET", "/users/a%2fb%2Fnode"), USER);
    assert_arg(0, "a/b/node");
    assert_int_equal(find("GET", "/users/%2F"), USER);
    assert_arg(0, "/");
    assert_int_equal(find("GET", "/users/100%25"), USER);
    assert_arg(0, "100%");
    assert_int_equal(find("GET", "/users/%2541"), USER);
    assert_arg(0, "%41");
    assert_int_equal(find("GET", "/users/a+b%20c"), USER);
    assert_arg(0, "a+b c");
    assert_int_equal(find("GET", "/users/%D0%90%D0%BD%D0%B0"), USER);
    assert_arg(0, "\xD0\x90\xD0\xBD\xD0\xB0");
    assert_int_equal(find("GET", "/users/\xF0\x9F\x98\x80"), USER);
    assert_arg(0, "\xF0\x9F\x98\x80");
    assert_int_equal(find("GET", "/%75sers/ana"), USER);
    assert_int_equal(find("GET", "/users/%3F%23%26"), USER);
    assert_arg(0, "?#&");
}

static void bad_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "/users/%",      "/users/%2",        "/users/%2G",       "/users/%G2",
        "/users/%%41",   "/users/a%zz/node", "/users/\xC3",      "/users/%C3",
        "/users/%C3%28", "/users/\xFF",      "/users/%ED%A0%80", "/users/%F4%90%80%80",
        "/users/%C0%AF", "/users/%00",       "/users/a%00b",     "/no%/such",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (find("GET", bad[i]) != -3)
            fail_msg("%s was taken", bad[i]);
    assert_int_equal(find_in("GET", (slice){"/users/a\0b", 10}), -3);
    assert_int_equal(find_in("GET", (slice){"/users/a%2", 9}), -3); /* nothing behind it is read */
    assert_int_equal(find_in("GET", (slice){"/users/a%20b", 8}), USER);
    assert_arg(0, "a");
}

static void long_paths_fit_nothing(void **state)
{
    static char path[200001];

    (void)state;
    assert_int_equal(find("GET", "/1/2/3/4/5/6/7/8"), EIGHT);
    assert_arg(0, "8");
    assert_int_equal(find("GET", "/1/2/3/4/5/6/7/8/9"), -1);
    for (size_t i = 0; i < 200000; i++)
        path[i] = i % 2 ? 'a' : '/';
    assert_int_equal(find("GET", path), -1);
    memset(path, '/', 200000);
    assert_int_equal(find("GET", path), ROOT);
    memset(path, 'a', 200000);
    memcpy(path, "/users/", 7);
    assert_int_equal(find("GET", path), USER);
    assert_int_equal(m.args[0].n, 200000 - 7);
    memcpy(path + 100000, "%41", 3);
    assert_int_equal(find("GET", path), USER);
    assert_int_equal(m.args[0].n, 200000 - 7 - 2);
}

static void decoding_is_its_own_function(void **state)
{
    slice to;

    (void)state;
    assert_int_equal(percent_decode(&a, SLICE(""), &to), OK);
    assert_true(to.p && to.n == 0);
    assert_int_equal(percent_decode(&a, SLICE("a%3Db+%26"), &to), OK);
    assert_true(slice_is(to, "a=b+&"));
    assert_int_equal(percent_decode(&a, SLICE("%"), &to), ERR_BAD_REQUEST);
    assert_int_equal(percent_decode(&a, SLICE("%00"), &to), ERR_BAD_REQUEST);
}

static bool always(void)
{
    return true;
}

static void no_memory_is_an_answer(void **state)
{
    router *none = NULL;
    arena small;

    (void)state;
    mem_set_fault(always);
    err e = router_new(rows, COUNT(rows), &none);
    mem_set_fault(NULL);
    assert_int_equal(e, ERR_NO_MEMORY);
    assert_null(none);
    router_free(NULL);

    arena_init(&small, 0);
    assert_int_equal(router_find(r, &small, SLICE("GET"), SLICE("/users/%41"), &m), ERR_NO_MEMORY);
    assert_int_equal(router_find(r, &small, SLICE("PUT"), SLICE("/users"), &m), ERR_NO_MEMORY);
    assert_int_equal(router_find(r, &small, SLICE("GET"), SLICE("/users/a"), &m), OK);
    arena_deinit(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_fit),
        cmocka_unit_test(static_segments_win_for_their_method),
        cmocka_unit_test(methods_are_told_apart),
        cmocka_unit_test(head_is_answered_where_get_is),
        cmocka_unit_test(slashes_fold),
        cmocka_unit_test(dots_are_names),
        cmocka_unit_test(segments_are_decoded_once),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(long_paths_fit_nothing),
        cmocka_unit_test(decoding_is_its_own_function),
        cmocka_unit_test(no_memory_is_an_answer),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
