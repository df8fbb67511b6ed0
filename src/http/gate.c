/* SPDX-License-Identifier: Apache-2.0
 *
 * http/gate.c -- the checks in their order, and the reading of query and body by their shapes. */
#include "http/gate.h"

#include "base/json.h"

#include <strings.h>

/* A Content-Length of digits alone, below 2^62. */
static bool parse_length(slice s, int64_t *out)
{
    int64_t v = 0;

    if (s.n == 0 || s.n > 18)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *out = v;
    return true;
}

static bool is_chunked(slice s)
{
    return s.n == 7 && strncasecmp(s.p, "chunked", 7) == 0;
}

int64_t gate_fields_max(int64_t max_header_bytes)
{
    enum { RECORD = 60, REST = 2048 };

    return (max_header_bytes - REST) / RECORD;
}

static err check_size(const gate_headers *h, const http_options *o, request *rq, gate_result *g)
{
    int64_t most = gate_fields_max(o->max_header_bytes);

    g->close = true;
    if (h->bytes > o->max_header_bytes)
        return request_fail(rq, ERR_HEADER_TOO_LARGE, "request header over %lld bytes",
                            (long long)o->max_header_bytes);
    if (h->fields > most)
        return request_fail(
            rq, ERR_HEADER_TOO_LARGE,
            "request header with over %lld fields, those of query and cookies included",
            (long long)most);
    g->close = false;
    return OK;
}

static err check_framing(const gate_headers *h, request *rq, gate_result *g)
{
    g->close = true;
    if (h->has_nul)
        return request_bad(rq, "a NUL, or a line that ends by LF alone, in the header");
    if (h->folded_framing)
        return request_bad(rq, "a folded Content-Length or Transfer-Encoding");
    if (h->content_lengths > 1)
        return request_bad(rq, "more than one Content-Length");
    if (h->content_lengths && h->transfer_encoding.p)
        return request_bad(rq, "Content-Length beside Transfer-Encoding");
    if (h->content_lengths && !parse_length(h->content_length, &g->body_bytes))
        return request_bad(rq, "Content-Length: not a number");
    if (h->transfer_encoding.p && !is_chunked(h->transfer_encoding))
        return request_bad(rq, "Transfer-Encoding: only chunked");
    if (h->transfer_encoding.p)
        g->body_bytes = -1;
    g->close = false;
    return OK;
}

static slice trim(slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (slice){s.p + 1, s.n - 1};
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* "Api-Key K" and "Bearer K" with the word in any case, or K alone. */
static slice key_of(slice header)
{
    static const char *const schemes[] = {"api-key ", "bearer "};

    header = trim(header);
    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (header.n > n && strncasecmp(header.p, schemes[i], n) == 0)
            return trim((slice){header.p + n, header.n - n});
    }
    return header;
}

static err check_key(const http_app *app, const gate_headers *h, request *rq, gate_result *g)
{
    slice key = key_of(h->authorization);
    bool later = false;

    if (slice_empty(key))
        return ERR_DENIED;
    if (h->key_looked_up)
        return h->key_result;
    err e = app->authenticate(app->ctx, key, &rq->project, &rq->project_id, &later);
    if (later)
        g->unknown_key = key;
    return later ? ERR_BUSY : e;
}

/* What comes behind the host of "http://host/path", as proxies are asked. */
static slice origin_form(slice uri)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (uri.n < n || strncasecmp(uri.p, schemes[i], n) != 0)
            continue;
        const char *slash = memchr(uri.p + n, '/', uri.n - n);
        return slash ? (slice){slash, uri.n - (size_t)(slash - uri.p)} : SLICE("/");
    }
    return uri;
}

static void split_target(slice uri, slice *path, slice *query)
{
    uri = origin_form(uri);
    const char *mark = memchr(uri.p, '?', uri.n);

    *path = uri;
    *query = NO_SLICE;
    if (mark) {
        *path = (slice){uri.p, (size_t)(mark - uri.p)};
        *query = (slice){mark + 1, uri.n - path->n - 1};
    }
}

err gate_enter(const router *r, const http_app *app, const http_options *o, const gate_headers *h,
               request *rq, gate_result *g)
{
    route_match m = {0};
    slice path;

    *g = (gate_result){0};
    rq->app = app->ctx;
    split_target(h->uri, &path, &rq->raw_query);
    err e = check_size(h, o, rq, g);
    if (!e)
        e = check_framing(h, rq, g);
    if (e)
        return e;
    if (slice_is(h->method, "OPTIONS")) {
        g->preflight = true;
        return OK;
    }
    err routed = router_find(r, &rq->arena, h->method, path, &m);
    bool open = !routed && m.route && m.route->access == ACCESS_ANYONE;
    if (!open) {
        e = check_key(app, h, rq, g);
        if (e)
            return e;
    }
    if (routed == ERR_BAD_REQUEST)
        return request_bad(rq, "the path is not percent-encoded UTF-8");
    if (routed)
        return routed;
    if (!m.route) {
        g->allow = m.allow;
        return m.allow.p ? ERR_METHOD : ERR_NOT_FOUND;
    }
    if (m.route->access == ACCESS_NOBODY)
        return ERR_DENIED;
    rq->route = m.route;
    rq->status = m.route->status;
    memcpy(rq->args, m.args, sizeof(rq->args));
    g->route_index = m.index;
    if (g->body_bytes > o->max_body_bytes)
        return request_fail(rq, ERR_TOO_LARGE, "request body over %lld bytes",
                            (long long)o->max_body_bytes);
    return OK;
}

/* ---- query and body ---- */

static err parse_query(request *rq, slice *why)
{
    const shape *sh = rq->route->query;
    slice rest = rq->raw_query;

    rq->query = arena_alloc(&rq->arena, sh->size);
    if (!rq->query)
        return ERR_NO_MEMORY;
    shape_clear(sh, rq->query);
    while (rest.n) {
        const char *amp = memchr(rest.p, '&', rest.n);
        slice pair = {rest.p, amp ? (size_t)(amp - rest.p) : rest.n};
        const char *equals = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
        slice name = {pair.p, equals ? (size_t)(equals - pair.p) : pair.n};
        slice value = equals ? (slice){equals + 1, pair.n - name.n - 1} : SLICE("");

        rest = amp ? (slice){amp + 1, rest.n - pair.n - 1} : NO_SLICE;
        err e = percent_decode(&rq->arena, name, &name);
        if (!e)
            e = percent_decode(&rq->arena, value, &value);
        if (e == ERR_BAD_REQUEST)
            *why = SLICE("the query is not percent-encoded UTF-8");
        if (e)
            return e;
        e = shape_read_param(sh, &rq->arena, name, value, rq->query, why);
        if (e)
            return e;
    }
    return shape_read_done(sh, &rq->arena, rq->query, why);
}

static err parse_body(request *rq, slice *why)
{
    const shape *sh = rq->route->body;
    slice text = rq->raw_body;
    json_t *value = NULL;

    rq->body = arena_alloc(&rq->arena, sh->size);
    if (!rq->body)
        return ERR_NO_MEMORY;
    err e = json_read(&rq->arena, text.n ? text : SLICE("{}"), &value, why);
    if (e)
        return e;
    if (!json_is_object(value)) {
        *why = SLICE("the body must be a JSON object");
        return ERR_BAD_REQUEST;
    }
    return shape_read(sh, &rq->arena, value, rq->body, why);
}

/* The arena is full: the text is not made in it. */
static err too_much_memory(request *rq)
{
    rq->why = SLICE("bad request: the body takes more memory than a request may have");
    return ERR_BAD_REQUEST;
}

err request_parse(request *rq)
{
    slice why = NO_SLICE;
    err e = OK;

    if (rq->route->query)
        e = parse_query(rq, &why);
    if (!e && rq->route->body)
        e = parse_body(rq, &why);
    if (e == ERR_TOO_LARGE)
        return too_much_memory(rq);
    if (e == ERR_BAD_REQUEST)
        return request_bad(rq, "%.*s", SLICE_ARG(why));
    if (e)
        return e;
    if (rq->route->prepare)
        e = rq->route->prepare(rq);
    return e ? e : arena_check(&rq->arena);
}

void request_restart(request *rq)
{
    rq->reply = NO_SLICE;
    rq->why = NO_SLICE;
    rq->then = NULL;
    rq->content_type = "application/json";
    rq->status = rq->route->status;
}
