/* SPDX-License-Identifier: Apache-2.0
 *
 * api/handlers.h -- what the files of api/ share: the app behind a request, and the handlers that
 * the table names. Inside api/ only. */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "api/app.h"
#include "http/request.h"
#include "memory/upkeep.h"
#include "store/episodes.h"
#include "store/projects.h"

#include <pthread.h>

struct app {
    db *d;
    upkeep *upkeep;
    int64_t context_tokens;
    int64_t reply_memory;
    http_server *servers[2];
    _Atomic size_t servers_n;  /* written last: /metrics may be asked already */
    pthread_mutex_t keys_lock; /* guards *keys */
    struct known_key *keys;
    bool own_key; /* RECALLD_API_KEY is set, and its hash is */
    uint8_t own_hash[KEY_HASH];
};

static inline app *app_of(const request *rq)
{
    return rq->app;
}

extern const route routes[];
extern const size_t routes_n;
enum { ROUTES_OPERATIONS = 3 }; /* the last rows: /healthz /readyz /metrics */

/* Bounds that are settings, for the tables of fields; set once, before the first request. */
extern int64_t limit_message_characters, limit_messages;
void handlers_set_limits(int64_t message_characters, int64_t messages);

/* sessions.c */
err sessions_add(request *rq, tx *t);
err sessions_get(request *rq, tx *t);
err sessions_update(request *rq, tx *t);
err sessions_list(request *rq, tx *t);
err sessions_list_plain(request *rq, tx *t);
err sessions_end(request *rq, tx *t);
err sessions_end_many(request *rq, tx *t);
err sessions_delete(request *rq, tx *t);
err sessions_of_user(request *rq, tx *t);

/* messages.c */
err messages_prepare(request *rq);
err messages_add(request *rq, tx *t);
err messages_list(request *rq, tx *t);
err messages_get(request *rq, tx *t);
err messages_update(request *rq, tx *t);
err memory_get(request *rq, tx *t);

/* users.c */
err users_add(request *rq, tx *t);
err users_get(request *rq, tx *t);
err users_update(request *rq, tx *t);
err users_delete(request *rq, tx *t);
err users_list(request *rq, tx *t);
err users_list_plain(request *rq, tx *t);
err users_node(request *rq, tx *t);

/* groups.c */
err groups_add(request *rq, tx *t);
err groups_get(request *rq, tx *t);
err groups_update(request *rq, tx *t);
err groups_delete(request *rq, tx *t);
err groups_list(request *rq, tx *t);

/* episodes.c */
err episodes_add_prepare(request *rq);
err episodes_add(request *rq, tx *t);
err episodes_add_batch_prepare(request *rq);
err episodes_add_batch(request *rq, tx *t);
err episodes_get(request *rq, tx *t);
err episodes_delete(request *rq, tx *t);
err episodes_of_user(request *rq, tx *t);
err episodes_of_group(request *rq, tx *t);

/* episodes.c, for searches.c too: exactly one owner (else a 400), its graph's number, and episodes
 * as they are shown. */
MUST_CHECK err one_owner(request *rq, slice user_id, slice group_id);
MUST_CHECK err graph_of_owner(request *rq, tx *t, slice user_id, slice group_id, int64_t *number);
MUST_CHECK err replies_of_episodes(request *rq, tx *t, const graph *g, const episode *eps, size_t n,
                                   list *to);

/* searches.c */
err graph_search_check(request *rq);
err graph_search(request *rq, tx *t);
err sessions_search_check(request *rq);
err sessions_search(request *rq, tx *t);
err session_search(request *rq, tx *t);

/* operations.c */
err project_info(request *rq, tx *t);
err health(request *rq, tx *t);
err ready(request *rq, tx *t);
err metrics(request *rq, tx *t);

/* openapi.c */
err openapi(request *rq, tx *t);

#endif
