/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/scratch.h -- a store of its own for a test, in a directory that goes with it, and
 * transactions in the test's own hands.
 *
 * A failing assertion leaves a test by longjmp, so statements are run by the test's thread while
 * the thread whose transaction it is waits inside of the job. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "base/arena.h"
#include "db/db.h"

#include <pthread.h>

/* A transaction lent to the test. */
typedef struct hand {
    db_job job; /* first */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    tx *t;      /* while it is lent */
    bool begun; /* lent, and not ended yet */
    bool ended, done;
    int runs;
    err answer, result;
} hand;

typedef struct scratch {
    char dir[64], path[96], url[112];
    arena arena; /* what the test reads; for the whole test */
    db *d;       /* NULL while closed */
    hand writing, reading;
    int64_t project;        /* 1, made by scratch_set_up */
    int64_t busy_ms;        /* of the next opening */
    struct sqlite3 *looker; /* the test's own connection; NULL until it is needed */
} scratch;

/* A directory, and no store in it yet. */
void scratch_init(scratch *s);

/* Closes what is open; nothing is left on the disk. */
void scratch_deinit(scratch *s);

/* As `serve` opens it, with two workers, or as a command visits it. */
err scratch_open_as(scratch *s, bool serve, bool create, slice *why);
void scratch_open(scratch *s); /* asserts that it can be served */
void scratch_close(scratch *s);
void scratch_reopen(scratch *s);

/* cmocka fixtures: an open store with one project, `*state` being the scratch. */
int scratch_set_up(void **state);
int scratch_tear_down(void **state);

/* A transaction, until scratch_end or scratch_end_read says what the job answers; the result is the
 * store's. One of each kind at a time. */
tx *scratch_write(scratch *s);
tx *scratch_read(scratch *s);
err scratch_end(scratch *s, err answer);
err scratch_end_read(scratch *s);

/* scratch_end(s, OK), asserted to be OK. */
void scratch_commit(scratch *s);

/* check_store says nothing, and neither does the engine's own check. */
void scratch_check(scratch *s);

/* One number by a statement of the test's own, on a connection of its own. */
int64_t scratch_number(scratch *s, const char *sql);

/* Every row of every table, as one hash: equal stores have equal ones. */
uint64_t scratch_digest(scratch *s);

/* Whether any file of the directory, but for `but` (may be NULL), has these bytes. */
bool scratch_has_bytes(const scratch *s, const char *bytes, const char *but);
bool scratch_file_has_bytes(const char *path, const char *bytes);

/* What the log says goes nowhere until scratch_unmute: tests of failures are loud. */
void scratch_mute(void);
void scratch_unmute(void);

/* fail_msg, heard all the same. */
#define scratch_fail(...)                                                                          \
    do {                                                                                           \
        scratch_unmute();                                                                          \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

/* A seeded generator: the same numbers every time. */
typedef struct dice {
    uint64_t state;
} dice;
uint64_t dice_next(dice *d);
size_t dice_below(dice *d, size_t n);

#endif
