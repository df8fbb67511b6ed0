/* SPDX-License-Identifier: Apache-2.0
 *
 * store/graphs.h -- the owner of a memory. Each user and each group has one graph; so has a session
 * without a user.
 *
 * Whatever is keyed by a graph is reached through a `graph` that was opened here, with the caller's
 * project in the query: that is how no project sees another's memory, by construction. */
#ifndef STORE_GRAPHS_H
#define STORE_GRAPHS_H

#include "db/db.h"

typedef enum graph_kind {
    GRAPH_USER = 1,
    GRAPH_GROUP = 2,
    GRAPH_SESSION = 3
} graph_kind; /* stored */

/* The number of the node that stands for the user, in a user's graph: there before any data. */
enum { GRAPH_USER_NODE = 1 };

typedef struct graph {
    int64_t graph; /* its number, from 1, never used again */
    int64_t project;
    graph_kind kind;
    slice owner;   /* user_id, group_id or session_id */
    slice speaker; /* the user's first name, for messages that name no speaker; may be absent */
    int64_t index_version;
    int64_t next_episode; /* number of the next one */
    int64_t folded;       /* episodes up to this number are in postings and blocks */
    int64_t sessions;     /* how many live */
    int64_t created_at;
} graph;

MUST_CHECK err graph_create(tx *t, int64_t project, graph_kind kind, slice owner, slice speaker,
                            int64_t index_version, int64_t now_us, int64_t *number);

/* ERR_NOT_FOUND: no such graph in this project. Texts live in the arena. */
MUST_CHECK err graph_open(tx *t, arena *a, int64_t project, int64_t number, graph *g);

/* The same with room taken for `n` new episodes: the first has g->next_episode - n. Locks the graph
 * for this transaction. */
MUST_CHECK err graph_take_episodes(tx *t, arena *a, int64_t project, int64_t number, int64_t n,
                                   graph *g);

/* The number of a new session, from 1. ERR_NOT_FOUND as above. */
MUST_CHECK err graph_take_session(tx *t, int64_t project, int64_t number, int64_t *session);

/* One session fewer. */
MUST_CHECK err graph_drop_session(tx *t, const graph *g);

MUST_CHECK err graph_set_speaker(tx *t, int64_t project, int64_t number, slice speaker);
MUST_CHECK err graph_set_folded(tx *t, const graph *g, int64_t folded, int64_t index_version);

/* Takes the row alone away: from here on nothing of the graph can be reached. */
MUST_CHECK err graph_delete(tx *t, const graph *g);

/* The graph after `after` in the whole store, for checks and re-indexing. ERR_NOT_FOUND: no more.
 */
MUST_CHECK err graph_next(tx *t, arena *a, int64_t after, graph *g);
MUST_CHECK err graph_next_of_project(tx *t, arena *a, int64_t project, graph *g);
MUST_CHECK err graph_count(tx *t, int64_t *n);

extern const db_sql_table graphs_sql;

#endif
