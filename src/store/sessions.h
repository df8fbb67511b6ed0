/* SPDX-License-Identifier: Apache-2.0
 *
 * store/sessions.h -- sessions: the directory row by the caller's name, and the strand beside the
 * graph that changes with every message.
 *
 * A strand's number outlives its session: episodes keep it, and an id used again gets a new one. */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "base/uuid.h"
#include "store/graphs.h"

typedef struct session {
    slice session_id;
    int64_t id; /* row number on the wire */
    uuid uuid;
    int64_t graph;                           /* its user's, or its own */
    int64_t session;                         /* number within the graph */
    slice user_id;                           /* empty, not absent, where there is none */
    slice metadata, rating, classifications; /* JSON objects, may be absent */
    int64_t created_at, updated_at;
    int64_t ended_at; /* NO_TIME while it goes on */
    int64_t messages; /* how many live */
    int64_t next_place;
} session;

typedef enum session_order {
    SESSIONS_BY_CREATED,
    SESSIONS_BY_UPDATED,
    SESSIONS_BY_USER,
    SESSIONS_BY_ID,
    SESSION_ORDERS,
} session_order;

/* `s` with ids, graph and session number set. ERR_EXISTS. */
MUST_CHECK err session_add(tx *t, int64_t project, const session *s);

/* ERR_NOT_FOUND. Texts live in the arena. */
MUST_CHECK err session_get(tx *t, arena *a, int64_t project, slice session_id, session *s);

/* Just where it is. ERR_NOT_FOUND. */
MUST_CHECK err session_find(tx *t, int64_t project, slice session_id, int64_t *at_graph,
                            int64_t *number);

/* Writes metadata, rating and classifications of `s`. */
MUST_CHECK err session_update(tx *t, int64_t project, const session *s);

/* Takes `n` places at the end of a strand: *place is the first. *ended_at as in the struct.
 * ERR_NOT_FOUND. */
MUST_CHECK err strand_take_places(tx *t, const graph *g, int64_t number, int64_t n, int64_t now_us,
                                  int64_t *place, int64_t *ended_at);

MUST_CHECK err strand_touch(tx *t, int64_t at_graph, int64_t number, int64_t now_us);

/* Ends one that was seen not to have ended. */
MUST_CHECK err strand_end(tx *t, int64_t at_graph, int64_t number, int64_t now_us);

/* One message fewer. */
MUST_CHECK err strand_drop_message(tx *t, const graph *g, int64_t number);

/* The session id of a strand that lives, in the arena; absent where it does not. */
MUST_CHECK err strand_session_id(tx *t, arena *a, const graph *g, int64_t number,
                                 slice *session_id);

/* Directory row and strand. */
MUST_CHECK err session_delete(tx *t, int64_t project, const session *s);

/* Every session of a graph at once; *n says how many there were. */
MUST_CHECK err session_delete_all(tx *t, const graph *g, int64_t *n);

/* Ties by row number; by creation means by row number, so that a clock step disorders nothing. */
MUST_CHECK err session_page(tx *t, arena *a, int64_t project, session_order order, bool ascending,
                            int64_t limit, int64_t offset, session **to, size_t *n);

/* All of one user's, newest first. */
MUST_CHECK err session_list_of_user(tx *t, arena *a, int64_t project, slice user_id, session **to,
                                    size_t *n);

/* Sessions with a row number above `after`, oldest first. */
MUST_CHECK err session_after(tx *t, arena *a, int64_t project, int64_t after, int64_t limit,
                             session **to, size_t *n);

/* The numbers of all sessions of a graph that live, ascending, in the arena. */
MUST_CHECK err strand_numbers(tx *t, arena *a, const graph *g, int64_t **to, size_t *n);

/* Sessions of a graph whose counters are not what their rows are, and how many live; for checks. */
MUST_CHECK err strand_miscounted(tx *t, const graph *g, int64_t *wrong, int64_t *living);

extern const db_sql_table sessions_sql;

#endif
