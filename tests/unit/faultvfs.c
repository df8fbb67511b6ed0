/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/faultvfs.c -- each call is passed on, unless the plan says that it fails. A file that was
 * synced is copied beside itself (NAME.synced), so that the last synced state is at hand. */
#include "faultvfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct bad_file {
    sqlite3_file base; /* first */
    char name[256];    /* empty: a temporary file */
    sqlite3_file *real;
} bad_file;

static sqlite3_vfs *real_vfs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the three below */
static faultvfs_plan plan;
static long calls, hits;

static pthread_mutex_t disk =
    PTHREAD_MUTEX_INITIALIZER; /* held while a file changes, or is copied */

/* ---- the plan ---- */

void faultvfs_set(const faultvfs_plan *p)
{
    pthread_mutex_lock(&lock);
    plan = p ? *p : (faultvfs_plan){0};
    calls = hits = 0;
    pthread_mutex_unlock(&lock);
}

long faultvfs_calls(void)
{
    pthread_mutex_lock(&lock);
    long n = calls;
    pthread_mutex_unlock(&lock);
    return n;
}

long faultvfs_hits(void)
{
    pthread_mutex_lock(&lock);
    long n = hits;
    pthread_mutex_unlock(&lock);
    return n;
}

static bool fails(unsigned call, faultvfs_plan *as)
{
    pthread_mutex_lock(&lock);
    bool counted = plan.calls & call;
    calls += counted;
    bool failing = counted && plan.first && calls >= plan.first &&
                   (plan.n == 0 || calls < plan.first + plan.n);
    hits += failing;
    *as = plan;
    pthread_mutex_unlock(&lock);
    return failing;
}

/* ---- files ---- */

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((bad_file *)f)->real;
}

static void copy_file(const char *from, const char *to)
{
    char block[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    for (ssize_t n = 1; in >= 0 && out >= 0 && n > 0;) {
        n = read(in, block, sizeof(block));
        if (n > 0 && write(out, block, (size_t)n) != n)
            abort();
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
}

/* The file as it is now is what a power cut leaves of it. */
static void keep_synced(const char *name)
{
    char synced[300];

    if (!name[0])
        return;
    snprintf(synced, sizeof(synced), "%s.synced", name);
    copy_file(name, synced);
}

static int bad_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int bad_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    faultvfs_plan as;

    if (fails(FAULT_READ, &as))
        return SQLITE_IOERR_READ;
    return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int bad_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    sqlite3_file *r = real_of(f);
    faultvfs_plan as;
    bool failing = fails(FAULT_WRITE, &as);
    int whole = !failing || as.done ? n : as.half ? n / 2 : 0;

    pthread_mutex_lock(&disk);
    int rc = whole ? r->pMethods->xWrite(r, from, whole, at) : SQLITE_OK;
    pthread_mutex_unlock(&disk);
    return !failing ? rc : as.rc ? as.rc : SQLITE_IOERR_WRITE;
}

static int bad_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    sqlite3_file *r = real_of(f);
    faultvfs_plan as;
    bool failing = fails(FAULT_TRUNCATE, &as);

    pthread_mutex_lock(&disk);
    int rc = !failing || as.done ? r->pMethods->xTruncate(r, size) : SQLITE_OK;
    pthread_mutex_unlock(&disk);
    return failing ? SQLITE_IOERR_TRUNCATE : rc;
}

static int bad_sync(sqlite3_file *f, int flags)
{
    bad_file *b = (bad_file *)f;
    faultvfs_plan as;
    bool failing = fails(FAULT_SYNC, &as);

    if (failing && !as.done)
        return SQLITE_IOERR_FSYNC;
    pthread_mutex_lock(&disk);
    int rc = b->real->pMethods->xSync(b->real, flags);
    if (rc == SQLITE_OK)
        keep_synced(b->name);
    pthread_mutex_unlock(&disk);
    return failing ? SQLITE_IOERR_FSYNC : rc;
}

static int bad_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int bad_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int bad_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int bad_reserved(sqlite3_file *f, int *is)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), is);
}

static int bad_control(sqlite3_file *f, int what, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int bad_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int bad_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int bad_map(sqlite3_file *f, int page, int size, int extend, void volatile **to)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, to);
}

static int bad_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void bad_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int bad_unmap(sqlite3_file *f, int delete)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = bad_close,
    .xRead = bad_read,
    .xWrite = bad_write,
    .xTruncate = bad_truncate,
    .xSync = bad_sync,
    .xFileSize = bad_size,
    .xLock = bad_lock,
    .xUnlock = bad_unlock,
    .xCheckReservedLock = bad_reserved,
    .xFileControl = bad_control,
    .xSectorSize = bad_sector,
    .xDeviceCharacteristics = bad_traits,
    .xShmMap = bad_map,
    .xShmLock = bad_shm_lock,
    .xShmBarrier = bad_barrier,
    .xShmUnmap = bad_unmap,
};

/* ---- the VFS ---- */

static int bad_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *got)
{
    bad_file *b = (bad_file *)f;

    (void)v;
    *b = (bad_file){.real = (sqlite3_file *)(b + 1)};
    if (name)
        snprintf(b->name, sizeof(b->name), "%s", name);
    int rc = real_vfs->xOpen(real_vfs, name, b->real, flags, got);
    if (b->real->pMethods)
        b->base.pMethods = &methods;
    if (rc == SQLITE_OK && name) { /* what was there before is taken for synced */
        char synced[300];
        snprintf(synced, sizeof(synced), "%s.synced", name);
        pthread_mutex_lock(&disk);
        if (access(synced, F_OK) != 0)
            keep_synced(b->name);
        pthread_mutex_unlock(&disk);
    }
    return rc;
}

void faultvfs_install(void)
{
    static sqlite3_vfs bad;

    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    bad = *real_vfs; /* the rest of its functions work on names, and know no files */
    bad.szOsFile = (int)sizeof(bad_file) + real_vfs->szOsFile;
    bad.zName = "bad";
    bad.xOpen = bad_open;
    bad.pNext = NULL;
    sqlite3_vfs_register(&bad, 1);
}

/* ---- power cuts ---- */

static void cut_one(const char *from, const char *to, const char *suffix, bool synced_only)
{
    char in[300], out[300];

    snprintf(in, sizeof(in), "%s%s%s", from, suffix, synced_only ? ".synced" : "");
    snprintf(out, sizeof(out), "%s%s", to, suffix);
    copy_file(in, out);
}

void faultvfs_power_cut(const char *from, const char *to, bool synced_store_only,
                        bool synced_log_only)
{
    pthread_mutex_lock(&disk);
    cut_one(from, to, "", synced_store_only);
    cut_one(from, to, "-wal", synced_log_only);
    pthread_mutex_unlock(&disk);
}
