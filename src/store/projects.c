/* SPDX-License-Identifier: Apache-2.0
 *
 * store/projects.c -- tenants and their keys. */
#include "store/projects.h"

#include "store/counts.h"
#include "store/jobs.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

enum {
    OF_KEY,
    LIVES,
    GET,
    FIND,
    CREATE,
    LIST,
    DELETE,
    KEYS_DELETE,
    KEY_ADD,
    KEY_LIST,
    KEYS_OF,
    KEY_REVOKE
};

#define COLUMNS "p.project, p.name, p.description, p.created_at"

static const db_sql sql[] = {
    [OF_KEY] = {.text = "SELECT k.project, p.created_at FROM api_keys k JOIN projects p ON "
                        "p.project = k.project"
                        " WHERE k.hash = ?1 AND p.name IS NOT NULL"},
    /* Writers share the row, and whoever deletes the project waits for them; SQLite has one writer. */
    [LIVES] = {.text = "SELECT 1 FROM projects WHERE project = ?1 AND name IS NOT NULL",
               .postgres =
                   "SELECT 1 FROM projects WHERE project = ?1 AND name IS NOT NULL FOR KEY SHARE"},
    [GET] = {.text =
                 "SELECT " COLUMNS " FROM projects p WHERE p.project = ?1 AND p.name IS NOT NULL"},
    [FIND] = {.text = "SELECT " COLUMNS " FROM projects p WHERE p.name = ?1"},
    [CREATE] = {.text = "INSERT INTO projects (project, name, created_at) VALUES (?1, ?2, ?3)"},
    [LIST] = {.text = "SELECT " COLUMNS
                      ", (SELECT COUNT(*) FROM api_keys k WHERE k.project = p.project)"
                      " FROM projects p WHERE p.name IS NOT NULL ORDER BY p.name"},
    [DELETE] = {.text = "UPDATE projects SET name = NULL, description = NULL WHERE project = ?1"},
    [KEYS_DELETE] = {.text = "DELETE FROM api_keys WHERE project = ?1"},
    [KEY_ADD] = {.text = "INSERT INTO api_keys (hash, project, created_at) VALUES (?1, ?2, ?3)"},
    [KEY_LIST] = {.text = "SELECT k.hash, p.name, k.created_at FROM api_keys k"
                          " JOIN projects p ON p.project = k.project"
                          " WHERE p.name IS NOT NULL ORDER BY k.created_at, k.hash"},
    [KEYS_OF] = {.text = "SELECT hash FROM api_keys WHERE project = ?1 ORDER BY created_at, hash"},
    [KEY_REVOKE] = {.text = "DELETE FROM api_keys WHERE hash = ?1"},
};
const db_sql_table projects_sql = {"projects", sql, COUNT(sql)};

static slice hash_slice(const uint8_t hash[KEY_HASH])
{
    return (slice){(const char *)hash, KEY_HASH};
}

void key_hash(slice key, uint8_t to[KEY_HASH])
{
    /* Cannot fail for SHA-256 of a buffer; a zeroed hash would match nothing. */
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, key.p, key.n, to) < 0)
        memset(to, 0, KEY_HASH);
}

err key_make(arena *a, slice *key)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    enum { RANDOM = 43 };
    uint8_t random[RANDOM * 2];
    char *to = arena_alloc(a, RANDOM + 4);

    if (!to)
        return ERR_NO_MEMORY;
    if (gnutls_rnd(GNUTLS_RND_KEY, random, sizeof(random)) < 0)
        return ERR_INTERNAL;
    memcpy(to, "rk_", 3);
    for (size_t i = 0; i < RANDOM; i++) /* 16 bits into 62: a bias below one in a thousand */
        to[3 + i] = digits[(random[2 * i] << 8 | random[2 * i + 1]) % 62];
    to[3 + RANDOM] = '\0';
    gnutls_memset(random, 0, sizeof(random));
    *key = (slice){to, 3 + RANDOM};
    return OK;
}

err project_of_key(tx *t, const uint8_t hash[KEY_HASH], int64_t *number, uuid *id)
{
    db_rows r = db_query(t, &sql[OF_KEY], DB_ARGS(db_blob(hash_slice(hash))));
    bool found = db_next(&r);

    if (found) {
        *number = db_col_int(&r, 0);
        *id = uuid_mint(db_col_int(&r, 1), 0, UUID_PROJECT, *number);
    }
    err e = db_end(&r);
    return e ? e : found ? OK : ERR_NOT_FOUND;
}

err project_lives(tx *t, int64_t number)
{
    db_rows r = db_query(t, &sql[LIVES], DB_ARGS(db_int(number)));
    bool found = db_next(&r);
    err e = db_end(&r);

    return e ? e : found ? OK : ERR_DENIED;
}

static void read_project(const db_rows *r, arena *a, project *to)
{
    *to = (project){
        .project = db_col_int(r, 0),
        .name = arena_dup(a, db_col_text(r, 1)),
        .description = arena_dup(a, db_col_text(r, 2)),
        .created_at = db_col_int(r, 3),
    };
    to->id = uuid_mint(to->created_at, 0, UUID_PROJECT, to->project);
}

static err one_project(db_rows *r, arena *a, project *to)
{
    bool found = db_next(r);

    if (found)
        read_project(r, a, to);
    err e = db_end(r);
    return e ? e : !found ? ERR_NOT_FOUND : arena_check(a);
}

err project_get(tx *t, arena *a, int64_t number, project *to)
{
    db_rows r = db_query(t, &sql[GET], DB_ARGS(db_int(number)));

    return one_project(&r, a, to);
}

err project_find(tx *t, arena *a, slice name, project *to)
{
    db_rows r = db_query(t, &sql[FIND], DB_ARGS(db_text(name)));

    return one_project(&r, a, to);
}

err project_create(tx *t, arena *a, slice name, int64_t now_us, project *to)
{
    int64_t number;
    project taken;

    err e = project_find(t, a, name, &taken);
    if (e != ERR_NOT_FOUND)
        return e ? e : ERR_EXISTS;
    e = count_up(t, 0, COUNT_PROJECTS, &number);
    if (!e)
        e = db_run(t, &sql[CREATE], DB_ARGS(db_int(number), db_text(name), db_int(now_us)));
    return e ? e : project_get(t, a, number, to);
}

err project_list(tx *t, arena *a, project **to, size_t *n)
{
    size_t cap = 0;
    err e = OK;

    *to = NULL;
    *n = 0;
    db_rows r = db_query(t, &sql[LIST], DB_NO_ARGS);
    while (!e && db_next(&r)) {
        *to = arena_grow(a, *to, *n, &cap, sizeof(**to));
        if (!*to) {
            e = ERR_NO_MEMORY;
            break;
        }
        read_project(&r, a, &(*to)[*n]);
        (*to)[(*n)++].keys = db_col_int(&r, 4);
    }
    err ended = db_end(&r);
    return e ? e : ended ? ended : arena_check(a);
}

err project_delete(tx *t, slice name, int64_t now_us)
{
    arena a;
    project p;

    arena_init(&a, 1 << 20);
    err e = project_find(t, &a, name, &p);
    if (!e)
        e = db_run(t, &sql[DELETE], DB_ARGS(db_int(p.project)));
    if (!e)
        e = db_run(t, &sql[KEYS_DELETE], DB_ARGS(db_int(p.project)));
    if (!e)
        e = job_add(t, p.project, 0, JOB_ERASE, now_us);
    arena_deinit(&a);
    return e;
}

err key_add(tx *t, int64_t number, const uint8_t hash[KEY_HASH], int64_t now_us)
{
    return db_run(t, &sql[KEY_ADD],
                  DB_ARGS(db_blob(hash_slice(hash)), db_int(number), db_int(now_us)));
}

static slice key_id(arena *a, slice hash)
{
    char text[KEY_ID_TEXT + 1];

    for (size_t i = 0; i < KEY_ID_TEXT / 2; i++)
        snprintf(text + 2 * i, 3, "%02x", (uint8_t)hash.p[i]);
    return arena_dup(a, (slice){text, KEY_ID_TEXT});
}

err key_list(tx *t, arena *a, slice name, key_info **to, size_t *n)
{
    size_t cap = 0;
    err e = OK;

    *to = NULL;
    *n = 0;
    db_rows r = db_query(t, &sql[KEY_LIST], DB_NO_ARGS);
    while (!e && db_next(&r)) {
        if (name.p && !slice_eq(name, db_col_text(&r, 1)))
            continue;
        *to = arena_grow(a, *to, *n, &cap, sizeof(**to));
        if (!*to) {
            e = ERR_NO_MEMORY;
            break;
        }
        (*to)[(*n)++] = (key_info){key_id(a, db_col_blob(&r, 0)), arena_dup(a, db_col_text(&r, 1)),
                                   db_col_int(&r, 2)};
    }
    err ended = db_end(&r);
    return e ? e : ended ? ended : arena_check(a);
}

err key_revoke(tx *t, slice project_name, slice id_or_key)
{
    uint8_t given[KEY_HASH], hash[KEY_HASH];
    bool found = false;
    arena a;
    project p;

    arena_init(&a, 1 << 20);
    key_hash(id_or_key, given);
    err e = project_find(t, &a, project_name, &p);
    if (!e) {
        db_rows r = db_query(t, &sql[KEYS_OF], DB_ARGS(db_int(p.project)));
        while (!found && db_next(&r)) {
            slice h = db_col_blob(&r, 0);
            found = slice_eq(h, hash_slice(given)) || slice_eq(key_id(&a, h), id_or_key);
            if (found)
                memcpy(hash, h.p, KEY_HASH);
        }
        e = db_end(&r);
    }
    arena_deinit(&a);
    if (e)
        return e;
    return found ? db_run(t, &sql[KEY_REVOKE], DB_ARGS(db_blob(hash_slice(hash)))) : ERR_NOT_FOUND;
}
