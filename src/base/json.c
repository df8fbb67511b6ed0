/* SPDX-License-Identifier: Apache-2.0
 *
 * base/json.c -- jansson made to live in an arena, and a writer of our own.
 *
 * Jansson has one allocator for the process, so ours looks up which arena the calling thread works
 * in: set for the length of json_read and json_merge, NULL otherwise (jansson then gets no memory).
 * Freeing does nothing. */
#include "base/json.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

/* What this thread's jansson may use now, and how the first allocation that failed did. */
static _Thread_local struct {
    arena *in;
    err failed;
} work;

/* What an allocation of `n` bytes that the arena refused was refused for. */
static err refused(const arena *a, size_t n)
{
    return n > a->max - a->used ? ERR_TOO_LARGE : ERR_NO_MEMORY;
}

static void *work_alloc(size_t n)
{
    if (!work.in)
        return NULL;

    void *p = arena_alloc(work.in, n);
    if (!p && !work.failed)
        work.failed = refused(work.in, n);
    return p;
}

static void work_free(void *p)
{
    (void)p;
}

static void work_begin(arena *a)
{
    assert(!work.in);
    work.in = a;
    work.failed = OK;
}

static err work_end(void)
{
    work.in = NULL;
    return work.failed;
}

void json_init(void)
{
    json_set_alloc_funcs(work_alloc, work_free);
    json_object_seed(0);
}

/* Reading. */

/* Jansson's words for a mistake of syntax, less the quoted text. */
static slice syntax_words(const json_error_t *e)
{
    if (strncmp(e->text, "invalid Unicode", 15) == 0)
        return SLICE("lone surrogate");

    const char *near = strstr(e->text, " near ");
    return (slice){e->text, near ? (size_t)(near - e->text) : strlen(e->text)};
}

static slice mistake(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_invalid_utf8:
        return SLICE("not UTF-8");
    case json_error_premature_end_of_input:
        return SLICE("ends too early");
    case json_error_end_of_input_expected:
        return SLICE("something follows the value");
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return SLICE("U+0000 is not accepted");
    case json_error_numeric_overflow:
        return SLICE("number out of range");
    case json_error_stack_overflow:
        return SLICE("nested too deep");
    default:
        return syntax_words(e);
    }
}

static err refuse(arena *a, slice what, int line, int column, slice *why)
{
    slice words = arena_printf(a, "invalid JSON: %.*s, near line %d column %d", (int)what.n, what.p,
                               line, column);

    if (!words.p)
        return refused(a, JSON_ERROR_TEXT_LENGTH);
    *why = words;
    return ERR_BAD_REQUEST;
}

/* Jansson overlooks a NUL behind a number: it marks the end of its own small buffer so. */
static err refuse_nul(arena *a, const char *text, const char *nul, slice *why)
{
    int line = 1;
    const char *start = text;

    for (const char *p = text; p < nul; p++) {
        if (*p == '\n') {
            line++;
            start = p + 1;
        }
    }
    return refuse(a, SLICE("U+0000 is not accepted"), line, (int)(nul - start) + 1, why);
}

err json_read(arena *a, slice text, json_t **value, slice *why)
{
    json_error_t error;
    const char *nul = text.n ? memchr(text.p, '\0', text.n) : NULL;

    if (nul)
        return refuse_nul(a, text.p, nul, why);
    work_begin(a);
    json_t *got = json_loadb(text.p ? text.p : "", text.n, JSON_DECODE_ANY, &error);
    err e = work_end();
    if (e)
        return e;
    if (got) {
        *value = got;
        return OK;
    }

    return refuse(a, mistake(&error), error.line, error.column, why);
}

/* Writing. */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The high bit of the lowest zero byte, and perhaps of some above it; 0 when there is none. */
static uint64_t zero_bytes(uint64_t w)
{
    return (w - EACH(0x01)) & ~w & EACH(0x80);
}

/* Whether one of the eight bytes at `p` needs an escape. */
static bool needs_escape(const char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    uint64_t control = (w - EACH(0x20)) & ~w & EACH(0x80);
    return (control | zero_bytes(w ^ EACH('"')) | zero_bytes(w ^ EACH('\\'))) != 0;
}

/* How many bytes from `at` on can be copied as they are. */
static size_t plain_run(slice s, size_t at)
{
    size_t i = at;

    while (s.n - i >= 8 && !needs_escape(s.p + i))
        i += 8;
    while (i < s.n && (uint8_t)s.p[i] >= 0x20 && s.p[i] != '"' && s.p[i] != '\\')
        i++;
    return i - at;
}

static void write_escape(buf *b, char c)
{
    static const char named[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
    };
    static const char hex[] = "0123456789abcdef";
    uint8_t u = (uint8_t)c;

    if (c == '"' || c == '\\') {
        buf_put(b, (char[]){'\\', c}, 2);
    } else if (named[u]) {
        buf_put(b, (char[]){'\\', named[u]}, 2);
    } else {
        buf_put(b, (char[]){'\\', 'u', '0', '0', hex[u >> 4], hex[u & 0xF]}, 6);
    }
}

void json_write_text(buf *b, slice s)
{
    buf_reserve(b, s.n + 2); /* the usual size, in one step */
    buf_putc(b, '"');
    for (size_t at = 0; at < s.n;) {
        size_t run = plain_run(s, at);
        buf_put(b, s.p + at, run);
        at += run;
        if (at < s.n)
            write_escape(b, s.p[at++]);
    }
    buf_putc(b, '"');
}

/* "1e+22" to "1e22", "1e-07" to "1e-7", in place. */
static void shorten_exponent(char *text)
{
    char *e = strchr(text, 'e');

    if (!e)
        return;
    char *to = e + 1;
    const char *from = to;
    if (*from == '-')
        to++;
    if (*from == '-' || *from == '+')
        from++;
    while (*from == '0' && from[1])
        from++;
    memmove(to, from, strlen(from) + 1);
}

void json_write_real(buf *b, double v)
{
    char text[40];

    if (!isfinite(v)) {
        buf_puts(b, "null");
        return;
    }
    /* 15 digits always survive, so the first form that reads back is a shortest one; subnormals
     * carry fewer */
    for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    shorten_exponent(text);
    buf_puts(b, text);
    if (!strpbrk(text, ".e"))
        buf_puts(b, ".0");
}

/* Jansson's iterators want a value that could be changed. */
static json_t *loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

static slice key_of(void *it)
{
    return (slice){json_object_iter_key(it), json_object_iter_key_len(it)};
}

static void write_object(buf *b, json_t *object)
{
    const char *before = "{";

    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        buf_putc(b, *before);
        before = ",";
        json_write_text(b, key_of(it));
        buf_putc(b, ':');
        json_write(b, json_object_iter_value(it));
    }
    buf_puts(b, *before == '{' ? "{}" : "}");
}

static void write_array(buf *b, const json_t *array)
{
    size_t n = json_array_size(array);

    buf_putc(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(b, ',');
        json_write(b, json_array_get(array, i));
    }
    buf_putc(b, ']');
}

/* Calls itself as deep as the value is, which json_read bounds. */
void json_write(buf *b, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(b, loose(value));
        break;
    case JSON_ARRAY:
        write_array(b, value);
        break;
    case JSON_STRING:
        json_write_text(b, (slice){json_string_value(value), json_string_length(value)});
        break;
    case JSON_INTEGER:
        buf_i64(b, json_integer_value(value));
        break;
    case JSON_REAL:
        json_write_real(b, json_real_value(value));
        break;
    case JSON_TRUE:
        buf_puts(b, "true");
        break;
    case JSON_FALSE:
        buf_puts(b, "false");
        break;
    case JSON_NULL:
        buf_puts(b, "null");
        break;
    }
}

/* Merging. A failed step shows in work.failed; jansson's own answers need no second look. */

static json_t *merged_objects(const json_t *base, const json_t *over)
{
    json_t *out = json_object();
    json_t *from = loose(base);

    for (void *it = json_object_iter(from); it; it = json_object_iter_next(from, it)) {
        slice key = key_of(it);
        json_t *value = json_object_iter_value(it);
        json_t *other = json_object_getn(over, key.p, key.n);
        if (json_is_object(value) && json_is_object(other))
            value = merged_objects(value, other);
        else if (other)
            value = other;
        if (json_object_setn_nocheck(out, key.p, key.n, value))
            return out;
    }
    from = loose(over);
    for (void *it = json_object_iter(from); it; it = json_object_iter_next(from, it)) {
        slice key = key_of(it);
        if (json_object_getn(base, key.p, key.n))
            continue;
        if (json_object_setn_nocheck(out, key.p, key.n, json_object_iter_value(it)))
            return out;
    }
    return out;
}

err json_merge(arena *a, const json_t *base, const json_t *over, json_t **merged)
{
    work_begin(a);
    json_t *out = merged_objects(base, over);
    err e = work_end();
    if (e)
        return e;
    *merged = out;
    return OK;
}
