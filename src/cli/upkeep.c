/* SPDX-License-Identifier: Apache-2.0
 *
 * cli/upkeep.c -- `recalld backup` and `recalld check`: long work that only reads, beside a server
 * or without one. */
#include "base/json.h"
#include "cli/cli.h"
#include "http/request.h" /* SLICE_ARG */
#include "search/check.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

/* "\rlabel 37 %" on a terminal, when the number changed; nothing elsewhere. */
static void show_progress(const char *label, int64_t done, int64_t total)
{
    static int64_t shown = -1;
    int64_t percent = total > 0 ? done * 100 / total : 100;

    if (percent == shown || !isatty(STDERR_FILENO))
        return;
    shown = percent;
    fprintf(stderr, "\r%s %" PRId64 " %%", label, percent);
    fflush(stderr);
}

static void end_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* ---- backup ---- */

static void backup_progress(int64_t done, int64_t total)
{
    show_progress("backup", done, total);
}

int cli_backup(cli *c)
{
    const char *path = c->words[0].p;
    slice why = NO_SLICE;
    struct stat st = {0};
    db *d = NULL;

    if (stat(path, &st) == 0)
        return cli_fail(CLI_USAGE, "%s is there already", path);
    int code = cli_open(c, false, &d);
    if (code)
        return code;
    err e = db_backup(d, path, backup_progress, &c->arena, &why);
    end_progress();
    db_close(d);
    if (e)
        return cli_fail_err("no backup was made", e, why);
    if (stat(path, &st) != 0)
        return cli_fail(CLI_WRONG, "no backup was made: %s is not there", path);
    printf("the store is copied to %s, %" PRId64 " bytes\n", path, (int64_t)st.st_size);
    return 0;
}

/* ---- check ---- */

static void say(void *ctx, slice complaint)
{
    int64_t *n = ctx;

    if (++*n == 1)
        end_progress();
    printf("%.*s\n", SLICE_ARG(complaint));
}

static void check_progress(void *ctx, int64_t done, int64_t total)
{
    (void)ctx;
    show_progress("check", done, total);
}

static int reindex(db *d)
{
    err e = check_reindex(d);

    if (e)
        return cli_fail_err("the index cannot be built anew", e, NO_SLICE);
    printf("the server builds the index of every graph anew, now or at its next start\n");
    return 0;
}

static int check(db *d)
{
    int64_t complaints = 0;

    err e = db_check_files(d, say, &complaints);
    if (e && !complaints)
        return cli_fail_err("the store cannot be checked", e, NO_SLICE);
    int64_t of_files = complaints;
    e = check_store(d, say, check_progress, &complaints);
    end_progress();
    if (e && complaints == of_files)
        return cli_fail_err("the index cannot be checked", e, NO_SLICE);
    if (!complaints) {
        printf("checked: the store and its index are sound\n");
        return 0;
    }
    printf("checked: %" PRId64 " complaint%s\n", complaints, complaints == 1 ? "" : "s");
    return CLI_WRONG;
}

int cli_check(cli *c)
{
    db *d = NULL;
    int code = cli_open(c, false, &d);

    if (code)
        return code;
    json_init();
    code = c->reindex ? reindex(d) : check(d);
    db_close(d);
    return code;
}
