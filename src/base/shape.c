/* SPDX-License-Identifier: Apache-2.0
 *
 * base/shape.c -- walking a table of fields: clearing, reading and writing the struct it describes.
 *
 * Where in the body a reader stands is a chain of steps on the C stack; it becomes text only when
 * something is wrong. */
#include "base/shape.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/uuid.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

/* One step from the body inwards: a field's name, or an index when the name is NULL. */
typedef struct step {
    const struct step *up; /* NULL in a field of the body itself */
    const char *name;
    size_t index;
} step;

typedef struct reader {
    arena *a;
    slice *why;
} reader;

static const char *const kind_words[] = {
    [SHAPE_TEXT] = "must be a string",         [SHAPE_INT] = "must be an integer",
    [SHAPE_REAL] = "must be a number",         [SHAPE_BOOL] = "must be true or false",
    [SHAPE_TIME] = "must be an RFC 3339 time", [SHAPE_UUID] = "must be a UUID",
    [SHAPE_ENUM] = "must be a string",         [SHAPE_MAP] = "must be an object",
    [SHAPE_OBJECT] = "must be an object",      [SHAPE_LIST] = "must be an array",
    [SHAPE_TEXTS] = "must be an array",
};

/* Where a field lives in its struct. */
static void *place(const field *f, void *in)
{
    return (char *)in + f->offset;
}

static const void *place_of(const field *f, const void *in)
{
    return (const char *)in + f->offset;
}

/* Absence. */

static void clear_field(const field *f, void *to)
{
    switch (f->kind) {
    case SHAPE_INT:
        *(int64_t *)to = NO_INT;
        break;
    case SHAPE_TIME:
        *(int64_t *)to = NO_TIME;
        break;
    case SHAPE_REAL:
        *(double *)to = NAN;
        break;
    case SHAPE_BOOL:
        *(int8_t *)to = NO_BOOL;
        break;
    case SHAPE_ENUM:
        *(int32_t *)to = NO_ENUM;
        break;
    default: /* the rest is absent when all zero */
        break;
    }
}

void shape_clear(const shape *sh, void *to)
{
    memset(to, 0, sh->size);
    for (size_t i = 0; i < sh->n; i++)
        clear_field(&sh->fields[i], place(&sh->fields[i], to));
}

static bool absent(const field *f, const void *at)
{
    switch (f->kind) {
    case SHAPE_TEXT:
    case SHAPE_MAP:
        return ((const slice *)at)->p == NULL;
    case SHAPE_INT:
        return *(const int64_t *)at == NO_INT;
    case SHAPE_TIME:
        return *(const int64_t *)at == NO_TIME;
    case SHAPE_REAL:
        return isnan(*(const double *)at);
    case SHAPE_BOOL:
        return *(const int8_t *)at == NO_BOOL;
    case SHAPE_UUID:
        return uuid_none(*(const uuid *)at);
    case SHAPE_ENUM:
        return *(const int32_t *)at == NO_ENUM;
    case SHAPE_OBJECT:
        return *(void *const *)at == NULL;
    case SHAPE_LIST:
    case SHAPE_TEXTS:
        return ((const list *)at)->items == NULL;
    }
    return true;
}

/* Saying what is wrong. */

enum { A_MESSAGE = 512 }; /* bytes, about */

/* What an allocation of `n` bytes that the arena refused was refused for. */
static err refused(const arena *a, size_t n)
{
    return n > a->max - a->used ? ERR_TOO_LARGE : ERR_NO_MEMORY;
}

static void put_path(buf *b, const step *at)
{
    if (!at)
        return;
    put_path(b, at->up);
    if (!at->name) {
        buf_putc(b, '[');
        buf_i64(b, (int64_t)at->index);
        buf_putc(b, ']');
        return;
    }
    if (at->up)
        buf_putc(b, '.');
    buf_puts(b, at->name);
}

__attribute__((format(printf, 3, 4))) static err wrong(const reader *r, const step *at,
                                                       const char *fmt, ...)
{
    va_list ap;
    buf b;

    va_start(ap, fmt);
    slice words = arena_vprintf(r->a, fmt, ap);
    va_end(ap);
    if (!words.p)
        return refused(r->a, A_MESSAGE);

    buf_init(&b, r->a, SIZE_MAX);
    put_path(&b, at);
    if (at)
        buf_puts(&b, ": ");
    buf_slice(&b, words);
    return buf_done(&b, r->why) ? refused(r->a, A_MESSAGE) : ERR_BAD_REQUEST;
}

static err wrong_kind(const reader *r, const step *at, shape_kind kind)
{
    return wrong(r, at, "%s", kind_words[kind]);
}

/* `name` and `other` (or a name twice) said different things. */
static err differ(const reader *r, const step *up, const char *name, const char *other)
{
    step at = {up, name, 0};

    if (other)
        return wrong(r, &at, "given together with %s, and not the same", other);
    return wrong(r, &at, "given twice, and not the same");
}

static err wrong_name(const reader *r, const step *at, const field *f)
{
    buf b;
    slice names;

    buf_init(&b, r->a, SIZE_MAX);
    for (size_t i = 0; f->names[i]; i++) {
        if (!f->names[i][0]) /* taken for another, not worth asking for */
            continue;
        buf_puts(&b, b.n ? ", " : "");
        buf_puts(&b, f->names[i]);
    }
    if (buf_done(&b, &names))
        return refused(r->a, A_MESSAGE);
    return wrong(r, at, "must be one of %.*s", (int)names.n, names.p);
}

/* Bounds. */

static int64_t upper(const field *f)
{
    return f->limit ? *f->limit : f->max;
}

/* A count of characters or items against the bounds; 0 above is none. */
static err check_count(const reader *r, const step *at, const field *f, size_t n, const char *unit)
{
    int64_t max = upper(f), count = (int64_t)n;

    if (count < f->min)
        return wrong(r, at, "at least %" PRId64 " %s%s", f->min, unit, f->min == 1 ? "" : "s");
    if (max && count > max)
        return wrong(r, at, "at most %" PRId64 " %s%s", max, unit, max == 1 ? "" : "s");
    return OK;
}

/* A byte is at least a quarter of a code point, so most texts need no counting. */
static err check_text(const reader *r, const step *at, const field *f, slice s)
{
    int64_t max = upper(f);
    bool enough = (int64_t)(s.n / 4) >= f->min;
    bool few = !max || (int64_t)s.n <= max;

    return enough && few ? OK : check_count(r, at, f, utf8_length(s), "character");
}

static err check_int(const reader *r, const step *at, const field *f, int64_t *v)
{
    int64_t min = f->min, max = upper(f);
    bool bounded = min || max;

    if (!bounded)
        min = NO_INT + 1;
    if (*v < min)
        return wrong(r, at, "at least %" PRId64, min);
    if (bounded && max >= min && *v > max) {
        if (!f->clamps)
            return wrong(r, at, "at most %" PRId64, max);
        *v = max;
    }
    return OK;
}

static err check_real(const reader *r, const step *at, const field *f, double v)
{
    int64_t min = f->min, max = upper(f);

    if (!min && !max)
        return OK;
    if (v < (double)min)
        return wrong(r, at, "at least %" PRId64, min);
    if (max >= min && v > (double)max)
        return wrong(r, at, "at most %" PRId64, max);
    return OK;
}

/* Reading JSON. */

static slice text_of(const json_t *value)
{
    return (slice){json_string_value(value), json_string_length(value)};
}

static int32_t name_index(const field *f, slice s)
{
    for (int32_t i = 0; f->names[i]; i++) {
        if (slice_is(s, f->names[i]))
            return i;
    }
    return NO_ENUM;
}

/* TEXT, TIME, UUID and ENUM: what is a string on the wire. */
static err read_string(const reader *r, const step *at, const field *f, slice s, void *to)
{
    int32_t i;

    switch (f->kind) {
    case SHAPE_TEXT:
        *(slice *)to = s;
        return check_text(r, at, f, s);
    case SHAPE_TIME:
        return clock_parse(s, to) ? OK : wrong_kind(r, at, f->kind);
    case SHAPE_UUID:
        return uuid_parse(s, to) ? OK : wrong_kind(r, at, f->kind);
    default:
        assert(f->kind == SHAPE_ENUM);
        i = name_index(f, s);
        if (i == NO_ENUM)
            return wrong_name(r, at, f);
        *(int32_t *)to = i;
        return OK;
    }
}

static err read_map(const reader *r, const json_t *value, slice *to)
{
    buf b;

    buf_init(&b, r->a, SIZE_MAX);
    json_write(&b, value);
    err e = buf_done(&b, to);
    return e ? refused(r->a, 2 * b.cap + A_MESSAGE) : OK; /* how the buffer grows */
}

static err read_struct(const reader *r, const step *at, const shape *sh, const json_t *value,
                       void *to);

static err read_object(const reader *r, const step *at, const shape *sh, const json_t *value,
                       void **to)
{
    void *got = arena_alloc(r->a, sh->size);

    if (!got)
        return refused(r->a, sh->size);
    *to = got;
    return read_struct(r, at, sh, value, got);
}

static err read_list(const reader *r, const step *at, const field *f, const json_t *value, list *to)
{
    size_t size = f->kind == SHAPE_LIST ? f->of->size : sizeof(slice);
    size_t n = json_array_size(value);

    err e = check_count(r, at, f, n, "item");
    if (e)
        return e;
    char *items = arena_array(r->a, n, size);
    if (!items)
        return refused(r->a, n * size);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(value, i);
        step here = {at, NULL, i};
        if (f->kind == SHAPE_LIST) {
            e = read_struct(r, &here, f->of, item, items + i * size);
        } else if (json_is_string(item)) {
            ((slice *)(void *)items)[i] = text_of(item);
        } else {
            e = wrong_kind(r, &here, SHAPE_TEXT);
        }
        if (e)
            return e;
    }
    *to = (list){items, n};
    return OK;
}

static bool is_kind(shape_kind kind, const json_t *value)
{
    switch (kind) {
    case SHAPE_TEXT:
    case SHAPE_TIME:
    case SHAPE_UUID:
    case SHAPE_ENUM:
        return json_is_string(value);
    case SHAPE_INT:
        return json_is_integer(value);
    case SHAPE_REAL:
        return json_is_number(value);
    case SHAPE_BOOL:
        return json_is_boolean(value);
    case SHAPE_MAP:
    case SHAPE_OBJECT:
        return json_is_object(value);
    case SHAPE_LIST:
    case SHAPE_TEXTS:
        return json_is_array(value);
    }
    return false;
}

static err read_value(const reader *r, const step *at, const field *f, const json_t *value,
                      void *to)
{
    if (!is_kind(f->kind, value))
        return wrong_kind(r, at, f->kind);
    switch (f->kind) {
    case SHAPE_INT:
        *(int64_t *)to = json_integer_value(value);
        return check_int(r, at, f, to);
    case SHAPE_REAL:
        *(double *)to = json_number_value(value);
        return check_real(r, at, f, *(double *)to);
    case SHAPE_BOOL:
        *(int8_t *)to = json_is_true(value);
        return OK;
    case SHAPE_MAP:
        return read_map(r, value, to);
    case SHAPE_OBJECT:
        return read_object(r, at, f->of, value, to);
    case SHAPE_LIST:
    case SHAPE_TEXTS:
        return read_list(r, at, f, value, to);
    default:
        return read_string(r, at, f, text_of(value), to);
    }
}

/* What `name` holds in `object`; NULL when that counts as absent. */
static const json_t *given(const field *f, const json_t *object, const char *name)
{
    const json_t *value = name ? json_object_get(object, name) : NULL;

    if (!value || json_is_null(value))
        return NULL;
    if (f->empty_absent && json_is_string(value) && json_string_length(value) == 0)
        return NULL;
    return value;
}

static err read_field(const reader *r, const step *up, const field *f, const json_t *object,
                      void *to)
{
    const json_t *value = given(f, object, f->name);
    const json_t *other = given(f, object, f->alias);

    if (value && other && !json_equal(value, other))
        return differ(r, up, f->name, f->alias);

    step at = {up, value || !other ? f->name : f->alias, 0};
    if (value || other)
        return read_value(r, &at, f, value ? value : other, to);
    return f->required ? wrong(r, &at, "required") : OK;
}

static err read_struct(const reader *r, const step *at, const shape *sh, const json_t *value,
                       void *to)
{
    shape_clear(sh, to);
    if (!json_is_object(value))
        return wrong_kind(r, at, SHAPE_OBJECT);
    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        err e = read_field(r, at, f, value, place(f, to));
        if (e)
            return e;
    }
    return OK;
}

err shape_read(const shape *sh, arena *a, const json_t *value, void *to, slice *why)
{
    reader r = {a, why};

    return read_struct(&r, NULL, sh, value, to);
}

/* Reading query parameters. */

/* Decimal digits, a sign before them or not, within 64 bits and not NO_INT. */
static bool parse_int(slice s, int64_t *v)
{
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    bool negative = s.n && s.p[0] == '-';
    int64_t got = 0;

    if (i == s.n)
        return false;
    for (; i < s.n; i++) {
        int digit = s.p[i] - '0';
        if (digit < 0 || digit > 9)
            return false;
        if (__builtin_mul_overflow(got, 10, &got) || __builtin_add_overflow(got, digit, &got))
            return false;
    }
    *v = negative ? -got : got;
    return true;
}

/* A finite decimal number; strtod alone would take hexadecimal, names and spaces too. */
static bool parse_real(arena *a, slice s, double *v)
{
    char *end;

    for (size_t i = 0; i < s.n; i++) {
        if (!s.p[i] || !strchr("0123456789+-.eE", s.p[i]))
            return false;
    }
    slice copy = arena_dup(a, s); /* for the NUL */
    if (!copy.p || copy.n == 0)
        return false;
    double got = strtod(copy.p, &end);
    if (end != copy.p + copy.n || !isfinite(got))
        return false;
    *v = got;
    return true;
}

static bool parse_bool(slice s, int8_t *v)
{
    static const char *const words[] = {"false", "true", "f", "t", "0", "1"};

    for (size_t i = 0; i < COUNT(words); i++) {
        if (s.n == strlen(words[i]) && strncasecmp(s.p, words[i], s.n) == 0) {
            *v = (int8_t)(i % 2);
            return true;
        }
    }
    return false;
}

static err parse_param(const reader *r, const step *at, const field *f, slice value, void *to)
{
    switch (f->kind) {
    case SHAPE_INT:
        if (!parse_int(value, to)) {
            if (!f->lenient)
                return wrong_kind(r, at, f->kind);
            *(int64_t *)to = f->fallback;
            return OK;
        }
        return check_int(r, at, f, to);
    case SHAPE_REAL:
        if (!parse_real(r->a, value, to))
            return wrong_kind(r, at, f->kind);
        return check_real(r, at, f, *(double *)to);
    case SHAPE_BOOL:
        return parse_bool(value, to) ? OK : wrong_kind(r, at, f->kind);
    default:
        assert(f->kind == SHAPE_TEXT || f->kind == SHAPE_ENUM);
        if (!utf8_valid(value))
            return wrong(r, at, "must be UTF-8 without U+0000");
        return read_string(r, at, f, value, to);
    }
}

/* Two values of a kind that parse_param makes. */
static bool same_value(const field *f, const void *a, const void *b)
{
    switch (f->kind) {
    case SHAPE_TEXT:
        return slice_eq(*(const slice *)a, *(const slice *)b);
    case SHAPE_INT:
        return *(const int64_t *)a == *(const int64_t *)b;
    case SHAPE_REAL:
        return *(const double *)a == *(const double *)b;
    case SHAPE_BOOL:
        return *(const int8_t *)a == *(const int8_t *)b;
    default:
        return *(const int32_t *)a == *(const int32_t *)b;
    }
}

static const field *find_field(const shape *sh, slice name)
{
    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        if (slice_is(name, f->name) || (f->alias && slice_is(name, f->alias)))
            return f;
    }
    return NULL;
}

err shape_read_param(const shape *sh, arena *a, slice name, slice value, void *to, slice *why)
{
    const field *f = find_field(sh, name);
    reader r = {a, why};
    union {
        slice text;
        int64_t integer;
        double real;
        int8_t truth;
        int32_t index;
    } got = {.text = NO_SLICE};

    if (!f || slice_empty(value))
        return OK;

    step at = {NULL, slice_is(name, f->name) ? f->name : f->alias, 0};
    void *old = place(f, to);
    bool first = absent(f, old);
    err e = parse_param(&r, &at, f, value, first ? old : &got);
    if (e)
        return e;
    return first || same_value(f, old, &got) ? OK : differ(&r, NULL, f->name, f->alias);
}

err shape_read_done(const shape *sh, arena *a, const void *from, slice *why)
{
    reader r = {a, why};

    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        step at = {NULL, f->name, 0};
        if (f->required && absent(f, place_of(f, from)))
            return wrong(&r, &at, "required");
    }
    return OK;
}

/* Writing. */

static void write_quoted(buf *b, const char *text, size_t n)
{
    char *to = buf_reserve(b, n + 2);

    if (!to)
        return;
    to[0] = '"';
    memcpy(to + 1, text, n);
    to[n + 1] = '"';
    b->n += n + 2;
}

static void write_time(buf *b, int64_t us)
{
    char text[CLOCK_TEXT + 1];

    clock_format(us, text);
    write_quoted(b, text, CLOCK_TEXT);
}

static void write_uuid(buf *b, uuid id)
{
    char text[UUID_TEXT + 1];

    uuid_format(id, text);
    write_quoted(b, text, UUID_TEXT);
}

static void write_texts(buf *b, const list *l)
{
    const slice *items = l->items;

    buf_putc(b, '[');
    for (size_t i = 0; i < l->n; i++) {
        if (i)
            buf_putc(b, ',');
        json_write_text(b, items[i]);
    }
    buf_putc(b, ']');
}

static slice name_of(const field *f, int32_t index)
{
    for (int32_t i = 0; i < index; i++)
        assert(f->names[i]);
    return slice_of(f->names[index]);
}

static void write_value(const field *f, buf *b, const void *from)
{
    const list *l;

    switch (f->kind) {
    case SHAPE_TEXT:
        json_write_text(b, *(const slice *)from);
        break;
    case SHAPE_INT:
        buf_i64(b, *(const int64_t *)from);
        break;
    case SHAPE_REAL:
        json_write_real(b, *(const double *)from);
        break;
    case SHAPE_BOOL:
        buf_puts(b, *(const int8_t *)from ? "true" : "false");
        break;
    case SHAPE_TIME:
        write_time(b, *(const int64_t *)from);
        break;
    case SHAPE_UUID:
        write_uuid(b, *(const uuid *)from);
        break;
    case SHAPE_ENUM:
        json_write_text(b, name_of(f, *(const int32_t *)from));
        break;
    case SHAPE_MAP:
        buf_slice(b, *(const slice *)from);
        break;
    case SHAPE_OBJECT:
        shape_write(f->of, b, *(void *const *)from);
        break;
    case SHAPE_LIST:
        l = from;
        shape_write_list(f->of, b, l->items, l->n);
        break;
    case SHAPE_TEXTS:
        write_texts(b, from);
        break;
    }
}

/* `{"name":` or `,"name":` in one step. */
static void write_name(buf *b, char before, const char *name)
{
    size_t n = strlen(name);
    char *to = buf_reserve(b, n + 4);

    if (!to)
        return;
    to[0] = before;
    to[1] = '"';
    memcpy(to + 2, name, n);
    to[n + 2] = '"';
    to[n + 3] = ':';
    b->n += n + 4;
}

void shape_write(const shape *sh, buf *b, const void *from)
{
    char before = '{';

    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        const void *at = place_of(f, from);
        bool none = absent(f, at);
        if (none && f->omit)
            continue;
        write_name(b, before, f->name);
        before = ',';
        if (none)
            buf_put(b, "null", 4);
        else
            write_value(f, b, at);
    }
    buf_puts(b, before == '{' ? "{}" : "}");
}

void shape_write_list(const shape *sh, buf *b, const void *items, size_t n)
{
    const char *at = items;

    buf_putc(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(b, ',');
        shape_write(sh, b, at + i * sh->size);
    }
    buf_putc(b, ']');
}
