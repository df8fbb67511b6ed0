/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/forget.h -- what deleting takes away, and when.
 *
 * At once, in the caller's transaction: the names, the counters, the graph's row, and so every way
 * to reach what is below it. Right after, in steps that let other writes through: the rows below,
 * by a job that a crash does not lose. Within 5 s the bytes are out of every file of the store. */
#ifndef MEMORY_FORGET_H
#define MEMORY_FORGET_H

#include "store/jobs.h"
#include "store/sessions.h"

/* The user, every session, the graph. ERR_NOT_FOUND. *graph is whose erasing is to be woken. */
MUST_CHECK err forget_user(tx *t, arena *a, int64_t project, slice user_id);
MUST_CHECK err forget_group(tx *t, arena *a, int64_t project, slice group_id);

/* The session, its own and its messages' metadata, its place in every session route and search.
 * With a user its episodes stay in the user's graph; without one they go with the graph.
 * ERR_NOT_FOUND. */
MUST_CHECK err forget_session(tx *t, arena *a, int64_t project, slice session_id);

/* One episode, out of the index too. ERR_NOT_FOUND. */
MUST_CHECK err forget_episode(tx *t, arena *a, int64_t project, uuid id);

/* One bounded step of an erasing job; *left says whether there are more to come. When none is left
 * the job's row is gone. */
MUST_CHECK err forget_step(tx *t, const job *j, bool *left);

#endif
