/* SPDX-License-Identifier: Apache-2.0
 *
 * base/json.h -- JSON in (jansson, strict and bounded) and out (written here).
 *
 * Reading: jansson's blocks come from the arena given to json_read and are gone with it; a value is
 * never json_decref'ed. Jansson's allocator is one for the process, so json_init must have been
 * called before any thread parses, and nothing else in the process may use jansson.
 *
 * Writing: keys in the order they came, no spaces, numbers in the shortest form that reads back as
 * the same value and type (1.0 stays 1.0), text escaped as RFC 8259 asks and no further. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <jansson.h>

/* Once, before threads: hands jansson our allocator and a hash seed of the system's randomness. */
void json_init(void);

/* Parse one JSON value of any kind: UTF-8 without U+0000 (written out or escaped), no lone
 * surrogates, integers within 64 bits, reals within a double, nesting up to 2,048, nothing but white
 * space behind it; of duplicate keys the last counts, in the first one's place.
 *
 * ERR_BAD_REQUEST  not such a text; *why, in the arena, says what and where ("... near line 1 column
 *                  7"), without quoting the text
 * ERR_TOO_LARGE    the arena's ceiling was reached */
MUST_CHECK err json_read(arena *a, slice text, json_t **value, slice *why);

/* `value`, compact. */
void json_write(buf *b, const json_t *value);

/* A JSON string of well-formed UTF-8, quotes included. */
void json_write_text(buf *b, slice s);

/* A finite double; a JSON null for any other. Always with a '.', an 'e' or both, so that it reads
 * back as a real. */
void json_write_real(buf *b, double v);

/* `over` merged into `base`: objects key by key, all else replaced, nulls stored as nulls; keys of
 * `base` first, in their order. Both are objects or NULL (no keys). The result lives in the arena
 * and may share what it was made of; neither input is changed.
 *
 * ERR_TOO_LARGE  the arena's ceiling was reached */
MUST_CHECK err json_merge(arena *a, const json_t *base, const json_t *over, json_t **merged);

#endif
