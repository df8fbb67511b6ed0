/* SPDX-License-Identifier: Apache-2.0
 *
 * store/counts.c -- one slot on SQLite, where one writer counts; on PostgreSQL any of 64, so that
 * those who make users or sessions at once seldom wait for one row, and the numbers come from
 * sequences. A total is the sum over the slots, of which one may be below zero. */
#include "store/counts.h"

enum { UP, DOWN, TOTAL, ERASE, USERS, GROUPS, SESSIONS, ORPHANS };

#define OWNED(table) "SELECT graph FROM " table

#define ANY_SLOT "CAST(floor(random() * 64) AS BIGINT)"

static const db_sql sql[] = {
    [UP] = {.text =
                "INSERT INTO counts (project, kind, slot, total, last) VALUES (?1, ?2, 0, 1, 1)"
                " ON CONFLICT (project, kind, slot)"
                " DO UPDATE SET total = counts.total + 1, last = counts.last + 1 RETURNING last",
            .postgres = "INSERT INTO counts (project, kind, slot, total, last)"
                        " VALUES (?1, ?2, " ANY_SLOT ", 1, 1)"
                        " ON CONFLICT (project, kind, slot) DO UPDATE SET total = counts.total + 1"
                        " RETURNING nextval(CAST(CASE CAST(?2 AS BIGINT)"
                        " WHEN 4 THEN 'graph_numbers' WHEN 5 THEN 'project_numbers'"
                        " ELSE 'row_numbers' END AS regclass))"},
    [DOWN] = {.text = "UPDATE counts SET total = total - CAST(?3 AS BIGINT)"
                      " WHERE project = ?1 AND kind = ?2 AND slot = 0",
              .postgres = "INSERT INTO counts (project, kind, slot, total, last)"
                          " VALUES (?1, ?2, " ANY_SLOT ", -CAST(?3 AS BIGINT), 0)"
                          " ON CONFLICT (project, kind, slot)"
                          " DO UPDATE SET total = counts.total - CAST(?3 AS BIGINT)",
              .later = true},
    [TOTAL] =
        {.text = "SELECT CAST(SUM(total) AS BIGINT) FROM counts WHERE project = ?1 AND kind = ?2"},
    [ERASE] = {.text = "DELETE FROM counts WHERE project = ?1"},
    [USERS] = {.text = "SELECT COUNT(*) FROM users WHERE project = ?1"},
    [GROUPS] = {.text = "SELECT COUNT(*) FROM groups WHERE project = ?1"},
    [SESSIONS] = {.text = "SELECT COUNT(*) FROM sessions WHERE project = ?1"},
    [ORPHANS] =
        {.text =
             "SELECT COUNT(*) FROM (" OWNED("episodes") " UNION " OWNED("strands") " UNION " OWNED(
                 "postings") " UNION " OWNED("blocks") ") o"
                                                       " WHERE NOT EXISTS (SELECT 1 FROM graphs g "
                                                       "WHERE "
                                                       "g.graph = o.graph)"
                                                       " AND NOT EXISTS (SELECT 1 FROM jobs j "
                                                       "WHERE "
                                                       "j.graph = o.graph)"},
};
const db_sql_table counts_sql = {"counts", sql, COUNT(sql)};

err count_up(tx *t, int64_t project, count_kind kind, int64_t *number)
{
    db_rows r = db_query(t, &sql[UP], DB_ARGS(db_int(project), db_int(kind)));

    if (db_next(&r))
        *number = db_col_int(&r, 0);
    return db_end(&r);
}

err count_down(tx *t, int64_t project, count_kind kind, int64_t n)
{
    return db_run(t, &sql[DOWN], DB_ARGS(db_int(project), db_int(kind), db_int(n)));
}

err count_total(tx *t, int64_t project, count_kind kind, int64_t *total)
{
    db_rows r = db_query(t, &sql[TOTAL], DB_ARGS(db_int(project), db_int(kind)));

    *total = 0;
    if (db_next(&r) && db_col_int(&r, 0) != NO_TIME)
        *total = db_col_int(&r, 0);
    return db_end(&r);
}

err count_erase(tx *t, int64_t project)
{
    return db_run(t, &sql[ERASE], DB_ARGS(db_int(project)));
}

static err one_number(db_rows *r, int64_t *to)
{
    *to = 0;
    if (db_next(r))
        *to = db_col_int(r, 0);
    return db_end(r);
}

err count_rows(tx *t, int64_t project, count_kind kind, int64_t *rows)
{
    static const int of_kind[] = {
        [COUNT_USERS] = USERS, [COUNT_GROUPS] = GROUPS, [COUNT_SESSIONS] = SESSIONS};
    db_rows r = db_query(t, &sql[of_kind[kind]], DB_ARGS(db_int(project)));

    return one_number(&r, rows);
}

err count_orphans(tx *t, int64_t *graphs)
{
    db_rows r = db_query(t, &sql[ORPHANS], DB_NO_ARGS);

    return one_number(&r, graphs);
}
