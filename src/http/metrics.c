/* SPDX-License-Identifier: Apache-2.0
 *
 * http/metrics.c -- counters beside the rows, without locks. */
#include "http/metrics.h"

#include "base/mem.h"

#include <stdatomic.h>

enum { CLASSES = 6, BUCKETS = 10 };

/* Upper bounds in microseconds; the last bucket is everything. */
static const int64_t bounds_us[BUCKETS] = {100,   250,   500,    1000,    2500,
                                           10000, 50000, 250000, 1000000, 5000000};

struct counters {
    atomic_llong classes[CLASSES]; /* by the status's first digit */
    atomic_llong buckets[BUCKETS + 1];
    atomic_llong sum_us;
};

struct metrics {
    const route *routes;
    size_t n;
    struct counters *rows;
};

err metrics_new(const route *routes, size_t n, metrics **out)
{
    metrics *m = mem_zalloc(sizeof(*m));

    if (!m || !(m->rows = mem_zalloc((n + 1) * sizeof(*m->rows)))) {
        mem_free(m);
        return ERR_NO_MEMORY;
    }
    m->routes = routes;
    m->n = n;
    *out = m;
    return OK;
}

void metrics_free(metrics *m)
{
    if (!m)
        return;
    mem_free(m->rows);
    mem_free(m);
}

static void add(atomic_llong *to, long long v)
{
    atomic_fetch_add_explicit(to, v, memory_order_relaxed);
}

void metrics_count(metrics *m, size_t index, int status, int64_t us)
{
    struct counters *row = &m->rows[index < m->n ? index : m->n];
    int class = status / 100;
    size_t bucket = 0;

    while (bucket < BUCKETS && us > bounds_us[bucket])
        bucket++;
    add(&row->classes[class > 0 && class < CLASSES ? class : 0], 1);
    add(&row->buckets[bucket], 1);
    add(&row->sum_us, us);
}

static long long get(const atomic_llong *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

static void label(const metrics *m, size_t i, buf *b)
{
    bool none = i == m->n;

    buf_printf(b, "{method=\"%s\",route=\"%s\"", none ? "" : m->routes[i].method,
               none ? "" : m->routes[i].pattern);
}

static void write_durations(const metrics *m, size_t i, buf *b)
{
    const struct counters *row = &m->rows[i];
    long long sum = 0;

    for (size_t k = 0; k <= BUCKETS; k++) {
        sum += get(&row->buckets[k]);
        buf_puts(b, "recalld_request_duration_seconds_bucket");
        label(m, i, b);
        if (k < BUCKETS)
            buf_printf(b, ",le=\"%g\"} %lld\n", (double)bounds_us[k] / 1e6, sum);
        else
            buf_printf(b, ",le=\"+Inf\"} %lld\n", sum);
    }
    buf_puts(b, "recalld_request_duration_seconds_sum");
    label(m, i, b);
    buf_printf(b, "} %.6f\n", (double)get(&row->sum_us) / 1e6);
    buf_puts(b, "recalld_request_duration_seconds_count");
    label(m, i, b);
    buf_printf(b, "} %lld\n", sum);
}

static bool used(const struct counters *row)
{
    for (size_t k = 0; k <= BUCKETS; k++)
        if (get(&row->buckets[k]))
            return true;
    return false;
}

void metrics_write(const metrics *m, buf *b)
{
    buf_puts(b, "# HELP recalld_requests_total Requests answered, by route and class of status.\n"
                "# TYPE recalld_requests_total counter\n");
    for (size_t i = 0; i <= m->n; i++)
        for (int k = 0; k < CLASSES; k++) {
            long long v = get(&m->rows[i].classes[k]);
            if (!v)
                continue;
            buf_puts(b, "recalld_requests_total");
            label(m, i, b);
            buf_printf(b, ",status=\"%dxx\"} %lld\n", k, v);
        }
    buf_puts(b, "# HELP recalld_request_duration_seconds From the request line to the reply.\n"
                "# TYPE recalld_request_duration_seconds histogram\n");
    for (size_t i = 0; i <= m->n; i++)
        if (used(&m->rows[i]))
            write_durations(m, i, b);
}
