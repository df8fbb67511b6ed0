/* SPDX-License-Identifier: Apache-2.0
 *
 * api/app.h -- the API as the HTTP server sees it: the table of routes, and the functions that find
 * a key's project and run a handler where its row says. */
#ifndef API_APP_H
#define API_APP_H

#include "db/db.h"
#include "http/server.h"

typedef struct app app;

typedef struct app_options {
    slice api_key;              /* also a key of the default project; absent: none */
    int64_t message_characters; /* of one message's content */
    int64_t messages;           /* of one request */
    int64_t context_tokens;     /* of a context string */
    int64_t reply_memory;       /* ceiling of a reading request's arena, bytes */
} app_options;

/* The project that RECALLD_API_KEY and `make run` speak of. */
#define DEFAULT_PROJECT "default"

/* One for the process; starts the upkeep of `d` (folding, erasing), which outlives it. Makes the
 * default project when `api_key` is given and there is none. ERR_NO_MEMORY and what the store
 * answers. */
MUST_CHECK err app_open(db *d, const app_options *o, app **out);

/* What http_open wants: every route, or those of operations alone (/healthz, /readyz, /metrics) for
 * an address of their own; with `operations_elsewhere` the first lacks /metrics. */
http_app app_http(app *a, bool operations_elsewhere);
http_app app_http_operations(app *a);

/* The servers whose counters /metrics shows; once. */
void app_servers(app *a, http_server *const *servers, size_t n);

/* Forget which keys were good a moment ago. */
void app_reload_keys(app *a);

/* Stops the upkeep; before db_close, after http_close. Accepts NULL. */
void app_close(app *a);

#endif
