/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/words_test.c -- what is a word, what it folds to, what it is known by. */
#include "text/words.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena a;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&a);
    return 0;
}

/* The folded words with a space behind each. */
static const char *words_of(slice text)
{
    static char line[4096];
    text_words w;
    size_t n = 0;

    text_words_init(&w, text);
    while (text_words_next(&w)) {
        assert_true(w.folded.n > 0 && w.folded.n <= TEXT_WORD_MAX);
        assert_true(w.raw.p >= text.p && w.raw.p + w.raw.n <= text.p + text.n && w.raw.n > 0);
        assert_true(utf8_valid(w.folded));
        assert_true(n + w.folded.n + 2 < sizeof(line));
        memcpy(line + n, w.folded.p, w.folded.n);
        n += w.folded.n;
        line[n++] = ' ';
    }
    assert_false(text_words_next(&w));
    line[n] = '\0';
    return line;
}

#define assert_words(text, want) assert_string_equal(words_of(SLICE(text)), want)

static void words_are_runs_of_letters_and_digits(void **state)
{
    (void)state;
    assert_words("", "");
    assert_words("  ... !?", "");
    assert_words("One, TWO;three", "one two three ");
    assert_words("a1b2 3.14 x_y", "a1b2 3 14 x y ");
    assert_words("Don't we're Wanda\xe2\x80\x99s", "don t we re wanda s ");
    assert_words("e-mail me@example.org", "e mail me example org ");
}

static void case_and_accents_are_folded_composed_or_not(void **state)
{
    (void)state;
    assert_words("Caf\xc3\xa9 CAFE\xcc\x81 cafe", "cafe cafe cafe ");
    assert_words("STRASSE stra\xc3\x9f"
                 "e",
                 "strasse strasse ");
    assert_words("\xc3\x89"
                 "cole \xc3\x85ngstr\xc3\xb6m Dvo\xc5\x99\xc3\xa1k",
                 "ecole angstrom dvorak ");
    assert_words("\xce\x91\xce\xb8\xce\xae\xce\xbd\xce\xb1", /* Greek, with a tonos */
                 "\xce\xb1\xce\xb8\xce\xb7\xce\xbd\xce\xb1 ");
    assert_words("\xd0\x81\xd0\xbb\xd0\xba\xd0\xb0", "\xd0\xb5\xd0\xbb\xd0\xba\xd0\xb0 ");
    assert_words("\xef\xbc\xa1\xef\xbc\xa2\xef\xbc\x91", "ab1 "); /* full width */
    assert_words("of\xef\xac\x81"
                 "ce m\xc2\xb2",
                 "office m2 ");
    assert_words("\xc4\xb0stanbul", "istanbul ");
}

static void invisible_characters_are_passed_over(void **state)
{
    (void)state;
    assert_words("co\xc2\xad"
                 "operate",
                 "cooperate ");
    assert_words("\xe2\x80\x8d x\xef\xb8\x8f \xcc\x81", "x ");
    assert_words("go\xe2\x80\x8b"
                 "on",
                 "goon "); /* a zero-width space is ignorable, too */
}

static void emoji_and_symbols_separate(void **state)
{
    (void)state;
    assert_words("yes\xf0\x9f\x98\x80no", "yes no ");
    assert_words("5\xe2\x82\xac"
                 "a",
                 "5 a ");
}

static void marks_that_carry_sound_are_kept(void **state)
{
    (void)state;
    /* Devanagari ki and ku differ in their vowel signs alone; the signs do not begin words */
    assert_words("\xe0\xa4\x95\xe0\xa4\xbf \xe0\xa4\x95\xe0\xa5\x81",
                 "\xe0\xa4\x95\xe0\xa4\xbf \xe0\xa4\x95\xe0\xa5\x81 ");
    assert_words("\xe0\xa4\xbf", "");
    /* Hebrew points and Arabic vowels are optional in writing */
    assert_words("\xd7\xa9\xd6\xb8\xd7\x9c", "\xd7\xa9\xd7\x9c ");
    assert_words("\xd9\x83\xd9\x8e\xd8\xaa", "\xd9\x83\xd8\xaa ");
}

static void ideographs_are_words_of_their_own(void **state)
{
    (void)state;
    assert_words("\xe6\x9d\xb1\xe4\xba\xac", "\xe6\x9d\xb1 \xe4\xba\xac ");
    assert_words("2\xe6\x9c\x88x", "2 \xe6\x9c\x88 x ");
    /* Hiragana ga, composed and not, keeps its voicing; Katakana is a run */
    assert_words("\xe3\x81\x8c\xe3\x81\x8b\xe3\x82\x99",
                 "\xe3\x81\x8b\xe3\x82\x99 \xe3\x81\x8b\xe3\x82\x99 ");
    assert_words("\xe3\x82\xab\xe3\x83\x8a", "\xe3\x82\xab\xe3\x83\x8a ");
}

static void raw_is_the_word_as_written(void **state)
{
    text_words w;

    (void)state;
    text_words_init(&w, SLICE("the \xc3\x89t\xc3\xa9's end"));
    assert_true(text_words_next(&w));
    assert_true(text_words_next(&w));
    assert_true(slice_is(w.folded, "ete"));
    assert_true(slice_is(w.raw, "\xc3\x89t\xc3\xa9"));
    assert_true(text_words_next(&w));
    assert_true(slice_is(w.raw, "s"));
    assert_true(text_words_next(&w));
    assert_true(slice_is(w.raw, "end"));
}

static void long_words_count_once_by_their_beginning(void **state)
{
    char text[1000];
    text_words w;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[990] = ' ';
    text_words_init(&w, (slice){text, sizeof(text)});
    assert_true(text_words_next(&w));
    assert_int_equal(w.folded.n, TEXT_WORD_MAX);
    assert_int_equal(w.raw.n, 990);
    assert_true(text_words_next(&w));
    assert_int_equal(w.folded.n, 9);
    assert_false(text_words_next(&w));

    for (size_t i = 0; i + 2 <= sizeof(text); i += 2) /* no code point is cut in two */
        memcpy(text + i, "\xd1\x8f", 2);
    text[0] = 'b';
    text[1] = 'b';
    memmove(text + 1, text + 2, sizeof(text) - 2);
    text_words_init(&w, (slice){text, sizeof(text) - 1});
    assert_true(text_words_next(&w));
    assert_int_equal(w.folded.n, TEXT_WORD_MAX - 1);
    assert_true(utf8_valid(w.folded));
    assert_false(text_words_next(&w));
}

static void damaged_text_separates(void **state)
{
    (void)state;
    assert_words("ab\xff"
                 "cd",
                 "ab cd ");
    assert_words("ab\xc3", "ab ");
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            char text[] = {'a', (char)first, (char)second, 'b'};
            words_of((slice){text, sizeof(text)});
        }
    }
}

static void every_code_point_folds_to_something_sound(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        char text[5] = {0};
        size_t n = utf8_put(text, c);
        text[n] = 'q';
        const char *words = words_of((slice){text, n + 1});
        size_t len = strlen(words);
        assert_true(len >= 2 && words[len - 2] == 'q');
    }
}

static void letters_are_known(void **state)
{
    (void)state;
    assert_true(text_is_letter('a') && text_is_letter('7') && text_is_letter(0xE9));
    assert_true(text_is_letter(0x6771) && text_is_letter(0xBD));
    assert_false(text_is_letter('_') || text_is_letter(' ') || text_is_letter(0x301));
    assert_false(text_is_letter(0x2019) || text_is_letter(0x1F600));
}

/* In the order of the alphabet, so that a table that is not sorted loses some. */
static void stop_words_are_found_and_no_others(void **state)
{
    static const char *const yes[] = {
        "a",      "about",     "above",  "after", "because", "being",  "cannot",     "couldn",
        "d",      "doesn",     "during", "each",  "further", "haven",  "herself",    "i",
        "itself", "just",      "ll",     "m",     "mightn",  "myself", "nor",        "o",
        "ours",   "ourselves", "re",     "s",     "shouldn", "t",      "themselves", "through",
        "until",  "ve",        "very",   "whom",  "wouldn",  "y",      "yourself",   "yourselves"};
    static const char *const no[] = {
        "",         "b",   "aa",          "ab",        "may",
        "themselv", "zzz", "themselvesx", "yourselve", "wouldnt",
        "0",        "one", "abouts",      "A",         "verylongwordindeed"};

    (void)state;
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_true(text_is_stop(slice_of(yes[i])));
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(text_is_stop(slice_of(no[i])));
}

static const char *stem_of(const char *word)
{
    static char copy[200];
    slice stem;

    assert_int_equal(text_stem(slice_of(word), &stem), OK);
    assert_true(stem.n < sizeof(copy));
    memcpy(copy, stem.p, stem.n);
    copy[stem.n] = '\0';
    return copy;
}

static void stems_are_snowballs_english(void **state)
{
    (void)state;
    assert_string_equal(stem_of("running"), "run");
    assert_string_equal(stem_of("happily"), "happili");
    assert_string_equal(stem_of("generously"), "generous");
    assert_string_equal(stem_of("skies"), "sky");
    assert_string_equal(stem_of("2031"), "2031");
    assert_string_equal(stem_of("\xd0\xb5\xd0\xbb\xd0\xba\xd0\xb0"),
                        "\xd0\xb5\xd0\xbb\xd0\xba\xd0\xb0");
}

/* These are in stores; they never change. */
static void hashes_stay(void **state)
{
    (void)state;
    assert_int_equal(text_hash(SLICE("")), 0xAB3E7C0B);
    assert_int_equal(text_hash(SLICE("run")), 0x9A6699C5);
    assert_int_equal(text_hash(SLICE("lighthous")), 0x49989CA5);
    assert_int_equal(text_hash(SLICE("\xd0\xb5\xd0\xbb\xd0\xba\xd0\xb0")), 0xC9B56A6D);
}

static void terms_are_counted_less_stop_words(void **state)
{
    const slice texts[] = {SLICE("Wanda"),
                           SLICE("I was running; she runs, they RUN to the lake. Wanda!")};
    text_terms t;

    (void)state;
    assert_int_equal(text_terms_of(&a, texts, 2, &t), OK);
    assert_int_equal(t.length, 12);
    assert_int_equal(t.n, 3);
    uint32_t sum = 0;
    for (size_t i = 0; i < t.n; i++) {
        assert_true(i == 0 || t.at[i].hash > t.at[i - 1].hash);
        if (t.at[i].hash == text_hash(SLICE("run")))
            assert_int_equal(t.at[i].count, 3);
        if (t.at[i].hash == text_hash(SLICE("wanda")))
            assert_int_equal(t.at[i].count, 2);
        sum += t.at[i].count;
    }
    assert_int_equal(sum, 6);

    assert_int_equal(text_terms_of(&a, (slice[]){NO_SLICE, SLICE("the of it")}, 2, &t), OK);
    assert_int_equal(t.n, 0);
    assert_int_equal(t.length, 3);
    assert_int_equal(text_terms_of(&a, NULL, 0, &t), OK);
    assert_int_equal(t.n + t.length, 0);
}

static void terms_of_long_texts_are_sorted_too(void **state)
{
    buf b;
    slice text;
    text_terms t;

    (void)state;
    buf_init(&b, &a, 100000);
    for (int i = 0; i < 3000; i++)
        buf_printf(&b, "w%d ", i % 1000);
    assert_int_equal(buf_done(&b, &text), OK);
    assert_int_equal(text_terms_of(&a, &text, 1, &t), OK);
    assert_int_equal(t.n, 1000);
    assert_int_equal(t.length, 3000);
    for (size_t i = 0; i < t.n; i++) {
        assert_int_equal(t.at[i].count, 3);
        assert_true(i == 0 || t.at[i].hash > t.at[i - 1].hash);
    }
}

static int left;

static bool fails(void)
{
    return left-- <= 0;
}

static void running_out_of_memory_is_told(void **state)
{
    arena small;
    text_terms t;
    const slice text = SLICE("boats and harbours");
    err e = OK;

    (void)state;
    for (int n = 0; n < 2; n++) {
        arena_init(&small, 1 << 20);
        left = n;
        mem_set_fault(fails);
        e = text_terms_of(&small, &text, 1, &t);
        mem_set_fault(NULL);
        assert_int_equal(e, n ? OK : ERR_NO_MEMORY);
        arena_deinit(&small);
    }
}

static void *stem_in_a_thread(void *arg)
{
    bool *right = arg;

    *right = true;
    for (int i = 0; i < 2000; i++) {
        slice stem;
        *right =
            *right && text_stem(SLICE("lighthouses"), &stem) == OK && slice_is(stem, "lighthous");
        *right = *right && text_stem(SLICE("rowing"), &stem) == OK && slice_is(stem, "row");
    }
    return NULL;
}

static void threads_stem_side_by_side(void **state)
{
    pthread_t threads[4];
    bool right[4] = {false};

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stem_in_a_thread, &right[i]), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(right[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_runs_of_letters_and_digits),
        cmocka_unit_test(case_and_accents_are_folded_composed_or_not),
        cmocka_unit_test(invisible_characters_are_passed_over),
        cmocka_unit_test(emoji_and_symbols_separate),
        cmocka_unit_test(marks_that_carry_sound_are_kept),
        cmocka_unit_test(ideographs_are_words_of_their_own),
        cmocka_unit_test(raw_is_the_word_as_written),
        cmocka_unit_test(long_words_count_once_by_their_beginning),
        cmocka_unit_test(damaged_text_separates),
        cmocka_unit_test(every_code_point_folds_to_something_sound),
        cmocka_unit_test(letters_are_known),
        cmocka_unit_test(stop_words_are_found_and_no_others),
        cmocka_unit_test(stems_are_snowballs_english),
        cmocka_unit_test(hashes_stay),
        cmocka_unit_test_setup_teardown(terms_are_counted_less_stop_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(terms_of_long_texts_are_sorted_too, set_up, tear_down),
        cmocka_unit_test(running_out_of_memory_is_told),
        cmocka_unit_test(threads_stem_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
