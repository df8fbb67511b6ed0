/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/shape_test.c -- a shape with every kind of field, read, refused and written. */
#include "base/shape.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/uuid.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena a;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, 4 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&a);
    return 0;
}

/* The shape under test. */

static const char *const roles[] = {"norole", "system", "user", NULL};
static int64_t content_max = 10;

typedef struct message {
    slice content;
    int32_t role;
    slice metadata;
} message;

static const field message_fields[] = {
    {"content", SHAPE_TEXT, offsetof(message, content), .required = true, .limit = &content_max},
    {"role", SHAPE_ENUM, offsetof(message, role), .names = roles, .empty_absent = true},
    {"metadata", SHAPE_MAP, offsetof(message, metadata), .omit = true},
};
static const shape message_shape = SHAPE("Message", message, message_fields);

typedef struct body {
    slice session_id;
    slice user_id;
    int64_t count;
    double rating;
    int8_t asc;
    int64_t at;
    uuid id;
    message *last;
    list messages;
    list tags;
    int inner; /* not in the table */
} body;

static const field body_fields[] = {
    {"session_id", SHAPE_TEXT, offsetof(body, session_id), .required = true, .min = 1, .max = 5},
    {"user_id", SHAPE_TEXT, offsetof(body, user_id), .omit = true, .empty_absent = true,
     .alias = "userId"},
    {"count", SHAPE_INT, offsetof(body, count), .min = 1, .max = 100, .alias = "cnt"},
    {"rating", SHAPE_REAL, offsetof(body, rating), .min = -1, .max = 1},
    {.name = "asc", .kind = SHAPE_BOOL, .offset = offsetof(body, asc)},
    {"at", SHAPE_TIME, offsetof(body, at), .empty_absent = true},
    {"uuid", SHAPE_UUID, offsetof(body, id), .empty_absent = true},
    {"last", SHAPE_OBJECT, offsetof(body, last), .of = &message_shape, .omit = true},
    {"messages", SHAPE_LIST, offsetof(body, messages), .of = &message_shape, .max = 3},
    {"tags", SHAPE_TEXTS, offsetof(body, tags), .min = 1, .max = 2, .omit = true},
};
static const shape body_shape = SHAPE("Body", body, body_fields);

static err read_text(const shape *sh, const char *text, void *to, slice *why)
{
    json_t *value = NULL;
    slice bad = NO_SLICE;

    if (json_read(&a, slice_of(text), &value, &bad))
        fail_msg("%s: %.*s", text, (int)bad.n, bad.p);
    return shape_read(sh, &a, value, to, why);
}

static body read_ok(const char *text)
{
    body b;
    slice why = NO_SLICE;

    memset(&b, 0xAA, sizeof(b));
    if (read_text(&body_shape, text, &b, &why))
        fail_msg("%s: %.*s", text, (int)why.n, why.p);
    return b;
}

static void refuse(const shape *sh, const char *text, const char *because)
{
    char room[512];
    slice why = NO_SLICE;

    assert_true(sh->size <= sizeof(room));
    err e = read_text(sh, text, room, &why);
    if (e != ERR_BAD_REQUEST)
        fail_msg("%s: %s", text, err_name(e));
    if (!slice_is(why, because))
        fail_msg("%s: said \"%.*s\", not \"%s\"", text, (int)why.n, why.p, because);
}

static const char *written(const shape *sh, const void *from)
{
    buf b;
    slice s = NO_SLICE;

    buf_init(&b, &a, 1 << 20);
    shape_write(sh, &b, from);
    assert_int_equal(buf_done(&b, &s), OK);
    return s.p;
}

#define FULL                                                                                       \
    "{\"session_id\":\"s\",\"user_id\":\"u\",\"count\":7,\"rating\":0.5,\"asc\":true,"             \
    "\"at\":\"2025-02-20T20:39:39.088460Z\",\"uuid\":\"01234567-89ab-8aaf-8def-013912345678\","    \
    "\"last\":{\"content\":\"c\\n\",\"role\":\"user\",\"metadata\":{\"z\":1.0,\"a\":[]}},"         \
    "\"messages\":[{\"content\":\"\",\"role\":null},{\"content\":\"b\",\"role\":\"norole\"}],"     \
    "\"tags\":[\"x\",\"\"]}"

static void every_kind_round_trips(void **state)
{
    body b = read_ok(FULL);

    (void)state;
    assert_true(slice_is(b.session_id, "s"));
    assert_true(slice_is(b.user_id, "u"));
    assert_int_equal(b.count, 7);
    assert_true(b.rating == 0.5);
    assert_int_equal(b.asc, 1);
    assert_int_equal(b.at, 1740083979088460);
    assert_int_equal(b.id.b[15], 0x78);
    assert_true(slice_is(b.last->content, "c\n"));
    assert_int_equal(b.last->role, 2);
    assert_true(slice_is(b.last->metadata, "{\"z\":1.0,\"a\":[]}"));
    assert_int_equal(b.messages.n, 2);
    const message *m = b.messages.items;
    assert_true(m[0].content.p && m[0].content.n == 0);
    assert_int_equal(m[0].role, NO_ENUM);
    assert_null(m[0].metadata.p);
    assert_true(slice_is(m[1].content, "b"));
    assert_int_equal(m[1].role, 0);
    assert_int_equal(b.tags.n, 2);
    assert_true(slice_is(((const slice *)b.tags.items)[0], "x"));
    assert_string_equal(written(&body_shape, &b), FULL);
}

static void absent_has_its_value_and_its_text(void **state)
{
    static const char *const rows[] = {
        "{\"session_id\":\"s\"}",
        ("{\"session_id\":\"s\",\"user_id\":null,\"count\":null,\"rating\":null,\"asc\":null,"
         "\"at\":null,\"uuid\":null,\"last\":null,\"messages\":null,\"tags\":null}"),
        "{\"session_id\":\"s\",\"user_id\":\"\",\"at\":\"\",\"uuid\":\"\",\"other\":[1]}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        body b = read_ok(rows[i]);
        assert_null(b.user_id.p);
        assert_true(b.count == NO_INT);
        assert_true(isnan(b.rating));
        assert_int_equal(b.asc, NO_BOOL);
        assert_true(b.at == NO_TIME);
        assert_true(uuid_none(b.id));
        assert_null(b.last);
        assert_null(b.messages.items);
        assert_null(b.tags.items);
        assert_string_equal(written(&body_shape, &b),
                            "{\"session_id\":\"s\",\"count\":null,\"rating\":null,\"asc\":null,"
                            "\"at\":null,\"uuid\":null,\"messages\":null}");
    }
}

static void clearing_clears_all(void **state)
{
    body b;

    (void)state;
    memset(&b, 0xAA, sizeof(b));
    shape_clear(&body_shape, &b);
    assert_null(b.session_id.p);
    assert_true(b.count == NO_INT);
    assert_true(b.at == NO_TIME);
    assert_int_equal(b.asc, NO_BOOL);
    assert_int_equal(b.inner, 0);
}

static void empty_is_not_absent(void **state)
{
    body b = read_ok("{\"session_id\":\"s\",\"messages\":[],\"last\":{\"content\":\"\",\"role\":"
                     "\"\",\"metadata\":{}}}");

    (void)state;
    assert_non_null(b.messages.items);
    assert_int_equal(b.messages.n, 0);
    assert_true(slice_is(b.last->metadata, "{}"));
    assert_int_equal(b.last->role, NO_ENUM); /* empty_absent */
    assert_string_equal(written(&message_shape, b.last),
                        "{\"content\":\"\",\"role\":null,\"metadata\":{}}");
}

static void wrong_kinds_name_the_field(void **state)
{
    static const struct {
        const char *field, *why;
    } rows[] = {
        {"\"user_id\":5", "user_id: must be a string"},
        {"\"userId\":5", "userId: must be a string"},
        {"\"count\":\"5\"", "count: must be an integer"},
        {"\"count\":\"\"", "count: must be an integer"},
        {"\"count\":7.0", "count: must be an integer"},
        {"\"count\":true", "count: must be an integer"},
        {"\"rating\":\"1\"", "rating: must be a number"},
        {"\"asc\":1", "asc: must be true or false"},
        {"\"asc\":\"true\"", "asc: must be true or false"},
        {"\"at\":1740083979", "at: must be an RFC 3339 time"},
        {"\"at\":\"yesterday\"", "at: must be an RFC 3339 time"},
        {"\"uuid\":\"abc\"", "uuid: must be a UUID"},
        {"\"uuid\":7", "uuid: must be a UUID"},
        {"\"last\":[]", "last: must be an object"},
        {"\"last\":{\"content\":\"c\",\"role\":7}", "last.role: must be a string"},
        {"\"last\":{\"content\":\"c\",\"role\":\"User\"}",
         "last.role: must be one of norole, system, user"},
        {"\"last\":{\"content\":\"c\",\"metadata\":[]}", "last.metadata: must be an object"},
        {"\"last\":{\"content\":\"c\",\"metadata\":\"{}\"}", "last.metadata: must be an object"},
        {"\"last\":{}", "last.content: required"},
        {"\"messages\":{}", "messages: must be an array"},
        {"\"messages\":[{\"content\":\"a\"},null]", "messages[1]: must be an object"},
        {"\"messages\":[7]", "messages[0]: must be an object"},
        {"\"messages\":[{\"content\":\"a\"},{\"content\":\"b\"},{\"content\":4}]",
         "messages[2].content: must be a string"},
        {"\"messages\":[{\"content\":\"a\"},{\"content\":null}]", "messages[1].content: required"},
        {"\"tags\":\"x\"", "tags: must be an array"},
        {"\"tags\":[\"x\",null]", "tags[1]: must be a string"},
        {"\"tags\":[{}]", "tags[0]: must be a string"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        slice s = arena_printf(&a, "{\"session_id\":\"s\",%s}", rows[i].field);
        refuse(&body_shape, s.p, rows[i].why);
    }
    refuse(&body_shape, "[]", "must be an object");
    refuse(&body_shape, "null", "must be an object");
    refuse(&body_shape, "\"{}\"", "must be an object");
    refuse(&body_shape, "{}", "session_id: required");
    refuse(&body_shape, "{\"session_id\":null}", "session_id: required");
}

static void bounds_are_told(void **state)
{
    static const struct {
        const char *field, *why; /* why NULL: accepted */
    } rows[] = {
        {"\"session_id\":\"\"", "session_id: at least 1 character"},
        {"\"session_id\":\"12345\"", NULL},
        {"\"session_id\":\"123456\"", "session_id: at most 5 characters"},
        /* code points, not bytes */
        {"\"session_id\":\"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xC3"
         "\xA9\"",
         NULL},
        {"\"session_id\":\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\"",
         "session_id: at most 5 characters"},
        {"\"session_id\":\"\xF0\x9F\x98\x80\"", NULL},
        {"\"session_id\":\"s\",\"count\":1", NULL},
        {"\"session_id\":\"s\",\"count\":100", NULL},
        {"\"session_id\":\"s\",\"count\":0", "count: at least 1"},
        {"\"session_id\":\"s\",\"count\":-9223372036854775808", "count: at least 1"},
        {"\"session_id\":\"s\",\"count\":101", "count: at most 100"},
        {"\"session_id\":\"s\",\"rating\":1", NULL},
        {"\"session_id\":\"s\",\"rating\":1.0000001", "rating: at most 1"},
        {"\"session_id\":\"s\",\"rating\":-1.5", "rating: at least -1"},
        {"\"session_id\":\"s\",\"tags\":[]", "tags: at least 1 item"},
        {"\"session_id\":\"s\",\"tags\":[\"\",\"\",\"\"]", "tags: at most 2 items"},
        {"\"session_id\":\"s\",\"messages\":[1,2,3,4]", "messages: at most 3 items"},
        {"\"session_id\":\"s\",\"last\":{\"content\":\"1234567890\"}", NULL},
        {"\"session_id\":\"s\",\"last\":{\"content\":\"1234567890a\"}",
         "last.content: at most 10 characters"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        slice s = arena_printf(&a, "{%s}", rows[i].field);
        if (rows[i].why)
            refuse(&body_shape, s.p, rows[i].why);
        else
            read_ok(s.p);
    }
}

static void the_minimum_counts_code_points_too(void **state)
{
    static const field two[] = {{"content", SHAPE_TEXT, offsetof(message, content), .min = 2}};
    static const shape pair = SHAPE("Pair", message, two);
    message m;
    slice why;

    (void)state;
    refuse(&pair, "{\"content\":\"\xC3\xA9\"}", "content: at least 2 characters");
    refuse(&pair, "{\"content\":\"\xF0\x9F\x98\x80\"}", "content: at least 2 characters");
    assert_int_equal(read_text(&pair, "{\"content\":\"\xC3\xA9\xC3\xA9\"}", &m, &why), OK);
}

static void a_setting_replaces_the_maximum(void **state)
{
    const char *text = "{\"content\":\"12345678901\"}";
    message m;
    slice why;

    (void)state;
    refuse(&message_shape, text, "content: at most 10 characters");
    content_max = 11;
    err e = read_text(&message_shape, text, &m, &why);
    content_max = 10;
    assert_int_equal(e, OK);
}

typedef struct numbers {
    int64_t any, from_one, below, limited;
    double real;
} numbers;

static int64_t limit = 3;
static const field number_fields[] = {
    {.name = "any", .kind = SHAPE_INT, .offset = offsetof(numbers, any)},
    {"from_one", SHAPE_INT, offsetof(numbers, from_one), .min = 1},
    {"below", SHAPE_INT, offsetof(numbers, below), .min = -5, .max = 0},
    {"limited", SHAPE_INT, offsetof(numbers, limited), .min = 1, .max = 100, .limit = &limit},
    {.name = "real", .kind = SHAPE_REAL, .offset = offsetof(numbers, real)},
};
static const shape number_shape = SHAPE("Numbers", numbers, number_fields);

static void bounds_at_zero(void **state)
{
    numbers n;
    slice why;

    (void)state;
    assert_int_equal(read_text(&number_shape,
                               "{\"any\":-9223372036854775807,\"from_one\":9223372036854775807,"
                               "\"below\":-5,\"limited\":3,\"real\":-1e300}",
                               &n, &why),
                     OK);
    assert_true(n.any == -INT64_MAX && n.from_one == INT64_MAX && n.below == -5);
    assert_true(n.real == -1e300);
    assert_int_equal(read_text(&number_shape, "{\"real\":3,\"below\":0}", &n, &why), OK);
    assert_true(n.real == 3.0);
    /* the one that means absent */
    refuse(&number_shape, "{\"any\":-9223372036854775808}", "any: at least -9223372036854775807");
    refuse(&number_shape, "{\"from_one\":0}", "from_one: at least 1");
    refuse(&number_shape, "{\"below\":1}", "below: at most 0");
    refuse(&number_shape, "{\"below\":-6}", "below: at least -5");
    refuse(&number_shape, "{\"limited\":4}", "limited: at most 3");
    refuse(&number_shape, "{\"limited\":0}", "limited: at least 1");
}

static void an_alias_is_the_same_field(void **state)
{
    static const char *const same[] = {
        "{\"session_id\":\"s\",\"userId\":\"u\"}",
        "{\"session_id\":\"s\",\"userId\":\"u\",\"user_id\":\"u\"}",
        "{\"session_id\":\"s\",\"userId\":\"u\",\"user_id\":null}",
        "{\"session_id\":\"s\",\"userId\":\"u\",\"user_id\":\"\"}",
        "{\"session_id\":\"s\",\"userId\":\"\",\"user_id\":\"u\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        body b = read_ok(same[i]);
        assert_true(slice_is(b.user_id, "u"));
        assert_string_equal(written(&body_shape, &b),
                            "{\"session_id\":\"s\",\"user_id\":\"u\",\"count\":null,\"rating\":"
                            "null,\"asc\":null,\"at\":null,\"uuid\":null,\"messages\":null}");
    }
    refuse(&body_shape, "{\"session_id\":\"s\",\"userId\":\"u\",\"user_id\":\"v\"}",
           "user_id: given together with userId, and not the same");
    refuse(&body_shape, "{\"session_id\":\"s\",\"cnt\":1,\"count\":2}",
           "count: given together with cnt, and not the same");
    refuse(&body_shape, "{\"session_id\":\"s\",\"cnt\":0}", "cnt: at least 1");
}

/* Query parameters. */

typedef struct query {
    int64_t limit, cursor, page;
    int8_t asc;
    double min_rating;
    slice search;
    int32_t role;
} query;

static const field query_fields[] = {
    {"limit", SHAPE_INT, offsetof(query, limit), .lenient = true, .fallback = 100,
     .max = INT64_MAX},
    {"cursor", SHAPE_INT, offsetof(query, cursor), .lenient = true, .fallback = 1},
    {"page_number", SHAPE_INT, offsetof(query, page), .min = 1, .max = 1000, .alias = "pageNumber"},
    {.name = "asc", .kind = SHAPE_BOOL, .offset = offsetof(query, asc)},
    {.name = "minRating", .kind = SHAPE_REAL, .offset = offsetof(query, min_rating)},
    {"search", SHAPE_TEXT, offsetof(query, search), .required = true, .max = 5},
    {"role", SHAPE_ENUM, offsetof(query, role), .names = roles},
};
static const shape query_shape = SHAPE("Query", query, query_fields);

static err param(query *q, slice name, slice value, slice *why)
{
    *why = NO_SLICE;
    return shape_read_param(&query_shape, &a, name, value, q, why);
}

static query one_param(const char *name, const char *value)
{
    query q;
    slice why;

    shape_clear(&query_shape, &q);
    if (param(&q, slice_of(name), slice_of(value), &why))
        fail_msg("%s=%s: %.*s", name, value, (int)why.n, why.p);
    return q;
}

static void refuse_param(slice name, slice value, const char *because)
{
    query q;
    slice why;

    shape_clear(&query_shape, &q);
    if (param(&q, name, value, &why) != ERR_BAD_REQUEST)
        fail_msg("%.*s=%.*s", (int)name.n, name.p, (int)value.n, value.p);
    if (!slice_is(why, because))
        fail_msg("said \"%.*s\", not \"%s\"", (int)why.n, why.p, because);
}

static void params_are_read(void **state)
{
    static const char *const yes[] = {"true", "TRUE", "True", "1", "t", "T"};
    static const char *const no[] = {"false", "False", "0", "f", "F"};

    (void)state;
    assert_int_equal(one_param("page_number", "7").page, 7);
    assert_int_equal(one_param("pageNumber", "+7").page, 7);
    assert_int_equal(one_param("page_number", "0007").page, 7);
    assert_true(one_param("limit", "9223372036854775807").limit == INT64_MAX);
    assert_int_equal(one_param("cursor", "-3").cursor, -3);
    assert_true(one_param("minRating", "0.25").min_rating == 0.25);
    assert_true(one_param("minRating", "-1e-3").min_rating == -0.001);
    assert_true(slice_is(one_param("search", "\xC3\xA9\xC3\xA9\xC3\xA9").search,
                         "\xC3\xA9\xC3\xA9\xC3\xA9"));
    assert_int_equal(one_param("role", "system").role, 1);
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_int_equal(one_param("asc", yes[i]).asc, 1);
    for (size_t i = 0; i < COUNT(no); i++)
        assert_int_equal(one_param("asc", no[i]).asc, 0);
}

static void empty_params_are_absent_and_unknown_ones_ignored(void **state)
{
    (void)state;
    assert_true(one_param("limit", "").limit == NO_INT);
    assert_true(one_param("page_number", "").page == NO_INT);
    assert_int_equal(one_param("asc", "").asc, NO_BOOL);
    assert_true(isnan(one_param("minRating", "").min_rating));
    assert_int_equal(one_param("role", "").role, NO_ENUM);
    assert_null(one_param("search", "").search.p);
    assert_true(one_param("nothing", "x").limit == NO_INT);
    assert_true(one_param("LIMIT", "5").limit == NO_INT);
}

static void lenient_ones_fall_back(void **state)
{
    static const char *const junk[] = {
        "x",
        "1.5",
        "1e3",
        "5 ",
        " 5",
        "-",
        "+",
        "--5",
        "0x10",
        "9223372036854775808",
        "-9223372036854775808",
        "99999999999999999999999",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(junk); i++) {
        assert_int_equal(one_param("limit", junk[i]).limit, 100);
        assert_int_equal(one_param("cursor", junk[i]).cursor, 1);
        refuse_param(SLICE("pageNumber"), slice_of(junk[i]), "pageNumber: must be an integer");
    }
    refuse_param(SLICE("limit"), SLICE("-1"), "limit: at least 0"); /* it is a number */
}

static void wrong_params_are_refused(void **state)
{
    static const char *const not_real[] = {"x",  "nan",  "inf",   "0x1p3", "1,5",
                                           "1e", "1e9x", "1e999", "1.2.3", " 1"};
    static const char *const not_bool[] = {"yes", "2", "truee", "tr", "-1"};

    (void)state;
    for (size_t i = 0; i < COUNT(not_real); i++)
        refuse_param(SLICE("minRating"), slice_of(not_real[i]), "minRating: must be a number");
    for (size_t i = 0; i < COUNT(not_bool); i++)
        refuse_param(SLICE("asc"), slice_of(not_bool[i]), "asc: must be true or false");
    refuse_param(SLICE("role"), SLICE("bot"), "role: must be one of norole, system, user");
    refuse_param(SLICE("page_number"), SLICE("0"), "page_number: at least 1");
    refuse_param(SLICE("page_number"), SLICE("1001"), "page_number: at most 1000");
    refuse_param(SLICE("search"), SLICE("123456"), "search: at most 5 characters");
    refuse_param(SLICE("search"), SLICE("a\0b"), "search: must be UTF-8 without U+0000");
    refuse_param(SLICE("search"), SLICE("\xFF"), "search: must be UTF-8 without U+0000");
    refuse_param(SLICE("limit"), SLICE("-5"), "limit: at least 0");
}

static void a_param_twice_must_agree(void **state)
{
    query q;
    slice why;

    (void)state;
    shape_clear(&query_shape, &q);
    assert_int_equal(param(&q, SLICE("page_number"), SLICE("2"), &why), OK);
    assert_int_equal(param(&q, SLICE("pageNumber"), SLICE("2"), &why), OK);
    assert_int_equal(param(&q, SLICE("pageNumber"), SLICE(""), &why), OK);
    assert_int_equal(q.page, 2);
    assert_int_equal(param(&q, SLICE("pageNumber"), SLICE("3"), &why), ERR_BAD_REQUEST);
    assert_true(slice_is(why, "page_number: given together with pageNumber, and not the same"));
    assert_int_equal(param(&q, SLICE("search"), SLICE("a"), &why), OK);
    assert_int_equal(param(&q, SLICE("search"), SLICE("b"), &why), ERR_BAD_REQUEST);
    assert_true(slice_is(why, "search: given twice, and not the same"));
    assert_true(slice_is(q.search, "a"));
}

static void required_params_are_asked_for_at_the_end(void **state)
{
    query q;
    slice why;

    (void)state;
    shape_clear(&query_shape, &q);
    assert_int_equal(shape_read_done(&query_shape, &a, &q, &why), ERR_BAD_REQUEST);
    assert_true(slice_is(why, "search: required"));
    assert_int_equal(param(&q, SLICE("search"), SLICE("a"), &why), OK);
    assert_int_equal(shape_read_done(&query_shape, &a, &q, &why), OK);
}

/* Writing. */

static void lists_are_written(void **state)
{
    static const field omitted[] = {
        {"metadata", SHAPE_MAP, offsetof(message, metadata), .omit = true}};
    static const shape empty = SHAPE("Empty", message, omitted);
    message m[2];
    buf b;
    slice s;

    (void)state;
    shape_clear(&message_shape, &m[0]);
    shape_clear(&message_shape, &m[1]);
    m[0].content = SLICE("\"quoted\"");
    m[1].role = 1;
    buf_init(&b, &a, 1000);
    shape_write_list(&message_shape, &b, m, 2);
    shape_write_list(&message_shape, &b, m, 0);
    shape_write_list(&message_shape, &b, NULL, 0);
    shape_write(&empty, &b, m); /* every field left out */
    assert_int_equal(buf_done(&b, &s), OK);
    assert_string_equal(s.p, "[{\"content\":\"\\\"quoted\\\"\",\"role\":null},"
                             "{\"content\":null,\"role\":\"system\"}][][]{}");
}

static void a_reply_stops_at_its_maximum(void **state)
{
    body from = read_ok(FULL);
    size_t full = strlen(FULL);

    (void)state;
    for (size_t max = 0; max <= full; max++) {
        buf b;
        slice s = NO_SLICE;
        buf_init(&b, &a, max);
        shape_write(&body_shape, &b, &from);
        assert_int_equal(buf_done(&b, &s), max < full ? ERR_TOO_LARGE : OK);
        if (max % 100 == 0)
            assert_true(from.messages.n == 2); /* only read */
    }
}

static void every_ceiling_is_an_answer(void **state)
{
    json_t *value;
    slice why;
    bool fitted = false;

    (void)state;
    assert_int_equal(json_read(&a, SLICE(FULL), &value, &why), OK);
    for (size_t max = 0; max < 4096; max += 16) {
        arena small;
        body b;
        arena_init(&small, max);
        err e = shape_read(&body_shape, &small, value, &b, &why);
        if (e != OK && e != ERR_TOO_LARGE)
            fail_msg("%zu: %s", max, err_name(e));
        assert_false(fitted && e);
        fitted = e == OK;
        arena_deinit(&small);
    }
    assert_true(fitted);
}

static bool always(void)
{
    return true;
}

static void no_memory_is_not_too_large(void **state)
{
    json_t *value;
    slice why;
    arena fresh;
    body b;

    (void)state;
    assert_int_equal(json_read(&a, SLICE(FULL), &value, &why), OK);
    arena_init(&fresh, 1 << 20);
    mem_set_fault(always);
    err e = shape_read(&body_shape, &fresh, value, &b, &why);
    mem_set_fault(NULL);
    assert_int_equal(e, ERR_NO_MEMORY);
    arena_deinit(&fresh);
}

int main(void)
{
#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_ARENA(every_kind_round_trips),
        WITH_ARENA(absent_has_its_value_and_its_text),
        WITH_ARENA(clearing_clears_all),
        WITH_ARENA(empty_is_not_absent),
        WITH_ARENA(wrong_kinds_name_the_field),
        WITH_ARENA(bounds_are_told),
        WITH_ARENA(the_minimum_counts_code_points_too),
        WITH_ARENA(a_setting_replaces_the_maximum),
        WITH_ARENA(bounds_at_zero),
        WITH_ARENA(an_alias_is_the_same_field),
        WITH_ARENA(params_are_read),
        WITH_ARENA(empty_params_are_absent_and_unknown_ones_ignored),
        WITH_ARENA(lenient_ones_fall_back),
        WITH_ARENA(wrong_params_are_refused),
        WITH_ARENA(a_param_twice_must_agree),
        WITH_ARENA(required_params_are_asked_for_at_the_end),
        WITH_ARENA(lists_are_written),
        WITH_ARENA(a_reply_stops_at_its_maximum),
        WITH_ARENA(every_ceiling_is_an_answer),
        WITH_ARENA(no_memory_is_not_too_large),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
