/* SPDX-License-Identifier: Apache-2.0
 *
 * store/groups.h -- groups, each with a graph of its own, by the caller's names. */
#ifndef STORE_GROUPS_H
#define STORE_GROUPS_H

#include "base/uuid.h"
#include "db/db.h"

typedef struct group {
    slice group_id;
    int64_t graph; /* its graph's number, and its row number on the wire */
    uuid id;
    slice name, description; /* may be absent */
    slice rating;            /* fact_rating_instruction, JSON object, may be absent */
    int64_t created_at;
} group;

/* ERR_EXISTS. */
MUST_CHECK err group_add(tx *t, int64_t project, const group *g);

/* ERR_NOT_FOUND. Texts live in the arena. */
MUST_CHECK err group_get(tx *t, arena *a, int64_t project, slice group_id, group *g);

/* Just which graph it is. ERR_NOT_FOUND. */
MUST_CHECK err group_graph(tx *t, int64_t project, slice group_id, int64_t *graph);

/* Writes name, description and rating of `g`. */
MUST_CHECK err group_update(tx *t, int64_t project, const group *g);

MUST_CHECK err group_delete(tx *t, int64_t project, slice group_id);

/* Newest first. */
MUST_CHECK err group_page(tx *t, arena *a, int64_t project, int64_t limit, int64_t offset,
                          group **to, size_t *n);

extern const db_sql_table groups_sql;

#endif
