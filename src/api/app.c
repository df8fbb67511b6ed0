/* SPDX-License-Identifier: Apache-2.0
 *
 * api/app.c -- which project a key is of, and the way of a request between the threads.
 *
 *     loop ──► writer ──► (worker: `then`) ──► loop
 *       └────► worker ──► (writer, for a long body of a write) ───▲ */
#include "api/app.h"

#include "api/handlers.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/projects.h"

#include <gnutls/gnutls.h>
#include <pthread.h>

/* How long a key that was good is taken for good: a revocation counts within a second. */
#define KEY_GOOD_US (CLOCK_S_US / 2)
enum { KEY_SLOTS = 1024 };

struct known_key {
    uint8_t hash[KEY_HASH];
    int64_t project; /* 0: a free slot */
    uuid project_id;
    int64_t checked_us;
};

/* ---- keys ---- */

struct key_lookup {
    db_job job; /* first */
    const uint8_t *hash;
    int64_t project;
    uuid id;
};

static err run_key_lookup(db_job *job, tx *t)
{
    struct key_lookup *k = (struct key_lookup *)job;

    return project_of_key(t, k->hash, &k->project, &k->id);
}

/* RECALLD_API_KEY is a key of the default project for as long as it is set; it is not in the store.
 */
static err run_own_key_lookup(db_job *job, tx *t)
{
    struct key_lookup *k = (struct key_lookup *)job;
    project p;
    arena a;

    arena_init(&a, 1 << 20);
    err e = project_find(t, &a, SLICE(DEFAULT_PROJECT), &p);
    arena_deinit(&a);
    if (!e) {
        k->project = p.project;
        k->id = p.id;
    }
    return e;
}

static bool is_own_key(const app *a, const uint8_t hash[KEY_HASH])
{
    return a->own_key && gnutls_memcmp(a->own_hash, hash, KEY_HASH) == 0;
}

static struct known_key *slot_of(app *a, const uint8_t hash[KEY_HASH])
{
    return &a->keys[(hash[0] | hash[1] << 8) % KEY_SLOTS];
}

static bool known(app *a, const uint8_t hash[KEY_HASH], int64_t now, int64_t *number, uuid *id)
{
    pthread_mutex_lock(&a->keys_lock);
    const struct known_key *k = slot_of(a, hash);
    bool good =
        k->project && now - k->checked_us < KEY_GOOD_US && memcmp(k->hash, hash, KEY_HASH) == 0;
    if (good) {
        *number = k->project;
        *id = k->project_id;
    }
    pthread_mutex_unlock(&a->keys_lock);
    return good;
}

static void remember(app *a, const uint8_t hash[KEY_HASH], int64_t now, int64_t number, uuid id)
{
    pthread_mutex_lock(&a->keys_lock);
    struct known_key *k = slot_of(a, hash);
    memcpy(k->hash, hash, KEY_HASH);
    k->project = number;
    k->project_id = id;
    k->checked_us = now;
    pthread_mutex_unlock(&a->keys_lock);
}

static struct key_lookup lookup_of(app *a, const uint8_t hash[KEY_HASH])
{
    return (struct key_lookup){.job.run = is_own_key(a, hash) ? run_own_key_lookup : run_key_lookup,
                               .job.fresh = true, /* `recalld keys` is another process */
                               .hash = hash};
}

/* After a look-up that began at `since`. */
static err learn(app *a, const struct key_lookup *k, int64_t since, err e)
{
    if (!e)
        remember(a, k->hash, since, k->project, k->id);
    return e == ERR_NOT_FOUND ? ERR_DENIED : e;
}

static err authenticate(void *ctx, slice key, int64_t *number, uuid *id, bool *later)
{
    app *a = ctx;
    uint8_t hash[KEY_HASH];
    int64_t now = clock_monotonic_us();

    key_hash(key, hash);
    *later = false;
    if (known(a, hash, now, number, id))
        return OK;
    *later = db_reads_wait(a->d);
    if (*later)
        return ERR_BUSY;
    struct key_lookup look = lookup_of(a, hash);
    err e = learn(a, &look, now, db_read(a->d, &look.job));
    if (!e) {
        *number = look.project;
        *id = look.id;
    }
    return e;
}

/* A look-up on a worker. */
struct key_ticket {
    struct key_lookup look; /* first */
    app *a;
    request *rq;
    int64_t since;
    uint8_t hash[KEY_HASH];
};

static void done_key_lookup(db_job *job, err e)
{
    struct key_ticket *k = (struct key_ticket *)job;

    e = learn(k->a, &k->look, k->since, e);
    if (!e) {
        k->rq->project = k->look.project;
        k->rq->project_id = k->look.id;
    }
    http_key_found(k->rq, e);
}

static err look_up_key(void *ctx, request *rq, slice key)
{
    app *a = ctx;
    struct key_ticket *k = arena_zalloc(&rq->arena, sizeof(*k));

    if (!k)
        return ERR_NO_MEMORY;
    key_hash(key, k->hash);
    k->look = lookup_of(a, k->hash);
    k->look.job.done = done_key_lookup;
    k->a = a;
    k->rq = rq;
    k->since = clock_monotonic_us();
    return db_submit_read(a->d, &k->look.job);
}

void app_reload_keys(app *a)
{
    pthread_mutex_lock(&a->keys_lock);
    memset(a->keys, 0, KEY_SLOTS * sizeof(*a->keys));
    pthread_mutex_unlock(&a->keys_lock);
}

/* ---- the way of a request ---- */

struct ticket {
    db_job job; /* first */
    app *a;
    request *rq;
    bool parsed;
    bool to_writer; /* parsed on a worker, now on to the writer */
};

/* A text that found no room reads as absent: what was made of it must not stand. Beyond the ceiling
 * trying again would not help. */
static err within_memory(request *rq, err e)
{
    if (!e)
        e = arena_check(&rq->arena);
    if (!rq->arena.full || (e != ERR_NO_MEMORY && e != ERR_TOO_LARGE))
        return e;
    rq->why = SLICE("bad request: this takes more memory than a request may have; ask for less");
    return ERR_BAD_REQUEST;
}

static err run_handler(db_job *job, tx *t)
{
    struct ticket *k = (struct ticket *)job;

    if (k->rq->route->need != NEED_WRITE) /* its body is read; now the store may fill the reply */
        k->rq->arena.max = (size_t)k->a->reply_memory;
    request_restart(k->rq);
    err e = k->rq->route->need == NEED_WRITE ? project_lives(t, k->rq->project) : OK;
    if (!e)
        e = k->rq->route->handle(k->rq, t);
    return within_memory(k->rq, e);
}

static err run_then(db_job *job, tx *t)
{
    struct ticket *k = (struct ticket *)job;

    err e = k->rq->then(k->rq, t);
    return e ? e : arena_check(&k->rq->arena);
}

/* The write stands whatever this answered. */
static void done_then(db_job *job, err e)
{
    struct ticket *k = (struct ticket *)job;

    if (e)
        log_warn("%s: the reply lacks what was to be read after the write: %s", k->rq->route->id,
                 err_name(e));
    http_finish(k->rq, OK);
}

static void done_write(db_job *job, err e)
{
    struct ticket *k = (struct ticket *)job;

    if (e || !k->rq->then) {
        http_finish(k->rq, e);
        return;
    }
    k->job = (db_job){.run = run_then, .done = done_then};
    if (db_submit_read(k->a->d, &k->job))
        http_finish(k->rq, OK);
}

static err run_on_worker(db_job *job, tx *t)
{
    struct ticket *k = (struct ticket *)job;

    if (!k->parsed) {
        err e = request_parse(k->rq);
        if (e)
            return e;
        k->parsed = true;
    }
    k->to_writer = k->rq->route->need == NEED_WRITE;
    return k->to_writer ? OK : run_handler(job, t);
}

static void done_on_worker(db_job *job, err e)
{
    struct ticket *k = (struct ticket *)job;

    if (e || !k->to_writer) {
        http_finish(k->rq, e);
        return;
    }
    k->job.run = run_handler;
    k->job.done = done_write;
    e = db_submit_write(k->a->d, &k->job);
    if (e)
        http_finish(k->rq, e);
}

static err submit(void *ctx, request *rq, bool parsed, int64_t deadline_us)
{
    app *a = ctx;
    struct ticket *k = arena_zalloc(&rq->arena, sizeof(*k));

    if (!k)
        return ERR_NO_MEMORY;
    k->a = a;
    k->rq = rq;
    k->parsed = parsed;
    k->job.deadline_us = deadline_us;
    if (parsed && rq->route->need == NEED_WRITE) {
        k->job.run = run_handler;
        k->job.done = done_write;
        return db_submit_write(a->d, &k->job);
    }
    k->job.run = run_on_worker;
    k->job.done = done_on_worker;
    return db_submit_read(a->d, &k->job);
}

static err run_here(void *ctx, request *rq)
{
    app *a = ctx;
    struct ticket k = {.job.run = run_handler, .a = a, .rq = rq, .parsed = true};

    return db_read(a->d, &k.job);
}

/* ---- open and close ---- */

static err run_make_default(db_job *job, tx *t)
{
    project p;
    arena a;

    (void)job;
    arena_init(&a, 1 << 20);
    err e = project_create(t, &a, SLICE(DEFAULT_PROJECT), clock_now_us(), &p);
    arena_deinit(&a);
    return e == ERR_EXISTS ? OK : e;
}

err app_open(db *d, const app_options *o, app **out)
{
    app *a = mem_zalloc(sizeof(*a));

    if (!a || !(a->keys = mem_zalloc(KEY_SLOTS * sizeof(*a->keys)))) {
        mem_free(a);
        return ERR_NO_MEMORY;
    }
    a->d = d;
    a->context_tokens = o->context_tokens;
    a->reply_memory = o->reply_memory;
    pthread_mutex_init(&a->keys_lock, NULL);
    handlers_set_limits(o->message_characters, o->messages);

    err e = OK;
    if (!slice_empty(o->api_key)) {
        db_job make = {.run = run_make_default};
        key_hash(o->api_key, a->own_hash);
        a->own_key = true;
        e = db_write(d, &make);
    }
    if (!e)
        e = upkeep_open(d, &a->upkeep);
    if (e) {
        app_close(a);
        return e;
    }
    *out = a;
    return OK;
}

void app_close(app *a)
{
    if (!a)
        return;
    upkeep_close(a->upkeep);
    pthread_mutex_destroy(&a->keys_lock);
    mem_free(a->keys);
    mem_free(a);
}

static http_app http_of(app *a, const route *rows, size_t n)
{
    return (http_app){.ctx = a,
                      .routes = rows,
                      .n = n,
                      .authenticate = authenticate,
                      .look_up_key = look_up_key,
                      .run = db_reads_wait(a->d) ? NULL : run_here,
                      .submit = submit};
}

http_app app_http(app *a, bool operations_elsewhere)
{
    /* The operator's rows stand last, /metrics the very last. */
    return http_of(a, routes, routes_n - (operations_elsewhere ? 1 : 0));
}

http_app app_http_operations(app *a)
{
    return http_of(a, routes + routes_n - ROUTES_OPERATIONS, ROUTES_OPERATIONS);
}

void app_servers(app *a, http_server *const *servers, size_t n)
{
    size_t kept = n < COUNT(a->servers) ? n : COUNT(a->servers);

    for (size_t i = 0; i < kept; i++)
        a->servers[i] = servers[i];
    a->servers_n = kept;
}
