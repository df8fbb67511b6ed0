/* SPDX-License-Identifier: Apache-2.0
 *
 * http/router.c -- patterns are split once; a path is compared with the few that have its number of
 * segments. Some fifty rows: a scan is quicker than a tree, and can be read. */
#include "http/router.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <assert.h>

enum { MAX_SEGMENTS = 8 };

struct pattern {
    const route *route;
    slice segments[MAX_SEGMENTS]; /* an argument is an absent slice */
    int n;
};

struct router {
    struct pattern *patterns;
    const route *routes;
    size_t n;
};

/* Splits at '/', dropping empty segments; more than MAX_SEGMENTS answers that many and one. */
static int split(slice path, slice segments[MAX_SEGMENTS])
{
    int n = 0;

    for (size_t i = 0; i < path.n;) {
        size_t start = i;
        while (i < path.n && path.p[i] != '/')
            i++;
        if (i > start) {
            if (n == MAX_SEGMENTS)
                return MAX_SEGMENTS + 1;
            segments[n++] = (slice){path.p + start, i - start};
        }
        i++;
    }
    return n;
}

err router_new(const route *routes, size_t n, router **out)
{
    router *r = mem_zalloc(sizeof(*r));

    if (!r || !(r->patterns = mem_zalloc(n * sizeof(*r->patterns)))) {
        mem_free(r);
        return ERR_NO_MEMORY;
    }
    r->routes = routes;
    r->n = n;
    for (size_t i = 0; i < n; i++) {
        struct pattern *p = &r->patterns[i];
        p->route = &routes[i];
        p->n = split(slice_of(routes[i].pattern), p->segments);
        assert(p->n <= MAX_SEGMENTS);
        for (int k = 0; k < p->n; k++)
            if (p->segments[k].p[0] == '{')
                p->segments[k] = NO_SLICE;
        for (size_t j = 0; j < i; j++)
            assert(strcmp(routes[i].method, routes[j].method) != 0 ||
                   strcmp(routes[i].pattern, routes[j].pattern) != 0);
    }
    *out = r;
    return OK;
}

void router_free(router *r)
{
    if (!r)
        return;
    mem_free(r->patterns);
    mem_free(r);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

err percent_decode(arena *a, slice raw, slice *out)
{
    char *to = arena_alloc(a, raw.n + 1);
    size_t n = 0;

    if (!to)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        if (c == '%') {
            int high = i + 1 < raw.n ? hex(raw.p[i + 1]) : -1;
            int low = i + 2 < raw.n ? hex(raw.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return ERR_BAD_REQUEST;
            c = (char)(high * 16 + low);
            i += 2;
        }
        to[n++] = c;
    }
    to[n] = '\0';
    *out = (slice){to, n};
    return utf8_valid(*out) ? OK : ERR_BAD_REQUEST;
}

static bool fits(const struct pattern *p, const slice *segments, int n)
{
    if (p->n != n)
        return false;
    for (int k = 0; k < n; k++)
        if (p->segments[k].p && !slice_eq(p->segments[k], segments[k]))
            return false;
    return true;
}

/* Whether `a` is static at the first place where the two differ. */
static bool more_static(const struct pattern *a, const struct pattern *b)
{
    for (int k = 0; k < a->n; k++)
        if (!a->segments[k].p != !b->segments[k].p)
            return a->segments[k].p != NULL;
    return false;
}

/* GET answers HEAD too. */
static bool method_is(const route *r, slice method)
{
    return slice_is(method, r->method) ||
           (slice_is(method, "HEAD") && strcmp(r->method, "GET") == 0);
}

static void allow_method(buf *b, const char *method)
{
    if (b->n && memmem(b->p, b->n, method, strlen(method)))
        return;
    if (b->n)
        buf_puts(b, ", ");
    buf_puts(b, method);
    if (strcmp(method, "GET") == 0)
        buf_puts(b, ", HEAD");
}

err router_find(const router *r, arena *a, slice method, slice raw_path, route_match *m)
{
    slice segments[MAX_SEGMENTS];
    const struct pattern *best = NULL;
    buf allow;
    int n = split(raw_path, segments);

    *m = (route_match){0};
    buf_init(&allow, a, 256);
    if (n > MAX_SEGMENTS)
        n = -1; /* longer than any pattern */
    for (int k = 0; k < n; k++) {
        if (!memchr(segments[k].p, '%', segments[k].n) && utf8_valid(segments[k]))
            continue;
        err e = percent_decode(a, segments[k], &segments[k]);
        if (e)
            return e;
    }
    for (size_t i = 0; i < r->n; i++) {
        const struct pattern *p = &r->patterns[i];
        if (!fits(p, segments, n) || !method_is(p->route, method))
            continue;
        if (!best || more_static(p, best))
            best = p;
    }
    if (!best) {
        bool fitted = false;
        for (size_t i = 0; i < r->n; i++) {
            if (!fits(&r->patterns[i], segments, n))
                continue;
            fitted = true;
            allow_method(&allow, r->patterns[i].route->method);
        }
        return fitted ? buf_done(&allow, &m->allow) : OK;
    }
    m->route = best->route;
    m->index = (size_t)(best->route - r->routes);
    for (int k = 0, arg = 0; k < n; k++)
        if (!best->segments[k].p)
            m->args[arg++] = segments[k];
    return OK;
}
