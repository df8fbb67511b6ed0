/* SPDX-License-Identifier: Apache-2.0
 *
 * cli/projects.c -- `recalld projects` and `recalld keys`: each one short transaction, which a
 * server that runs beside it takes note of by itself. */
#include "store/projects.h"

#include "api/app.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "http/request.h" /* SLICE_ARG */

#include <inttypes.h>

/* One command's transaction: what it is given and what it brings back. */
struct visit {
    db_job job; /* first */
    arena *arena;
    slice name;      /* of the project */
    slice id_or_key; /* keys revoke */
    slice key;       /* keys create */
    bool made;       /* keys create: the project, too */
    project one, *projects;
    key_info *keys;
    size_t n;
};

static slice name_or_default(const cli *c)
{
    return c->project.p ? c->project : SLICE(DEFAULT_PROJECT);
}

static int visit_store(cli *c, struct visit *v, err (*run)(db_job *, tx *), bool writes,
                       bool create, err *e)
{
    db *d = NULL;
    int code = cli_open(c, create, &d);

    if (code)
        return code;
    v->job.run = run;
    v->arena = &c->arena;
    *e = writes ? db_write(d, &v->job) : db_read(d, &v->job);
    db_close(d);
    return 0;
}

/* ---- projects ---- */

static err create_run(db_job *job, tx *t)
{
    struct visit *v = (struct visit *)job;

    return project_create(t, v->arena, v->name, clock_now_us(), &v->one);
}

int cli_projects_create(cli *c)
{
    struct visit v = {.name = c->words[0]};
    err e = OK;

    if (!cli_project_name_fits(v.name))
        return CLI_USAGE;
    int code = visit_store(c, &v, create_run, true, true, &e);
    if (code)
        return code;
    if (e == ERR_EXISTS)
        return cli_fail(CLI_WRONG, "there is a project '%.*s' already", SLICE_ARG(v.name));
    if (e)
        return cli_fail_err("the project was not made", e, NO_SLICE);
    printf("project %.*s is made; a key for it: recalld keys create --project '%.*s'\n",
           SLICE_ARG(v.name), SLICE_ARG(v.name));
    return 0;
}

static err list_run(db_job *job, tx *t)
{
    struct visit *v = (struct visit *)job;

    return project_list(t, v->arena, &v->projects, &v->n);
}

int cli_projects_list(cli *c)
{
    struct visit v = {0};
    err e = OK;

    int code = visit_store(c, &v, list_run, false, false, &e);
    if (code)
        return code;
    if (e)
        return cli_fail_err("the projects cannot be read", e, NO_SLICE);
    printf("%-36s  %-19s  %4s  %s\n", "ID", "CREATED", "KEYS", "NAME");
    for (size_t i = 0; i < v.n; i++) {
        const project *one = &v.projects[i];
        char id[UUID_TEXT + 1], created[CLOCK_PLAIN_TEXT + 1];
        uuid_format(one->id, id);
        clock_format_plain(one->created_at, created);
        printf("%s  %s  %4" PRId64 "  %.*s\n", id, created, one->keys, SLICE_ARG(one->name));
    }
    return 0;
}

static err delete_run(db_job *job, tx *t)
{
    struct visit *v = (struct visit *)job;

    return project_delete(t, v->name, clock_now_us());
}

int cli_projects_delete(cli *c)
{
    struct visit v = {.name = c->words[0]};
    err e = OK;

    int code = visit_store(c, &v, delete_run, true, false, &e);
    if (code)
        return code;
    if (e == ERR_NOT_FOUND)
        return cli_fail(CLI_WRONG, "there is no project '%.*s'", SLICE_ARG(v.name));
    if (e)
        return cli_fail_err("the project was not deleted", e, NO_SLICE);
    printf("project %.*s and its keys are deleted; the server erases what it held, now or at its "
           "next start\n",
           SLICE_ARG(v.name));
    return 0;
}

/* ---- keys ---- */

static err key_create_run(db_job *job, tx *t)
{
    struct visit *v = (struct visit *)job;
    uint8_t hash[KEY_HASH];
    int64_t now = clock_now_us();

    err e = project_find(t, v->arena, v->name, &v->one);
    v->made = e == ERR_NOT_FOUND;
    if (v->made)
        e = project_create(t, v->arena, v->name, now, &v->one);
    if (e)
        return e;
    key_hash(v->key, hash);
    return key_add(t, v->one.project, hash, now);
}

int cli_keys_create(cli *c)
{
    struct visit v = {.name = name_or_default(c)};
    err e = OK;

    if (!cli_project_name_fits(v.name))
        return CLI_USAGE;
    e = key_make(&c->arena, &v.key);
    if (e)
        return cli_fail_err("no key can be made", e, NO_SLICE);
    int code = visit_store(c, &v, key_create_run, true, true, &e);
    if (code)
        return code;
    if (e)
        return cli_fail_err("the key was not made", e, NO_SLICE);
    printf("%s %.*s; its key, which is shown this once and kept as a hash only:\n%.*s\n",
           v.made ? "new project" : "project", SLICE_ARG(v.name), SLICE_ARG(v.key));
    return 0;
}

static err key_list_run(db_job *job, tx *t)
{
    struct visit *v = (struct visit *)job;
    err e = v->name.p ? project_find(t, v->arena, v->name, &v->one) : OK;

    return e ? e : key_list(t, v->arena, v->name, &v->keys, &v->n);
}

int cli_keys_list(cli *c)
{
    struct visit v = {.name = c->project};
    err e = OK;

    int code = visit_store(c, &v, key_list_run, false, false, &e);
    if (code)
        return code;
    if (e == ERR_NOT_FOUND)
        return cli_fail(CLI_WRONG, "there is no project '%.*s'", SLICE_ARG(v.name));
    if (e)
        return cli_fail_err("the keys cannot be read", e, NO_SLICE);
    printf("%-12s  %-19s  %s\n", "ID", "CREATED", "PROJECT");
    for (size_t i = 0; i < v.n; i++) {
        char created[CLOCK_PLAIN_TEXT + 1];
        clock_format_plain(v.keys[i].created_at, created);
        printf("%.*s  %s  %.*s\n", SLICE_ARG(v.keys[i].id), created,
               SLICE_ARG(v.keys[i].project_name));
    }
    return 0;
}

static err key_revoke_run(db_job *job, tx *t)
{
    struct visit *v = (struct visit *)job;

    return key_revoke(t, v->name, v->id_or_key);
}

int cli_keys_revoke(cli *c)
{
    struct visit v = {.name = name_or_default(c), .id_or_key = c->words[0]};
    err e = OK;

    int code = visit_store(c, &v, key_revoke_run, true, false, &e);
    if (code)
        return code;
    if (e == ERR_NOT_FOUND)
        return cli_fail(CLI_WRONG, "project '%.*s' has no such key", SLICE_ARG(v.name));
    if (e)
        return cli_fail_err("the key was not revoked", e, NO_SLICE);
    printf("the key is revoked; a running server refuses it within a second\n");
    return 0;
}
