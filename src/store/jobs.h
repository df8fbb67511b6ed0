/* SPDX-License-Identifier: Apache-2.0
 *
 * store/jobs.h -- work that is accepted in the transaction of its cause and done later, also after
 * a crash. A job is named by what it is about, so asking twice is asking once. */
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

/* The first job after *after in key order ({0} for the very first). ERR_NOT_FOUND: there is none.
 */
MUST_CHECK err job_next(tx *t, const job *after, job *to);

extern const db_sql_table jobs_sql;

#endif
