/* SPDX-License-Identifier: Apache-2.0
 *
 * store/groups.c -- rows of groups. */
#include "store/groups.h"

enum { ADD, GET, GRAPH, UPDATE, DELETE, PAGE };

#define COLUMNS "r.group_id, r.graph, r.name, r.description, r.rating, r.created_at FROM "

static const db_sql sql[] = {
    [ADD] =
        {.text =
             "INSERT INTO groups (project, group_id, graph, name, description, rating, created_at)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
    [GET] = {.text = "SELECT " COLUMNS "groups r WHERE r.project = ?1 AND r.group_id = ?2",
             .locks = "r"},
    [GRAPH] = {.text = "SELECT graph FROM groups WHERE project = ?1 AND group_id = ?2"},
    [UPDATE] = {.text = "UPDATE groups SET name = ?3, description = ?4, rating = ?5"
                        " WHERE project = ?1 AND group_id = ?2"},
    [DELETE] = {.text = "DELETE FROM groups WHERE project = ?1 AND group_id = ?2"},
    /* The keys of the page first, out of an index alone: no row is fetched to be skipped. */
    [PAGE] = {.text = "SELECT " COLUMNS "(SELECT group_id FROM groups WHERE project = ?1"
                      " ORDER BY graph DESC LIMIT ?2 OFFSET ?3) p CROSS JOIN groups r"
                      " WHERE r.project = ?1 AND r.group_id = p.group_id ORDER BY r.graph DESC"},
};
const db_sql_table groups_sql = {"groups", sql, COUNT(sql)};

err group_add(tx *t, int64_t project, const group *g)
{
    return db_run(t, &sql[ADD],
                  DB_ARGS(db_int(project), db_text(g->group_id), db_int(g->graph), db_text(g->name),
                          db_text(g->description), db_text(g->rating), db_int(g->created_at)));
}

static void read_group(const db_rows *r, arena *a, group *g)
{
    *g = (group){
        .group_id = arena_dup(a, db_col_text(r, 0)),
        .graph = db_col_int(r, 1),
        .name = arena_dup(a, db_col_text(r, 2)),
        .description = arena_dup(a, db_col_text(r, 3)),
        .rating = arena_dup(a, db_col_text(r, 4)),
        .created_at = db_col_int(r, 5),
    };
    g->id = uuid_mint(g->created_at, g->graph, UUID_GROUP, 1);
}

err group_get(tx *t, arena *a, int64_t project, slice group_id, group *g)
{
    db_rows r = db_query(t, &sql[GET], DB_ARGS(db_int(project), db_text(group_id)));
    bool found = db_next(&r);

    if (found)
        read_group(&r, a, g);
    err e = db_end(&r);
    return e ? e : !found ? ERR_NOT_FOUND : arena_check(a);
}

err group_graph(tx *t, int64_t project, slice group_id, int64_t *graph)
{
    db_rows r = db_query(t, &sql[GRAPH], DB_ARGS(db_int(project), db_text(group_id)));
    bool found = db_next(&r);

    if (found)
        *graph = db_col_int(&r, 0);
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

err group_update(tx *t, int64_t project, const group *g)
{
    return db_run(t, &sql[UPDATE],
                  DB_ARGS(db_int(project), db_text(g->group_id), db_text(g->name),
                          db_text(g->description), db_text(g->rating)));
}

err group_delete(tx *t, int64_t project, slice group_id)
{
    return db_run(t, &sql[DELETE], DB_ARGS(db_int(project), db_text(group_id)));
}

err group_page(tx *t, arena *a, int64_t project, int64_t limit, int64_t offset, group **to,
               size_t *n)
{
    size_t cap = 0;
    err e = OK;

    *to = NULL;
    *n = 0;
    db_rows r = db_query(t, &sql[PAGE], DB_ARGS(db_int(project), db_int(limit), db_int(offset)));
    while (!e && db_next(&r)) {
        *to = arena_grow(a, *to, *n, &cap, sizeof(**to));
        if (*to)
            read_group(&r, a, &(*to)[(*n)++]);
        else
            e = ERR_NO_MEMORY;
    }
    err ended = db_end(&r);
    return e ? e : ended ? ended : arena_check(a);
}
