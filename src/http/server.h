/* SPDX-License-Identifier: Apache-2.0
 *
 * http/server.h -- the socket side: libmicrohttpd, limits, TLS; knows nothing of memory.
 *
 * What a request means is the app's: a table of routes and three functions. Loop threads own
 * connections and requests; while a request is with the app (between `submit` and http_finish) its
 * connection is suspended and the request belongs to whoever runs it. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/request.h"

typedef struct http_server http_server;

typedef struct http_app {
    void *ctx; /* becomes request.app */
    const route *routes;
    size_t n;

    /* Whose key is it? Microseconds; on a loop thread. ERR_DENIED: nobody's. *later: another machine
     * has to be asked, by look_up_key. */
    err (*authenticate)(void *ctx, slice key, int64_t *project, uuid *project_id, bool *later);

    /* Set the project of the request from its key, elsewhere. OK: http_key_found will be called once,
     * perhaps already; anything else: not taken. */
    err (*look_up_key)(void *ctx, request *rq, slice key);

    /* Run a NEED_READ handler here and answer what it answered. The request is parsed. NULL: reads
     * wait for another machine, and are submitted as everything else. */
    err (*run)(void *ctx, request *rq);

    /* Have the request run elsewhere, on the worker or the writer, parsed there by request_parse if
     * `parsed` is false. OK: taken, and http_finish will be called once, perhaps already; anything
     * else: not taken. */
    err (*submit)(void *ctx, request *rq, bool parsed, int64_t deadline_us);
} http_app;

/* Reads query and body by the route's shapes and runs its `prepare`. Any thread that owns the
 * request. ERR_BAD_REQUEST with rq->why, or what `prepare` answered. */
MUST_CHECK err request_parse(request *rq);

/* Before a handler is run again: forgets its reply. */
void request_restart(request *rq);

/* The end of look_up_key; any thread. The request is the loop's again. */
void http_key_found(request *rq, err e);

/* The end of a submitted request; any thread. The request is the loop's again. */
void http_finish(request *rq, err e);

typedef struct http_options {
    int loops;                /* loop threads */
    int max_connections;      /* above: 503 */
    int max_per_address;      /* connections of one address; 0: no limit */
    int64_t max_body_bytes;   /* above: 413 */
    int64_t max_header_bytes; /* above: 431 by the library */
    int64_t header_ms;        /* for the whole header; then the connection is closed */
    int64_t request_ms;       /* from the first line to the last byte of the body; and to the app */
    int64_t idle_ms;          /* a kept connection without a request */
    int64_t request_memory;   /* ceiling of a request's arena, until its body is read */
    int64_t memory;           /* of all requests together; beyond it 503 */
    const char *tls_cert_file; /* PEM; NULL: plain HTTP */
    const char *tls_key_file;
} http_options;

/* Bind and listen on "HOST:PORT" ("[::1]:0" too; port 0: any free one). *fd is the caller's until
 * http_open. ERR_BAD_REQUEST: no such address form; ERR_CONFLICT: in use; ERR_STORAGE: any other
 * refusal of the system; *why in a line. */
MUST_CHECK err http_listen(slice address, arena *a, int *fd, slice *why);

/* "http://127.0.0.1:8000" of a listening socket. */
slice http_url(int fd, bool tls, arena *a);

/* Start serving on `fd`, which is the server's from now on. `app` and `o` are copied; the routes
 * outlive the server. ERR_NO_MEMORY, ERR_INTERNAL, ERR_BAD_REQUEST (certificate files), *why. */
MUST_CHECK err http_open(int fd, const http_app *app, const http_options *o, arena *a,
                         http_server **out, slice *why);

/* Reread the certificate files. On failure the old ones stay and *why says what is wrong. */
MUST_CHECK err http_reload_tls(http_server *s, arena *a, slice *why);

/* Accept no more connections and wait, at most `patience_ms`, until no request is in flight. False:
 * some are still with the app; then http_close must not be called, and the process can only end. */
bool http_drain(http_server *s, int64_t patience_ms);

/* After http_drain. Accepts NULL. */
void http_close(http_server *s);

/* The counters of the requests, as Prometheus text. */
void http_metrics_write(http_server *s, buf *b);

#endif
