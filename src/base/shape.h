/* SPDX-License-Identifier: Apache-2.0
 *
 * base/shape.h -- one table per JSON object that goes over the wire: its fields, and where each
 * lives in a C struct.
 *
 * A request body is read by its shape, query parameters are read by one, a reply is written by one,
 * and the OpenAPI document is made from them all, so they cannot disagree.
 *
 * How each kind lives in the struct, and what "absent" is there (a JSON null counts as absent in
 * requests; on writing an absent value is a JSON null, or left out where `omit` is set):
 *
 *   kind     C type       absent            on the wire
 *   TEXT     slice        p == NULL         string; min..max code points
 *   INT      int64_t      NO_INT            integer; min..max
 *   REAL     double       NAN               number; min..max
 *   BOOL     int8_t       NO_BOOL           true or false
 *   TIME     int64_t      NO_TIME           RFC 3339 string
 *   UUID     uuid         all zero          string
 *   ENUM     int32_t      NO_ENUM           one of `names`, the value is its index
 *   MAP      slice        p == NULL         object of anything, kept as compact JSON text
 *   OBJECT   void *       NULL              object of shape `of`; pointer to its struct
 *   LIST     list         items == NULL     array of shape `of`; min..max items
 *   TEXTS    list         items == NULL     array of strings, items are slices; min..max items
 *
 * Bounds: a number whose `min` and `max` are both 0 is unbounded; a `max` below `min` is none. In
 * counts (characters, items) a 0 is no bound on its side. */
#ifndef BASE_SHAPE_H
#define BASE_SHAPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define NO_INT  INT64_MIN
#define NO_BOOL ((int8_t)-1)
#define NO_ENUM ((int32_t)-1)

typedef enum shape_kind {
    SHAPE_TEXT = 1,
    SHAPE_INT,
    SHAPE_REAL,
    SHAPE_BOOL,
    SHAPE_TIME,
    SHAPE_UUID,
    SHAPE_ENUM,
    SHAPE_MAP,
    SHAPE_OBJECT,
    SHAPE_LIST,
    SHAPE_TEXTS,
} shape_kind;

/* What a handler asks of fields together (documentation): exactly one, or at least one, of those
 * that are marked so in a shape. */
typedef enum field_choice { CHOICE_NONE, CHOICE_ONE, CHOICE_SOME } field_choice;

typedef struct list {
    void *items; /* an array of the shape's structs, or of slices; non-NULL also when empty */
    size_t n;
} list;

typedef struct shape shape;

typedef struct field {
    const char *name; /* as on the wire */
    shape_kind kind;
    size_t offset;            /* into the struct */
    bool required;            /* request: absent is an error; reply: never null (documentation) */
    bool omit;                /* reply: an absent value is left out and not written as null */
    field_choice choice;      /* request: see above */
    bool empty_absent;        /* request: "" counts as absent (Go always sends scalars) */
    bool lenient;             /* query INT: what does not parse falls back to `fallback` */
    bool clamps;              /* INT: what is above `max` counts as `max` */
    int64_t min, max;         /* bounds; see the table above. For TEXT in code points */
    int64_t fallback;         /* query INT, `lenient` only */
    const int64_t *limit;     /* a bound known at start only (a setting); replaces `max` */
    const char *const *names; /* ENUM: NULL-terminated */
    const char *alias;        /* a second wire name taken in requests and queries, or NULL */
    const shape *of;          /* OBJECT, LIST */
    const char *about;        /* a sentence for the OpenAPI document, or NULL */
} field;

struct shape {
    const char *name; /* the schema's name in the OpenAPI document */
    size_t size;      /* of the struct */
    const field *fields;
    size_t n;
};

/* A shape from a static array of fields. */
#define SHAPE(wire_name, type, table)                                                              \
    {                                                                                              \
        .name = (wire_name), .size = sizeof(type), .fields = (table), .n = COUNT(table)            \
    }

/* Every field of a struct set to "absent". */
void shape_clear(const shape *sh, void *to);

/* Read a JSON object into `to` (cleared first). Unknown keys are ignored. Text and lists live in
 * the arena or in `value`'s.
 *
 * ERR_BAD_REQUEST  *why names the field (a path such as `messages[2].content`) and the bound or kind
 *                  asked for: "messages[2].content: at most 4096 characters"
 * ERR_TOO_LARGE    the arena's ceiling was reached */
MUST_CHECK err shape_read(const shape *sh, arena *a, const json_t *value, void *to, slice *why);

/* One query parameter: name and value, still percent-decoded by the caller; TEXT, INT, REAL, BOOL
 * (true false 1 0 t f in any case) and ENUM fields only. An empty value is an absent one. Unknown
 * names are ignored. `to` was cleared by the caller; errors as above. */
MUST_CHECK err shape_read_param(const shape *sh, arena *a, slice name, slice value, void *to,
                                slice *why);

/* After the last parameter: whether the required ones are there. */
MUST_CHECK err shape_read_done(const shape *sh, arena *a, const void *from, slice *why);

/* The struct as a JSON object. */
void shape_write(const shape *sh, buf *b, const void *from);

/* `n` structs, one behind the other, as a JSON array. */
void shape_write_list(const shape *sh, buf *b, const void *items, size_t n);

#endif
