/* SPDX-License-Identifier: Apache-2.0
 *
 * http/router.h -- from method and raw path to a row of the route table.
 *
 * The raw path is split on '/', empty segments are dropped (so repeated and trailing slashes fold),
 * each segment is percent-decoded once; '+' stays a plus, '.' and '..' are names like others. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/request.h"

typedef struct router router;

/* `routes` outlives the router. ERR_NO_MEMORY. Asserts that no two rows are the same. */
MUST_CHECK err router_new(const route *routes, size_t n, router **out);
void router_free(router *r);

typedef struct route_match {
    const route *route; /* NULL: none; then `allow` tells 404 (empty) from 405 */
    size_t index;       /* of the row in the table */
    slice args[ROUTE_MAX_ARGS];
    slice allow; /* "GET, POST": the methods of every pattern that the path fits */
} route_match;

/* ERR_BAD_REQUEST  a broken %-escape, or a segment that is not UTF-8 or holds U+0000; *m is unset
 * ERR_NO_MEMORY */
MUST_CHECK err router_find(const router *r, arena *a, slice method, slice raw_path, route_match *m);

/* Percent-decode into the arena, in paths and query strings alike: '+' is a plus, never a space.
 *
 * ERR_BAD_REQUEST, ERR_NO_MEMORY as above. */
MUST_CHECK err percent_decode(arena *a, slice raw, slice *out);

#endif
