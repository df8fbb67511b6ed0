/* SPDX-License-Identifier: Apache-2.0
 *
 * base/uuid.h -- ids that say where their row is.
 *
 * An id that we mint is a UUID of version 8 (RFC 9562, section 5.8), big-endian:
 *
 *   bits 127-80  48  time in ms since 1970
 *   bits  79-76   4  version, 8
 *   bits  75-64  12  the graph's number, upper 12 of its 34
 *   bits  63-62   2  variant, binary 10
 *   bits  61-40  22  the graph's number, lower 22
 *   bits  39-36   4  kind
 *   bits  35-0   36  the row's number within its graph and kind
 *
 * It is a hint for finding a row by primary key, never a right to see it: the row is compared, and
 * its project checked, before anything is answered. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/slice.h"

#include <stdint.h>

typedef struct uuid {
    uint8_t b[16];
} uuid;

enum { UUID_TEXT = 36 };

#define UUID_MAX_GRAPH  ((INT64_C(1) << 34) - 1)
#define UUID_MAX_NUMBER ((INT64_C(1) << 36) - 1)

/* What a minted id speaks of. Values are stored in ids for ever. */
typedef enum uuid_kind {
    UUID_EPISODE = 1,
    UUID_NODE = 2,
    UUID_EDGE = 3,
    UUID_SESSION = 4,
    UUID_USER = 5,
    UUID_GROUP = 6,
    UUID_GRAPH = 7,
    UUID_PROJECT = 8,
} uuid_kind;

typedef struct uuid_route {
    int64_t time_ms;
    int64_t graph;
    int64_t number;
    uuid_kind kind;
} uuid_route;

/* The minted id of a row. `time_us` may be any time from 1970 on; graph and number are within the
 * bounds above (asserted: our own counters). */
uuid uuid_mint(int64_t time_us, int64_t graph, uuid_kind kind, int64_t number);

/* Whether `id` could be one of ours, and where it points; false for any other UUID. */
bool uuid_route_of(uuid id, uuid_route *to);

/* 36 characters, any case, hyphens in place; false, *id untouched, for anything else. */
bool uuid_parse(slice s, uuid *id);

/* Lower case, UUID_TEXT bytes and a NUL. */
void uuid_format(uuid id, char to[UUID_TEXT + 1]);

bool uuid_eq(uuid a, uuid b);

/* All zero bits: "no id" in a struct. */
bool uuid_none(uuid id);

#endif
