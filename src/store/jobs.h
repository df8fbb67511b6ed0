/* SPDX-License-Identifier: Apache-2.0
 *
 * store/jobs.h -- work that is accepted in the transaction of its cause and done later, also after
 * a crash. A job is named by what it is about, so asking twice is asking once.
 *
 * Whoever does a job holds it by a lease, and renews the lease with each step, in the step's own
 * transaction: of two who believe to hold it one is told otherwise before it changes anything. When
 * its holder dies the lease runs out, and another takes over. Holders are numbers that each process
 * draws at its start; times are the store's users' own clocks, microseconds UTC. */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "db/db.h"

typedef enum job_kind { JOB_ERASE = 1, JOB_REINDEX = 2 } job_kind; /* stored values */

typedef struct job {
    int64_t project;
    int64_t graph; /* 0: the whole project */
    job_kind kind;
} job;

MUST_CHECK err job_add(tx *t, int64_t project, int64_t graph, job_kind kind, int64_t now_us);
MUST_CHECK err job_done(tx *t, const job *j);

/* Whether there is a job that nobody holds; cheap. ERR_NOT_FOUND: there is none. */
MUST_CHECK err job_waits(tx *t, int64_t now_us);

/* Take the first job after *after in key order ({0} for the very first) that nobody holds.
 * ERR_NOT_FOUND: there is none. */
MUST_CHECK err job_take(tx *t, const job *after, int64_t holder, int64_t now_us, int64_t until_us,
                        job *to);

/* Renew the lease. ERR_CONFLICT: it is somebody else's now, or done. */
MUST_CHECK err job_hold(tx *t, const job *j, int64_t holder, int64_t until_us);

/* What a process that died has held, where there is but one at a time. */
MUST_CHECK err job_free_all(tx *t);

extern const db_sql_table jobs_sql;

#endif
