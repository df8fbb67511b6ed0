/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/log_test.c -- lines through a pipe in the place of standard error: form, order,
 * levels, and that none is lost when threads end or the log closes. */
#include "base/log.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static int real_stderr;
static int file;
static arena a;

/* Standard error becomes a file, read back by what was written. */
static int set_up(void **state)
{
    char name[] = "/tmp/log_test.XXXXXX";

    (void)state;
    arena_init(&a, 64 << 20);
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    file = mkstemp(name);
    unlink(name);
    dup2(file, STDERR_FILENO);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_close();
    log_set_level(LOG_INFO);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(file);
    arena_deinit(&a);
    return 0;
}

/* All that was written until now. */
static slice seen(void)
{
    off_t n = lseek(file, 0, SEEK_END);
    char *p = arena_alloc(&a, (size_t)n + 1);

    assert_non_null(p);
    assert_int_equal(pread(file, p, (size_t)n, 0), n);
    p[n] = '\0';
    return (slice){p, (size_t)n};
}

static slice next_line(slice *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);

    assert_non_null(end);
    slice line = {rest->p, (size_t)(end - rest->p)};
    rest->p += line.n + 1;
    rest->n -= line.n + 1;
    return line;
}

static json_t *next_object(slice *rest)
{
    slice line = next_line(rest), why = NO_SLICE;
    json_t *value = NULL;

    if (json_read(&a, line, &value, &why))
        fail_msg("%.*s: %.*s", (int)line.n, line.p, (int)why.n, why.p);
    assert_true(json_is_object(value));
    return value;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    assert_non_null(text);
    return text;
}

static int64_t number_at(const json_t *object, const char *name)
{
    assert_true(json_is_integer(json_object_get(object, name)));
    return json_integer_value(json_object_get(object, name));
}

static void a_closed_log_writes_text_at_once(void **state)
{
    (void)state;
    log_info("hello %d", 5);
    slice s = seen();
    slice line = next_line(&s);
    int64_t us;
    assert_int_equal(s.n, 0);
    assert_true(clock_parse((slice){line.p, CLOCK_TEXT}, &us));
    assert_true(clock_now_us() - us < 60 * CLOCK_S_US);
    assert_string_equal(arena_dup(&a, line).p + CLOCK_TEXT, " info hello 5");
}

static void lines_are_json_objects(void **state)
{
    (void)state;
    log_open(true);
    log_info("a \"quoted\" \\ line\nand\ttab \x01 \xC3\xA9 \xFF");
    log_request("GET", "/api/v2/sessions/{id}", 200, 1234, 0, 567, "r-1");
    log_request("POST", NULL, 404, -1, 5000000000U, 1, NULL);
    log_close();

    slice s = seen();
    json_t *o = next_object(&s);
    int64_t us;
    assert_true(clock_parse(slice_of(text_at(o, "time")), &us));
    assert_string_equal(text_at(o, "level"), "info");
    assert_string_equal(text_at(o, "message"),
                        "a \"quoted\" \\ line\nand\ttab \x01 \xC3\xA9 \xEF\xBF\xBD");
    o = next_object(&s);
    assert_string_equal(text_at(o, "level"), "info");
    assert_string_equal(text_at(o, "method"), "GET");
    assert_string_equal(text_at(o, "route"), "/api/v2/sessions/{id}");
    assert_int_equal(number_at(o, "status"), 200);
    assert_int_equal(number_at(o, "us"), 1234);
    assert_int_equal(number_at(o, "bytes_in"), 0);
    assert_int_equal(number_at(o, "bytes_out"), 567);
    assert_string_equal(text_at(o, "request_id"), "r-1");
    o = next_object(&s);
    assert_string_equal(text_at(o, "route"), "-");
    assert_int_equal(number_at(o, "us"), -1);
    assert_int_equal(number_at(o, "bytes_in"), 5000000000);
    assert_string_equal(text_at(o, "request_id"), "-");
    assert_int_equal(s.n, 0);
}

static void text_lines_stay_one_line(void **state)
{
    (void)state;
    log_open(false);
    log_info("one\ntwo \"x\"");
    log_request("GET", "/healthz", 200, 7, 0, 2, "x\ny");
    log_close();
    slice s = seen();
    assert_string_equal(arena_dup(&a, next_line(&s)).p + CLOCK_TEXT, " info one\\u000atwo \"x\"");
    assert_string_equal(arena_dup(&a, next_line(&s)).p + CLOCK_TEXT,
                        " info request method=GET route=/healthz status=200 us=7 bytes_in=0"
                        " bytes_out=2 request_id=x\\u000ay");
    assert_int_equal(s.n, 0);
}

static void long_texts_are_cut_to_good_lines(void **state)
{
    static char controls[100000], id[100000];

    (void)state;
    memset(controls, '\x01', sizeof(controls) - 1);
    memset(id, '"', sizeof(id) - 1);
    log_open(true);
    log_info("%s", controls);
    log_request(controls, controls, 200, INT64_MIN, SIZE_MAX / 2, SIZE_MAX / 2, controls);
    log_request(id, id, 200, INT64_MAX, SIZE_MAX / 2, SIZE_MAX / 2, id);
    log_close();

    slice s = seen();
    size_t n = strlen(text_at(next_object(&s), "message"));
    assert_in_range(n, 1000, 4000);
    json_t *o = next_object(&s);
    assert_in_range(strlen(text_at(o, "request_id")), 100, 1000);
    assert_true(number_at(o, "us") == INT64_MIN);
    o = next_object(&s);
    assert_in_range(strlen(text_at(o, "request_id")), 100, 1000);
    assert_int_equal(s.n, 0);
}

static void levels_are_kept(void **state)
{
    (void)state;
    assert_true(log_enabled(LOG_INFO) && !log_enabled(LOG_DEBUG));
    log_debug("no");
    log_set_level(LOG_ERROR);
    log_warn("no");
    log_request("GET", "/", 200, 1, 1, 1, "no");
    log_error("yes");
    log_set_level(LOG_DEBUG);
    log_debug("too");
    slice s = seen();
    assert_string_equal(arena_dup(&a, next_line(&s)).p + CLOCK_TEXT, " error yes");
    assert_string_equal(arena_dup(&a, next_line(&s)).p + CLOCK_TEXT, " debug too");
    assert_int_equal(s.n, 0);

    size_t n = 0;
    while (log_level_names[n])
        n++;
    assert_int_equal(n, 4);
}

static void warnings_come_at_once_and_in_order(void **state)
{
    (void)state;
    log_open(true);
    log_info("first");
    log_warn("second"); /* takes the first along */
    slice s = seen();
    assert_string_equal(text_at(next_object(&s), "message"), "first");
    json_t *o = next_object(&s);
    assert_string_equal(text_at(o, "message"), "second");
    assert_string_equal(text_at(o, "level"), "warn");
    assert_int_equal(s.n, 0);
}

static void other_lines_come_within_a_round(void **state)
{
    (void)state;
    log_open(true);
    int64_t start = clock_monotonic_us();
    log_info("soon");
    while (seen().n == 0) {
        poll(NULL, 0, 5);
        assert_true(clock_monotonic_us() - start < 5 * CLOCK_S_US); /* a loaded machine's 100 ms */
    }
    slice s = seen();
    assert_string_equal(text_at(next_object(&s), "message"), "soon");
}

static void a_full_buffer_loses_nothing(void **state)
{
    enum { LINES = 5000 };

    (void)state;
    log_open(true);
    for (int i = 0; i < LINES; i++)
        log_info("line %d %0*d", i, i % 300, 0);
    log_close();
    slice s = seen();
    for (int i = 0; i < LINES; i++) {
        int got = -1;
        assert_int_equal(sscanf(text_at(next_object(&s), "message"), "line %d", &got), 1);
        assert_int_equal(got, i);
    }
    assert_int_equal(s.n, 0);
}

enum { THREADS = 8, EACH = 2000 };

static void *log_many(void *arg)
{
    int me = *(const int *)arg;

    for (int i = 0; i < EACH; i++) {
        if (i % 500 == 250)
            log_warn("t %d %d", me, i);
        else
            log_info("t %d %d", me, i);
    }
    return NULL;
}

/* Every thread's lines, all of them, in their order. */
static void assert_all_lines(slice s, bool json)
{
    int next[THREADS] = {0};

    for (int i = 0; i < THREADS * EACH; i++) {
        int thread = -1, number = -1;
        slice line = next_line(&s);
        const char *t = memmem(line.p, line.n, json ? "\"t " : " t ", 3);
        assert_non_null(t);
        assert_int_equal(sscanf(t + 1, "t %d %d", &thread, &number), 2);
        assert_in_range(thread, 0, THREADS - 1);
        assert_int_equal(number, next[thread]);
        next[thread]++;
    }
    assert_int_equal(s.n, 0);
}

static void run_threads(pthread_t *threads)
{
    static int ids[THREADS];

    for (int i = 0; i < THREADS; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &ids[i]), 0);
    }
}

static void join_threads(pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void a_thread_that_ends_loses_nothing(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    log_open(true);
    run_threads(threads);
    join_threads(threads);
    assert_all_lines(seen(), true); /* written by the exits, before any close */
}

static void closing_under_fire_loses_nothing(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ftruncate(file, 0), 0);
        lseek(file, 0, SEEK_SET);
        log_open(false);
        run_threads(threads);
        poll(NULL, 0, i);
        log_close();
        join_threads(threads);
        assert_all_lines(seen(), false);
    }
}

static pthread_barrier_t step;

static void *log_on_both_sides(void *unused)
{
    log_info("before");
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step); /* the log closes here */
    log_info("after");
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    return unused;
}

static void a_thread_that_lives_on_loses_nothing(void **state)
{
    (void)state;
    pthread_barrier_init(&step, NULL, 2);
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        slice s = seen();
        size_t before = s.n;
        log_open(false);
        assert_int_equal(pthread_create(&thread, NULL, log_on_both_sides, NULL), 0);
        pthread_barrier_wait(&step);
        log_close();
        s = seen();
        assert_int_equal(s.n - before, CLOCK_TEXT + strlen(" info before\n"));
        pthread_barrier_wait(&step);
        pthread_barrier_wait(&step);
        before = s.n;
        s = seen();
        assert_int_equal(s.n - before, CLOCK_TEXT + strlen(" info after\n"));
        pthread_barrier_wait(&step);
        pthread_join(thread, NULL);
        assert_int_equal(seen().n, s.n); /* and nothing twice */
    }
    pthread_barrier_destroy(&step);
}

static void it_opens_again(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        log_open(true);
        log_open(true); /* once is enough */
        log_info("round %d", i);
        log_close();
        log_close();
    }
    slice s = seen();
    for (int i = 0; i < 20; i++)
        assert_string_equal(text_at(next_object(&s), "message"), arena_printf(&a, "round %d", i).p);
    assert_int_equal(s.n, 0);
}

static void *read_slowly(void *fd)
{
    static char got[1 << 20];
    size_t n = 0;
    ssize_t more;

    poll(NULL, 0, 50);
    while ((more = read(*(const int *)fd, got + n, 4096)) > 0)
        n += (size_t)more;
    return got;
}

/* A pipe that does not block and is full: the log waits. */
static void a_full_pipe_loses_nothing(void **state)
{
    int fds[2];
    pthread_t reader;
    void *got;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &fds[0]), 0);
    log_open(true);
    for (int i = 0; i < 1000; i++)
        log_info("line %d %0200d", i, 0);
    log_close();
    dup2(real_stderr, STDERR_FILENO); /* the pipe's last end */
    pthread_join(reader, &got);
    close(fds[0]);
    slice s = slice_of(got);
    for (int i = 0; i < 1000; i++)
        assert_true(strncmp(text_at(next_object(&s), "message"), arena_printf(&a, "line %d ", i).p,
                            arena_printf(&a, "line %d ", i).n) == 0);
    assert_int_equal(s.n, 0);
}

int main(void)
{
#define WITH_FILE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FILE(a_closed_log_writes_text_at_once),
        WITH_FILE(lines_are_json_objects),
        WITH_FILE(text_lines_stay_one_line),
        WITH_FILE(long_texts_are_cut_to_good_lines),
        WITH_FILE(levels_are_kept),
        WITH_FILE(warnings_come_at_once_and_in_order),
        WITH_FILE(other_lines_come_within_a_round),
        WITH_FILE(a_full_buffer_loses_nothing),
        WITH_FILE(a_thread_that_ends_loses_nothing),
        WITH_FILE(closing_under_fire_loses_nothing),
        WITH_FILE(a_thread_that_lives_on_loses_nothing),
        WITH_FILE(it_opens_again),
        WITH_FILE(a_full_pipe_loses_nothing),
    };

    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
