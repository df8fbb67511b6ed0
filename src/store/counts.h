/* SPDX-License-Identifier: Apache-2.0
 *
 * store/counts.h -- totals that lists show and numbers that new rows take, without counting rows.
 */
#ifndef STORE_COUNTS_H
#define STORE_COUNTS_H

#include "db/db.h"

/* Stored values. The first three are per project; the last two belong to the store (project 0). */
typedef enum count_kind {
    COUNT_USERS = 1,
    COUNT_GROUPS = 2,
    COUNT_SESSIONS = 3,
    COUNT_GRAPHS = 4,
    COUNT_PROJECTS = 5,
} count_kind;

/* One more; *number is a new one, from 1, never given before in this project and kind. */
MUST_CHECK err count_up(tx *t, int64_t project, count_kind kind, int64_t *number);

/* `n` fewer. */
MUST_CHECK err count_down(tx *t, int64_t project, count_kind kind, int64_t n);

MUST_CHECK err count_total(tx *t, int64_t project, count_kind kind, int64_t *total);

/* Drops a project's counters. */
MUST_CHECK err count_erase(tx *t, int64_t project);

/* The rows themselves, counted; for checks. Users, groups and sessions only. */
MUST_CHECK err count_rows(tx *t, int64_t project, count_kind kind, int64_t *rows);

/* Graphs that have rows below them but no row of their own and nobody erasing them; for checks. */
MUST_CHECK err count_orphans(tx *t, int64_t *graphs);

extern const db_sql_table counts_sql;

#endif
