/* SPDX-License-Identifier: Apache-2.0
 *
 * base/err.h -- the few kinds of failure, and what a client is told of each.
 *
 * What can fail returns an `err` and is MUST_CHECK; results leave through pointers and are set only
 * on OK. The wording for one occasion (which field, which bound) is added where it is known, by
 * `request_fail`; the text here is what is said when nothing better was. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

#define ERR_MAP(X) /* name, HTTP status, what the client is told */                                \
    X(OK, 200, "OK")                                                                               \
    X(ERR_BAD_REQUEST, 400, "bad request")                                                         \
    X(ERR_DENIED, 401, "unauthorized")                                                             \
    X(ERR_NOT_FOUND, 404, "not found")                                                             \
    X(ERR_METHOD, 405, "method not allowed")                                                       \
    X(ERR_EXISTS, 400, "bad request: already exists")                                              \
    X(ERR_CONFLICT, 409, "conflict")                                                               \
    X(ERR_TOO_LARGE, 413, "request body too large")                                                \
    X(ERR_HEADER_TOO_LARGE, 431, "request header too large")                                       \
    X(ERR_INTERNAL, 500, "internal error; nothing was written")                                    \
    X(ERR_NO_MEMORY, 503, "out of memory; nothing was written, try again")                         \
    X(ERR_STORAGE, 503, "the store cannot be written now; nothing was written, try again")         \
    X(ERR_BUSY, 503, "busy; nothing was written, try again")

#define ERR_ENUM(name, status, text) name,
typedef enum err { ERR_MAP(ERR_ENUM) ERR_COUNT } err;
#undef ERR_ENUM

/* The HTTP status and the default text of an error; both answer for OK too. */
int err_status(err e);
const char *err_text(err e);

/* The enumerator's own name, for the log. */
const char *err_name(err e);

#endif
