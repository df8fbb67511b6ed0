/* SPDX-License-Identifier: Apache-2.0
 *
 * words_fuzz.c -- what users say, as words, stems and marks: any bytes. */
#include "base/utf8.h"
#include "fuzz.h"
#include "text/marks.h"
#include "text/words.h"

static void check_words(slice s)
{
    text_words w;
    size_t last = 0;

    text_words_init(&w, s);
    while (text_words_next(&w)) {
        assert(w.folded.n > 0 && w.folded.n <= TEXT_WORD_MAX && utf8_valid(w.folded));
        assert(w.raw.p >= s.p + last && w.raw.p + w.raw.n <= s.p + s.n);
        last = (size_t)(w.raw.p - s.p);
        slice stem;
        if (text_stem(w.folded, &stem) == OK)
            text_hash(stem);
        text_is_stop(w.folded);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice s = fuzz_copy(data, size);
    text_terms terms;
    arena a;

    arena_init(&a, FUZZ_ARENA_BYTES);
    check_words(s);
    assert((text_marks(s) & ~TEXT_MARKS) == 0);
    if (text_terms_of(&a, &s, 1, &terms) == OK)
        for (size_t i = 0; i < terms.n; i++)
            assert(terms.at[i].count > 0 && (i == 0 || terms.at[i].hash > terms.at[i - 1].hash));
    arena_deinit(&a);
    fuzz_free(s);
    return 0;
}
