/* SPDX-License-Identifier: Apache-2.0
 *
 * store/users.h -- users by the caller's names. */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "base/uuid.h"
#include "db/db.h"

typedef struct user {
    slice user_id;
    int64_t graph; /* its graph's number, and its row number on the wire */
    uuid id;
    slice email, first_name, last_name; /* may be absent */
    slice metadata;                     /* JSON object, may be absent */
    slice rating;                       /* fact_rating_instruction, JSON object, may be absent */
    int64_t no_ontology;                /* disable_default_ontology: 0, 1, or NO_TIME: not said */
    int64_t created_at, updated_at;
    int64_t sessions; /* how many live */
} user;

/* `u` with its graph's number set; the rest of what user_get answers is not. ERR_EXISTS. */
MUST_CHECK err user_add(tx *t, int64_t project, const user *u);

/* ERR_NOT_FOUND. Texts live in the arena. */
MUST_CHECK err user_get(tx *t, arena *a, int64_t project, slice user_id, user *u);

/* Just whose graph it is. ERR_NOT_FOUND. */
MUST_CHECK err user_graph(tx *t, int64_t project, slice user_id, int64_t *graph);

/* Writes names, metadata, rating, no_ontology and updated_at of `u`. */
MUST_CHECK err user_update(tx *t, int64_t project, const user *u);

MUST_CHECK err user_delete(tx *t, int64_t project, slice user_id);

/* Newest first. */
MUST_CHECK err user_page(tx *t, arena *a, int64_t project, int64_t limit, int64_t offset, user **to,
                         size_t *n);

/* Users with a row number above `after`, oldest first. */
MUST_CHECK err user_after(tx *t, arena *a, int64_t project, int64_t after, int64_t limit, user **to,
                          size_t *n);

extern const db_sql_table users_sql;

#endif
