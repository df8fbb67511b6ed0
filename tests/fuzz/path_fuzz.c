/* SPDX-License-Identifier: Apache-2.0
 *
 * path_fuzz.c -- "METHOD /path?query" through the router, percent_decode and the query's shape.
 *
 * Of every path that fits, each decoded argument is well-formed text, and a handler would find it.
 */
#include "base/utf8.h"
#include "fuzz.h"
#include "http/router.h"
#include "http/server.h"

struct list_query {
    slice cursor;
    int64_t limit;
    double rating;
    int8_t asc;
    int32_t scope;
};

static const char *const scopes[] = {"edges", "nodes", "episodes", NULL};

static const field list_fields[] = {
    {.name = "cursor",
     .kind = SHAPE_TEXT,
     .offset = offsetof(struct list_query, cursor),
     .max = 20},
    {.name = "limit",
     .kind = SHAPE_INT,
     .offset = offsetof(struct list_query, limit),
     .min = 1,
     .max = 100,
     .lenient = true,
     .fallback = 10},
    {.name = "rating", .kind = SHAPE_REAL, .offset = offsetof(struct list_query, rating), .max = 1},
    {.name = "asc", .kind = SHAPE_BOOL, .offset = offsetof(struct list_query, asc)},
    {.name = "scope",
     .kind = SHAPE_ENUM,
     .offset = offsetof(struct list_query, scope),
     .names = scopes},
};
static const shape list_shape = SHAPE("ListQuery", struct list_query, list_fields);

static const route routes[] = {
    {.method = "GET", .pattern = "/healthz"},
    {.method = "GET", .pattern = "/api/v2/users", .query = &list_shape},
    {.method = "POST", .pattern = "/api/v2/users"},
    {.method = "GET", .pattern = "/api/v2/users/{user_id}", .query = &list_shape},
    {.method = "DELETE", .pattern = "/api/v2/users/{user_id}"},
    {.method = "POST", .pattern = "/api/v2/sessions/search", .query = &list_shape},
    {.method = "GET", .pattern = "/api/v2/sessions/{session_id}"},
    {.method = "GET", .pattern = "/api/v2/sessions/{session_id}/messages/{uuid}"},
};

static void check_query(const route *to, slice query)
{
    request rq = {.route = to, .raw_query = query};

    arena_init(&rq.arena, FUZZ_ARENA_BYTES);
    err e = request_parse(&rq);
    assert(e == OK || (e == ERR_BAD_REQUEST && rq.why.p));
    if (!e && to->query) {
        const struct list_query *q = rq.query;
        assert(!q->cursor.p || (utf8_valid(q->cursor) && utf8_length(q->cursor) <= 20));
        assert(q->limit == NO_INT || (q->limit >= 1 && q->limit <= 100));
        assert(q->scope >= NO_ENUM && q->scope < 3);
    }
    arena_deinit(&rq.arena);
}

static void check_match(const route_match *m)
{
    for (size_t i = 0; i < ROUTE_MAX_ARGS; i++)
        assert(utf8_valid(m->args[i]));
    assert(m->route == NULL || m->route == &routes[m->index]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static router *r;
    route_match m = {0};
    arena a;

    if (!r && router_new(routes, COUNT(routes), &r))
        abort();
    slice line = fuzz_copy(data, size);
    const char *space = memchr(line.p, ' ', line.n);
    slice method = {line.p, space ? (size_t)(space - line.p) : 0};
    slice path = space ? (slice){space + 1, line.n - method.n - 1} : line;
    const char *mark = memchr(path.p, '?', path.n);
    slice query = mark ? (slice){mark + 1, path.n - (size_t)(mark - path.p) - 1} : SLICE("");
    if (mark)
        path.n = (size_t)(mark - path.p);

    arena_init(&a, FUZZ_ARENA_BYTES);
    if (router_find(r, &a, method, path, &m) == OK) {
        check_match(&m);
        if (m.route)
            check_query(m.route, query);
    }
    slice decoded;
    if (percent_decode(&a, path, &decoded) == OK)
        assert(utf8_valid(decoded) && decoded.n <= path.n);
    arena_deinit(&a);
    fuzz_free(line);
    return 0;
}
