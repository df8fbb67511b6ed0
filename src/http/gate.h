/* SPDX-License-Identifier: Apache-2.0
 *
 * http/gate.h -- what must hold for every request before a handler sees it: framing, key, route,
 * method. One place, so that no handler can forget. Inside http/ only. */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "http/router.h"
#include "http/server.h"

/* What the headers said, gathered in one pass over them. Slices are absent when not sent. */
typedef struct gate_headers {
    slice method, uri; /* the raw target: path and query */
    slice authorization;
    slice request_id;
    slice content_length;
    int content_lengths; /* how many such headers */
    slice transfer_encoding;
    bool folded_framing; /* a length or an encoding was continued on another line */
    bool expects_continue;
    bool has_nul;       /* the library has cut something short */
    int64_t bytes;      /* of the whole header, as far as it is known */
    int64_t fields;     /* its lines, and the query's and the cookies' parts */
    bool key_looked_up; /* http_key_found was called, and rq's project is set if it said OK */
    err key_result;     /* what it said */
} gate_headers;

typedef struct gate_result {
    int64_t body_bytes; /* declared; -1: chunked; 0: none */
    slice allow;        /* for a 405 */
    size_t route_index;
    bool close; /* the framing cannot be trusted: answer and close */
    bool preflight;
    slice unknown_key; /* the app has to look it up; then the gate is to be entered again */
} gate_result;

/* How many fields a header of at most `max_header_bytes` may have: the library keeps a record of each
 * in the same memory. */
int64_t gate_fields_max(int64_t max_header_bytes);

/* Lets a request in, or says why not. Order: framing, key (but for paths that need none), route.
 *
 * With unknown_key nothing else is set, and the answer means nothing.
 *
 * ERR_HEADER_TOO_LARGE, ERR_BAD_REQUEST, ERR_DENIED, ERR_NOT_FOUND, ERR_METHOD, ERR_TOO_LARGE, ERR_NO_MEMORY; rq->why
 * where the default text does not say enough. */
MUST_CHECK err gate_enter(const router *r, const http_app *app, const http_options *o,
                          const gate_headers *h, request *rq, gate_result *g);

#endif
