/* SPDX-License-Identifier: Apache-2.0
 *
 * store/sessions.c -- rows of sessions and strands. */
#include "store/sessions.h"

enum {
    ADD,
    ADD_STRAND,
    GET,
    FIND,
    UPDATE,
    TAKE_PLACES,
    TOUCH,
    END,
    DROP_MESSAGE,
    STRAND_ID,
    DELETE,
    DELETE_STRAND,
    DELETE_ALL,
    DELETE_STRANDS,
    OF_USER,
    AFTER,
    NUMBERS,
    MISCOUNTED,
    PAGES, /* + 2 * order + ascending */
};

#define COLUMNS                                                                                    \
    "s.session_id, s.id, s.graph, s.session, s.user_id, s.metadata, s.rating, s.classifications,"  \
    " s.created_at, t.updated_at, t.ended_at, t.messages, t.next_place"

#define JOINED                                                                                     \
    "SELECT " COLUMNS " FROM sessions s"                                                           \
    " CROSS JOIN strands t WHERE t.graph = s.graph AND t.session = s.session AND s.project = ?1"

/* The keys of the page first, out of an index alone, so that no row is fetched to be skipped. */
#define PAGE(keys, table, order, join, last)                                                       \
    "SELECT " COLUMNS " FROM (SELECT " keys " FROM " table " WHERE project = ?1 ORDER BY " order   \
    " LIMIT ?2 OFFSET ?3) p " join " ORDER BY " last
#define BY_NAME                                                                                    \
    "CROSS JOIN sessions s CROSS JOIN strands t WHERE s.project = ?1"                              \
    " AND s.session_id = p.session_id AND t.graph = s.graph AND t.session = s.session"
#define BY_STRAND                                                                                  \
    "CROSS JOIN strands t CROSS JOIN sessions s WHERE t.graph = p.graph AND t.session = p.session" \
    " AND s.project = ?1 AND s.session_id = t.session_id"
#define PAGE_BY_NAME(order, last)   PAGE("session_id", "sessions", order, BY_NAME, last)
#define PAGE_BY_STRAND(order, last) PAGE("graph, session", "strands", order, BY_STRAND, last)

static const db_sql sql[] = {
    [ADD] = {.text =
                 "INSERT INTO sessions (project, session_id, id, graph, session, user_id, metadata,"
                 " rating, classifications, created_at)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
    [ADD_STRAND] = {.text =
                        "INSERT INTO strands (graph, session, project, session_id, id, messages,"
                        " next_place, ended_at, updated_at)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, NULL, ?6)",
                    .later = true},
    [GET] = {.text = JOINED " AND s.session_id = ?2", .locks = "s"},
    [FIND] = {.text = "SELECT graph, session FROM sessions WHERE project = ?1 AND session_id = ?2"},
    [UPDATE] = {.text = "UPDATE sessions SET metadata = ?3, rating = ?4, classifications = ?5"
                        " WHERE project = ?1 AND session_id = ?2"},
    [TAKE_PLACES] = {.text = "UPDATE strands SET messages = messages + CAST(?3 AS BIGINT),"
                             " next_place = next_place + CAST(?3 AS BIGINT), updated_at = ?4"
                             " WHERE graph = ?1 AND session = ?2 RETURNING next_place, ended_at"},
    [TOUCH] = {.text = "UPDATE strands SET updated_at = ?3 WHERE graph = ?1 AND session = ?2",
               .later = true},
    [END] = {.text = "UPDATE strands SET ended_at = ?3, updated_at = ?3"
                     " WHERE graph = ?1 AND session = ?2 AND ended_at IS NULL"},
    [DROP_MESSAGE] =
        {.text = "UPDATE strands SET messages = messages - 1 WHERE graph = ?1 AND session = ?2"},
    [STRAND_ID] = {.text = "SELECT session_id FROM strands WHERE graph = ?1 AND session = ?2"},
    [DELETE] = {.text = "DELETE FROM sessions WHERE project = ?1 AND session_id = ?2"},
    [DELETE_STRAND] = {.text = "DELETE FROM strands WHERE graph = ?1 AND session = ?2"},
    [DELETE_ALL] = {.text = "DELETE FROM sessions WHERE project = ?2 AND session_id IN"
                            " (SELECT t.session_id FROM strands t WHERE t.graph = ?1)"},
    [DELETE_STRANDS] = {.text = "DELETE FROM strands WHERE graph = ?1"},
    [OF_USER] = {.text = JOINED " AND s.user_id = ?2 ORDER BY s.id DESC"},
    [AFTER] = {.text = JOINED " AND s.id > ?2 ORDER BY s.id LIMIT ?3"},
    [NUMBERS] = {.text = "SELECT session FROM strands WHERE graph = ?1 ORDER BY session"},
    [MISCOUNTED] =
        {.text = "SELECT CAST(COALESCE(SUM(CASE WHEN t.messages = (SELECT COUNT(*) FROM episodes e"
                 " WHERE e.graph = t.graph AND e.session = t.session) AND t.next_place >"
                 " COALESCE((SELECT MAX(e.place) FROM episodes e"
                 " WHERE e.graph = t.graph AND e.session = t.session), 0)"
                 " THEN 0 ELSE 1 END), 0) AS BIGINT), COUNT(*) FROM strands t"
                 " WHERE t.graph = ?1"},
    [PAGES + 2 * SESSIONS_BY_CREATED] = {.text = PAGE_BY_NAME("id DESC", "s.id DESC")},
    [PAGES + 2 * SESSIONS_BY_CREATED + 1] = {.text = PAGE_BY_NAME("id", "s.id")},
    [PAGES + 2 * SESSIONS_BY_UPDATED] = {.text = PAGE_BY_STRAND("updated_at DESC, id DESC",
                                                                "t.updated_at DESC, t.id DESC")},
    [PAGES + 2 * SESSIONS_BY_UPDATED +
        1] = {.text = PAGE_BY_STRAND("updated_at, id", "t.updated_at, t.id")},
    [PAGES + 2 * SESSIONS_BY_USER] = {.text = PAGE_BY_NAME("user_id DESC, id DESC",
                                                           "s.user_id DESC, s.id DESC")},
    [PAGES + 2 * SESSIONS_BY_USER + 1] = {.text = PAGE_BY_NAME("user_id, id", "s.user_id, s.id")},
    [PAGES + 2 * SESSIONS_BY_ID] = {.text = PAGE_BY_NAME("session_id DESC", "s.session_id DESC")},
    [PAGES + 2 * SESSIONS_BY_ID + 1] = {.text = PAGE_BY_NAME("session_id", "s.session_id")},
};
const db_sql_table sessions_sql = {"sessions", sql, COUNT(sql)};

err session_add(tx *t, int64_t project, const session *s)
{
    err e = db_run(t, &sql[ADD],
                   DB_ARGS(db_int(project), db_text(s->session_id), db_int(s->id), db_int(s->graph),
                           db_int(s->session), db_text(s->user_id), db_text(s->metadata),
                           db_text(s->rating), db_text(s->classifications), db_int(s->created_at)));
    if (e)
        return e;
    return db_run(t, &sql[ADD_STRAND],
                  DB_ARGS(db_int(s->graph), db_int(s->session), db_int(project),
                          db_text(s->session_id), db_int(s->id), db_int(s->updated_at)));
}

static void read_session(const db_rows *r, arena *a, session *s)
{
    *s = (session){
        .session_id = arena_dup(a, db_col_text(r, 0)),
        .id = db_col_int(r, 1),
        .graph = db_col_int(r, 2),
        .session = db_col_int(r, 3),
        .user_id = arena_dup(a, db_col_text(r, 4)),
        .metadata = arena_dup(a, db_col_text(r, 5)),
        .rating = arena_dup(a, db_col_text(r, 6)),
        .classifications = arena_dup(a, db_col_text(r, 7)),
        .created_at = db_col_int(r, 8),
        .updated_at = db_col_int(r, 9),
        .ended_at = db_col_int(r, 10),
        .messages = db_col_int(r, 11),
        .next_place = db_col_int(r, 12),
    };
    s->uuid = uuid_mint(s->created_at, s->graph, UUID_SESSION, s->session);
}

err session_get(tx *t, arena *a, int64_t project, slice session_id, session *s)
{
    db_rows r = db_query(t, &sql[GET], DB_ARGS(db_int(project), db_text(session_id)));
    bool found = db_next(&r);

    if (found)
        read_session(&r, a, s);
    err e = db_end(&r);
    return e ? e : !found ? ERR_NOT_FOUND : arena_check(a);
}

err session_find(tx *t, int64_t project, slice session_id, int64_t *at_graph, int64_t *number)
{
    db_rows r = db_query(t, &sql[FIND], DB_ARGS(db_int(project), db_text(session_id)));
    bool found = db_next(&r);

    if (found) {
        *at_graph = db_col_int(&r, 0);
        *number = db_col_int(&r, 1);
    }
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

err session_update(tx *t, int64_t project, const session *s)
{
    return db_run(t, &sql[UPDATE],
                  DB_ARGS(db_int(project), db_text(s->session_id), db_text(s->metadata),
                          db_text(s->rating), db_text(s->classifications)));
}

err strand_take_places(tx *t, const graph *g, int64_t number, int64_t n, int64_t now_us,
                       int64_t *place, int64_t *ended_at)
{
    db_rows r = db_query(t, &sql[TAKE_PLACES],
                         DB_ARGS(db_int(g->graph), db_int(number), db_int(n), db_int(now_us)));
    bool found = db_next(&r);

    if (found) {
        *place = db_col_int(&r, 0) - n;
        *ended_at = db_col_int(&r, 1);
    }
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

err strand_touch(tx *t, int64_t at_graph, int64_t number, int64_t now_us)
{
    return db_run(t, &sql[TOUCH], DB_ARGS(db_int(at_graph), db_int(number), db_int(now_us)));
}

err strand_end(tx *t, int64_t at_graph, int64_t number, int64_t now_us)
{
    int64_t changed = 0;
    err e = db_run_count(t, &sql[END], DB_ARGS(db_int(at_graph), db_int(number), db_int(now_us)),
                         &changed);

    return e ? e : changed ? OK : db_again(t);
}

err strand_drop_message(tx *t, const graph *g, int64_t number)
{
    return db_run(t, &sql[DROP_MESSAGE], DB_ARGS(db_int(g->graph), db_int(number)));
}

err strand_session_id(tx *t, arena *a, const graph *g, int64_t number, slice *session_id)
{
    db_rows r = db_query(t, &sql[STRAND_ID], DB_ARGS(db_int(g->graph), db_int(number)));

    *session_id = NO_SLICE;
    if (db_next(&r))
        *session_id = arena_dup(a, db_col_text(&r, 0));
    return db_end(&r);
}

err session_delete(tx *t, int64_t project, const session *s)
{
    err e = db_run(t, &sql[DELETE], DB_ARGS(db_int(project), db_text(s->session_id)));

    return e ? e : db_run(t, &sql[DELETE_STRAND], DB_ARGS(db_int(s->graph), db_int(s->session)));
}

err session_delete_all(tx *t, const graph *g, int64_t *n)
{
    err e = db_run_count(t, &sql[DELETE_ALL], DB_ARGS(db_int(g->graph), db_int(g->project)), n);

    return e ? e : db_run(t, &sql[DELETE_STRANDS], DB_ARGS(db_int(g->graph)));
}

static err read_all(db_rows *r, arena *a, session **to, size_t *n)
{
    size_t cap = 0;
    err e = OK;

    *to = NULL;
    *n = 0;
    while (!e && db_next(r)) {
        *to = arena_grow(a, *to, *n, &cap, sizeof(**to));
        if (*to)
            read_session(r, a, &(*to)[(*n)++]);
        else
            e = ERR_NO_MEMORY;
    }
    err ended = db_end(r);
    return e ? e : ended ? ended : arena_check(a);
}

err session_page(tx *t, arena *a, int64_t project, session_order order, bool ascending,
                 int64_t limit, int64_t offset, session **to, size_t *n)
{
    db_rows r = db_query(t, &sql[PAGES + 2 * (int)order + ascending],
                         DB_ARGS(db_int(project), db_int(limit), db_int(offset)));

    return read_all(&r, a, to, n);
}

err session_list_of_user(tx *t, arena *a, int64_t project, slice user_id, session **to, size_t *n)
{
    db_rows r = db_query(t, &sql[OF_USER], DB_ARGS(db_int(project), db_text(user_id)));

    return read_all(&r, a, to, n);
}

err session_after(tx *t, arena *a, int64_t project, int64_t after, int64_t limit, session **to,
                  size_t *n)
{
    db_rows r = db_query(t, &sql[AFTER], DB_ARGS(db_int(project), db_int(after), db_int(limit)));

    return read_all(&r, a, to, n);
}

err strand_numbers(tx *t, arena *a, const graph *g, int64_t **to, size_t *n)
{
    size_t cap = 0;
    err e = OK;

    *to = NULL;
    *n = 0;
    db_rows r = db_query(t, &sql[NUMBERS], DB_ARGS(db_int(g->graph)));
    while (!e && db_next(&r)) {
        *to = arena_grow(a, *to, *n, &cap, sizeof(**to));
        if (*to)
            (*to)[(*n)++] = db_col_int(&r, 0);
        else
            e = ERR_NO_MEMORY;
    }
    err ended = db_end(&r);
    return e ? e : ended ? ended : arena_check(a);
}

err strand_miscounted(tx *t, const graph *g, int64_t *wrong, int64_t *living)
{
    db_rows r = db_query(t, &sql[MISCOUNTED], DB_ARGS(db_int(g->graph)));

    *wrong = *living = 0;
    if (db_next(&r)) {
        *wrong = db_col_int(&r, 0);
        *living = db_col_int(&r, 1);
    }
    return db_end(&r);
}
