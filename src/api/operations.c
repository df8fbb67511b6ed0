/* SPDX-License-Identifier: Apache-2.0
 *
 * api/operations.c -- what an operator asks, and whose key it is: /healthz, /readyz, /metrics,
 * /projects/info. */
#include "api/handlers.h"
#include "api/shapes.h"

enum { METRICS_MAX = 16 << 20 };

/* GET /projects/info */
err project_info(request *rq, tx *t)
{
    project p;

    err e = project_get(t, &rq->arena, rq->project, &p);
    if (e)
        return e;
    project_reply item = {p.name, p.description, p.id, p.created_at};
    project_info_reply r = {&item};
    return reply_shape(rq, &project_info_shape, &r);
}

static err reply_status(request *rq, slice status)
{
    const status_reply r = {status, SLICE(RECALLD_VERSION)};

    return reply_shape(rq, &status_shape, &r);
}

/* GET /healthz: the process answers. */
err health(request *rq, tx *t)
{
    (void)t;
    return reply_status(rq, SLICE("ok"));
}

/* GET /readyz: the store can be read, and could be written when last tried. */
err ready(request *rq, tx *t)
{
    project p;

    err e = project_get(t, &rq->arena, 0, &p); /* there is none: the look itself is the question */
    if (e != ERR_NOT_FOUND)
        return request_fail(rq, ERR_STORAGE, "the store cannot be read");
    if (!db_writable(app_of(rq)->d))
        return request_fail(rq, ERR_STORAGE, "the store cannot be written; reading goes on");
    return reply_status(rq, SLICE("ready"));
}

static void gauge(buf *b, const char *name, const char *type, const char *help, int64_t v)
{
    buf_printf(b, "# HELP recalld_%s %s\n# TYPE recalld_%s %s\nrecalld_%s ", name, help, name, type,
               name);
    buf_i64(b, v);
    buf_putc(b, '\n');
}

static void write_store_metrics(db *d, buf *b)
{
    db_stats s;

    db_stats_read(d, &s);
    gauge(b, "store_commits_total", "counter", "Transactions made durable.", s.commits);
    gauge(b, "store_jobs_total", "counter", "Writes done, in those transactions.", s.jobs);
    gauge(b, "store_rollbacks_total", "counter", "Transactions that the engine lost.", s.rollbacks);
    gauge(b, "store_scrubs_total", "counter", "Truncating checkpoints after deletes.",
          s.checkpoints);
    gauge(b, "store_write_queue", "gauge", "Writes waiting.", s.queue_write);
    gauge(b, "store_read_queue", "gauge", "Searches and lists waiting.", s.queue_read);
    gauge(b, "store_writable", "gauge", "1 if the last write could be made.", db_writable(d));
}

/* GET /metrics */
err metrics(request *rq, tx *t)
{
    app *a = app_of(rq);
    slice text;
    buf b;

    (void)t;
    buf_init(&b, &rq->arena, METRICS_MAX);
    for (size_t i = 0; i < a->servers_n; i++)
        http_metrics_write(a->servers[i], &b);
    write_store_metrics(a->d, &b);
    err e = buf_done(&b, &text);
    return e ? e : reply_text(rq, "text/plain; version=0.0.4; charset=utf-8", text);
}
