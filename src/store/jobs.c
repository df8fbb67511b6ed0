/* SPDX-License-Identifier: Apache-2.0
 *
 * store/jobs.c -- the table of accepted work. */
#include "store/jobs.h"

enum { ADD, DONE, NEXT };

static const db_sql sql[] = {
    [ADD] = {.text = "INSERT INTO jobs (project, graph, kind, created_at) VALUES (?1, ?2, ?3, ?4)"
                     " ON CONFLICT (project, graph, kind) DO NOTHING",
             .later = true},
    [DONE] = {.text = "DELETE FROM jobs WHERE project = ?1 AND graph = ?2 AND kind = ?3"},
    [NEXT] = {.text = "SELECT project, graph, kind FROM jobs"
                      " WHERE (project, graph, kind) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT),"
                      " CAST(?3 AS BIGINT)) ORDER BY project, graph, kind LIMIT 1"},
};
const db_sql_table jobs_sql = {"jobs", sql, COUNT(sql)};

err job_add(tx *t, int64_t project, int64_t graph, job_kind kind, int64_t now_us)
{
    return db_run(t, &sql[ADD],
                  DB_ARGS(db_int(project), db_int(graph), db_int(kind), db_int(now_us)));
}

err job_done(tx *t, const job *j)
{
    return db_run(t, &sql[DONE], DB_ARGS(db_int(j->project), db_int(j->graph), db_int(j->kind)));
}

err job_next(tx *t, const job *after, job *to)
{
    db_rows r = db_query(
        t, &sql[NEXT], DB_ARGS(db_int(after->project), db_int(after->graph), db_int(after->kind)));
    bool found = db_next(&r);

    if (found)
        *to = (job){db_col_int(&r, 0), db_col_int(&r, 1), (job_kind)db_col_int(&r, 2)};
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}
