/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/gate_test.c -- what a request must pass before a handler sees it, and how query and body
 * are read, through a small table of routes. */
#include "http/gate.h"

#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- a small app ---- */

typedef struct colour_query {
    int64_t limit;
    slice text;
    int8_t asc;
    double score;
} colour_query;

static const field query_fields[] = {
    {.name = "limit",
     .alias = "pageSize",
     .kind = SHAPE_INT,
     .offset = offsetof(colour_query, limit),
     .min = 1,
     .max = 100},
    {.name = "text", .kind = SHAPE_TEXT, .offset = offsetof(colour_query, text)},
    {.name = "asc", .kind = SHAPE_BOOL, .offset = offsetof(colour_query, asc)},
    {.name = "score", .kind = SHAPE_REAL, .offset = offsetof(colour_query, score)},
};
static const shape query_shape = SHAPE("ColourQuery", colour_query, query_fields);

typedef struct colour_body {
    slice name;
    int64_t shade;
} colour_body;

static const field body_fields[] = {
    {.name = "name",
     .kind = SHAPE_TEXT,
     .offset = offsetof(colour_body, name),
     .required = true,
     .min = 1,
     .max = 5},
    {.name = "shade", .kind = SHAPE_INT, .offset = offsetof(colour_body, shade)},
};
static const shape body_shape = SHAPE("Colour", colour_body, body_fields);

static int prepared;

static err prepare(request *rq)
{
    const colour_body *in = rq->body;

    prepared++;
    return slice_is(in->name, "none") ? request_bad(rq, "name: %s", "is none") : OK;
}

static const route rows[] = {
    {.method = "GET", .pattern = "/open", .access = ACCESS_ANYONE, .status = 200},
    {.method = "GET",
     .pattern = "/colours/{colour}",
     .access = ACCESS_KEY,
     .status = 200,
     .query = &query_shape},
    {.method = "POST",
     .pattern = "/colours",
     .access = ACCESS_KEY,
     .status = 201,
     .body = &body_shape,
     .prepare = prepare},
    {.method = "GET", .pattern = "/nobody", .status = 200},
};

static int asked_for_keys;

static err authenticate(void *ctx, slice key, int64_t *project, uuid *project_id, bool *later)
{
    *later = false;
    asked_for_keys++;
    assert_string_equal(ctx, "the app");
    if (slice_is(key, "busy"))
        return ERR_BUSY;
    if (!slice_is(key, "good"))
        return ERR_DENIED;
    *project = 7;
    *project_id = (uuid){{7}};
    return OK;
}

static const http_app app = {.ctx = (void *)(uintptr_t) "the app",
                             .routes = rows,
                             .n = COUNT(rows),
                             .authenticate = authenticate};
static const http_options options = {.max_body_bytes = 1000, .max_header_bytes = 16 << 10};

static router *r;
static request rq;
static gate_result g;

static int set_up(void **state)
{
    (void)state;
    json_init();
    return router_new(rows, COUNT(rows), &r) != OK;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&rq.arena);
    router_free(r);
    return 0;
}

static err enter_with(gate_headers h)
{
    arena_deinit(&rq.arena);
    rq = (request){.content_type = "application/json"};
    arena_init(&rq.arena, 1 << 20);
    return gate_enter(r, &app, &options, &h, &rq, &g);
}

static err enter(const char *method, const char *uri, const char *authorization)
{
    return enter_with((gate_headers){.method = slice_of(method),
                                     .uri = slice_of(uri),
                                     .authorization = slice_of(authorization)});
}

static bool why_has(const char *text)
{
    return rq.why.p && memmem(rq.why.p, rq.why.n, text, strlen(text));
}

/* ---- the gate ---- */

static void a_good_request_is_let_in(void **state)
{
    (void)state;
    assert_int_equal(enter("GET", "/colours/r%C3%A9d?limit=3&text=x", "Api-Key good"), OK);
    assert_ptr_equal(rq.route, &rows[1]);
    assert_int_equal(g.route_index, 1);
    assert_int_equal(rq.status, 200);
    assert_int_equal(rq.project, 7);
    assert_int_equal(rq.project_id.b[0], 7);
    assert_true(slice_is(rq.args[0], "r\xC3\xA9"
                                     "d"));
    assert_true(slice_is(request_arg(&rq, "colour"), "r\xC3\xA9"
                                                     "d"));
    assert_true(slice_is(rq.raw_query, "limit=3&text=x"));
    assert_int_equal(g.body_bytes, 0);
    assert_false(g.close || g.preflight);
    assert_int_equal(enter("HEAD", "/colours/red", "good"), OK);
    assert_null(rq.raw_query.p);
    assert_int_equal(enter("GET", "/colours/red?", "good"), OK);
    assert_int_equal(rq.raw_query.n, 0);
    assert_int_equal(enter("GET", "/colours/red?a?b", "good"), OK);
    assert_true(slice_is(rq.raw_query, "a?b"));
}

static void keys_come_in_several_dresses(void **state)
{
    static const char *const good[] = {"Api-Key good", "api-key good", "API-KEY   good ",
                                       "Bearer good",  "bearer good",  "good",
                                       "  good\t",     "Bearer \tgood"};
    static const char *const bad[] = {NULL,         "",       " ",        "Api-Key",
                                      "Api-Key ",   "Bearer", "Bearer  ", "Good",
                                      "Basic good", "goodx",  "goo",      "Api-Key good good"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (enter("GET", "/colours/red", good[i]) != OK)
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (enter("GET", "/colours/red", bad[i]) != ERR_DENIED)
            fail_msg("let in: %s", bad[i]);
        assert_null(rq.route);
        assert_int_equal(rq.project, 0);
    }
    assert_int_equal(enter("GET", "/colours/red", "busy"), ERR_BUSY);
}

static void without_a_key_nothing_is_told(void **state)
{
    (void)state;
    assert_int_equal(enter("GET", "/no/such", NULL), ERR_DENIED);
    assert_int_equal(enter("PUT", "/colours", NULL), ERR_DENIED);
    assert_null(g.allow.p);
    assert_int_equal(enter("GET", "/colours/%", NULL), ERR_DENIED);
    assert_int_equal(enter("GET", "/no/such", "good"), ERR_NOT_FOUND);
    assert_int_equal(enter("PUT", "/colours", "good"), ERR_METHOD);
    assert_true(slice_is(g.allow, "POST"));
    assert_int_equal(enter("GET", "/colours/%", "good"), ERR_BAD_REQUEST);
    assert_true(why_has("UTF-8"));
}

static void open_paths_ask_for_no_key(void **state)
{
    (void)state;
    asked_for_keys = 0;
    assert_int_equal(enter("GET", "/open", NULL), OK);
    assert_int_equal(enter("GET", "/open", "nonsense"), OK);
    assert_int_equal(rq.project, 0);
    assert_int_equal(asked_for_keys, 0);
    assert_int_equal(enter("POST", "/open", NULL), ERR_DENIED);
}

static void a_row_that_says_nothing_admits_nobody(void **state)
{
    (void)state;
    assert_int_equal(enter("GET", "/nobody", "good"), ERR_DENIED);
    assert_null(rq.route);
}

static void preflights_need_no_key(void **state)
{
    (void)state;
    assert_int_equal(enter("OPTIONS", "/colours", NULL), OK);
    assert_true(g.preflight);
    assert_null(rq.route);
    assert_int_equal(enter("OPTIONS", "/no/such", NULL), OK);
    assert_true(g.preflight);
}

static err with_length(const char *length, int lengths, bool chunked)
{
    return enter_with((gate_headers){.method = SLICE("POST"),
                                     .uri = SLICE("/colours"),
                                     .authorization = SLICE("good"),
                                     .content_length = slice_of(length),
                                     .content_lengths = lengths,
                                     .transfer_encoding = chunked ? SLICE("chunked") : NO_SLICE});
}

static void framing_must_be_clear(void **state)
{
    static const char *const bad[] = {
        "", " ", "-1", "+1", "1 ", "0x10", "1,1", "1e3", "٣", "1.0", "9999999999999999999999"};

    (void)state;
    assert_int_equal(with_length("0", 1, false), OK);
    assert_int_equal(g.body_bytes, 0);
    assert_int_equal(with_length("1000", 1, false), OK);
    assert_int_equal(g.body_bytes, 1000);
    assert_int_equal(with_length("000000000000001000", 1, false), OK);
    assert_int_equal(with_length(NULL, 0, true), OK);
    assert_int_equal(g.body_bytes, -1);
    assert_false(g.close);

    assert_int_equal(with_length("1001", 1, false), ERR_TOO_LARGE);
    assert_true(why_has("1000"));
    assert_false(g.close);
    assert_int_equal(with_length("5", 2, false), ERR_BAD_REQUEST);
    assert_true(g.close);
    assert_int_equal(with_length("5", 1, true), ERR_BAD_REQUEST);
    assert_true(g.close);
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (with_length(bad[i], 1, false) != ERR_BAD_REQUEST)
            fail_msg("let in: %s", bad[i]);
        assert_true(g.close);
    }
}

/* ---- queries ---- */

static err parse_query(const char *query)
{
    assert_int_equal(enter("GET", "/colours/red", "good"), OK);
    rq.raw_query = slice_of(query);
    return request_parse(&rq);
}

static const colour_query *got_query(const char *query)
{
    if (parse_query(query))
        fail_msg("%s: %.*s", query, (int)rq.why.n, rq.why.p);
    return rq.query;
}

static void queries_are_read_by_their_shape(void **state)
{
    (void)state;
    const colour_query *q = got_query("limit=3&text=a%20b+c&asc=true&score=0.5");
    assert_int_equal(q->limit, 3);
    assert_true(slice_is(q->text, "a b+c"));
    assert_int_equal(q->asc, 1);
    assert_true(q->score == 0.5);
    assert_null(rq.body);

    q = got_query("");
    assert_true(q->limit == NO_INT && !q->text.p && q->asc == NO_BOOL && isnan(q->score));
    q = got_query(NULL);
    assert_true(q->limit == NO_INT);
    q = got_query("&&limit=&text=&=&=x&unknown=1&flag&limit");
    assert_true(q->limit == NO_INT);
    assert_int_equal(got_query("pageSize=9")->limit, 9);
    assert_int_equal(got_query("l%69mit=9")->limit, 9);
    assert_true(slice_is(got_query("text=a=b")->text, "a=b"));
    assert_true(slice_is(got_query("text=%26%3D%25")->text, "&=%"));
    assert_true(slice_is(got_query("text=%D0%90")->text, "\xD0\x90"));
}

static void bad_queries_say_which_parameter(void **state)
{
    static const struct {
        const char *query, *says;
    } bad[] = {
        {"limit=x", "limit"},
        {"limit=0", "limit"},
        {"limit=101", "limit"},
        {"limit=-3", "limit"},
        {"limit=1.5", "limit"},
        {"limit=99999999999999999999", "limit"},
        {"limit=%31%30%31", "limit"},
        {"asc=maybe", "asc"},
        {"score=high", "score"},
        {"text=%", "UTF-8"},
        {"text=%C3", "UTF-8"},
        {"text=%00", "UTF-8"},
        {"%=1", "UTF-8"},
        {"unknown=%FF", "UTF-8"},
        {"score=nan", "score"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (parse_query(bad[i].query) != ERR_BAD_REQUEST)
            fail_msg("taken: %s", bad[i].query);
        if (!why_has(bad[i].says) || !why_has("bad request: "))
            fail_msg("%s: %.*s", bad[i].query, (int)rq.why.n, rq.why.p);
    }
}

/* ---- bodies ---- */

static err parse_body_of(slice body)
{
    assert_int_equal(enter("POST", "/colours", "good"), OK);
    rq.raw_body = body;
    prepared = 0;
    return request_parse(&rq);
}

static void bodies_are_read_by_their_shape(void **state)
{
    const colour_body *in;

    (void)state;
    assert_int_equal(parse_body_of(SLICE("{\"shade\": -5, \"name\": \"red\", \"more\": [1, {}]}")),
                     OK);
    in = rq.body;
    assert_true(slice_is(in->name, "red"));
    assert_int_equal(in->shade, -5);
    assert_null(rq.query);
    assert_int_equal(prepared, 1);
    assert_int_equal(rq.status, 201);
    assert_int_equal(parse_body_of(SLICE(" {\"name\":\"a\",\"name\":\"b\",\"shade\":null}\n")), OK);
    in = rq.body;
    assert_true(slice_is(in->name, "b"));
    assert_true(in->shade == NO_INT);
}

static void bad_bodies_say_what_is_wrong(void **state)
{
    static const struct {
        const char *body, *says;
    } bad[] = {
        {"", "name"},
        {"{}", "name"},
        {"null", "object"},
        {"[]", "object"},
        {"\"name\"", "object"},
        {"{", ""},
        {"{\"name\":\"red\"} x", ""},
        {"{\"name\":\"red\",}", ""},
        {"{'name':'red'}", ""},
        {"{\"name\":null}", "name"},
        {"{\"name\":5}", "name"},
        {"{\"name\":\"\"}", "name"},
        {"{\"name\":\"violet\"}", "name"},
        {"{\"name\":\"red\",\"shade\":\"5\"}", "shade"},
        {"{\"name\":\"red\",\"shade\":1e400}", ""},
        {"{\"name\":\"\\ud800\"}", ""},
        {"{\"name\":\"\\u0000\"}", ""},
        {"{\"name\":\"\xFF\"}", ""},
        {"{\"name\":\"none\"}", "name: is none"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (parse_body_of(slice_of(bad[i].body)) != ERR_BAD_REQUEST)
            fail_msg("taken: %s", bad[i].body);
        if (!why_has(bad[i].says) || !why_has("bad request: "))
            fail_msg("%s: %.*s", bad[i].body, (int)rq.why.n, rq.why.p);
    }
    assert_int_equal(prepared, 1); /* the last one alone came as far */
}

static void a_body_that_takes_too_much_memory_is_refused(void **state)
{
    enum { N = 300000 };
    static char body[N + 20];

    (void)state;
    memcpy(body, "{\"more\":[", 9);
    for (size_t i = 9; i < N; i += 3)
        memcpy(body + i, "{},", 3);
    memcpy(body + N, "{}]}", 4);
    assert_int_equal(parse_body_of((slice){body, N + 4}), ERR_BAD_REQUEST);
    if (!why_has("memory"))
        fail_msg("%.*s", (int)rq.why.n, rq.why.p);
    assert_int_equal(prepared, 0);
}

static void no_memory_is_not_the_clients_fault(void **state)
{
    (void)state;
    assert_int_equal(enter("GET", "/colours/red", "good"), OK);
    rq.raw_query = SLICE("text=abc");
    arena full;
    arena_init(&full, 64); /* the struct fits, and nothing else */
    arena kept = rq.arena;
    rq.arena = full;
    err e = request_parse(&rq);
    full = rq.arena;
    rq.arena = kept;
    arena_deinit(&full);
    assert_int_not_equal(e, ERR_BAD_REQUEST);
    assert_int_not_equal(e, OK);
}

static void a_restart_forgets_the_reply(void **state)
{
    const message_reply hello = {SLICE("hello")};

    (void)state;
    assert_int_equal(enter("GET", "/colours/red", "good"), OK);
    assert_int_equal(reply_shape(&rq, &message_shape, &hello), OK);
    assert_true(slice_is(rq.reply, "{\"message\":\"hello\"}"));
    rq.status = 500;
    assert_int_equal(request_fail(&rq, ERR_CONFLICT, "no %d", 5), ERR_CONFLICT);
    assert_true(slice_is(rq.why, "no 5"));
    assert_int_equal(reply_text(&rq, "text/plain", SLICE("x")), OK);
    request_restart(&rq);
    assert_null(rq.reply.p);
    assert_null(rq.why.p);
    assert_int_equal(rq.status, 200);
    assert_string_equal(rq.content_type, "application/json");
    assert_int_equal(reply_ok(&rq), OK);
    assert_true(slice_is(rq.reply, "{\"message\":\"OK\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_request_is_let_in),
        cmocka_unit_test(keys_come_in_several_dresses),
        cmocka_unit_test(without_a_key_nothing_is_told),
        cmocka_unit_test(open_paths_ask_for_no_key),
        cmocka_unit_test(a_row_that_says_nothing_admits_nobody),
        cmocka_unit_test(preflights_need_no_key),
        cmocka_unit_test(framing_must_be_clear),
        cmocka_unit_test(queries_are_read_by_their_shape),
        cmocka_unit_test(bad_queries_say_which_parameter),
        cmocka_unit_test(bodies_are_read_by_their_shape),
        cmocka_unit_test(bad_bodies_say_what_is_wrong),
        cmocka_unit_test(a_body_that_takes_too_much_memory_is_refused),
        cmocka_unit_test(no_memory_is_not_the_clients_fault),
        cmocka_unit_test(a_restart_forgets_the_reply),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
