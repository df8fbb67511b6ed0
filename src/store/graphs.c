/* SPDX-License-Identifier: Apache-2.0
 *
 * store/graphs.c -- rows of graphs. */
#include "store/graphs.h"

#include "store/counts.h"

enum {
    CREATE,
    OPEN,
    TAKE_EPISODES,
    TAKE_SESSION,
    DROP_SESSION,
    SET_SPEAKER,
    SET_FOLDED,
    DELETE,
    NEXT,
    NEXT_OF_PROJECT,
    ROWS,
};

#define COLUMNS                                                                                    \
    "graph, project, kind, owner, speaker, index_version, next_episode, folded, sessions, "        \
    "created_at"

static const db_sql sql[] = {
    [CREATE] =
        {.text = "INSERT INTO graphs (graph, project, kind, owner, speaker, index_version,"
                 " next_session, next_episode, next_node, next_edge, folded, sessions, created_at)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?8, 1, 0, 0, ?7)",
         .later = true},
    [OPEN] = {.text = "SELECT " COLUMNS " FROM graphs WHERE graph = ?1 AND project = ?2",
              .locks = "graphs"},
    [TAKE_EPISODES] = {.text = "UPDATE graphs SET next_episode = next_episode + CAST(?3 AS BIGINT)"
                               " WHERE graph = ?1 AND project = ?2 RETURNING " COLUMNS},
    [TAKE_SESSION] =
        {.text = "UPDATE graphs SET next_session = next_session + 1, sessions = sessions + 1"
                 " WHERE graph = ?1 AND project = ?2 RETURNING next_session - 1"},
    [DROP_SESSION] = {.text = "UPDATE graphs SET sessions = sessions - 1 WHERE graph = ?1"},
    [SET_SPEAKER] = {.text = "UPDATE graphs SET speaker = ?3 WHERE graph = ?1 AND project = ?2"},
    [SET_FOLDED] = {.text = "UPDATE graphs SET folded = ?2, index_version = ?3 WHERE graph = ?1"},
    [DELETE] = {.text = "DELETE FROM graphs WHERE graph = ?1"},
    [NEXT] = {.text = "SELECT " COLUMNS " FROM graphs WHERE graph > ?1 ORDER BY graph LIMIT 1"},
    [NEXT_OF_PROJECT] =
        {.text = "SELECT g.graph, g.project, g.kind, g.owner, g.speaker, g.index_version,"
                 " g.next_episode, g.folded, g.sessions, g.created_at FROM graphs g"
                 " WHERE g.graph = COALESCE("
                 "(SELECT u.graph FROM users u WHERE u.project = ?1 ORDER BY u.user_id LIMIT 1),"
                 "(SELECT r.graph FROM groups r WHERE r.project = ?1 ORDER BY r.group_id LIMIT 1),"
                 "(SELECT s.graph FROM sessions s WHERE s.project = ?1 ORDER BY s.session_id"
                 " LIMIT 1))"},
    [ROWS] = {.text = "SELECT COUNT(*) FROM graphs"},
};
const db_sql_table graphs_sql = {"graphs", sql, COUNT(sql)};

static err one(db_rows *r, arena *a, graph *g)
{
    bool found = db_next(r);

    if (found)
        *g = (graph){
            .graph = db_col_int(r, 0),
            .project = db_col_int(r, 1),
            .kind = (graph_kind)db_col_int(r, 2),
            .owner = arena_dup(a, db_col_text(r, 3)),
            .speaker = arena_dup(a, db_col_text(r, 4)),
            .index_version = db_col_int(r, 5),
            .next_episode = db_col_int(r, 6),
            .folded = db_col_int(r, 7),
            .sessions = db_col_int(r, 8),
            .created_at = db_col_int(r, 9),
        };
    err e = db_end(r);
    return e ? e : !found ? ERR_NOT_FOUND : arena_check(a);
}

err graph_create(tx *t, int64_t project, graph_kind kind, slice owner, slice speaker,
                 int64_t index_version, int64_t now_us, int64_t *number)
{
    err e = count_up(t, 0, COUNT_GRAPHS, number);

    if (e)
        return e;
    return db_run(t, &sql[CREATE],
                  DB_ARGS(db_int(*number), db_int(project), db_int(kind), db_text(owner),
                          db_text(speaker), db_int(index_version), db_int(now_us),
                          db_int(kind == GRAPH_USER ? GRAPH_USER_NODE + 1 : 1)));
}

err graph_open(tx *t, arena *a, int64_t project, int64_t number, graph *g)
{
    db_rows r = db_query(t, &sql[OPEN], DB_ARGS(db_int(number), db_int(project)));

    return one(&r, a, g);
}

err graph_take_episodes(tx *t, arena *a, int64_t project, int64_t number, int64_t n, graph *g)
{
    db_rows r =
        db_query(t, &sql[TAKE_EPISODES], DB_ARGS(db_int(number), db_int(project), db_int(n)));

    return one(&r, a, g);
}

err graph_take_session(tx *t, int64_t project, int64_t number, int64_t *session)
{
    db_rows r = db_query(t, &sql[TAKE_SESSION], DB_ARGS(db_int(number), db_int(project)));
    bool found = db_next(&r);

    if (found)
        *session = db_col_int(&r, 0);
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

err graph_drop_session(tx *t, const graph *g)
{
    return db_run(t, &sql[DROP_SESSION], DB_ARGS(db_int(g->graph)));
}

err graph_set_speaker(tx *t, int64_t project, int64_t number, slice speaker)
{
    return db_run(t, &sql[SET_SPEAKER], DB_ARGS(db_int(number), db_int(project), db_text(speaker)));
}

err graph_set_folded(tx *t, const graph *g, int64_t folded, int64_t index_version)
{
    return db_run(t, &sql[SET_FOLDED],
                  DB_ARGS(db_int(g->graph), db_int(folded), db_int(index_version)));
}

err graph_delete(tx *t, const graph *g)
{
    return db_run(t, &sql[DELETE], DB_ARGS(db_int(g->graph)));
}

err graph_next(tx *t, arena *a, int64_t after, graph *g)
{
    db_rows r = db_query(t, &sql[NEXT], DB_ARGS(db_int(after)));

    return one(&r, a, g);
}

err graph_next_of_project(tx *t, arena *a, int64_t project, graph *g)
{
    db_rows r = db_query(t, &sql[NEXT_OF_PROJECT], DB_ARGS(db_int(project)));

    return one(&r, a, g);
}

err graph_count(tx *t, int64_t *n)
{
    db_rows r = db_query(t, &sql[ROWS], DB_NO_ARGS);

    if (db_next(&r))
        *n = db_col_int(&r, 0);
    return db_end(&r);
}
