/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/client.c -- what http/server.c does with a request, without a socket. */
#include "client.h"

#include "base/json.h"
#include "http/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { REQUEST_MEMORY = 64 << 20, REPLY_MEMORY = 256 << 20, PARSED_MEMORY = 256 << 20 };
#define KEY "the-key-of-the-tests"

void http_key_found(request *rq, err e)
{
    (void)rq;
    (void)e;
}

void http_finish(request *rq, err e)
{
    client *c = (client *)rq;

    pthread_mutex_lock(&c->lock);
    c->finished = true;
    c->result = e;
    pthread_cond_signal(&c->cond);
    pthread_mutex_unlock(&c->lock);
}

/* No server, no counters of one. */
void http_metrics_write(http_server *s, buf *b)
{
    (void)s;
    (void)b;
}

void client_open(client *c, db *d)
{
    static bool once;
    const app_options o = {.api_key = SLICE(KEY),
                           .message_characters = 4096,
                           .messages = 30,
                           .context_tokens = 1400,
                           .reply_memory = REPLY_MEMORY};

    if (!once)
        json_init();
    once = true;
    *c = (client){.options = {.max_body_bytes = 5 << 20,
                              .max_header_bytes = 16 << 10,
                              .request_memory = REQUEST_MEMORY},
                  .lock = PTHREAD_MUTEX_INITIALIZER,
                  .cond = PTHREAD_COND_INITIALIZER};
    arena_init(&c->rq.arena, REQUEST_MEMORY);
    arena_init(&c->parsed, PARSED_MEMORY);
    assert_int_equal(app_open(d, &o, &c->app), OK);
    c->http = app_http(c->app, false);
    assert_int_equal(router_new(c->http.routes, c->http.n, &c->router), OK);
}

void client_close(client *c)
{
    app_close(c->app);
    router_free(c->router);
    arena_deinit(&c->rq.arena);
    arena_deinit(&c->parsed);
}

static err submit_and_wait(client *c, bool parsed)
{
    c->finished = false;
    err e = c->http.submit(c->http.ctx, &c->rq, parsed, 0);
    if (e)
        return e;
    pthread_mutex_lock(&c->lock);
    while (!c->finished)
        pthread_cond_wait(&c->cond, &c->lock);
    e = c->result;
    pthread_mutex_unlock(&c->lock);
    return e;
}

static err run(client *c, const char *method, const char *target, const char *body)
{
    gate_headers h = {.method = slice_of(method),
                      .uri = slice_of(target),
                      .authorization = SLICE("Api-Key " KEY)};
    gate_result g;

    err e = gate_enter(c->router, &c->http, &c->options, &h, &c->rq, &g);
    if (e)
        return e;
    c->rq.raw_body = slice_of(body);
    if (c->long_bodies && c->rq.route->body)
        return submit_and_wait(c, false);
    e = request_parse(&c->rq);
    if (e)
        return e;
    switch (c->rq.route->need) {
    case NEED_NOTHING:
        return c->rq.route->handle(&c->rq, NULL);
    case NEED_READ:
        return c->http.run(c->http.ctx, &c->rq);
    default:
        return submit_and_wait(c, true);
    }
}

int client_call(client *c, const char *method, const char *target, const char *body)
{
    arena kept = c->rq.arena;

    arena_reset(&kept);
    kept.max = REQUEST_MEMORY;
    c->rq = (request){.arena = kept, .content_type = "application/json"};
    c->e = run(c, method, target, body);
    c->status = c->e ? err_status(c->e) : c->rq.status;
    c->body = c->e ? NO_SLICE : c->rq.reply;
    c->why = c->rq.why.p ? c->rq.why : slice_of(err_text(c->e));
    return c->status;
}

static int call_with(client *c, const char *method, const char *fmt, va_list ap)
{
    char target[2000];

    vsnprintf(target, sizeof(target), fmt, ap);
    return client_call(c, method, target, NULL);
}

int client_get(client *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int status = call_with(c, "GET", fmt, ap);
    va_end(ap);
    return status;
}

int client_delete(client *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int status = call_with(c, "DELETE", fmt, ap);
    va_end(ap);
    return status;
}

json_t *client_json(client *c)
{
    json_t *value = NULL;
    slice why;

    arena_reset(&c->parsed);
    if (!c->body.p || json_read(&c->parsed, c->body, &value, &why))
        return NULL;
    return value;
}

json_t *client_at(client *c, const char *path)
{
    json_t *at = client_json(c);
    char key[64];

    while (at && *path) {
        size_t n = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)n, path);
        at = json_is_array(at) ? json_array_get(at, strtoul(key, NULL, 10))
                               : json_object_get(at, key);
        path += n + (path[n] == '.');
    }
    return at;
}

const char *client_text(client *c, const char *path)
{
    return json_string_value(client_at(c, path));
}
