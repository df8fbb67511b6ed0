/* SPDX-License-Identifier: Apache-2.0
 *
 * memory/ingest.h -- what was said becomes episodes: stored, indexed, in order, all or nothing. */
#ifndef MEMORY_INGEST_H
#define MEMORY_INGEST_H

#include "memory/upkeep.h"
#include "store/episodes.h"

/* Before the transaction: the index terms of episodes whose speaker is known already. */
MUST_CHECK err ingest_prepare(arena *a, episode *eps, size_t n);

/* Append messages to a session, in their order. A session that is not there is made, without a
 * user. The caller sets role_type, role, content, metadata, created_at (NO_TIME: now), id and
 * id_given, and has them prepared; the rest is set here, and *g, *session say where they went.
 * `n` is at least 1.
 *
 * ERR_CONFLICT  the session has ended
 * ERR_EXISTS    *taken is a given id that is in use */
MUST_CHECK err ingest_messages(tx *t, arena *a, upkeep *u, int64_t project, slice session_id,
                               episode *eps, size_t n, graph *g, int64_t *session, uuid *taken);

/* Append data to a graph, as above, without a session. ERR_NOT_FOUND: no such graph. */
MUST_CHECK err ingest_data(tx *t, arena *a, upkeep *u, int64_t project, int64_t graph_number,
                           episode *eps, size_t n);

#endif
