/* SPDX-License-Identifier: Apache-2.0
 *
 * store/projects.h -- tenants and their keys. A key is shown once; only its SHA-256 is kept. */
#ifndef STORE_PROJECTS_H
#define STORE_PROJECTS_H

#include "base/uuid.h"
#include "db/db.h"

enum { KEY_HASH = 32, KEY_ID_TEXT = 12 };

typedef struct project {
    int64_t project; /* the number that every other table is keyed by; from 1, never used again */
    uuid id;
    slice name;
    slice description; /* may be absent */
    int64_t created_at;
    int64_t keys; /* how many keys it has; project_list only */
} project;

/* A key as far as it can still be shown. */
typedef struct key_info {
    slice id; /* the first KEY_ID_TEXT hexadecimal digits of its hash; names it for keys revoke */
    slice project_name;
    int64_t created_at;
} key_info;

/* The hash that stands for a key in the store. */
void key_hash(slice key, uint8_t to[KEY_HASH]);

/* A new random key, "rk_" and 43 characters, in the arena. ERR_NO_MEMORY, ERR_INTERNAL (no
 * randomness). */
MUST_CHECK err key_make(arena *a, slice *key);

/* The living project of a key. ERR_NOT_FOUND: of none. */
MUST_CHECK err project_of_key(tx *t, const uint8_t hash[KEY_HASH], int64_t *number, uuid *id);

/* Before a write: a project that was deleted a moment ago takes nothing more. ERR_DENIED. */
MUST_CHECK err project_lives(tx *t, int64_t number);

/* ERR_NOT_FOUND: no living project of that number, or name. Texts live in the arena. */
MUST_CHECK err project_get(tx *t, arena *a, int64_t number, project *to);
MUST_CHECK err project_find(tx *t, arena *a, slice name, project *to);

/* ERR_EXISTS: the name is taken. Sets `to` as project_get does. */
MUST_CHECK err project_create(tx *t, arena *a, slice name, int64_t now_us, project *to);

/* All living projects by name, in the arena. */
MUST_CHECK err project_list(tx *t, arena *a, project **to, size_t *n);

/* Takes name and keys away at once and leaves a job that erases the rest. ERR_NOT_FOUND. */
MUST_CHECK err project_delete(tx *t, slice name, int64_t now_us);

MUST_CHECK err key_add(tx *t, int64_t project, const uint8_t hash[KEY_HASH], int64_t now_us);

/* Keys of one project, or of all when `name` is absent; oldest first, in the arena. */
MUST_CHECK err key_list(tx *t, arena *a, slice name, key_info **to, size_t *n);

/* By its id, or by the key itself, in that project. ERR_NOT_FOUND. */
MUST_CHECK err key_revoke(tx *t, slice project_name, slice id_or_key);

extern const db_sql_table projects_sql;

#endif
