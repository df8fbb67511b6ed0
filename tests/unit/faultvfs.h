/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/faultvfs.h -- SQLite's files as a bad disk: writes, syncs, truncations and reads that
 * fail on command, and what a power cut would leave of them.
 *
 * Wraps the system's own VFS. Any thread; a plan holds for all files of the process. */
#ifndef TESTS_FAULTVFS_H
#define TESTS_FAULTVFS_H

#include <stdbool.h>

enum { FAULT_WRITE = 1, FAULT_SYNC = 2, FAULT_TRUNCATE = 4, FAULT_READ = 8 };

typedef struct faultvfs_plan {
    unsigned calls; /* which of them are counted, and may fail */
    long first;     /* the first that fails, from 1; 0: none does */
    long n;         /* how many fail from there on; 0: all */
    int rc;         /* what a failing write answers; others answer their own kind of I/O error */
    bool half;      /* a failing write has written its first half */
    bool done;      /* a failing call has done its work all the same */
} faultvfs_plan;

/* Every store opened from here on is on the bad disk. After the first db_open of the process: SQLite
 * takes its allocator before its first use only. */
void faultvfs_install(void);

/* From here on; the count of calls begins anew. NULL: nothing fails. */
void faultvfs_set(const faultvfs_plan *plan);

/* Since faultvfs_set: calls of the planned kinds, and those that failed. */
long faultvfs_calls(void);
long faultvfs_hits(void);

/* What stands in `from` (a store and its log) if the power is cut now, copied to `to`: of the store
 * and of its log either all that was written or, with `synced_*_only`, what was synced. Only for
 * stores that were opened since faultvfs_install. */
void faultvfs_power_cut(const char *from, const char *to, bool synced_store_only,
                        bool synced_log_only);

#endif
