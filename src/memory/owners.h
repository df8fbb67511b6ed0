/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/owners.h -- how users, groups and sessions come to be: a name in the directory, a graph,
 * and the counters, all in one transaction. */
#ifndef MEMORY_OWNERS_H
#define MEMORY_OWNERS_H

#include "store/groups.h"
#include "store/sessions.h"
#include "store/users.h"

/* The caller sets names, metadata, rating; graph, ids and times are set here. ERR_EXISTS. */
MUST_CHECK err owners_add_user(tx *t, int64_t project, user *u);
MUST_CHECK err owners_add_group(tx *t, int64_t project, group *g);

/* With a user_id the session joins that user's graph, with an empty one it gets its own.
 *
 * ERR_EXISTS     the session id is taken
 * ERR_NOT_FOUND  no such user */
MUST_CHECK err owners_add_session(tx *t, int64_t project, session *s);

/* Writes the changed user and lets their graph know the new first name. */
MUST_CHECK err owners_update_user(tx *t, int64_t project, user *u);

#endif
