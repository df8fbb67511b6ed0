/* SPDX-License-Identifier: Apache-2.0
 *
 * store/jobs.c -- the table of accepted work. */
#include "store/jobs.h"

enum { ADD, DONE, WAITING, NEXT, LEASE, HOLD, FREE_ALL };

#define KEY " WHERE project = ?1 AND graph = ?2 AND kind = ?3"
#define AFTER                                                                                      \
    " (project, graph, kind) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT))"

static const db_sql sql[] = {
    [ADD] = {.text = "INSERT INTO jobs (project, graph, kind, created_at) VALUES (?1, ?2, ?3, ?4)"
                     " ON CONFLICT (project, graph, kind) DO NOTHING",
             .later = true},
    [DONE] = {.text = "DELETE FROM jobs" KEY},
    [WAITING] = {.text = "SELECT 1 FROM jobs WHERE project >= 0 AND leased_until < ?1 LIMIT 1"},
    [NEXT] = {.text = "SELECT project, graph, kind FROM jobs WHERE" AFTER " AND leased_until < ?4"
                      " ORDER BY project, graph, kind LIMIT 1",
              .locks = "jobs SKIP LOCKED"},
    [LEASE] = {.text = "UPDATE jobs SET holder = ?4, leased_until = ?5" KEY},
    [HOLD] = {.text = "UPDATE jobs SET leased_until = ?5" KEY " AND holder = ?4"},
    [FREE_ALL] = {.text = "UPDATE jobs SET leased_until = 0 WHERE project >= 0"},
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

err job_waits(tx *t, int64_t now_us)
{
    db_rows r = db_query(t, &sql[WAITING], DB_ARGS(db_int(now_us)));
    bool found = db_next(&r);
    err e = db_end(&r);

    return e ? e : found ? OK : ERR_NOT_FOUND;
}

err job_take(tx *t, const job *after, int64_t holder, int64_t now_us, int64_t until_us, job *to)
{
    db_rows r = db_query(
        t, &sql[NEXT],
        DB_ARGS(db_int(after->project), db_int(after->graph), db_int(after->kind), db_int(now_us)));
    bool found = db_next(&r);

    if (found)
        *to = (job){db_col_int(&r, 0), db_col_int(&r, 1), (job_kind)db_col_int(&r, 2)};
    err e = db_end(&r);
    if (e || !found)
        return e ? e : ERR_NOT_FOUND;
    return db_run(t, &sql[LEASE],
                  DB_ARGS(db_int(to->project), db_int(to->graph), db_int(to->kind), db_int(holder),
                          db_int(until_us)));
}

err job_hold(tx *t, const job *j, int64_t holder, int64_t until_us)
{
    int64_t changed = 0;
    err e = db_run_count(t, &sql[HOLD],
                         DB_ARGS(db_int(j->project), db_int(j->graph), db_int(j->kind),
                                 db_int(holder), db_int(until_us)),
                         &changed);

    return e ? e : changed ? OK : ERR_CONFLICT;
}

err job_free_all(tx *t)
{
    return db_run(t, &sql[FREE_ALL], DB_NO_ARGS);
}
