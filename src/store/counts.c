/* SPDX-License-Identifier: Apache-2.0
 *
 * store/counts.c -- one slot on SQLite, where one writer counts. A slot's numbers are last * slots
 * + slot, so several slots would still never give one number twice. */
#include "store/counts.h"

enum { UP, DOWN, TOTAL, ERASE, USERS, GROUPS, SESSIONS, ORPHANS };

#define OWNED(table) "SELECT graph FROM " table

static const db_sql sql[] = {
    [UP] = {"INSERT INTO counts (project, kind, slot, total, last) VALUES (?1, ?2, 0, 1, 1)"
            " ON CONFLICT (project, kind, slot)"
            " DO UPDATE SET total = counts.total + 1, last = counts.last + 1 RETURNING last"},
    [DOWN] = {"UPDATE counts SET total = total - CAST(?3 AS BIGINT)"
              " WHERE project = ?1 AND kind = ?2 AND slot = 0"},
    [TOTAL] = {"SELECT CAST(SUM(total) AS BIGINT) FROM counts WHERE project = ?1 AND kind = ?2"},
    [ERASE] = {"DELETE FROM counts WHERE project = ?1"},
    [USERS] = {"SELECT COUNT(*) FROM users WHERE project = ?1"},
    [GROUPS] = {"SELECT COUNT(*) FROM groups WHERE project = ?1"},
    [SESSIONS] = {"SELECT COUNT(*) FROM sessions WHERE project = ?1"},
    [ORPHANS] =
        {"SELECT COUNT(*) FROM (" OWNED("episodes") " UNION " OWNED("strands") " UNION " OWNED(
            "postings") " UNION " OWNED("blocks") ") o"
                                                  " WHERE NOT EXISTS (SELECT 1 FROM graphs g WHERE "
                                                  "g.graph = o.graph)"
                                                  " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE "
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
