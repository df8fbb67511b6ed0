/* SPDX-License-Identifier: Apache-2.0
 *
 * db/migrate.c -- the numbered files of db/schema, run once each, in order, in one transaction. */
#include "db/engine.h"

#include "schema.h"

static const db_sql sql[] = {
    {.text = "SELECT version FROM schema_version"},
    {.text = "UPDATE schema_version SET version = ?1"},
};

int db_schema_version(void)
{
    return migrations[COUNT(migrations) - 1].number;
}

/* The store's version, 0 when it is empty: then the version's own table is made. */
static err version_read(tx *t, const engine_ops *ops, bool apply, int64_t *version)
{
    static const char make[] =
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL);"
        "INSERT INTO schema_version (version) SELECT 0"
        " WHERE NOT EXISTS (SELECT 1 FROM schema_version);";

    bool tables = true;
    err e = apply ? ops->script(t->c, make) : ops->has_tables(t->c, &tables);

    *version = 0;
    if (e || !tables)
        return e;
    db_rows r = db_query(t, &sql[0], DB_NO_ARGS);
    if (db_next(&r))
        *version = db_col_int(&r, 0);
    return db_end(&r);
}

static err apply_all(tx *t, const engine_ops *ops, int64_t version, arena *a, slice *why)
{
    for (size_t i = 0; i < COUNT(migrations); i++) {
        if (migrations[i].number <= version)
            continue;
        err e = ops->script(t->c, migrations[i].sql);
        if (e) {
            *why = arena_printf(a, "migration %s failed", migrations[i].name);
            return e;
        }
    }
    return db_run(t, &sql[1], DB_ARGS(db_int(db_schema_version())));
}

err migrate(const engine_ops *ops, conn *c, bool apply, arena *a, slice *why)
{
    tx t = {.c = c, .ops = ops, .writing = apply};
    int64_t version = 0;

    err e = ops->begin(c, apply);
    if (e)
        return e;
    t.begun = true;
    if (apply)
        e = ops->lock_schema(c);
    if (!e)
        e = version_read(&t, ops, apply, &version);
    if (!e && version > db_schema_version() + ops->many_writers) {
        *why = arena_printf(a,
                            "the store has schema version %lld and this program knows %d: use a "
                            "newer recalld",
                            (long long)version, db_schema_version());
        e = ERR_BAD_REQUEST;
    }
    if (!e && version < db_schema_version())
        e = apply ? apply_all(&t, ops, version, a, why) : ERR_NOT_FOUND;
    if (!e)
        e = ops->commit(c);
    if (e)
        ops->rollback(c);
    return e;
}
