/* SPDX-License-Identifier: Apache-2.0
 *
 * base/log.c -- lines gathered per thread, written by one.
 *
 * A thread appends to its own buffer under the buffer's own lock, which nobody else wants but for
 * the moment of a copy. The log's thread goes round all buffers ten times a second: copy out,
 * unlock, write. Whoever holds `out` may write, so the lines of one thread keep their order. Locks
 * are taken in the order `out`, then a buffer's. */
#include "base/log.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 64 * 1024,
    MESSAGE_BYTES = 2048,                 /* longer messages are cut, */
    FIELD_BYTES = 256,                    /* as are other texts */
    LINE_BYTES = MESSAGE_BYTES * 6 + 512, /* every byte escaped, and the rest of the line */
    ROUND_US = 100 * 1000,
};

static_assert(3 * FIELD_BYTES * 6 + 512 <= LINE_BYTES, "the line of a request fits");

const char *const log_level_names[] = {"error", "warn", "info", "debug", NULL};

typedef struct lines {
    struct lines *next; /* in `all`; guarded by `out` */
    pthread_mutex_t lock;
    size_t n; /* guarded by `lock`, as is the text */
    char text[BUFFER_BYTES];
} lines;

/* Guards standard error, and what follows it. */
static pthread_mutex_t out = PTHREAD_MUTEX_INITIALIZER;
static lines *all;
static char outgoing[BUFFER_BYTES];
static bool stopping;
static pthread_t rounds_thread;

static pthread_cond_t stop;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit; /* its destructor gives a thread's buffer back */
static _Thread_local lines *mine;

static atomic_bool gathering; /* between log_open and log_close */
static atomic_bool as_json;
static atomic_int max_level = LOG_INFO;

void log_set_level(log_level level)
{
    atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

bool log_enabled(log_level level)
{
    return (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

/* Writing out. */

/* What standard error refuses is lost: there is nowhere to say so. */
static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (done <= 0)
            return;
        p += done;
        n -= (size_t)done;
    }
}

/* Write what `l` holds; `out` is held. */
static void drain(lines *l)
{
    pthread_mutex_lock(&l->lock);
    size_t n = l->n;
    memcpy(outgoing, l->text, n);
    l->n = 0;
    pthread_mutex_unlock(&l->lock);
    write_all(outgoing, n);
}

static void drain_all(void)
{
    for (lines *l = all; l; l = l->next)
        drain(l);
}

static struct timespec next_round(void)
{
    int64_t us = clock_monotonic_us() + ROUND_US;

    return (struct timespec){.tv_sec = us / CLOCK_S_US, .tv_nsec = us % CLOCK_S_US * 1000};
}

static void *make_rounds(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&out);
    while (!stopping) {
        struct timespec until = next_round();
        pthread_cond_timedwait(&stop, &out, &until);
        drain_all();
    }
    pthread_mutex_unlock(&out);
    return NULL;
}

/* Buffers. */

static void give_back(void *arg)
{
    lines *l = arg;

    pthread_mutex_lock(&out);
    lines **at = &all;
    while (*at != l) {
        assert(*at); /* it is in the list */
        at = &(*at)->next;
    }
    *at = l->next;
    drain(l);
    pthread_mutex_unlock(&out);
    mine = NULL;
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

static void set_up(void)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&stop, &attr);
    pthread_condattr_destroy(&attr);
    int e = pthread_key_create(&at_exit, give_back);
    assert(e == 0);
    (void)e;
}

/* This thread's buffer; NULL when there is no memory for one. */
static lines *my_lines(void)
{
    if (mine)
        return mine;

    lines *l = mem_alloc(sizeof(*l));
    if (!l)
        return NULL;
    if (pthread_setspecific(at_exit, l)) {
        mem_free(l);
        return NULL;
    }
    l->n = 0;
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_lock(&out);
    l->next = all;
    all = l;
    pthread_mutex_unlock(&out);
    mine = l;
    return l;
}

/* False when there is no room, or the log was closed meanwhile: its last round may be over. */
static bool append(lines *l, slice text)
{
    pthread_mutex_lock(&l->lock);
    bool fits = atomic_load(&gathering) && text.n <= sizeof(l->text) - l->n;
    if (fits) {
        memcpy(l->text + l->n, text.p, text.n);
        l->n += text.n;
    }
    pthread_mutex_unlock(&l->lock);
    return fits;
}

/* Take a finished line: keep it for the next round, or write it `now`, behind what is kept. */
static void take_line(slice text, bool now)
{
    lines *l = atomic_load(&gathering) ? my_lines() : mine;

    if (!now && l && append(l, text))
        return;
    pthread_mutex_lock(&out);
    if (l)
        drain(l);
    write_all(text.p, text.n);
    pthread_mutex_unlock(&out);
}

void log_open(bool json)
{
    pthread_once(&once, set_up);
    atomic_store(&as_json, json);
    if (atomic_load(&gathering))
        return;
    stopping = false;
    if (pthread_create(&rounds_thread, NULL, make_rounds, NULL) == 0)
        atomic_store(&gathering, true);
}

void log_close(void)
{
    if (!atomic_exchange(&gathering, false))
        return;
    pthread_mutex_lock(&out);
    stopping = true;
    pthread_cond_signal(&stop);
    pthread_mutex_unlock(&out);
    pthread_join(rounds_thread, NULL);
    pthread_mutex_lock(&out);
    drain_all(); /* behind `gathering`, so nothing comes after */
    pthread_mutex_unlock(&out);
    if (mine) {
        pthread_setspecific(at_exit, NULL);
        give_back(mine);
    }
}

/* Making a line. Its parts are cut, so that it never passes its bound. */

typedef struct line {
    char p[LINE_BYTES];
    size_t n;
    bool json;
} line;

static void put(line *l, const char *p, size_t n)
{
    assert(n <= sizeof(l->p) - l->n);
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void put_text(line *l, const char *cstr)
{
    put(l, cstr, strlen(cstr));
}

static void put_number(line *l, int64_t v)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        digits[--at] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        digits[--at] = '-';
    put(l, digits + at, sizeof(digits) - at);
}

static bool plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Text from elsewhere: no control characters, no bytes that are not UTF-8, and in JSON no bare
 * quotes. At most six times as long as it was. */
static void put_safe(line *l, slice s)
{
    static const char hex[] = "0123456789abcdef";
    char bytes[4];

    for (size_t at = 0; at < s.n;) {
        size_t run = at;
        while (run < s.n && plain(s.p[run]))
            run++;
        put(l, s.p + at, run - at);
        at = run;
        if (at == s.n)
            return;
        uint32_t c = utf8_next(s, &at);
        if (c < 0x20 || c == 0x7F)
            put(l, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 0xF]}, 6);
        else if (l->json && (c == '"' || c == '\\'))
            put(l, (char[]){'\\', (char)c}, 2);
        else
            put(l, bytes, utf8_put(bytes, c));
    }
}

/* `,"name":` or ` name=` */
static void put_name(line *l, const char *name)
{
    put_text(l, l->json ? ",\"" : " ");
    put_text(l, name);
    put_text(l, l->json ? "\":" : "=");
}

static void put_field_text(line *l, const char *name, const char *value)
{
    slice s = slice_of(value ? value : "-");

    if (s.n > FIELD_BYTES)
        s.n = FIELD_BYTES;
    put_name(l, name);
    put_text(l, l->json ? "\"" : "");
    put_safe(l, s);
    put_text(l, l->json ? "\"" : "");
}

static void put_field_number(line *l, const char *name, int64_t v)
{
    put_name(l, name);
    put_number(l, v);
}

static void begin(line *l, log_level level, slice message)
{
    char time[CLOCK_TEXT + 1];

    clock_format(clock_now_us(), time);
    l->n = 0;
    l->json = atomic_load(&gathering) && atomic_load(&as_json);
    put_text(l, l->json ? "{\"time\":\"" : "");
    put_text(l, time);
    put_text(l, l->json ? "\",\"level\":\"" : " ");
    put_text(l, log_level_names[level]);
    put_text(l, l->json ? "\",\"message\":\"" : " ");
    put_safe(l, message);
    put_text(l, l->json ? "\"" : "");
}

static void end(line *l, log_level level)
{
    put_text(l, l->json ? "}\n" : "\n");
    take_line((slice){l->p, l->n}, level <= LOG_WARN);
}

void log_write(log_level level, const char *fmt, ...)
{
    char message[MESSAGE_BYTES];
    va_list ap;
    line l;

    if (!log_enabled(level))
        return;
    va_start(ap, fmt);
    int n = vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    begin(&l, level, slice_of(message));
    end(&l, level);
}

void log_request(const char *method, const char *pattern, int status, int64_t us, size_t bytes_in,
                 size_t bytes_out, const char *request_id)
{
    line l;

    if (!log_enabled(LOG_INFO))
        return;
    begin(&l, LOG_INFO, SLICE("request"));
    put_field_text(&l, "method", method);
    put_field_text(&l, "route", pattern);
    put_field_number(&l, "status", status);
    put_field_number(&l, "us", us);
    put_field_number(&l, "bytes_in", (int64_t)bytes_in);
    put_field_number(&l, "bytes_out", (int64_t)bytes_out);
    put_field_text(&l, "request_id", request_id);
    end(&l, LOG_INFO);
}
