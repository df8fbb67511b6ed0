/* SPDX-License-Identifier: Apache-2.0
 *
 * config_fuzz.c -- the config file.
 *
 * What is refused is refused with a reason that names the line; what is taken is printed as a file
 * that is taken again and says the same. */
#include "fuzz.h"
#include "settings.h"

enum { PRINTED_BYTES = 1 << 20 };

static slice printed(const settings *s, arena *a)
{
    slice text;
    buf b;

    buf_init(&b, a, PRINTED_BYTES);
    settings_print(s, &b);
    err e = buf_done(&b, &text);
    assert(!e);
    return text;
}

/* A secret is not printed as it is, a `#` inside of a value begins a comment, and white space at a
 * value's ends goes: none of them comes from a file's value but the secret. */
static void check_printed(const settings *s, arena *a)
{
    slice why = NO_SLICE;
    settings again;

    err e = settings_init(&again, a);
    assert(!e);
    e = settings_parse_file_text(&again, SLICE("again"), printed(s, a), a, &why);
    assert(!e);
    for (size_t i = 0; i < SETTINGS; i++) {
        const setting *row = &setting_rows[i];
        const char *was = (const char *)s + row->offset, *is = (const char *)&again + row->offset;
        if (row->kind == SETTING_TEXT) {
            slice x = *(const slice *)(const void *)was, y = *(const slice *)(const void *)is;
            assert(slice_eq(x, y));
        } else if (row->kind != SETTING_SECRET) {
            assert(memcmp(was, is, sizeof(int64_t)) == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice why = NO_SLICE, text = fuzz_copy(data, size);
    settings s;
    arena a;

    arena_init(&a, FUZZ_ARENA_BYTES);
    err e = settings_init(&s, &a);
    assert(!e);
    e = settings_parse_file_text(&s, SLICE("recalld.conf"), text, &a, &why);
    assert(e == OK || (e == ERR_BAD_REQUEST && why.n > 13 && why.p[12] == ':'));
    if (!e) {
        e = settings_finish(&s, &a, &why);
        assert(e == OK || why.p);
        slice shown = printed(&s, &a); /* passwords of a database are hidden, and longer then */
        assert(shown.p);
        if (s.database.n > 8 && memcmp(s.database.p, "postgres", 8) == 0)
            s.database = SLICE("sqlite:x");
        check_printed(&s, &a);
    }
    arena_deinit(&a);
    fuzz_free(text);
    return 0;
}
