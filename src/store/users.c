/* SPDX-License-Identifier: Apache-2.0
 *
 * store/users.c -- rows of users. */
#include "store/users.h"

enum { ADD, GET, GRAPH, UPDATE, DELETE, PAGE, AFTER };

#define FIELDS                                                                                     \
    "u.user_id, u.graph, u.email, u.first_name, u.last_name, u.metadata, u.rating, u.no_ontology," \
    " u.created_at, u.updated_at, g.sessions"
#define COLUMNS FIELDS " FROM users u JOIN graphs g ON g.graph = u.graph"

static const db_sql sql[] = {
    [ADD] =
        {.text =
             "INSERT INTO users (project, user_id, graph, email, first_name, last_name, metadata,"
             " rating, no_ontology, created_at, updated_at)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
    [GET] = {.text = "SELECT " COLUMNS " WHERE u.project = ?1 AND u.user_id = ?2", .locks = "u"},
    [GRAPH] = {.text = "SELECT graph FROM users WHERE project = ?1 AND user_id = ?2"},
    [UPDATE] =
        {.text =
             "UPDATE users SET email = ?3, first_name = ?4, last_name = ?5, metadata = ?6,"
             " rating = ?7, no_ontology = ?8, updated_at = ?9 WHERE project = ?1 AND user_id = ?2"},
    [DELETE] = {.text = "DELETE FROM users WHERE project = ?1 AND user_id = ?2"},
    /* The keys of the page first, out of an index alone: no row is fetched to be skipped. */
    [PAGE] =
        {.text = "SELECT " FIELDS " FROM (SELECT user_id FROM users WHERE project = ?1"
                 " ORDER BY graph DESC LIMIT ?2 OFFSET ?3) p CROSS JOIN users u CROSS JOIN graphs g"
                 " WHERE u.project = ?1 AND u.user_id = p.user_id AND g.graph = u.graph"
                 " ORDER BY u.graph DESC"},
    [AFTER] = {.text = "SELECT " COLUMNS " WHERE u.project = ?1 AND u.graph > ?2"
                       " ORDER BY u.graph LIMIT ?3"},
};
const db_sql_table users_sql = {"users", sql, COUNT(sql)};

err user_add(tx *t, int64_t project, const user *u)
{
    return db_run(t, &sql[ADD],
                  DB_ARGS(db_int(project), db_text(u->user_id), db_int(u->graph), db_text(u->email),
                          db_text(u->first_name), db_text(u->last_name), db_text(u->metadata),
                          db_text(u->rating), db_opt(u->no_ontology), db_int(u->created_at),
                          db_int(u->updated_at)));
}

static void read_user(const db_rows *r, arena *a, user *u)
{
    *u = (user){
        .user_id = arena_dup(a, db_col_text(r, 0)),
        .graph = db_col_int(r, 1),
        .email = arena_dup(a, db_col_text(r, 2)),
        .first_name = arena_dup(a, db_col_text(r, 3)),
        .last_name = arena_dup(a, db_col_text(r, 4)),
        .metadata = arena_dup(a, db_col_text(r, 5)),
        .rating = arena_dup(a, db_col_text(r, 6)),
        .no_ontology = db_col_int(r, 7),
        .created_at = db_col_int(r, 8),
        .updated_at = db_col_int(r, 9),
        .sessions = db_col_int(r, 10),
    };
    u->id = uuid_mint(u->created_at, u->graph, UUID_USER, 1);
}

err user_get(tx *t, arena *a, int64_t project, slice user_id, user *u)
{
    db_rows r = db_query(t, &sql[GET], DB_ARGS(db_int(project), db_text(user_id)));
    bool found = db_next(&r);

    if (found)
        read_user(&r, a, u);
    err e = db_end(&r);
    return e ? e : !found ? ERR_NOT_FOUND : arena_check(a);
}

err user_graph(tx *t, int64_t project, slice user_id, int64_t *graph)
{
    db_rows r = db_query(t, &sql[GRAPH], DB_ARGS(db_int(project), db_text(user_id)));
    bool found = db_next(&r);

    if (found)
        *graph = db_col_int(&r, 0);
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

err user_update(tx *t, int64_t project, const user *u)
{
    return db_run(t, &sql[UPDATE],
                  DB_ARGS(db_int(project), db_text(u->user_id), db_text(u->email),
                          db_text(u->first_name), db_text(u->last_name), db_text(u->metadata),
                          db_text(u->rating), db_opt(u->no_ontology), db_int(u->updated_at)));
}

err user_delete(tx *t, int64_t project, slice user_id)
{
    return db_run(t, &sql[DELETE], DB_ARGS(db_int(project), db_text(user_id)));
}

static err read_all(db_rows *r, arena *a, user **to, size_t *n)
{
    size_t cap = 0;
    err e = OK;

    *to = NULL;
    *n = 0;
    while (!e && db_next(r)) {
        *to = arena_grow(a, *to, *n, &cap, sizeof(**to));
        if (*to)
            read_user(r, a, &(*to)[(*n)++]);
        else
            e = ERR_NO_MEMORY;
    }
    err ended = db_end(r);
    return e ? e : ended ? ended : arena_check(a);
}

err user_page(tx *t, arena *a, int64_t project, int64_t limit, int64_t offset, user **to, size_t *n)
{
    db_rows r = db_query(t, &sql[PAGE], DB_ARGS(db_int(project), db_int(limit), db_int(offset)));

    return read_all(&r, a, to, n);
}

err user_after(tx *t, arena *a, int64_t project, int64_t after, int64_t limit, user **to, size_t *n)
{
    db_rows r = db_query(t, &sql[AFTER], DB_ARGS(db_int(project), db_int(after), db_int(limit)));

    return read_all(&r, a, to, n);
}
