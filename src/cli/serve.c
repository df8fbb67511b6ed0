/* SPDX-License-Identifier: Apache-2.0
 *
 * cli/serve.c -- `recalld serve`: from settings to a running server, and back to nothing.
 *
 *     settings ─► certificate looked at ─► port bound ─► directory made, store opened and locked
 *       ─► app ─► served ─► "listening on ..." ─► signals ─► drained ─► closed, in reverse
 *
 * All that can be refused is refused before the data directory is touched. The main thread starts
 * everything and then waits for signals, which are blocked in all threads. */
#include "api/app.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/cli.h"
#include "http/server.h"
#include "store/projects.h"

#include <gnutls/gnutls.h>
#include <signal.h>
#include <unistd.h>

enum { SERVERS = 2, METRICS_PATIENCE_MS = 1000, PRINTED_BYTES = 1 << 18, RELOAD_BYTES = 16 << 20 };

/* Everything that lives while it serves; each is NULL or -1 until it is there. */
struct serving {
    cli *c;
    int fd, metrics_fd; /* ours until they are handed to a server */
    slice url, metrics_url;
    db *db;
    app *app;
    http_server *server, *metrics;
};

/* ---- what is only printed ---- */

static int print_settings(cli *c)
{
    slice text;
    buf b;

    buf_init(&b, &c->arena, PRINTED_BYTES);
    if (c->print_example_config)
        settings_example(&b);
    else
        settings_print(&c->settings, &b);
    if (buf_done(&b, &text))
        return cli_fail(CLI_WRONG, "out of memory");
    fwrite(text.p, 1, text.n, stdout);
    return 0;
}

/* ---- signals ---- */

static void leave_at_once(int number)
{
    (void)number;
    _exit(CLI_WRONG);
}

static sigset_t waited_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* Before any thread: they inherit the mask. */
static void take_signals(void)
{
    sigset_t set = waited_signals();

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* From here on a signal that stops does so at once. */
static void give_signals(void)
{
    const struct sigaction leave = {.sa_handler = leave_at_once};
    sigset_t set = waited_signals();

    sigaction(SIGTERM, &leave, NULL);
    sigaction(SIGINT, &leave, NULL);
    signal(SIGHUP, SIG_IGN);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- start ---- */

/* Whether the certificate and the key can be read and belong together. */
static bool tls_fits(const settings *s, slice *why)
{
    gnutls_certificate_credentials_t both = NULL;

    if (slice_empty(s->tls_cert_file))
        return true;
    int rc = gnutls_certificate_allocate_credentials(&both);
    if (rc >= 0) {
        rc = gnutls_certificate_set_x509_key_file(both, s->tls_cert_file.p, s->tls_key_file.p,
                                                  GNUTLS_X509_FMT_PEM);
        gnutls_certificate_free_credentials(both);
    }
    if (rc < 0)
        *why = slice_of(gnutls_strerror(rc));
    return rc >= 0;
}

static int bind_ports(struct serving *s)
{
    const settings *set = &s->c->settings;
    arena *a = &s->c->arena;
    slice why = NO_SLICE;

    if (!tls_fits(set, &why))
        return cli_fail(CLI_USAGE, "certificate %s with key %s: %s", set->tls_cert_file.p,
                        set->tls_key_file.p, why.p);
    err e = http_listen(set->listen, a, &s->fd, &why);
    if (!e && !slice_empty(set->metrics_listen))
        e = http_listen(set->metrics_listen, a, &s->metrics_fd, &why);
    if (e) {
        cli_fail_err("serve", e, why);
        return CLI_USAGE;
    }
    s->url = http_url(s->fd, !slice_empty(set->tls_cert_file), a);
    if (s->metrics_fd >= 0)
        s->metrics_url = http_url(s->metrics_fd, false, a);
    return 0;
}

static int open_store(struct serving *s)
{
    const settings *set = &s->c->settings;
    const db_options o = {
        .url = set->database,
        .pooled = set->database_pooler == POOLER_TRANSACTION,
        .serve = true,
        .create = true,
        .workers = (int)set->workers,
        .max_queue = (int)set->max_queue,
        .busy_ms = set->busy_timeout_ms,
        .cache_bytes = set->cache_bytes,
    };
    slice why = NO_SLICE;

    if (!cli_make_directory(s->c))
        return CLI_USAGE;
    err e = db_open(&o, &s->c->arena, &s->db, &why);
    if (!e)
        return 0;
    cli_fail_err("cannot open the store", e, why);
    return CLI_USAGE;
}

static int open_app(struct serving *s)
{
    const settings *set = &s->c->settings;
    const app_options o = {
        .api_key = slice_empty(set->api_key) ? NO_SLICE : set->api_key,
        .message_characters = set->message_characters,
        .messages = set->messages,
        .context_tokens = set->context_tokens,
        .reply_memory = set->reply_memory_bytes,
    };

    err e = app_open(s->db, &o, &s->app);
    return e ? cli_fail_err("cannot start", e, NO_SLICE) : 0;
}

/* What a server was given is its own, also when it does not start: the number may be another file's
 * by then. */
static int give(int *fd)
{
    int given = *fd;

    *fd = -1;
    return given;
}

static int open_servers(struct serving *s)
{
    const settings *set = &s->c->settings;
    http_options o = {
        .loops = (int)set->loops,
        .max_connections = (int)set->max_connections,
        .max_per_address = (int)set->max_connections_per_address,
        .max_body_bytes = set->max_body_bytes,
        .max_header_bytes = set->max_header_bytes,
        .header_ms = set->header_timeout_ms,
        .request_ms = set->request_timeout_ms,
        .idle_ms = set->idle_timeout_ms,
        .request_memory = set->request_memory_bytes,
        .memory = set->memory_bytes,
        .tls_cert_file = slice_empty(set->tls_cert_file) ? NULL : set->tls_cert_file.p,
        .tls_key_file = slice_empty(set->tls_key_file) ? NULL : set->tls_key_file.p,
    };
    bool apart = s->metrics_fd >= 0;
    http_app main_app = app_http(s->app, apart);
    http_app operations = app_http_operations(s->app);
    slice why = NO_SLICE;

    err e = http_open(give(&s->fd), &main_app, &o, &s->c->arena, &s->server, &why);
    if (!e && apart) {
        o.loops = 1;
        o.tls_cert_file = o.tls_key_file = NULL;
        e = http_open(give(&s->metrics_fd), &operations, &o, &s->c->arena, &s->metrics, &why);
    }
    if (e)
        return cli_fail_err("cannot serve", e, why);
    http_server *servers[SERVERS] = {s->server, s->metrics};
    app_servers(s->app, servers, s->metrics ? 2 : 1);
    return 0;
}

/* ---- the first start ---- */

struct first_key {
    db_job job; /* first */
    arena *arena;
    slice key;
    bool made;
};

/* The default project with a key, if there is no project at all. */
static err first_key_run(db_job *job, tx *t)
{
    struct first_key *f = (struct first_key *)job;
    int64_t now = clock_now_us();
    uint8_t hash[KEY_HASH];
    project *all, made;
    size_t n = 0;

    f->made = false;
    err e = project_list(t, f->arena, &all, &n);
    if (e || n > 0)
        return e;
    e = project_create(t, f->arena, SLICE(DEFAULT_PROJECT), now, &made);
    if (e)
        return e;
    key_hash(f->key, hash);
    f->made = true;
    return key_add(t, made.project, hash, now);
}

static void announce(struct serving *s, const struct first_key *f)
{
    printf("recalld %s listening on %s\n", RECALLD_VERSION, s->url.p);
    if (s->metrics_url.p)
        printf("metrics on %s\n", s->metrics_url.p);
    if (f->made) {
        printf("key of the new project \"" DEFAULT_PROJECT
               "\", shown this once and kept as a hash only:\n%s\n",
               f->key.p);
    } else {
        const settings *set = &s->c->settings;
        bool by_url = set->source[setting_find(SLICE("database")) - setting_rows] != FROM_DEFAULT;
        slice where = set->data;
        buf b;

        buf_init(&b, &s->c->arena, PRINTED_BYTES);
        settings_put_url(&b, set->database);
        if (by_url && buf_done(&b, &where))
            where = SLICE("URL");
        printf("to make another key: %s keys create --%s %.*s --project " DEFAULT_PROJECT "\n",
               s->c->argv[0], by_url ? "database" : "data", SLICE_ARG(where));
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        log_warn("standard output cannot be written; another key: recalld keys create");
    clearerr(stdout); /* it serves nevertheless */
    log_info("recalld %s serves %s", RECALLD_VERSION, s->url.p);
}

static int greet(struct serving *s)
{
    struct first_key f = {.job = {.run = first_key_run}, .arena = &s->c->arena};
    err e = OK;

    if (slice_empty(s->c->settings.api_key)) {
        e = key_make(&s->c->arena, &f.key);
        if (!e)
            e = db_write(s->db, &f.job);
        if (e)
            return cli_fail_err("the first key cannot be made", e, NO_SLICE);
    }
    announce(s, &f);
    return 0;
}

/* ---- while it serves ---- */

/* SIGHUP: what can change while it serves. What cannot be read leaves all as it was. */
static void reload(struct serving *s)
{
    slice why = NO_SLICE;
    settings fresh;
    arena a;

    arena_init(&a, RELOAD_BYTES);
    err e = cli_read_settings(s->c, &a, &fresh, &why);
    if (e) {
        log_error("reload: %s; the settings stay as they were", why.p ? why.p : err_text(e));
    } else {
        s->c->settings.log_level = fresh.log_level;
        log_set_level((log_level)fresh.log_level);
    }
    app_reload_keys(s->app);
    bool fits = tls_fits(&s->c->settings, &why) && http_reload_tls(s->server, &a, &why) == OK;
    if (!fits)
        log_error("reload: certificate: %s; the old one stays", why.p ? why.p : "cannot be read");
    if (!e && fits)
        log_info("reloaded: keys, certificate and log level");
    arena_deinit(&a);
}

static void serve_until_stopped(struct serving *s)
{
    sigset_t set = waited_signals();

    for (;;) {
        int number = sigwaitinfo(&set, NULL);
        if (number == SIGHUP)
            reload(s);
        else if (number > 0)
            return;
    }
}

/* ---- the end ---- */

static void stop(struct serving *s)
{
    log_info("stopping");
    bool quiet = http_drain(s->server, s->c->settings.stop_timeout_ms);

    if (s->metrics)
        quiet = http_drain(s->metrics, METRICS_PATIENCE_MS) && quiet;
    if (quiet)
        return;
    log_error("requests were still under way after the time to stop; they get no answer");
    log_close();
    _exit(CLI_WRONG);
}

static void close_all(struct serving *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->metrics_fd >= 0)
        close(s->metrics_fd);
    http_close(s->metrics);
    http_close(s->server);
    app_close(s->app);
    db_close(s->db);
}

static bool logs_json(const settings *s)
{
    return s->log_format == LOG_FORMAT_JSON ||
           (s->log_format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
}

int cli_serve(cli *c)
{
    struct serving s = {.c = c, .fd = -1, .metrics_fd = -1};

    if (c->print_config || c->print_example_config)
        return print_settings(c);
    log_set_level((log_level)c->settings.log_level);
    take_signals();
    json_init();
    int code = bind_ports(&s);
    if (!code)
        code = open_store(&s);
    if (!code) {
        log_open(logs_json(&c->settings));
        code = open_app(&s);
        if (!code)
            code = open_servers(&s);
        if (!code)
            code = greet(&s);
        if (!code)
            serve_until_stopped(&s);
        give_signals();
        if (s.server)
            stop(&s);
    }
    close_all(&s);
    if (!code)
        log_info("stopped");
    log_close();
    return code;
}
