/* SPDX-License-Identifier: Apache-2.0
 *
 * http/request.c -- arguments and replies of one request. */
#include "http/request.h"

#include <assert.h>

/* A reply is made of what the store holds, within the request's arena. */
enum { REPLY_MAX = 1 << 30 };

static const field message_fields[] = {
    {.name = "message",
     .kind = SHAPE_TEXT,
     .offset = offsetof(message_reply, message),
     .required = true},
};
const shape message_shape = SHAPE("SuccessResponse", message_reply, message_fields);

slice request_arg(const request *rq, const char *name)
{
    const char *at = rq->route->pattern;
    size_t n = strlen(name);

    for (int i = 0; (at = strchr(at, '{')); i++) {
        at++;
        if (strncmp(at, name, n) == 0 && at[n] == '}')
            return rq->args[i];
    }
    assert(0 && "the route's pattern has no such argument");
    return NO_SLICE;
}

err request_fail(request *rq, err e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    rq->why = arena_vprintf(&rq->arena, fmt, ap);
    va_end(ap);
    return e;
}

err request_bad(request *rq, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slice text = arena_vprintf(&rq->arena, fmt, ap);
    va_end(ap);
    rq->why = arena_printf(&rq->arena, "bad request: %.*s", SLICE_ARG(text));
    return ERR_BAD_REQUEST;
}

err reply_shape(request *rq, const shape *sh, const void *from)
{
    buf b;

    buf_init(&b, &rq->arena, REPLY_MAX);
    shape_write(sh, &b, from);
    return buf_done(&b, &rq->reply);
}

err reply_list(request *rq, const shape *sh, const void *items, size_t n)
{
    buf b;

    buf_init(&b, &rq->arena, REPLY_MAX);
    shape_write_list(sh, &b, items, n);
    return buf_done(&b, &rq->reply);
}

err reply_ok(request *rq)
{
    rq->reply = SLICE("{\"message\":\"OK\"}");
    return OK;
}

err reply_text(request *rq, const char *content_type, slice text)
{
    rq->content_type = content_type;
    rq->reply = text;
    return OK;
}
