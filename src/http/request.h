/* SPDX-License-Identifier: Apache-2.0
 *
 * http/request.h -- what a handler sees: a request that has passed the gate, and the row of the
 * route table that brought it there.
 *
 * A handler is a straight line: read arguments, call, reply, return an err. It never knows which
 * thread it is on, which engine is below, or how to commit; the row says what it needs. What it
 * puts into the request lives in the request's arena. It may be run again from the start (see
 * db/db.h), so its only effects are in the transaction and in the reply. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/shape.h"
#include "base/slice.h"
#include "base/uuid.h"

#include <stdint.h>

typedef struct tx tx; /* a transaction; opaque here */
typedef struct request request;

/* Who may call a route. The zero value denies everybody. */
typedef enum route_access { ACCESS_NOBODY, ACCESS_KEY, ACCESS_ANYONE } route_access;

/* What a handler runs in, and on which thread. */
typedef enum route_need {
    NEED_NOTHING, /* the loop thread, no transaction */
    NEED_READ,    /* the loop thread, a read transaction: microseconds only */
    NEED_WRITE,   /* the writer, a durable transaction */
    NEED_SEARCH,  /* a worker, a read transaction: may take milliseconds */
} route_need;

/* Bits for `errors`: which statuses the SDKs raise as typed exceptions. */
enum { E400 = 1, E401 = 2, E403 = 4, E404 = 8, E409 = 16, E500 = 32 };

typedef struct route {
    const char *method;  /* GET also answers HEAD */
    const char *pattern; /* "/api/v2/users/{user_id}"; static segments win over {…} */
    route_access access;
    route_need need;
    const shape *query;          /* parameters, into rq->query; NULL: none are read */
    const shape *body;           /* JSON object, into rq->body; NULL: a body is dropped unread */
    const shape *reply;          /* for the OpenAPI document: what `handle` answers */
    bool reply_list;             /* an array of `reply` */
    const char *reply_type;      /* of a reply that is no JSON: its content type; else NULL */
    int status;                  /* of success */
    unsigned errors;             /* E400 | … */
    err (*prepare)(request *rq); /* before the transaction, off the writer; or NULL */
    err (*handle)(request *rq, tx *t); /* `t` is NULL for NEED_NOTHING */
    const char *id;                    /* "memory.add_session" */
    const char *summary;               /* a sentence for the OpenAPI document */
} route;

enum { ROUTE_MAX_ARGS = 3 };

struct request {
    arena arena; /* all of the request's memory */
    const route *route;
    void *app; /* what the server was opened with (http_app.ctx) */

    int64_t project;                 /* whose key it was; 0 where none is needed */
    uuid project_id;                 /* the same as the wire shows it */
    slice args[ROUTE_MAX_ARGS];      /* the {…} of the path, decoded, in the pattern's order */
    slice raw_query, raw_body;       /* as received; borrowed */
    void *query;                     /* struct of route->query, or NULL */
    void *body;                      /* struct of route->body, or NULL */
    void *prepared;                  /* prepare's result for handle */
    err (*then)(request *rq, tx *t); /* set by a WRITE handler: run once it is committed, on a
                                      * worker, in a read transaction, for what the reply shows
                                      * besides; its failure changes no answer */

    int status; /* of the reply; starts as route->status */
    slice reply;
    const char *content_type; /* starts as JSON */
    slice why;                /* an error's text, when better than err_text */
};

/* The decoded path argument of that name; asserted to be in the route's pattern. */
slice request_arg(const request *rq, const char *name);

/* Words an error for this occasion and returns it: return request_fail(rq, ERR_CONFLICT, "session
 * ended: %.*s", …). */
MUST_CHECK err request_fail(request *rq, err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ERR_BAD_REQUEST with "bad request: " before the text. */
MUST_CHECK err request_bad(request *rq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Arguments for a "%.*s". */
#define SLICE_ARG(s) (int)(s).n, (s).p ? (s).p : ""

/* Replies: an object or a list by its shape; the SuccessResponse {"message":"OK"}; any text that
 * lives as long as the request. ERR_NO_MEMORY or ERR_TOO_LARGE when the arena is full. */
MUST_CHECK err reply_shape(request *rq, const shape *sh, const void *from);
MUST_CHECK err reply_list(request *rq, const shape *sh, const void *items, size_t n);
MUST_CHECK err reply_ok(request *rq);
MUST_CHECK err reply_text(request *rq, const char *content_type, slice text);

/* The shapes of every error and of "no result". */
extern const shape message_shape;
typedef struct message_reply {
    slice message;
} message_reply;

#endif
