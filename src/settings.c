/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.c -- the rows, and what reads and writes them. A new setting is a field, a row, and the
 * place that uses it. */
#include "settings.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIB     (INT64_C(1) << 10)
#define MIB     (INT64_C(1) << 20)
#define GIB     (INT64_C(1) << 30)
#define HOUR_MS (INT64_C(3600) * 1000)

enum { MAX_FILE_BYTES = 1 << 20, MAX_PATH_BYTES = 4000, FILE_NAME_BYTES = 100, WRAP_COLUMNS = 96 };
enum { LEAST_WORKERS = 2, MOST_DEFAULT_WORKERS = 16, MOST_DEFAULT_LOOPS = 4 };
enum { WAITING_WORKERS = 16 }; /* most of their time they wait for another machine */

static const char *const poolers[] = {"none", "transaction", NULL};
static const char *const log_formats[] = {"auto", "text", "json", NULL};

#define AT(field) .offset = offsetof(settings, field)

const setting setting_rows[SETTINGS] = {
    {"listen", "HOST:PORT", SETTING_TEXT, AT(listen), .text = "127.0.0.1:8000", .min = 1,
     .max = 300, .about = "Where the API is served; port 0 takes any free one."},
    {"data", "DIR", SETTING_TEXT, AT(data), .text = "./data", .min = 1, .max = MAX_PATH_BYTES,
     .everywhere = true, .about = "The data directory, made with mode 0700 when there is none."},
    {"database", "URL", SETTING_TEXT, AT(database),
     .otherwise = "sqlite:recalld.db in the data directory",
     .max = MAX_PATH_BYTES + FILE_NAME_BYTES, .everywhere = true,
     .about = "The store: sqlite:PATH, or postgres://USER:PASSWORD@HOST/NAME and all else that "
              "libpq takes."},
    {"database-pooler", NULL, SETTING_CHOICE, AT(database_pooler), .text = "none", .names = poolers,
     .everywhere = true,
     .about = "What is at PostgreSQL's address: none for itself, transaction for PgBouncer in that "
              "mode."},
    {"loops", NULL, SETTING_NUMBER, AT(loops), .otherwise = "the machine's cores, at most 4",
     .min = 1, .max = 64, .about = "Threads that serve connections."},
    {"workers", NULL, SETTING_NUMBER, AT(workers),
     .otherwise = "the machine's cores, at least 2, at most 16; 16 on PostgreSQL", .min = 1,
     .max = 128,
     .about =
         "Threads that search, and parse long bodies; on PostgreSQL they do all its work, with a "
         "connection each."},
    {"max-connections", NULL, SETTING_NUMBER, AT(max_connections), .text = "10000", .min = 1,
     .max = 1000000, .about = "Open connections; above it 503."},
    {"max-connections-per-address", NULL, SETTING_NUMBER, AT(max_connections_per_address),
     .text = "0", .max = 1000000,
     .about = "Open connections of one client address; above it 503; 0 is no limit."},
    {"max-body-bytes", NULL, SETTING_SIZE, AT(max_body_bytes), .text = "5 MiB", .min = KIB,
     .max = GIB, .about = "A request's body; above it 413."},
    {"max-header-bytes", NULL, SETTING_SIZE, AT(max_header_bytes), .text = "16 KiB", .min = 4 * KIB,
     .max = 16 * MIB, .about = "A request's line and header; above it 431."},
    {"header-timeout-ms", NULL, SETTING_NUMBER, AT(header_timeout_ms), .text = "5000", .min = 10,
     .max = HOUR_MS, .about = "Time for a request's whole header; then its connection is closed."},
    {"request-timeout-ms", NULL, SETTING_NUMBER, AT(request_timeout_ms), .text = "30000", .min = 10,
     .max = HOUR_MS,
     .about = "Time for a whole request, its body and its wait for the store included."},
    {"idle-timeout-ms", NULL, SETTING_NUMBER, AT(idle_timeout_ms), .text = "75000", .min = 10,
     .max = 24 * HOUR_MS, .about = "How long a connection is kept open between requests."},
    {"request-memory-bytes", NULL, SETTING_SIZE, AT(request_memory_bytes), .text = "64 MiB",
     .min = MIB, .max = 16 * GIB,
     .about = "What one request may take of memory, its body included."},
    {"memory-bytes", NULL, SETTING_SIZE, AT(memory_bytes), .text = "1 GiB", .min = 16 * MIB,
     .max = 1024 * GIB, .about = "What all requests together may take of memory; beyond it 503."},
    {"reply-memory-bytes", NULL, SETTING_SIZE, AT(reply_memory_bytes), .text = "256 MiB",
     .min = MIB, .max = 16 * GIB,
     .about = "What one reading request may take of memory, its reply included; beyond it 400."},
    {"max-queue", NULL, SETTING_NUMBER, AT(max_queue), .text = "4096", .min = 1, .max = 1000000,
     .about = "Requests that wait for the writer, and for the workers; above it 503."},
    {"cache-bytes", NULL, SETTING_SIZE, AT(cache_bytes), .text = "16 MiB", .min = MIB,
     .max = 1024 * GIB,
     .about = "The store's cache for writing; each reading connection has a quarter of it."},
    {"busy-timeout-ms", NULL, SETTING_NUMBER, AT(busy_timeout_ms), .text = "5000", .max = HOUR_MS,
     .everywhere = true, .about = "How long to wait while another process writes to the store."},
    {"tls-cert-file", "FILE", SETTING_TEXT, AT(tls_cert_file), .text = "", .max = MAX_PATH_BYTES,
     .about = "The certificate and its chain, PEM; with tls-key-file the API is served by HTTPS."},
    {"tls-key-file", "FILE", SETTING_TEXT, AT(tls_key_file), .text = "", .max = MAX_PATH_BYTES,
     .about = "The certificate's private key, PEM."},
    {"metrics-listen", "HOST:PORT", SETTING_TEXT, AT(metrics_listen), .text = "", .max = 300,
     .about = "An address of its own for /metrics, /healthz and /readyz, plain HTTP; /metrics is "
              "then gone from the first."},
    {"log-level", NULL, SETTING_CHOICE, AT(log_level), .text = "info", .names = log_level_names,
     .about = "What is logged: this level and those before it."},
    {"log-format", NULL, SETTING_CHOICE, AT(log_format), .text = "auto", .names = log_formats,
     .about = "The form of the log on standard error; auto is text on a terminal, else JSON."},
    {"api-key", "KEY", SETTING_SECRET, AT(api_key), .text = "", .max = 512,
     .about = "A key of the project `default`, beside those that `keys create` makes."},
    {"message-characters", NULL, SETTING_NUMBER, AT(message_characters), .text = "4096", .min = 1,
     .max = 1000000, .about = "The longest content of a message, in characters; above it 400."},
    {"messages", NULL, SETTING_NUMBER, AT(messages), .text = "30", .min = 1, .max = 10000,
     .about = "Messages that one request may add; above it 400."},
    {"context-tokens", NULL, SETTING_NUMBER, AT(context_tokens), .text = "1400", .min = 0,
     .max = 100000, .about = "The budget of a context string; a token is 1/1.3 of a word."},
    {"stop-timeout-ms", NULL, SETTING_NUMBER, AT(stop_timeout_ms), .text = "30000", .min = 0,
     .max = HOUR_MS, .about = "How long SIGTERM waits for requests in flight."},
};

static size_t index_of(const setting *row)
{
    return (size_t)(row - setting_rows);
}

static bool is_text(const setting *row)
{
    return row->kind == SETTING_TEXT || row->kind == SETTING_SECRET;
}

static slice *text_at(settings *s, const setting *row)
{
    assert(is_text(row));
    return (slice *)(void *)((char *)s + row->offset);
}

static int64_t *number_at(settings *s, const setting *row)
{
    assert(!is_text(row));
    return (int64_t *)(void *)((char *)s + row->offset);
}

static const setting *must_find(const char *name)
{
    const setting *row = setting_find(slice_of(name));

    assert(row);
    return row;
}

static bool is_default(const settings *s, const char *name)
{
    return s->source[index_of(must_find(name))] == FROM_DEFAULT;
}

const setting *setting_find(slice name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (slice_is(name, setting_rows[i].name))
            return &setting_rows[i];
    return NULL;
}

size_t setting_variable(const char *name, char to[SETTING_VARIABLE])
{
    static const char prefix[] = "RECALLD_";
    size_t n = sizeof(prefix) - 1;

    memcpy(to, prefix, n);
    for (; *name && n + 1 < SETTING_VARIABLE; name++)
        to[n++] = (char)(*name == '-' ? '_' : *name >= 'a' && *name <= 'z' ? *name - 32 : *name);
    to[n] = '\0';
    return n;
}

/* ---- values ---- */

static const struct unit {
    const char *name;
    int64_t bytes;
} units[] = {{"GiB", GIB}, {"MiB", MIB}, {"KiB", KIB}};

static slice trim(slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r'))
        s = (slice){s.p + 1, s.n - 1};
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

/* Decimal digits and nothing else. */
static bool parse_digits(slice s, int64_t *v)
{
    int64_t to = 0;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(to, 10, &to) ||
            __builtin_add_overflow(to, s.p[i] - '0', &to))
            return false;
    *v = to;
    return s.n > 0;
}

static bool parse_size(slice s, int64_t *v)
{
    int64_t bytes = 1;

    for (size_t i = 0; i < COUNT(units); i++) {
        size_t n = strlen(units[i].name);
        if (s.n > n && memcmp(s.p + s.n - n, units[i].name, n) == 0) {
            bytes = units[i].bytes;
            s = trim((slice){s.p, s.n - n});
            break;
        }
    }
    return parse_digits(s, v) && !__builtin_mul_overflow(*v, bytes, v);
}

static bool parse_choice(const setting *row, slice s, int64_t *v)
{
    for (int i = 0; row->names[i]; i++)
        if (slice_is(s, row->names[i])) {
            *v = i;
            return true;
        }
    return false;
}

static bool parse_number(const setting *row, slice s, int64_t *v)
{
    if (row->kind == SETTING_CHOICE)
        return parse_choice(row, s, v);
    bool ok = row->kind == SETTING_SIZE ? parse_size(s, v) : parse_digits(s, v);
    return ok && *v >= row->min && *v <= row->max;
}

static bool text_fits(const setting *row, slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7F || (row->kind == SETTING_SECRET && (c == ' ' || c > 0x7E)))
            return false;
    }
    return (int64_t)s.n >= row->min && (int64_t)s.n <= row->max;
}

static void put_number(buf *b, const setting *row, int64_t v)
{
    if (row->kind == SETTING_CHOICE) {
        buf_puts(b, row->names[v]);
        return;
    }
    for (size_t i = 0; row->kind == SETTING_SIZE && v && i < COUNT(units); i++)
        if (v % units[i].bytes == 0) {
            buf_printf(b, "%" PRId64 " %s", v / units[i].bytes, units[i].name);
            return;
        }
    buf_i64(b, v);
}

/* "1 to 64", "4 KiB to 16 MiB", "error, warn, info or debug". */
static void put_bounds(buf *b, const setting *row)
{
    switch (row->kind) {
    case SETTING_CHOICE:
        for (int i = 0; row->names[i]; i++) {
            buf_puts(b, i == 0 ? "" : row->names[i + 1] ? ", " : " or ");
            buf_puts(b, row->names[i]);
        }
        break;
    case SETTING_TEXT:
        buf_printf(b, "%s%" PRId64 " printable bytes", row->min ? "1 to " : "at most ", row->max);
        break;
    case SETTING_SECRET:
        buf_printf(b, "at most %" PRId64 " visible ASCII characters", row->max);
        break;
    default:
        put_number(b, row, row->min);
        buf_puts(b, " to ");
        put_number(b, row, row->max);
    }
}

err setting_set(settings *s, const setting *row, slice value, setting_source from, arena *a,
                slice *why)
{
    int64_t v = 0;

    if (is_text(row) ? text_fits(row, value) : parse_number(row, value, &v)) {
        s->source[index_of(row)] = from;
        if (!is_text(row)) {
            *number_at(s, row) = v;
            return OK;
        }
        slice copy = arena_dup(a, value.p ? value : SLICE(""));
        if (!copy.p)
            return ERR_NO_MEMORY;
        *text_at(s, row) = copy;
        return OK;
    }
    buf b;
    buf_init(&b, a, 4 * KIB + MAX_PATH_BYTES);
    if (row->kind == SETTING_SECRET || !text_fits(setting_rows, value)) /* as `listen` may be */
        buf_printf(&b, "bad value for %s: it must be ", row->name);
    else
        buf_printf(&b, "bad value '%.*s' for %s: it must be ", (int)value.n, value.p ? value.p : "",
                   row->name);
    put_bounds(&b, row);
    return buf_done(&b, why) ? ERR_NO_MEMORY : ERR_BAD_REQUEST;
}

err settings_init(settings *s, arena *a)
{
    slice why;

    *s = (settings){0};
    for (size_t i = 0; i < SETTINGS; i++) {
        const setting *row = &setting_rows[i];
        assert(row->name);
        err e = row->text ? setting_set(s, row, slice_of(row->text), FROM_DEFAULT, a, &why) : OK;
        assert(e != ERR_BAD_REQUEST);
        if (e)
            return e;
    }
    return OK;
}

/* ---- the config file ---- */

/* The line without its comment. */
static slice without_comment(slice line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
            return (slice){line.p, i};
    return line;
}

static err parse_line(settings *s, slice line, int number, bool seen[SETTINGS], arena *a,
                      slice *why)
{
    slice text = trim(without_comment(line));
    const char *equals = text.n ? memchr(text.p, '=', text.n) : NULL;

    if (!text.n)
        return OK;
    if (!equals) {
        *why = SLICE("a line must be 'name = value', or a comment that begins with '#'");
        return ERR_BAD_REQUEST;
    }
    slice name = trim((slice){text.p, (size_t)(equals - text.p)});
    slice value = trim((slice){equals + 1, (size_t)(text.p + text.n - equals - 1)});
    if (value.n && value.p[0] == '#') /* right behind the `=` */
        value.n = 0;
    const setting *row = setting_find(name);
    if (!row || seen[index_of(row)]) {
        if (!text_fits(setting_rows, name))
            *why = SLICE("this is no setting's name");
        else
            *why = arena_printf(a, row ? "%.*s is set twice" : "there is no setting '%.*s'",
                                (int)name.n, name.p);
        return why->p ? ERR_BAD_REQUEST : ERR_NO_MEMORY;
    }
    seen[index_of(row)] = true;
    if (!value.n)
        return OK;
    s->line[index_of(row)] = number;
    return setting_set(s, row, value, FROM_FILE, a, why);
}

err settings_parse_file_text(settings *s, slice file, slice text, arena *a, slice *why)
{
    bool seen[SETTINGS] = {false};
    size_t at = 0;

    s->file = file;
    for (int number = 1; at < text.n; number++) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        slice line = {text.p + at, end ? (size_t)(end - text.p) - at : text.n - at};
        slice wrong = NO_SLICE;

        at += line.n + 1;
        err e = parse_line(s, line, number, seen, a, &wrong);
        if (e == ERR_BAD_REQUEST) {
            *why = arena_printf(a, "%.*s:%d: %.*s", (int)file.n, file.p, number, (int)wrong.n,
                                wrong.p);
            return why->p ? e : ERR_NO_MEMORY;
        }
        if (e)
            return e;
    }
    return OK;
}

/* All of a file, or ERR_BAD_REQUEST and errno. */
static err read_whole(const char *path, arena *a, slice *text)
{
    char *p = arena_alloc(a, MAX_FILE_BYTES);
    size_t n = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return ERR_BAD_REQUEST;
    while (p && n < MAX_FILE_BYTES && (got = read(fd, p + n, MAX_FILE_BYTES - n)) > 0)
        n += (size_t)got;
    int saved = n == MAX_FILE_BYTES ? EFBIG : errno;
    close(fd);
    errno = saved;
    *text = (slice){p, n};
    if (!p)
        return ERR_NO_MEMORY;
    return got < 0 || n == MAX_FILE_BYTES ? ERR_BAD_REQUEST : OK;
}

err settings_read_file(settings *s, slice path, arena *a, slice *why)
{
    slice name = arena_dup(a, path), text;

    if (!name.p)
        return ERR_NO_MEMORY;
    err e = read_whole(name.p, a, &text);
    if (e == ERR_BAD_REQUEST)
        *why = arena_printf(a, "cannot read the config file %s: %s", name.p, strerror(errno));
    return e ? e : settings_parse_file_text(s, name, text, a, why);
}

/* ---- variables ---- */

err settings_read_environment(settings *s, arena *a, slice *why)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        char variable[SETTING_VARIABLE];
        setting_variable(setting_rows[i].name, variable);
        const char *value = getenv(variable);
        if (!value || !*value)
            continue;
        slice wrong = NO_SLICE;
        err e = setting_set(s, &setting_rows[i], slice_of(value), FROM_VARIABLE, a, &wrong);
        if (e == ERR_BAD_REQUEST)
            *why = arena_printf(a, "%s: %.*s", variable, (int)wrong.n, wrong.p);
        if (e)
            return e;
    }
    return OK;
}

/* ---- the end ---- */

static int64_t between(int64_t least, int64_t v, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

err settings_finish(settings *s, arena *a, slice *why)
{
    int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (is_default(s, "loops"))
        s->loops = between(1, cores, MOST_DEFAULT_LOOPS);
    if (slice_empty(s->database)) {
        s->database = arena_printf(a, "sqlite:%s/recalld.db", s->data.p);
        if (!s->database.p)
            return ERR_NO_MEMORY;
    }
    if (is_default(s, "workers"))
        s->workers = strncmp(s->database.p, "sqlite:", strlen("sqlite:")) != 0
                         ? WAITING_WORKERS
                         : between(LEAST_WORKERS, cores, MOST_DEFAULT_WORKERS);
    if (slice_empty(s->tls_cert_file) != slice_empty(s->tls_key_file)) {
        *why = SLICE("tls-cert-file and tls-key-file must be given together");
        return ERR_BAD_REQUEST;
    }
    if (s->request_memory_bytes < s->max_body_bytes) {
        *why = SLICE("request-memory-bytes must be at least max-body-bytes");
        return ERR_BAD_REQUEST;
    }
    return OK;
}

/* ---- words ---- */

/* `text` broken at spaces, every line after `indent`. */
static void put_wrapped(buf *b, const char *indent, slice text)
{
    size_t room = WRAP_COLUMNS - strlen(indent);

    while (text.n) {
        size_t n = text.n;
        if (n > room)
            for (n = room; n > 1 && text.p[n] != ' ';)
                n--;
        buf_puts(b, indent);
        buf_put(b, text.p, n);
        buf_putc(b, '\n');
        text = trim((slice){text.p + n, text.n - n});
    }
}

/* What ends a password that begins at `at`: the last @ before the path, or the parameter's end. */
static size_t end_of_password(slice url, size_t at, bool parameter)
{
    size_t end = at, i = at;

    for (; i < url.n && url.p[i] != (parameter ? '&' : '/'); i++)
        if (url.p[i] == '@')
            end = i;
    return parameter ? i : end;
}

void settings_put_url(buf *b, slice url)
{
    static const char mark[] = "password=", scheme[] = "postgres";
    bool files = url.n < sizeof(scheme) || memcmp(url.p, scheme, sizeof(scheme) - 1) != 0;
    const char *behind = files ? NULL : memmem(url.p, url.n, "://", 3);
    size_t from = 0, user = behind ? (size_t)(behind - url.p) + 3 : url.n;

    for (size_t i = user; i < url.n; i++) {
        bool parameter =
            url.n - i >= sizeof(mark) - 1 && memcmp(url.p + i, mark, sizeof(mark) - 1) == 0;
        bool colon = url.p[i] == ':' && !from;
        size_t begin = parameter ? i + sizeof(mark) - 1 : i + 1;
        size_t end = parameter || colon ? end_of_password(url, begin, parameter) : 0;
        if (!(parameter || colon) || end <= begin)
            continue;
        buf_put(b, url.p + from, begin - from);
        buf_puts(b, "(set)");
        from = end;
        i = end - 1;
    }
    buf_put(b, url.p + from, url.n - from);
}

static void put_value(buf *b, settings *s, const setting *row)
{
    if (row->kind == SETTING_SECRET)
        buf_puts(b, slice_empty(*text_at(s, row)) ? "" : "(set)");
    else if (row->offset == offsetof(settings, database))
        settings_put_url(b, s->database);
    else if (row->kind == SETTING_TEXT)
        buf_slice(b, *text_at(s, row));
    else
        put_number(b, row, *number_at(s, row));
}

static void put_source(buf *b, const settings *s, const setting *row)
{
    char variable[SETTING_VARIABLE];
    size_t i = index_of(row);

    switch (s->source[i]) {
    case FROM_DEFAULT:
        buf_puts(b, "default");
        break;
    case FROM_FILE:
        buf_printf(b, "file %.*s:%d", (int)s->file.n, s->file.p, s->line[i]);
        break;
    case FROM_VARIABLE:
        setting_variable(row->name, variable);
        buf_printf(b, "variable %s", variable);
        break;
    case FROM_FLAG:
        buf_printf(b, "flag --%s", row->name);
        break;
    }
}

void settings_print(const settings *s, buf *b)
{
    settings copy = *s;

    for (size_t i = 0; i < SETTINGS; i++) {
        buf_printf(b, "%s = ", setting_rows[i].name);
        put_value(b, &copy, &setting_rows[i]);
        buf_puts(b, "  # ");
        put_source(b, s, &setting_rows[i]);
        buf_putc(b, '\n');
    }
}

/* "Default 5 MiB; 1 KiB to 1 GiB." as far as there is something to say. */
static void put_facts(buf *b, const setting *row)
{
    const char *otherwise = row->text && *row->text ? row->text : row->otherwise;

    buf_printf(b, "Default: %s", otherwise ? otherwise : "none");
    if (row->kind == SETTING_NUMBER || row->kind == SETTING_SIZE) {
        buf_puts(b, "; ");
        put_bounds(b, row);
    }
    buf_putc(b, '.');
}

static const char *value_word(const setting *row)
{
    return row->value ? row->value : row->kind == SETTING_SIZE ? "SIZE" : "N";
}

void settings_help(buf *b, bool all)
{
    buf_puts(b, "  --config FILE\n      A file of settings, one 'name = value' a line.\n");
    for (size_t i = 0; i < SETTINGS; i++) {
        const setting *row = &setting_rows[i];
        if (!all && !row->everywhere)
            continue;
        buf_printf(b, "  --%s ", row->name);
        if (row->kind == SETTING_CHOICE)
            for (int j = 0; row->names[j]; j++)
                buf_printf(b, "%s%s", j ? "|" : "", row->names[j]);
        else
            buf_puts(b, value_word(row));
        buf_putc(b, '\n');
        put_wrapped(b, "      ", slice_of(row->about));
        buf_puts(b, "      ");
        put_facts(b, row);
        buf_putc(b, '\n');
    }
    buf_puts(b,
             "Every setting is also a variable, RECALLD_ and its name in capitals with _ for -,\n"
             "and a line of the config file. A flag wins over a variable, a variable over the\n"
             "file, the file over the default. A SIZE is in bytes, or in KiB, MiB or GiB.\n");
}

void settings_example(buf *b)
{
    buf_puts(b, "# recalld.conf -- every setting of recalld, at its default.\n"
                "#\n"
                "# Read with `recalld serve --config FILE` or RECALLD_CONFIG=FILE. A line is\n"
                "# 'name = value'; a # at the start of a line or behind white space begins a\n"
                "# comment; without a value a line says nothing. A flag (--listen) and a variable\n"
                "# (RECALLD_LISTEN) win over this file.\n"
                "# `recalld serve --print-config` shows what is in force.\n");
    for (size_t i = 0; i < SETTINGS; i++) {
        const setting *row = &setting_rows[i];
        buf_putc(b, '\n');
        put_wrapped(b, "# ", slice_of(row->about));
        if (row->kind == SETTING_CHOICE) {
            buf_puts(b, "# One of ");
            put_bounds(b, row);
            buf_puts(b, ".\n");
        } else {
            buf_puts(b, "# ");
            put_facts(b, row);
            buf_putc(b, '\n');
        }
        buf_printf(b, "#%s =%s%s\n", row->name, row->text && *row->text ? " " : "",
                   row->text ? row->text : "");
    }
}
