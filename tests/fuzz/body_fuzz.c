/* SPDX-License-Identifier: Apache-2.0
 *
 * body_fuzz.c -- a request's body: bytes to JSON, JSON to a struct by its shape.
 *
 * What was read is written, and what was written reads back and is written the same. */
#include "base/json.h"
#include "base/shape.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "fuzz.h"

enum { OUT_BYTES = 8 << 20 };

struct said {
    slice content, role;
    int32_t role_type;
    int64_t created_at;
    uuid id;
    slice metadata;
    int64_t count;
    double rating;
    int8_t done;
};

struct given {
    list messages;
    list texts;
    struct said *one;
    slice session_id;
};

static const char *const roles[] = {"user", "assistant", "system", NULL};

#define AT(type, member) .offset = offsetof(struct type, member)

static const field said_fields[] = {
    {.name = "content", .kind = SHAPE_TEXT, AT(said, content), .required = true, .max = 40},
    {.name = "role", .kind = SHAPE_TEXT, AT(said, role), .alias = "name", .empty_absent = true},
    {.name = "role_type", .kind = SHAPE_ENUM, AT(said, role_type), .names = roles},
    {.name = "created_at", .kind = SHAPE_TIME, AT(said, created_at)},
    {.name = "uuid", .kind = SHAPE_UUID, AT(said, id)},
    {.name = "metadata", .kind = SHAPE_MAP, AT(said, metadata)},
    {.name = "count", .kind = SHAPE_INT, AT(said, count), .min = -5, .max = 1000},
    {.name = "rating", .kind = SHAPE_REAL, AT(said, rating)},
    {.name = "done", .kind = SHAPE_BOOL, AT(said, done), .omit = true},
};
static const shape said_shape = SHAPE("Said", struct said, said_fields);

static const field given_fields[] = {
    {.name = "messages", .kind = SHAPE_LIST, AT(given, messages), .of = &said_shape, .max = 5},
    {.name = "texts", .kind = SHAPE_TEXTS, AT(given, texts), .max = 5},
    {.name = "one", .kind = SHAPE_OBJECT, AT(given, one), .of = &said_shape},
    {.name = "session_id", .kind = SHAPE_TEXT, AT(given, session_id), .min = 1, .max = 500},
};
static const shape given_shape = SHAPE("Given", struct given, given_fields);

static slice written(arena *a, const json_t *value)
{
    slice text;
    buf b;

    buf_init(&b, a, OUT_BYTES);
    json_write(&b, value);
    return buf_done(&b, &text) ? NO_SLICE : text;
}

/* Writing is the same after another reading. */
static void check_json(arena *a, const json_t *value)
{
    slice why = NO_SLICE, first = written(a, value);
    json_t *again = NULL;

    if (!first.p)
        return;
    assert(utf8_valid(first));
    err e = json_read(a, first, &again, &why);
    if (e == ERR_TOO_LARGE || e == ERR_NO_MEMORY)
        return;
    assert(e == OK);
    slice second = written(a, again);
    assert(!second.p || slice_eq(first, second));
}

static slice shaped(arena *a, const struct given *g)
{
    slice text;
    buf b;

    buf_init(&b, a, OUT_BYTES);
    shape_write(&given_shape, &b, g);
    return buf_done(&b, &text) ? NO_SLICE : text;
}

static void check_shape(arena *a, const json_t *value)
{
    slice why = NO_SLICE;
    struct given g, again;
    json_t *reread = NULL;

    err e = shape_read(&given_shape, a, value, &g, &why);
    assert(e == OK || e == ERR_TOO_LARGE || e == ERR_NO_MEMORY || why.p);
    if (e)
        return;
    slice first = shaped(a, &g);
    if (!first.p || json_read(a, first, &reread, &why))
        return;
    if (shape_read(&given_shape, a, reread, &again, &why) == OK) {
        slice second = shaped(a, &again);
        assert(!second.p || slice_eq(first, second));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    slice why = NO_SLICE, text = fuzz_copy(data, size);
    json_t *value = NULL;
    arena a;

    if (!ready)
        json_init();
    ready = true;
    arena_init(&a, FUZZ_ARENA_BYTES);
    err e = json_read(&a, text, &value, &why);
    assert(e == OK || e == ERR_TOO_LARGE || (e == ERR_BAD_REQUEST && why.p));
    if (!e) {
        check_json(&a, value);
        check_shape(&a, value);
    }
    arena_deinit(&a);
    fuzz_free(text);
    return 0;
}
