/* SPDX-License-Identifier: Apache-2.0
 *
 * store/episodes.c -- rows of episodes, and the claims of ids that clients gave. */
#include "store/episodes.h"

enum {
    ADD,
    GET,
    PLACES,
    RANKS,
    LAST_OF_SESSION,
    LAST,
    SET_METADATA,
    CLEAR_METADATA,
    DELETE,
    WALK,
    WALK_CONTENT,
    SET_TERMS,
    CLAIM,
    CLAIMED,
    UNCLAIM,
    ERASE_BOUND,
    ERASE_CLAIMS,
    ERASE,
};

#define COLUMNS                                                                                    \
    "number, session, place, uuid, source, role_type, role, content, metadata,"                    \
    " source_description, created_at, added_at FROM episodes"
#define WALKED "SELECT number, session, role_type, role, created_at, terms"

static const db_sql sql[] = {
    [ADD] =
        {.text =
             "INSERT INTO episodes (graph, number, session, place, uuid, source, role_type, role,"
             " content, metadata, source_description, created_at, added_at, terms)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
         .later = true},
    [GET] = {.text = "SELECT " COLUMNS " WHERE graph = ?1 AND number = ?2"},
    [PLACES] = {.text = "SELECT " COLUMNS " WHERE graph = ?1 AND session = ?2"
                        " AND place BETWEEN ?3 AND ?4 ORDER BY place"},
    [RANKS] = {.text = "SELECT " COLUMNS " WHERE graph = ?1 AND session = ?2"
                       " ORDER BY place LIMIT ?4 OFFSET ?3"},
    [LAST_OF_SESSION] = {.text = "SELECT " COLUMNS " WHERE graph = ?1 AND session = ?2"
                                 " ORDER BY place DESC LIMIT ?3"},
    [LAST] = {.text = "SELECT " COLUMNS " WHERE graph = ?1 ORDER BY number DESC LIMIT ?2"},
    [SET_METADATA] = {.text = "UPDATE episodes SET metadata = ?3 WHERE graph = ?1 AND number = ?2"},
    [CLEAR_METADATA] = {.text = "UPDATE episodes SET metadata = NULL"
                                " WHERE graph = ?1 AND session = ?2 AND metadata IS NOT NULL"},
    [DELETE] = {.text = "DELETE FROM episodes WHERE graph = ?1 AND number = ?2"},
    [WALK] = {.text = WALKED " FROM episodes WHERE graph = ?1 AND number >= ?2 ORDER BY number"},
    [WALK_CONTENT] = {.text = WALKED ", content FROM episodes WHERE graph = ?1 AND number >= ?2"
                                     " ORDER BY number"},
    [SET_TERMS] = {.text = "UPDATE episodes SET terms = ?3 WHERE graph = ?1 AND number = ?2",
                   .later = true},
    [CLAIM] = {.text = "INSERT INTO given_uuids (project, uuid, kind, graph, number)"
                       " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (project, uuid)"
                       " DO UPDATE SET kind = excluded.kind, graph = excluded.graph,"
                       " number = excluded.number"
                       " WHERE given_uuids.graph = ?6 AND given_uuids.number = ?7"},
    [CLAIMED] = {.text = "SELECT graph, number FROM given_uuids WHERE project = ?1 AND uuid = ?2"
                         " AND kind = ?3"},
    [UNCLAIM] = {.text = "DELETE FROM given_uuids WHERE project = ?1 AND uuid = ?2 AND graph = ?3"},
    [ERASE_BOUND] = {.text = "SELECT number FROM episodes WHERE graph = ?1 ORDER BY number"
                             " LIMIT 1 OFFSET ?2"},
    [ERASE_CLAIMS] = {.text =
                          "DELETE FROM given_uuids WHERE project = ?1 AND graph = ?2 AND uuid IN"
                          " (SELECT e.uuid FROM episodes e WHERE e.graph = ?2 AND e.number < ?3"
                          " AND e.uuid IS NOT NULL)"},
    [ERASE] = {.text = "DELETE FROM episodes WHERE graph = ?1 AND number < ?2"},
};
const db_sql_table episodes_sql = {"episodes", sql, COUNT(sql)};

const char *const role_types[] = {"norole",   "system", "assistant", "user",
                                  "function", "tool",   NULL};

static slice id_slice(const uuid *id)
{
    return (slice){(const char *)id->b, sizeof(id->b)};
}

/* ---- ids ---- */

static err claimed(tx *t, int64_t project, uuid id, int64_t *at_graph, int64_t *number)
{
    db_rows r = db_query(t, &sql[CLAIMED],
                         DB_ARGS(db_int(project), db_blob(id_slice(&id)), db_int(UUID_EPISODE)));
    bool found = db_next(&r);

    if (found) {
        *at_graph = db_col_int(&r, 0);
        *number = db_col_int(&r, 1);
    }
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

static err found_at(tx *t, arena *a, int64_t project, uuid id, int64_t at_graph, int64_t number,
                    graph *g, episode *e)
{
    err found = graph_open(t, a, project, at_graph, g);

    if (!found)
        found = episode_get(t, a, g, number, e);
    if (!found && !uuid_eq(e->id, id))
        found = ERR_NOT_FOUND;
    return found;
}

err episode_find(tx *t, arena *a, int64_t project, uuid id, graph *g, episode *e)
{
    uuid_route to;
    int64_t at_graph = 0, number = 0;

    if (uuid_route_of(id, &to) && to.kind == UUID_EPISODE) {
        err found = found_at(t, a, project, id, to.graph, to.number, g, e);
        if (found != ERR_NOT_FOUND)
            return found;
    }
    err given = claimed(t, project, id, &at_graph, &number);
    return given ? given : found_at(t, a, project, id, at_graph, number, g, e);
}

/* A claim whose episode is gone, or is being erased with its graph, is free. Who claims it meanwhile
 * has it. */
static err claim(tx *t, const graph *g, const episode *e)
{
    int64_t dead_graph = 0, dead_number = 0, changed = 0;
    graph other;
    episode taken;
    arena a;

    arena_init(&a, 16 << 20);
    err found = episode_find(t, &a, g->project, e->id, &other, &taken);
    arena_deinit(&a);
    if (found != ERR_NOT_FOUND)
        return found ? found : ERR_EXISTS;
    found = claimed(t, g->project, e->id, &dead_graph, &dead_number);
    if (found && found != ERR_NOT_FOUND)
        return found;
    err wrong = db_run_count(t, &sql[CLAIM],
                             DB_ARGS(db_int(g->project), db_blob(id_slice(&e->id)),
                                     db_int(UUID_EPISODE), db_int(g->graph), db_int(e->number),
                                     db_int(dead_graph), db_int(dead_number)),
                             &changed);
    return wrong ? wrong : changed ? OK : db_again(t);
}

/* ---- rows ---- */

err episode_add(tx *t, const graph *g, const episode *e)
{
    if (e->id_given) {
        err taken = claim(t, g, e);
        if (taken)
            return taken;
    }
    return db_run(t, &sql[ADD],
                  DB_ARGS(db_int(g->graph), db_int(e->number), db_int(e->session), db_int(e->place),
                          db_blob(e->id_given ? id_slice(&e->id) : NO_SLICE), db_int(e->source),
                          db_int(e->role_type), db_text(e->role), db_text(e->content),
                          db_text(e->metadata), db_text(e->source_description),
                          db_int(e->created_at), db_int(e->added_at), db_blob(e->terms)));
}

static void read_episode(const db_rows *r, arena *a, const graph *g, episode *e)
{
    slice given = db_col_blob(r, 3);

    *e = (episode){
        .number = db_col_int(r, 0),
        .session = db_col_int(r, 1),
        .place = db_col_int(r, 2),
        .id_given = given.n == sizeof(e->id.b),
        .source = (episode_source)db_col_int(r, 4),
        .role_type = (int32_t)db_col_int(r, 5),
        .role = arena_dup(a, db_col_text(r, 6)),
        .content = arena_dup(a, db_col_text(r, 7)),
        .metadata = arena_dup(a, db_col_text(r, 8)),
        .source_description = arena_dup(a, db_col_text(r, 9)),
        .created_at = db_col_int(r, 10),
        .added_at = db_col_int(r, 11),
    };
    if (e->id_given)
        memcpy(e->id.b, given.p, sizeof(e->id.b));
    else
        e->id = uuid_mint(e->added_at, g->graph, UUID_EPISODE, e->number);
}

err episode_get(tx *t, arena *a, const graph *g, int64_t number, episode *e)
{
    db_rows r = db_query(t, &sql[GET], DB_ARGS(db_int(g->graph), db_int(number)));
    bool found = db_next(&r);

    if (found)
        read_episode(&r, a, g, e);
    err ended = db_end(&r);
    return ended ? ended : !found ? ERR_NOT_FOUND : arena_check(a);
}

static err read_all(db_rows *r, arena *a, const graph *g, episode **to, size_t *n)
{
    size_t cap = 0;
    err e = OK;

    *to = NULL;
    *n = 0;
    while (!e && db_next(r)) {
        *to = arena_grow(a, *to, *n, &cap, sizeof(**to));
        if (*to)
            read_episode(r, a, g, &(*to)[*n]);
        if (!*to || !(*to)[(*n)++].content.p)
            e = ERR_NO_MEMORY;
    }
    err ended = db_end(r);
    return e ? e : ended ? ended : arena_check(a);
}

static void reverse(episode *at, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        episode other = at[i];
        at[i] = at[n - 1 - i];
        at[n - 1 - i] = other;
    }
}

err episode_places(tx *t, arena *a, const graph *g, int64_t session, int64_t first, int64_t last,
                   episode **to, size_t *n)
{
    db_rows r = db_query(t, &sql[PLACES],
                         DB_ARGS(db_int(g->graph), db_int(session), db_int(first), db_int(last)));

    return read_all(&r, a, g, to, n);
}

err episode_ranks(tx *t, arena *a, const graph *g, int64_t session, int64_t skip, int64_t n_max,
                  episode **to, size_t *n)
{
    db_rows r = db_query(t, &sql[RANKS],
                         DB_ARGS(db_int(g->graph), db_int(session), db_int(skip), db_int(n_max)));

    return read_all(&r, a, g, to, n);
}

err episode_last_of_session(tx *t, arena *a, const graph *g, int64_t session, int64_t n_max,
                            episode **to, size_t *n)
{
    db_rows r = db_query(t, &sql[LAST_OF_SESSION],
                         DB_ARGS(db_int(g->graph), db_int(session), db_int(n_max)));
    err e = read_all(&r, a, g, to, n);

    if (!e)
        reverse(*to, *n);
    return e;
}

err episode_last(tx *t, arena *a, const graph *g, int64_t n_max, episode **to, size_t *n)
{
    db_rows r = db_query(t, &sql[LAST], DB_ARGS(db_int(g->graph), db_int(n_max)));
    err e = read_all(&r, a, g, to, n);

    if (!e)
        reverse(*to, *n);
    return e;
}

err episode_set_metadata(tx *t, const graph *g, int64_t number, slice metadata)
{
    return db_run(t, &sql[SET_METADATA],
                  DB_ARGS(db_int(g->graph), db_int(number), db_text(metadata)));
}

err episode_clear_metadata(tx *t, const graph *g, int64_t session)
{
    return db_run(t, &sql[CLEAR_METADATA], DB_ARGS(db_int(g->graph), db_int(session)));
}

err episode_delete(tx *t, const graph *g, const episode *e)
{
    if (e->id_given) {
        err lost = db_run(t, &sql[UNCLAIM],
                          DB_ARGS(db_int(g->project), db_blob(id_slice(&e->id)), db_int(g->graph)));
        if (lost)
            return lost;
    }
    return db_run(t, &sql[DELETE], DB_ARGS(db_int(g->graph), db_int(e->number)));
}

err episode_erase(tx *t, int64_t project, int64_t gone, int64_t n_max, bool *left)
{
    int64_t bound = INT64_MAX;
    db_rows r = db_query(t, &sql[ERASE_BOUND], DB_ARGS(db_int(gone), db_int(n_max)));

    *left = db_next(&r);
    if (*left)
        bound = db_col_int(&r, 0);
    err e = db_end(&r);
    if (!e)
        e = db_run(t, &sql[ERASE_CLAIMS], DB_ARGS(db_int(project), db_int(gone), db_int(bound)));
    return e ? e : db_run(t, &sql[ERASE], DB_ARGS(db_int(gone), db_int(bound)));
}

db_rows episode_walk(tx *t, const graph *g, int64_t from, bool with_content)
{
    return db_query(t, &sql[with_content ? WALK_CONTENT : WALK],
                    DB_ARGS(db_int(g->graph), db_int(from)));
}

bool episode_walk_next(db_rows *r, episode *e)
{
    if (!db_next(r))
        return false;
    *e = (episode){
        .number = db_col_int(r, 0),
        .session = db_col_int(r, 1),
        .role_type = (int32_t)db_col_int(r, 2),
        .role = db_col_text(r, 3),
        .created_at = db_col_int(r, 4),
        .terms = db_col_blob(r, 5),
    };
    return true;
}

err episode_set_terms(tx *t, const graph *g, int64_t number, slice terms)
{
    return db_run(t, &sql[SET_TERMS], DB_ARGS(db_int(g->graph), db_int(number), db_blob(terms)));
}
