/* SPDX-License-Identifier: Apache-2.0
 *
 * api/openapi.c -- GET /openapi.json: the route table and the tables of fields, told as an
 * OpenAPI 3.1 document.
 *
 * The gate reads requests by the same tables, and replies are written by them, so the document is
 * true by construction. What it makes of a field depends on the way that the field's object goes:
 *
 *     in a body   `required` ones must be given; of the others a null counts as absent
 *     in a reply  all are there, but for those of `omit`; only `required` ones are never null
 *
 * A shape that goes both ways is told so that it holds for both. What no table says (which data a
 * handler wants beside) is in the sentences of `about`.
 *
 * The text is written from front to back; whether a comma is due is seen by the last byte. */
#include "api/handlers.h"

#include "base/json.h"

#include <assert.h>

enum { DOCUMENT_MAX = 16 << 20 };

#define ABOUT                                                                                      \
    "A memory for conversations that speaks the Zep Cloud HTTP API. recalld is compatible with, "  \
    "and not affiliated with, Zep."

/* ---- JSON ---- */

static void comma(buf *b)
{
    if (!b->failed && b->n && !strchr("{[:", b->p[b->n - 1]))
        buf_putc(b, ',');
}

/* '{' or '['. */
static void begin(buf *b, char bracket)
{
    comma(b);
    buf_putc(b, bracket);
}

static void end(buf *b, char bracket)
{
    buf_putc(b, bracket);
}

static void text(buf *b, const char *s)
{
    comma(b);
    json_write_text(b, slice_of(s));
}

static void number(buf *b, int64_t v)
{
    comma(b);
    buf_i64(b, v);
}

static void key(buf *b, const char *name)
{
    text(b, name);
    buf_putc(b, ':');
}

static void begin_key(buf *b, const char *name, char bracket)
{
    key(b, name);
    begin(b, bracket);
}

static void pair(buf *b, const char *name, const char *value)
{
    key(b, name);
    text(b, value);
}

static void pair_number(buf *b, const char *name, int64_t value)
{
    key(b, name);
    number(b, value);
}

static void needs(buf *b, const char *name)
{
    begin_key(b, "required", '[');
    text(b, name);
    end(b, ']');
}

static void pair_ref(buf *b, const char *section, const char *name)
{
    slice path = arena_printf(b->in, "#/components/%s/%s", section, name);

    if (!path.p) {
        b->failed = ERR_NO_MEMORY;
        return;
    }
    pair(b, "$ref", path.p);
}

static void ref(buf *b, const char *section, const char *name)
{
    begin(b, '{');
    pair_ref(b, section, name);
    end(b, '}');
}

/* ---- the schema of a field ---- */

static const struct {
    const char *type, *format;
} kinds[] = {
    [SHAPE_TEXT] = {"string", NULL},        [SHAPE_INT] = {"integer", "int64"},
    [SHAPE_REAL] = {"number", "double"},    [SHAPE_BOOL] = {"boolean", NULL},
    [SHAPE_TIME] = {"string", "date-time"}, [SHAPE_UUID] = {"string", "uuid"},
    [SHAPE_ENUM] = {"string", NULL},        [SHAPE_MAP] = {"object", NULL},
    [SHAPE_OBJECT] = {"object", NULL},      [SHAPE_LIST] = {"array", NULL},
    [SHAPE_TEXTS] = {"array", NULL},
};

static void type_of(buf *b, const field *f, bool nullable)
{
    key(b, "type");
    if (nullable)
        begin(b, '[');
    text(b, kinds[f->kind].type);
    if (nullable) {
        text(b, "null");
        end(b, ']');
    }
    if (kinds[f->kind].format)
        pair(b, "format", kinds[f->kind].format);
}

static void names_of(buf *b, const field *f, bool nullable)
{
    begin_key(b, "enum", '[');
    for (size_t i = 0; f->names[i]; i++)
        text(b, f->names[i]);
    if (nullable) {
        comma(b);
        buf_puts(b, "null");
    }
    end(b, ']');
}

static int64_t upper(const field *f)
{
    return f->limit ? *f->limit : f->max;
}

/* A count has no bound where it says 0. */
static void count_bounds(buf *b, const field *f, const char *least, const char *most)
{
    if (f->min > 0)
        pair_number(b, least, f->min);
    if (upper(f) > 0)
        pair_number(b, most, upper(f));
}

/* A number is bounded unless both say 0, and not above where `max` is below `min`; the end of 64
 * bits is the format's bound and not ours. */
static void number_bounds(buf *b, const field *f)
{
    int64_t min = f->min, max = upper(f);

    if (!min && !max)
        return;
    pair_number(b, "minimum", min);
    if (max >= min && max != INT64_MAX && !f->clamps)
        pair_number(b, "maximum", max);
}

static void items_of(buf *b, const field *f)
{
    begin_key(b, "items", '{');
    if (f->of)
        pair_ref(b, "schemas", f->of->name);
    else
        pair(b, "type", "string");
    end(b, '}');
}

static void object_of(buf *b, const field *f, bool nullable)
{
    if (!nullable) {
        pair_ref(b, "schemas", f->of->name);
        return;
    }
    begin_key(b, "anyOf", '[');
    ref(b, "schemas", f->of->name);
    begin(b, '{');
    pair(b, "type", "null");
    end(b, '}');
    end(b, ']');
}

/* The inside of a schema, but for what is said about it. */
static void schema_of(buf *b, const field *f, bool nullable)
{
    if (f->of && f->kind != SHAPE_LIST) {
        object_of(b, f, nullable);
        return;
    }
    type_of(b, f, nullable);
    switch (f->kind) {
    case SHAPE_TEXT:
        count_bounds(b, f, "minLength", "maxLength");
        break;
    case SHAPE_INT:
    case SHAPE_REAL:
        number_bounds(b, f);
        break;
    case SHAPE_ENUM:
        names_of(b, f, nullable);
        break;
    case SHAPE_LIST:
    case SHAPE_TEXTS:
        count_bounds(b, f, "minItems", "maxItems");
        items_of(b, f);
        break;
    default:
        break;
    }
}

static void description_of(buf *b, const field *f)
{
    const char *about = f->about ? f->about : "";
    const char *more = f->empty_absent ? "An empty text counts as absent." : "";
    slice words = arena_printf(b->in, "%s%s%s", about, *about && *more ? " " : "", more);

    if (f->lenient)
        words = arena_printf(b->in, "%s%sWhat is no integer counts as %lld.", about,
                             *about ? " " : "", (long long)f->fallback);
    if (!words.p)
        b->failed = ERR_NO_MEMORY;
    else if (words.n)
        pair(b, "description", words.p);
}

/* What is said of a field under one of its names. */
static void about_name(buf *b, const field *f, const char *name)
{
    if (name == f->name) {
        description_of(b, f);
        return;
    }
    slice words = arena_printf(b->in, "Another name of %s.", f->name);
    if (words.p)
        pair(b, "description", words.p);
    else
        b->failed = ERR_NO_MEMORY;
}

/* ---- the schema of an object ---- */

/* The ways that an object goes. */
enum { IN_BODY = 1, IN_REPLY = 2 };

/* The name is there in every such object. */
static bool always(const field *f, unsigned ways)
{
    return f->required || (!(ways & IN_BODY) && !f->omit);
}

static void property(buf *b, const field *f, const char *name)
{
    begin_key(b, name, '{');
    schema_of(b, f, !f->required);
    about_name(b, f, name);
    end(b, '}');
}

static void properties(buf *b, const shape *sh, unsigned ways)
{
    begin_key(b, "properties", '{');
    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        property(b, f, f->name);
        if (f->alias && ways & IN_BODY)
            property(b, f, f->alias);
    }
    end(b, '}');
}

static void required_names(buf *b, const shape *sh, unsigned ways)
{
    bool begun = false;

    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        if (!always(f, ways) || (f->alias && ways & IN_BODY))
            continue;
        if (!begun)
            begin_key(b, "required", '[');
        begun = true;
        text(b, f->name);
    }
    if (begun)
        end(b, ']');
}

/* Required ones that have two names: one of these. */
static void required_aliases(buf *b, const shape *sh)
{
    bool begun = false;

    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        if (!f->required || !f->alias)
            continue;
        if (!begun)
            begin_key(b, "allOf", '[');
        begun = true;
        begin(b, '{');
        begin_key(b, "oneOf", '[');
        begin(b, '{');
        needs(b, f->name);
        end(b, '}');
        begin(b, '{');
        needs(b, f->alias);
        buf_puts(b, "}]}");
    }
    if (begun)
        end(b, ']');
}

/* There, and neither null nor empty: a TEXT, or a list. */
static void chosen(buf *b, const field *f, const char *name)
{
    begin(b, '{');
    needs(b, name);
    begin_key(b, "properties", '{');
    begin_key(b, name, '{');
    pair(b, "type", kinds[f->kind].type);
    pair_number(b, f->kind == SHAPE_TEXT ? "minLength" : "minItems", 1);
    buf_puts(b, "}}}");
}

static void choices(buf *b, const shape *sh)
{
    bool begun = false;

    for (size_t i = 0; i < sh->n; i++) {
        const field *f = &sh->fields[i];
        if (!f->choice)
            continue;
        if (!begun)
            begin_key(b, f->choice == CHOICE_ONE ? "oneOf" : "anyOf", '[');
        begun = true;
        chosen(b, f, f->name);
        if (f->alias)
            chosen(b, f, f->alias);
    }
    if (begun)
        end(b, ']');
}

static void schema(buf *b, const char *name, const shape *sh, unsigned ways)
{
    begin_key(b, name, '{');
    pair(b, "type", "object");
    properties(b, sh, ways);
    required_names(b, sh, ways);
    if (ways & IN_BODY) {
        required_aliases(b, sh);
        choices(b, sh);
    }
    end(b, '}');
}

/* ---- all schemas ---- */

enum { SHAPES_MAX = 128 };

/* Every shape that a route reaches, in the order they are met. */
struct reached {
    const shape *at[SHAPES_MAX];
    unsigned ways[SHAPES_MAX];
    size_t n;
};

static unsigned *ways_of(struct reached *all, const shape *sh)
{
    for (size_t i = 0; i < all->n; i++) {
        if (all->at[i] == sh)
            return &all->ways[i];
        assert(strcmp(all->at[i]->name, sh->name) != 0); /* a name stands for one shape */
    }
    assert(all->n < SHAPES_MAX);
    all->at[all->n] = sh;
    return &all->ways[all->n++];
}

static void reach(struct reached *all, const shape *sh, unsigned way)
{
    unsigned *ways = ways_of(all, sh);

    if (*ways & way)
        return;
    *ways |= way;
    for (size_t i = 0; i < sh->n; i++)
        if (sh->fields[i].of)
            reach(all, sh->fields[i].of, way);
}

static void schemas(buf *b, const route *rows, size_t n)
{
    struct reached all = {0};

    for (size_t i = 0; i < n; i++) {
        if (rows[i].body)
            reach(&all, rows[i].body, IN_BODY);
        if (rows[i].reply)
            reach(&all, rows[i].reply, IN_REPLY);
    }
    begin_key(b, "schemas", '{');
    for (size_t i = 0; i < all.n; i++)
        schema(b, all.at[i]->name, all.at[i], all.ways[i]);
    schema(b, "ApiError", &message_shape, IN_REPLY);
    end(b, '}');
}

/* ---- errors ---- */

enum { E413 = 1 << 16, E503 = 1 << 17 }; /* no route names these: the gate answers them */

static const struct {
    unsigned bit;
    const char *status, *name, *about;
} errors[] = {
    {E400, "400", "BadRequest", "Something given is not as asked for; the message names it."},
    {E401, "401", "Unauthorized", "A valid key is needed."},
    {E403, "403", "Forbidden", "Not with this key."},
    {E404, "404", "NotFound", "There is no such thing."},
    {E409, "409", "Conflict", "The state it is in does not allow this."},
    {E413, "413", "TooLarge", "The body is longer than the server takes."},
    {E500, "500", "InternalError", "A fault of the server; nothing was written."},
    {E503, "503", "Unavailable", "Busy, stopping or unable to write; nothing was written."},
};

static void content(buf *b, const char *type)
{
    begin_key(b, "content", '{');
    begin_key(b, type, '{');
    begin_key(b, "schema", '{');
}

static void end_content(buf *b)
{
    buf_puts(b, "}}}");
}

static void retry_after(buf *b)
{
    begin_key(b, "headers", '{');
    begin_key(b, "Retry-After", '{');
    pair(b, "description", "Seconds to wait before sending it again.");
    begin_key(b, "schema", '{');
    pair(b, "type", "integer");
    buf_puts(b, "}}}");
}

static void error(buf *b, const char *name, const char *about, bool again)
{
    begin_key(b, name, '{');
    pair(b, "description", about);
    if (again)
        retry_after(b);
    content(b, "application/json");
    pair_ref(b, "schemas", "ApiError");
    end_content(b);
    end(b, '}');
}

static unsigned errors_of(const route *r)
{
    unsigned bits = r->errors | E503;

    if (r->query || r->body || strchr(r->pattern, '{'))
        bits |= E400;
    if (r->access == ACCESS_KEY)
        bits |= E401;
    if (r->body)
        bits |= E413;
    return bits;
}

/* Those that an operation speaks of. */
static void error_responses(buf *b, const route *rows, size_t n)
{
    unsigned used = 0;

    for (size_t i = 0; i < n; i++)
        used |= errors_of(&rows[i]);
    begin_key(b, "responses", '{');
    for (size_t i = 0; i < COUNT(errors); i++)
        if (used & errors[i].bit)
            error(b, errors[i].name, errors[i].about, errors[i].bit == E503);
    error(b, "Error", "Any other refusal.", false);
    end(b, '}');
}

/* ---- operations ---- */

/* A {…} of the path; those that say so are uuids. */
static void path_parameter(buf *b, const char *name)
{
    bool is_uuid = strstr(name, "uuid") != NULL;

    begin(b, '{');
    pair(b, "name", name);
    pair(b, "in", "path");
    key(b, "required");
    buf_puts(b, "true");
    begin_key(b, "schema", '{');
    pair(b, "type", "string");
    if (is_uuid)
        pair(b, "format", "uuid");
    else
        pair_number(b, "minLength", 1);
    buf_puts(b, "}}");
}

static void path_parameters(buf *b, const char *pattern)
{
    for (const char *at = strchr(pattern, '{'); at; at = strchr(at, '{')) {
        slice name = arena_printf(b->in, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        if (!name.p) {
            b->failed = ERR_NO_MEMORY;
            return;
        }
        path_parameter(b, name.p);
        at++;
    }
}

static void query_parameter(buf *b, const field *f, const char *name)
{
    begin(b, '{');
    pair(b, "name", name);
    pair(b, "in", "query");
    if (f->required) {
        key(b, "required");
        buf_puts(b, "true");
    }
    about_name(b, f, name);
    begin_key(b, "schema", '{');
    schema_of(b, f, false);
    buf_puts(b, "}}");
}

static void query_parameters(buf *b, const shape *query)
{
    for (size_t i = 0; i < query->n; i++) {
        const field *f = &query->fields[i];
        query_parameter(b, f, f->name);
        if (f->alias)
            query_parameter(b, f, f->alias);
    }
}

static void parameters(buf *b, const route *r)
{
    if (!r->query && !strchr(r->pattern, '{'))
        return;
    begin_key(b, "parameters", '[');
    path_parameters(b, r->pattern);
    if (r->query)
        query_parameters(b, r->query);
    end(b, ']');
}

/* An absent body is an empty object. */
static bool needs_body(const shape *body)
{
    for (size_t i = 0; i < body->n; i++)
        if (body->fields[i].required || body->fields[i].choice)
            return true;
    return false;
}

static void request_body(buf *b, const shape *body)
{
    begin_key(b, "requestBody", '{');
    key(b, "required");
    buf_puts(b, needs_body(body) ? "true" : "false");
    content(b, "application/json");
    pair_ref(b, "schemas", body->name);
    end_content(b);
    end(b, '}');
}

static void reply_schema(buf *b, const route *r)
{
    if (!r->reply) {
        pair(b, "type", r->reply_type ? "string" : "object");
        return;
    }
    if (!r->reply_list) {
        pair_ref(b, "schemas", r->reply->name);
        return;
    }
    pair(b, "type", "array");
    key(b, "items");
    ref(b, "schemas", r->reply->name);
}

static void success(buf *b, const route *r)
{
    slice status = arena_printf(b->in, "%d", r->status);

    if (!status.p) {
        b->failed = ERR_NO_MEMORY;
        return;
    }
    begin_key(b, status.p, '{');
    pair(b, "description", r->status == 201 ? "Created." : r->status == 202 ? "Accepted." : "OK.");
    content(b, r->reply_type ? r->reply_type : "application/json");
    reply_schema(b, r);
    end_content(b);
    end(b, '}');
}

static void responses(buf *b, const route *r)
{
    unsigned bits = errors_of(r);

    begin_key(b, "responses", '{');
    success(b, r);
    for (size_t i = 0; i < COUNT(errors); i++)
        if (bits & errors[i].bit) {
            key(b, errors[i].status);
            ref(b, "responses", errors[i].name);
        }
    key(b, "default");
    ref(b, "responses", "Error");
    end(b, '}');
}

/* "get" of "GET". */
static void begin_method(buf *b, const char *method)
{
    char lower[16] = "";

    for (size_t i = 0; method[i] && i < sizeof(lower) - 1; i++)
        lower[i] = (char)(method[i] | 0x20);
    begin_key(b, lower, '{');
}

static void operation(buf *b, const route *r)
{
    begin_method(b, r->method);
    pair(b, "operationId", r->id);
    pair(b, "summary", r->summary);
    if (r->access == ACCESS_ANYONE) {
        begin_key(b, "security", '[');
        end(b, ']');
    }
    parameters(b, r);
    if (r->body)
        request_body(b, r->body);
    responses(b, r);
    end(b, '}');
}

static bool met(const route *rows, size_t n, const char *pattern)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].pattern, pattern) == 0)
            return true;
    return false;
}

static void paths(buf *b, const route *rows, size_t n)
{
    begin_key(b, "paths", '{');
    for (size_t i = 0; i < n; i++) {
        if (met(rows, i, rows[i].pattern))
            continue;
        begin_key(b, rows[i].pattern, '{');
        for (size_t k = i; k < n; k++)
            if (strcmp(rows[k].pattern, rows[i].pattern) == 0)
                operation(b, &rows[k]);
        end(b, '}');
    }
    end(b, '}');
}

/* ---- the document ---- */

static void info(buf *b)
{
    begin_key(b, "info", '{');
    pair(b, "title", "recalld");
    pair(b, "version", RECALLD_VERSION);
    pair(b, "description", ABOUT);
    begin_key(b, "license", '{');
    pair(b, "name", "Apache-2.0");
    pair(b, "identifier", "Apache-2.0");
    buf_puts(b, "}}");
}

static void servers(buf *b)
{
    begin_key(b, "servers", '[');
    begin(b, '{');
    pair(b, "url", "/");
    buf_puts(b, "}]");
}

static void security_schemes(buf *b)
{
    begin_key(b, "securitySchemes", '{');
    begin_key(b, "apiKey", '{');
    pair(b, "type", "apiKey");
    pair(b, "in", "header");
    pair(b, "name", "Authorization");
    pair(b, "description", "The word Api-Key, a space and the key; or the key alone.");
    end(b, '}');
    begin_key(b, "bearer", '{');
    pair(b, "type", "http");
    pair(b, "scheme", "bearer");
    buf_puts(b, "}}");
}

/* Either of them. */
static void security(buf *b)
{
    begin_key(b, "security", '[');
    buf_puts(b, "{\"apiKey\":[]},{\"bearer\":[]}");
    end(b, ']');
}

static void document(buf *b, const route *rows, size_t n)
{
    begin(b, '{');
    pair(b, "openapi", "3.1.0");
    info(b);
    servers(b);
    security(b);
    paths(b, rows, n);
    begin_key(b, "components", '{');
    security_schemes(b);
    error_responses(b, rows, n);
    schemas(b, rows, n);
    buf_puts(b, "}}");
}

/* GET /openapi.json */
err openapi(request *rq, tx *t)
{
    bool elsewhere = app_of(rq)->servers_n > 1; /* /metrics, the last row, has its own address */
    slice reply;
    buf b;

    (void)t;
    buf_init(&b, &rq->arena, DOCUMENT_MAX);
    document(&b, routes, routes_n - elsewhere);
    err e = buf_done(&b, &reply);
    return e ? e : reply_text(rq, "application/json", reply);
}
