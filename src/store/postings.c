/* SPDX-License-Identifier: Apache-2.0
 *
 * store/postings.c -- rows of the index. */
#include "store/postings.h"

#include <assert.h>

enum {
    WALK,
    WALK_MANY,
    WALK_ALL,
    AT,
    PUT,
    DELETE,
    CLEAR,
    ERASE_BOUND,
    ERASE,
    BLOCKS_WALK,
    BLOCKS_AT,
    BLOCKS_PUT,
    BLOCKS_DELETE,
    BLOCKS_CLEAR,
};

static const db_sql sql[] = {
    [WALK] = {.text = "SELECT term, chunk, packed FROM postings WHERE graph = ?1 AND term = ?2"
                      " ORDER BY chunk"},
    [WALK_MANY] = {.text = "SELECT term, chunk, packed FROM postings WHERE graph = ?1 AND term IN"
                           " (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
                           " ORDER BY term, chunk"},
    [WALK_ALL] =
        {.text = "SELECT term, chunk, packed FROM postings WHERE graph = ?1 ORDER BY term, chunk"},
    [AT] = {.text =
                "SELECT chunk, packed FROM postings WHERE graph = ?1 AND term = ?2 AND chunk <= ?3"
                " ORDER BY chunk DESC LIMIT 1"},
    [PUT] = {.text = "INSERT INTO postings (graph, term, chunk, packed) VALUES (?1, ?2, ?3, ?4)"
                     " ON CONFLICT (graph, term, chunk) DO UPDATE SET packed = excluded.packed",
             .later = true},
    [DELETE] = {.text = "DELETE FROM postings WHERE graph = ?1 AND term = ?2 AND chunk = ?3"},
    [CLEAR] = {.text = "DELETE FROM postings WHERE graph = ?1"},
    [ERASE_BOUND] = {.text = "SELECT term, chunk FROM postings WHERE graph = ?1"
                             " ORDER BY term, chunk LIMIT 1 OFFSET ?2"},
    [ERASE] = {.text = "DELETE FROM postings WHERE graph = ?1 AND (term, chunk) <"
                       " (CAST(?2 AS BIGINT), CAST(?3 AS BIGINT))"},
    [BLOCKS_WALK] = {.text = "SELECT block, packed FROM blocks WHERE graph = ?1 ORDER BY block"},
    [BLOCKS_AT] = {.text = "SELECT block, packed FROM blocks WHERE graph = ?1 AND block <= ?2"
                           " ORDER BY block DESC LIMIT 1"},
    [BLOCKS_PUT] = {.text = "INSERT INTO blocks (graph, block, packed) VALUES (?1, ?2, ?3)"
                            " ON CONFLICT (graph, block) DO UPDATE SET packed = excluded.packed",
                    .later = true},
    [BLOCKS_DELETE] = {.text = "DELETE FROM blocks WHERE graph = ?1 AND block = ?2"},
    [BLOCKS_CLEAR] = {.text = "DELETE FROM blocks WHERE graph = ?1"},
};
const db_sql_table postings_sql = {"postings", sql, COUNT(sql)};

db_rows postings_walk(tx *t, const graph *g, const uint32_t *terms, size_t n)
{
    db_value args[1 + POSTINGS_MANY] = {db_int(g->graph)};

    assert(n > 0 && n <= POSTINGS_MANY);
    if (n == 1)
        return db_query(t, &sql[WALK], DB_ARGS(db_int(g->graph), db_int(*terms)));
    for (size_t i = 0; i < POSTINGS_MANY; i++) /* the last one fills what is left */
        args[1 + i] = db_int(terms[i < n ? i : n - 1]);
    return db_query(t, &sql[WALK_MANY], args, COUNT(args));
}

db_rows blocks_walk(tx *t, const graph *g)
{
    return db_query(t, &sql[BLOCKS_WALK], DB_ARGS(db_int(g->graph)));
}

db_rows postings_walk_all(tx *t, const graph *g)
{
    return db_query(t, &sql[WALK_ALL], DB_ARGS(db_int(g->graph)));
}

static err one(db_rows *r, arena *a, packed_row *row)
{
    bool found = db_next(r);

    if (found)
        *row = (packed_row){db_col_int(r, 0), arena_dup(a, db_col_blob(r, 1))};
    err e = db_end(r);
    return e ? e : !found ? ERR_NOT_FOUND : arena_check(a);
}

err postings_at(tx *t, arena *a, const graph *g, uint32_t term, int64_t number, packed_row *row)
{
    db_rows r = db_query(t, &sql[AT], DB_ARGS(db_int(g->graph), db_int(term), db_int(number)));

    return one(&r, a, row);
}

err blocks_at(tx *t, arena *a, const graph *g, int64_t number, packed_row *row)
{
    db_rows r = db_query(t, &sql[BLOCKS_AT], DB_ARGS(db_int(g->graph), db_int(number)));

    return one(&r, a, row);
}

err postings_put(tx *t, const graph *g, uint32_t term, const packed_row *row)
{
    if (row->packed.n == 0)
        return db_run(t, &sql[DELETE], DB_ARGS(db_int(g->graph), db_int(term), db_int(row->key)));
    return db_run(t, &sql[PUT],
                  DB_ARGS(db_int(g->graph), db_int(term), db_int(row->key), db_blob(row->packed)));
}

err blocks_put(tx *t, const graph *g, const packed_row *row)
{
    if (row->packed.n == 0)
        return db_run(t, &sql[BLOCKS_DELETE], DB_ARGS(db_int(g->graph), db_int(row->key)));
    return db_run(t, &sql[BLOCKS_PUT],
                  DB_ARGS(db_int(g->graph), db_int(row->key), db_blob(row->packed)));
}

err postings_clear(tx *t, const graph *g)
{
    err e = db_run(t, &sql[CLEAR], DB_ARGS(db_int(g->graph)));

    return e ? e : db_run(t, &sql[BLOCKS_CLEAR], DB_ARGS(db_int(g->graph)));
}

err postings_erase(tx *t, int64_t gone, int64_t n_max, bool *left)
{
    int64_t term = INT64_MAX, chunk = INT64_MAX;
    db_rows r = db_query(t, &sql[ERASE_BOUND], DB_ARGS(db_int(gone), db_int(n_max)));

    *left = db_next(&r);
    if (*left) {
        term = db_col_int(&r, 0);
        chunk = db_col_int(&r, 1);
    }
    err e = db_end(&r);
    if (!e)
        e = db_run(t, &sql[ERASE], DB_ARGS(db_int(gone), db_int(term), db_int(chunk)));
    if (!e && !*left)
        e = db_run(t, &sql[BLOCKS_CLEAR], DB_ARGS(db_int(gone)));
    return e;
}
