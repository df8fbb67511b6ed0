/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/uuid_test.c -- the layout bit by bit, round trips at the bounds, and text. */
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *text(uuid id)
{
    static char to[UUID_TEXT + 1];

    uuid_format(id, to);
    return to;
}

static void the_layout_is_the_documented_one(void **state)
{
    (void)state;
    /* time 0x0123456789AB ms, graph 0x2ABCDEF01, kind 3, number 0x912345678 */
    uuid id = uuid_mint(INT64_C(0x0123456789AB) * 1000 + 999, INT64_C(0x2ABCDEF01), UUID_EDGE,
                        INT64_C(0x912345678));
    /* that graph is 0xAAF << 22 | 0x0DEF01 */
    assert_string_equal(text(id), "01234567-89ab-8aaf-8def-013912345678");
}

static void bounds_round_trip(void **state)
{
    static const int64_t times_ms[] = {0, 1, INT64_C(1740083979088), (INT64_C(1) << 48) - 1};
    static const int64_t graphs[] = {0, 1, 0x3FFFFF, 0x400000, UUID_MAX_GRAPH};
    static const int64_t numbers[] = {0, 1, INT64_C(0xFFFFFFFF), UUID_MAX_NUMBER};

    (void)state;
    for (size_t t = 0; t < COUNT(times_ms); t++) {
        for (size_t g = 0; g < COUNT(graphs); g++) {
            for (size_t n = 0; n < COUNT(numbers); n++) {
                for (int kind = UUID_EPISODE; kind <= UUID_PROJECT; kind++) {
                    uuid id = uuid_mint(times_ms[t] * 1000, graphs[g], (uuid_kind)kind, numbers[n]);
                    uuid back;
                    uuid_route route;
                    assert_int_equal(text(id)[14], '8');
                    assert_non_null(strchr("89ab", text(id)[19]));
                    assert_true(uuid_parse(slice_of(text(id)), &back));
                    assert_true(uuid_eq(id, back));
                    assert_true(uuid_route_of(back, &route));
                    assert_int_equal(route.time_ms, times_ms[t]);
                    assert_int_equal(route.graph, graphs[g]);
                    assert_int_equal(route.number, numbers[n]);
                    assert_int_equal(route.kind, kind);
                }
            }
        }
    }
}

static void later_is_greater(void **state)
{
    uuid a = uuid_mint(1000, UUID_MAX_GRAPH, UUID_PROJECT, UUID_MAX_NUMBER);
    uuid b = uuid_mint(2000, 0, UUID_EPISODE, 0);

    (void)state;
    assert_true(memcmp(a.b, b.b, sizeof(a.b)) < 0);
    assert_false(uuid_eq(a, b));
}

static void odd_times_are_bent_into_range(void **state)
{
    uuid_route route;

    (void)state;
    assert_true(uuid_route_of(uuid_mint(-5, 1, UUID_NODE, 1), &route));
    assert_int_equal(route.time_ms, 0);
    assert_true(uuid_route_of(uuid_mint(INT64_MAX, 1, UUID_NODE, 1), &route));
    assert_int_equal(route.time_ms, (INT64_C(1) << 48) - 1);
}

static void foreign_ids_do_not_route(void **state)
{
    static const char *const rows[] = {
        "00000000-0000-0000-0000-000000000000", /* none */
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "01234567-89ab-4aaf-8def-013912345678", /* version 4 */
        "01234567-89ab-7aaf-8def-013912345678", /* version 7 */
        "01234567-89ab-8aaf-0def-013912345678", /* variant 0 */
        "01234567-89ab-8aaf-cdef-013912345678", /* variant 3 */
        "01234567-89ab-8aaf-8def-010912345678", /* kind 0 */
        "01234567-89ab-8aaf-8def-019912345678", /* kind 9 */
        "01234567-89ab-8aaf-8def-01f912345678", /* kind 15 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uuid id;
        uuid_route route;
        assert_true(uuid_parse(slice_of(rows[i]), &id));
        assert_string_equal(text(id), rows[i]);
        if (uuid_route_of(id, &route))
            fail_msg("%s", rows[i]);
    }
}

static void parsing_is_strict(void **state)
{
    static const slice rows[] = {
        SLICE_INIT(""),
        SLICE_INIT("0123456789ab8aaf8def013912345678"),
        SLICE_INIT("{01234567-89ab-8aaf-8def-013912345678}"),
        SLICE_INIT("01234567-89ab-8aaf-8def-01391234567"),
        SLICE_INIT("01234567-89ab-8aaf-8def-0139123456789"),
        SLICE_INIT("0123456-789ab-8aaf-8def-013912345678"),
        SLICE_INIT("01234567-89ab-8aaf-8def0-13912345678"),
        SLICE_INIT("01234567_89ab_8aaf_8def_013912345678"),
        SLICE_INIT("g1234567-89ab-8aaf-8def-013912345678"),
        SLICE_INIT("01234567-89ab-8aaf-8def-01391234567g"),
        SLICE_INIT("01234567-89ab-8aaf-8def-01391234567\0"),
        SLICE_INIT("01234567-89ab-8aaf-8def-0139123456-8"),
        SLICE_INIT("0x234567-89ab-8aaf-8def-013912345678"),
        SLICE_INIT(" 1234567-89ab-8aaf-8def-013912345678"),
    };
    uuid id = {{7}}, same = {{7}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (uuid_parse(rows[i], &id))
            fail_msg("%s", rows[i].p);
        assert_true(uuid_eq(id, same));
    }
    assert_false(uuid_parse(NO_SLICE, &id));
    assert_true(uuid_parse(SLICE("01234567-89AB-8aaF-8DEF-013912345678"), &id));
    assert_string_equal(text(id), "01234567-89ab-8aaf-8def-013912345678");
}

static void none_is_all_zero(void **state)
{
    uuid id = {{0}};

    (void)state;
    assert_true(uuid_none(id));
    for (size_t i = 0; i < sizeof(id.b); i++) {
        id.b[i] = 1;
        assert_false(uuid_none(id));
        id.b[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_the_documented_one),
        cmocka_unit_test(bounds_round_trip),
        cmocka_unit_test(later_is_greater),
        cmocka_unit_test(odd_times_are_bent_into_range),
        cmocka_unit_test(foreign_ids_do_not_route),
        cmocka_unit_test(parsing_is_strict),
        cmocka_unit_test(none_is_all_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
