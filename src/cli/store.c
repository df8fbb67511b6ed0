/* SPDX-License-Identifier: Apache-2.0
 *
 * cli/store.c -- the way of a command to the store, and its directory. */
#include "base/log.h"
#include "base/utf8.h"
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PROJECT_NAME = 100, VISIT_QUEUE = 16 };

/* The directory of a store that lies in files; absent for any other. */
static slice store_directory(arena *a, slice url)
{
    static const char scheme[] = "sqlite:";
    size_t n = sizeof(scheme) - 1;

    if (url.n <= n || memcmp(url.p, scheme, n) != 0)
        return NO_SLICE;
    slice path = arena_dup(a, (slice){url.p + n, url.n - n});
    return path.p ? slice_of(dirname((char *)(uintptr_t)path.p)) : NO_SLICE;
}

/* A new directory is on disk when its parent is. */
static void sync_parent(arena *a, slice path)
{
    slice copy = arena_dup(a, path);
    int fd =
        copy.p ? open(dirname((char *)(uintptr_t)copy.p), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static bool is_empty(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *one;
    bool empty = d != NULL;

    while (empty && (one = readdir(d)))
        empty = strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0;
    if (d)
        closedir(d);
    return empty;
}

/* One that is there already is closed to others while nothing is in it; later that is the
 * operator's to decide. */
static void close_to_others(const char *path, mode_t mode)
{
    if ((mode & 077) && !(is_empty(path) && chmod(path, 0700) == 0))
        log_warn("others may look into the data directory %s: mode %03o, and not 700", path,
                 (unsigned)mode & 0777);
}

bool cli_make_directory(cli *c)
{
    slice path = store_directory(&c->arena, c->settings.database);
    struct stat st;

    if (!path.p)
        return true;
    if (mkdir(path.p, 0700) == 0) {
        sync_parent(&c->arena, path);
        return true;
    }
    int saved = errno;
    if (saved == EEXIST && stat(path.p, &st) == 0 && S_ISDIR(st.st_mode)) {
        close_to_others(path.p, st.st_mode);
        return true;
    }
    cli_fail(CLI_USAGE, "data directory %s: %s", path.p,
             saved == EEXIST ? "there is something else of that name" : strerror(saved));
    return false;
}

int cli_open(cli *c, bool create, db **out)
{
    const db_options o = {
        .url = c->settings.database,
        .pooled = c->settings.database_pooler == POOLER_TRANSACTION,
        .create = create,
        .max_queue = VISIT_QUEUE,
        .busy_ms = c->settings.busy_timeout_ms,
        .cache_bytes = c->settings.cache_bytes,
    };
    slice why = NO_SLICE;

    if (create && !cli_make_directory(c))
        return CLI_USAGE;
    err e = db_open(&o, &c->arena, out, &why);
    if (!e)
        return 0;
    cli_fail_err("cannot open the store", e, why);
    return CLI_USAGE;
}

bool cli_project_name_fits(slice name)
{
    bool fits = utf8_valid(name) && name.n > 0 && utf8_length(name) <= MAX_PROJECT_NAME;

    for (size_t i = 0; fits && i < name.n; i++)
        fits = (unsigned char)name.p[i] >= 0x20 && name.p[i] != 0x7F;
    if (!fits)
        cli_fail(CLI_USAGE,
                 "a project's name is 1 to %d characters, none of them a control character",
                 (int)MAX_PROJECT_NAME);
    return fits;
}
