/* SPDX-License-Identifier: Apache-2.0
 *
 * store/episodes.h -- what was said or given: messages of sessions, and data without one. One row,
 * one uuid, one number within its graph.
 *
 * An id that we minted says where its row is; one that a client gave has a row in given_uuids. */
#ifndef STORE_EPISODES_H
#define STORE_EPISODES_H

#include "base/uuid.h"
#include "store/graphs.h"

/* Stored values. */
typedef enum episode_source { SOURCE_MESSAGE = 1, SOURCE_TEXT = 2, SOURCE_JSON = 3 } episode_source;

typedef struct episode {
    int64_t number;  /* within the graph */
    int64_t session; /* number within the graph; 0: none */
    int64_t place;   /* within the session, from 1; holes where messages were deleted */
    uuid id;
    bool id_given; /* by the client */
    episode_source source;
    int32_t role_type; /* index into role_types */
    slice role;        /* the speaker's free name; may be absent */
    slice content;
    slice metadata;           /* JSON object, may be absent */
    slice source_description; /* may be absent */
    int64_t created_at;       /* the reference time, the client's or ours */
    int64_t added_at;         /* when it came */
    slice terms;              /* packed by search/packed.h */
} episode;

/* norole system assistant user function tool; NULL-terminated. Stored by index. */
extern const char *const role_types[];
enum { ROLE_NONE, ROLE_SYSTEM, ROLE_ASSISTANT, ROLE_USER, ROLE_FUNCTION, ROLE_TOOL };

/* `e` with everything set; a given id is claimed in the project first. ERR_EXISTS: it is in use. */
MUST_CHECK err episode_add(tx *t, const graph *g, const episode *e);

/* One row by its number. Texts live in the arena. ERR_NOT_FOUND. */
MUST_CHECK err episode_get(tx *t, arena *a, const graph *g, int64_t number, episode *e);

/* One row of this project by its uuid, and its graph. ERR_NOT_FOUND. */
MUST_CHECK err episode_find(tx *t, arena *a, int64_t project, uuid id, graph *g, episode *e);

/* Messages of a session by place, `first` to `last` inclusive. */
MUST_CHECK err episode_places(tx *t, arena *a, const graph *g, int64_t session, int64_t first,
                              int64_t last, episode **to, size_t *n);

/* The same by rank among those that live; costs what it skips. */
MUST_CHECK err episode_ranks(tx *t, arena *a, const graph *g, int64_t session, int64_t skip,
                             int64_t n_max, episode **to, size_t *n);

/* The last `n_max` of a session, oldest first. */
MUST_CHECK err episode_last_of_session(tx *t, arena *a, const graph *g, int64_t session,
                                       int64_t n_max, episode **to, size_t *n);

/* The last `n_max` of the graph, newest last. */
MUST_CHECK err episode_last(tx *t, arena *a, const graph *g, int64_t n_max, episode **to,
                            size_t *n);

MUST_CHECK err episode_set_metadata(tx *t, const graph *g, int64_t number, slice metadata);

/* Takes the metadata of a session's messages away. */
MUST_CHECK err episode_clear_metadata(tx *t, const graph *g, int64_t session);

/* The row, and the claim of its given id. What the index holds of it is search's to take out first.
 */
MUST_CHECK err episode_delete(tx *t, const graph *g, const episode *e);

/* Up to `n_max` episodes of a graph, by its number, whose row is gone already; *left says whether
 * there are more. */
MUST_CHECK err episode_erase(tx *t, int64_t project, int64_t gone, int64_t n_max, bool *left);

/* A walk over what the index needs, in number order from `from` on: number, session, role_type,
 * role, created_at and terms are set (and content, where `with_content`), borrowed until the next
 * step. */
db_rows episode_walk(tx *t, const graph *g, int64_t from, bool with_content);
bool episode_walk_next(db_rows *r, episode *e);

MUST_CHECK err episode_set_terms(tx *t, const graph *g, int64_t number, slice terms);

extern const db_sql_table episodes_sql;

#endif
