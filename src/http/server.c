/* SPDX-License-Identifier: Apache-2.0
 *
 * http/server.c -- one request from its first line to its last byte, on libmicrohttpd.
 *
 * The library calls: on_uri with the request line, on_request with the header (first), with each
 * piece of the body, with the end of the body, and once more after a suspended connection was
 * resumed; on_completed when all is over. An exchange carries the request through these calls:
 *
 *     HEADER ──► BODY ──► WITH_APP (suspended) ──► ANSWERED
 *      ▲  ▼ (suspended while another machine is asked whose key it is)
 *        └────────┴──────── refusals, inline reads ───▲
 *
 * A refusal decided at the header still reads a body of bearable size first: a client that is
 * writing would otherwise see a reset and not the answer. */
#include "http/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/gate.h"
#include "http/metrics.h"
#include "http/peers.h"
#include "http/tls.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    INLINE_BODY = 64 * 1024, /* a longer body is parsed on a worker */
    MAX_DRAINED = 8,         /* refused bodies are read up to so many times the body limit */
    POOL = 256,              /* exchanges kept for the next requests */
    REQUEST_ID = 64,
    SPARE = 160,
    HEADER_MEMORY = 2, /* times max_header_bytes: records of the fields, and the reply's header */
};

typedef enum phase { HEADER, BODY, WITH_APP, ANSWERED } phase;

typedef struct exchange exchange;

struct exchange {
    request rq; /* first: http_finish is given the request */
    http_server *s;
    struct MHD_Connection *c;
    peer *p;
    phase phase;
    slice uri;
    bool uri_has_nul;
    gate_result gate;
    bool key_looked_up;
    err key_result;
    bool close; /* the connection cannot be kept */
    err result; /* of gate, parsing or the app */
    char *body; /* of body_cap bytes, in the arena */
    size_t body_cap;
    int64_t body_seen; /* bytes received, dropped ones too */
    int64_t begun_us;
    int status;
    char request_id[REQUEST_ID + 1];
    char spare[SPARE]; /* for an error's reply when the arena is full */
    exchange *next;    /* the pool's */
};

struct http_server {
    http_app app;
    http_options o;
    router *router;
    metrics *metrics;
    peers *peers;
    arena_budget budget; /* of all requests */
    struct MHD_Daemon *daemon;
    int listen_fd;   /* the daemon's */
    int stand_in_fd; /* takes the listening socket's number in http_drain; -1 after */
    char *tls_cert_file, *tls_key_file; /* ours */
    atomic_int in_flight;
    atomic_int with_app; /* of them, those that are submitted and not finished */
    atomic_bool draining;
    atomic_uint ids;
    uint32_t id_prefix;
    pthread_mutex_t pool_lock; /* guards pool, pool_n */
    exchange *pool;
    int pool_n;
};

/* ---- exchanges ---- */

static exchange *exchange_take(http_server *s)
{
    pthread_mutex_lock(&s->pool_lock);
    exchange *x = s->pool;
    if (x) {
        s->pool = x->next;
        s->pool_n--;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (!x) {
        x = mem_zalloc(sizeof(*x));
        if (!x)
            return NULL;
        arena_init(&x->rq.arena, (size_t)s->o.request_memory);
    }
    arena kept = x->rq.arena;
    kept.max = (size_t)s->o.request_memory;
    kept.budget = &s->budget;
    *x = (exchange){.rq = {.arena = kept, .content_type = "application/json"}, .s = s};
    return x;
}

static void exchange_give(exchange *x)
{
    http_server *s = x->s;

    arena_reset(&x->rq.arena);
    pthread_mutex_lock(&s->pool_lock);
    bool kept = s->pool_n < POOL;
    if (kept) {
        x->next = s->pool;
        s->pool = x;
        s->pool_n++;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (!kept) {
        arena_deinit(&x->rq.arena);
        mem_free(x);
    }
}

/* ---- the reply ---- */

static bool plain_id(slice s)
{
    if (s.n == 0 || s.n > REQUEST_ID)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.'))
            return false;
    return true;
}

static void name_request(exchange *x, slice given)
{
    if (plain_id(given))
        snprintf(x->request_id, sizeof(x->request_id), "%.*s", SLICE_ARG(given));
    else
        snprintf(x->request_id, sizeof(x->request_id), "%08x%08x", x->s->id_prefix,
                 atomic_fetch_add(&x->s->ids, 1));
}

static bool plain_text(slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    return s.n < SPARE - 32;
}

/* {"message": …}, in the exchange itself where the arena has no room left. */
static void reply_error(exchange *x)
{
    message_reply m = {x->rq.why.p ? x->rq.why : slice_of(err_text(x->result))};

    x->rq.content_type = "application/json";
    x->status = err_status(x->result);
    if (reply_shape(&x->rq, &message_shape, &m) == OK)
        return;
    if (!plain_text(m.message))
        m.message = slice_of(err_text(x->result));
    int n = snprintf(x->spare, sizeof(x->spare), "{\"message\":\"%.*s\"}", SLICE_ARG(m.message));
    x->rq.reply = (slice){x->spare, (size_t)n};
}

static void preflight(exchange *x, struct MHD_Response *r)
{
    const char *asked =
        MHD_lookup_connection_value(x->c, MHD_HEADER_KIND, "Access-Control-Request-Headers");
    slice allowed = arena_printf(&x->rq.arena, "authorization, content-type%s%s", asked ? ", " : "",
                                 asked ? asked : "");

    MHD_add_response_header(r, "Access-Control-Allow-Methods",
                            "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    if (allowed.p)
        MHD_add_response_header(r, "Access-Control-Allow-Headers", allowed.p);
    MHD_add_response_header(r, "Access-Control-Max-Age", "86400");
}

static void add_headers(exchange *x, struct MHD_Response *r)
{
    MHD_add_response_header(r, "Content-Type", x->rq.content_type);
    MHD_add_response_header(r, "X-Request-Id", x->request_id);
    MHD_add_response_header(r, "Access-Control-Allow-Origin", "*");
    if (x->status == 503)
        MHD_add_response_header(r, "Retry-After", "1");
    if (x->gate.allow.p)
        MHD_add_response_header(r, "Allow", x->gate.allow.p);
    if (x->gate.preflight)
        preflight(x, r);
    if (x->close || x->gate.close || atomic_load(&x->s->draining))
        MHD_add_response_header(r, "Connection", "close");
}

/* What the app answered, or what refused, as a response of the library's. The reply's bytes stay in
 * the arena until on_completed. */
static enum MHD_Result answer(exchange *x)
{
    x->phase = ANSWERED;
    x->status = x->rq.status ? x->rq.status : 200;
    if (x->result)
        reply_error(x);
    else if (!x->rq.reply.p)
        x->rq.reply = SLICE("{\"message\":\"OK\"}");

    struct MHD_Response *r = MHD_create_response_from_buffer(
        x->rq.reply.n, (void *)(uintptr_t)x->rq.reply.p, MHD_RESPMEM_PERSISTENT);
    if (!r)
        return MHD_NO;
    add_headers(x, r);
    peer_enter(x->p, PEER_REPLY);
    metrics_count(x->s->metrics, x->rq.route ? x->gate.route_index : x->s->app.n, x->status,
                  clock_monotonic_us() - x->begun_us);
    enum MHD_Result queued = MHD_queue_response(x->c, (unsigned)x->status, r);
    MHD_destroy_response(r);
    return queued;
}

/* ---- running ---- */

static enum MHD_Result hand_over(exchange *x, bool parsed)
{
    int64_t deadline = x->begun_us + x->s->o.request_ms * 1000;

    x->phase = WITH_APP;
    peer_enter(x->p, PEER_RUNNING);
    atomic_fetch_add(&x->s->with_app, 1);
    MHD_suspend_connection(x->c); /* before the app has it: it may finish at once */
    x->result = OK;
    err e = x->s->app.submit(x->s->app.ctx, &x->rq, parsed, deadline);
    if (e)
        http_finish(&x->rq, e);
    return MHD_YES;
}

static enum MHD_Result run(exchange *x)
{
    const route *to = x->rq.route;

    x->rq.raw_body = (slice){x->body, x->body ? (size_t)x->body_seen : 0};
    if (x->result || x->gate.preflight)
        return answer(x);
    if (to->body && x->body_seen > INLINE_BODY)
        return hand_over(x, false);
    x->result = request_parse(&x->rq);
    if (x->result)
        return answer(x);
    switch (to->need) {
    case NEED_NOTHING:
        x->result = to->handle(&x->rq, NULL);
        return answer(x);
    case NEED_READ:
        if (!x->s->app.run)
            return hand_over(x, true);
        x->result = x->s->app.run(x->s->app.ctx, &x->rq);
        return answer(x);
    default:
        return hand_over(x, true);
    }
}

static void give_back(exchange *x)
{
    http_server *s = x->s;

    MHD_resume_connection(x->c);
    atomic_fetch_sub(&s->with_app, 1);
}

void http_finish(request *rq, err e)
{
    exchange *x = (exchange *)rq;

    x->result = e;
    give_back(x);
}

void http_key_found(request *rq, err e)
{
    exchange *x = (exchange *)rq;

    x->key_looked_up = true;
    x->key_result = e;
    give_back(x);
}

/* The header is looked at again when it is known whose key this is. */
static enum MHD_Result look_up_key(exchange *x)
{
    x->phase = HEADER;
    peer_enter(x->p, PEER_RUNNING);
    atomic_fetch_add(&x->s->with_app, 1);
    MHD_suspend_connection(x->c);
    err e = x->s->app.look_up_key(x->s->app.ctx, &x->rq, x->gate.unknown_key);
    if (e)
        http_key_found(&x->rq, e);
    return MHD_YES;
}

/* ---- the body ---- */

/* Refused and dropped, or of a route that takes none. */
static bool drops_body(const exchange *x)
{
    return x->result || x->gate.preflight || !x->rq.route->body;
}

static void take_body(exchange *x, const char *p, size_t n)
{
    int64_t max = x->s->o.max_body_bytes;

    if (!drops_body(x) && x->body_seen + (int64_t)n > max)
        x->result =
            request_fail(&x->rq, ERR_TOO_LARGE, "request body over %lld bytes", (long long)max);
    if (!drops_body(x)) {
        size_t need = (size_t)x->body_seen + n;
        if (need > x->body_cap) {
            size_t cap = x->gate.body_bytes > 0 ? (size_t)x->gate.body_bytes : x->body_cap * 2;
            cap = cap < need ? need : cap;
            char *grown = arena_alloc(&x->rq.arena, cap);
            if (!grown) {
                x->result = ERR_NO_MEMORY;
                x->body_seen += (int64_t)n;
                return;
            }
            if (x->body)
                memcpy(grown, x->body, (size_t)x->body_seen);
            x->body = grown;
            x->body_cap = cap;
        }
        memcpy(x->body + x->body_seen, p, n);
    }
    x->body_seen += (int64_t)n;
}

/* ---- the header ---- */

/* Before 1.0 the library cuts a header's value, and the target, at a NUL in it and tells nobody; two
 * parties could then read two different requests. What it cut off lies behind that NUL: of a value
 * the second of the NULs that it writes over a line's end is missing, and no version follows the
 * target. */
static bool value_has_nul(const char *value)
{
    return MHD_VERSION < 0x01000000 && value && value[strlen(value) + 1] != '\0';
}

static bool uri_has_nul(const char *uri)
{
    return MHD_VERSION < 0x01000000 && strncmp(uri + strlen(uri) + 1, "HTTP/", 5) != 0;
}

static enum MHD_Result gather(void *cls, enum MHD_ValueKind kind, const char *name,
                              const char *value)
{
    gate_headers *h = cls;

    (void)kind;
    h->fields++;
    h->bytes += (int64_t)(strlen(name) + (value ? strlen(value) : 0) + strlen(": \r\n"));
    h->has_nul = h->has_nul || value_has_nul(value);
    if (strcasecmp(name, "Authorization") == 0)
        h->authorization = slice_of(value);
    else if (strcasecmp(name, "Content-Length") == 0) {
        h->content_length = slice_of(value ? value : "");
        h->content_lengths++;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0)
        h->transfer_encoding = slice_of(value ? value : "");
    else if (strncasecmp(name, "Content-Length", strlen("Content-Length")) == 0 ||
             strncasecmp(name, "Transfer-Encoding", strlen("Transfer-Encoding")) == 0)
        h->folded_framing = true; /* the library joins a folded line to the name */
    else if (strcasecmp(name, "Expect") == 0)
        h->expects_continue = true;
    else if (strcasecmp(name, "X-Request-Id") == 0 || strcasecmp(name, "X-Zep-Request-ID") == 0)
        h->request_id = slice_of(value);
    return MHD_YES;
}

/* Whether a refused request's body is worth reading for the sake of a clean answer. */
static bool drains(const exchange *x, const gate_headers *h)
{
    return !x->gate.close && !h->expects_continue &&
           x->gate.body_bytes <= MAX_DRAINED * x->s->o.max_body_bytes;
}

static enum MHD_Result begin(exchange *x, const char *method)
{
    gate_headers h = {.bytes = (int64_t)(strlen(method) + x->uri.n + strlen("  HTTP/1.1\r\n\r\n")),
                      .has_nul = x->uri_has_nul,
                      .method = slice_of(method),
                      .uri = x->uri,
                      .key_looked_up = x->key_looked_up,
                      .key_result = x->key_result};

    MHD_get_connection_values(x->c, MHD_HEADER_KIND, gather, &h);
    h.fields += MHD_get_connection_values(x->c, MHD_GET_ARGUMENT_KIND, NULL, NULL);
    h.fields += MHD_get_connection_values(x->c, MHD_COOKIE_KIND, NULL, NULL);
    if (!x->key_looked_up)
        name_request(x, h.request_id);
    peer_enter(x->p, PEER_BODY);
    x->phase = BODY;
    if (peer_refused(x->p)) {
        x->close = true;
        x->result = request_fail(&x->rq, ERR_BUSY, "too many connections; try again");
    } else if (atomic_load(&x->s->draining)) {
        x->close = true;
        x->result = request_fail(&x->rq, ERR_BUSY, "stopping; nothing was written, try again");
    } else {
        x->result = gate_enter(x->s->router, &x->s->app, &x->s->o, &h, &x->rq, &x->gate);
        if (x->gate.unknown_key.p)
            return look_up_key(x);
    }
    if (x->result && !drains(x, &h)) {
        x->close = true;
        return answer(x);
    }
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **con_cls)
{
    exchange *x = *con_cls;

    (void)cls;
    (void)c;
    (void)url;
    (void)version;
    if (!x || !x->uri.p || !x->p) /* no memory for even the request line */
        return MHD_NO;
    switch (x->phase) {
    case HEADER:
        return begin(x, method);
    case BODY:
        if (*data_size == 0)
            return run(x);
        take_body(x, data, *data_size);
        *data_size = 0;
        if (drops_body(x) && x->body_seen > MAX_DRAINED * x->s->o.max_body_bytes)
            return MHD_NO;
        return MHD_YES;
    case WITH_APP:
        return answer(x);
    default:
        return MHD_YES;
    }
}

/* Of a query with more parts than it has memory for the library says nothing, and neither does it go
 * on: so it is told here, in plain HTTP at least, and the connection ends. */
static bool refuse_query(http_server *s, const char *uri, struct MHD_Connection *c)
{
    static const char refusal[] = "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                                  "Content-Type: application/json\r\nConnection: close\r\n"
                                  "Content-Length: 41\r\n\r\n"
                                  "{\"message\":\"too many parts in the query\"}";
    const char *query = strchr(uri, '?');
    int64_t parts = 1;

    for (const char *at = query; at && *at; at++)
        parts += *at == '&';
    if (!query || parts <= gate_fields_max(s->o.max_header_bytes))
        return false;
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (fd && !s->tls_cert_file)
        (void)!send(fd->connect_fd, refusal, strlen(refusal), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (fd)
        shutdown(fd->connect_fd, SHUT_RDWR);
    log_request("-", "-", 431, 0, 0, 0, "-");
    return true;
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *c)
{
    http_server *s = cls;

    if (refuse_query(s, uri, c))
        return NULL;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    exchange *x = exchange_take(s);

    if (!x)
        return NULL;
    atomic_fetch_add(&s->in_flight, 1);
    x->c = c;
    x->p = info ? info->socket_context : NULL;
    x->begun_us = clock_monotonic_us();
    x->uri = arena_dup(&x->rq.arena, slice_of(uri));
    x->uri_has_nul = uri_has_nul(uri);
    if (x->p)
        peer_enter(x->p, PEER_HEADER);
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **con_cls,
                         enum MHD_RequestTerminationCode why)
{
    exchange *x = *con_cls;

    (void)cls;
    (void)c;
    (void)why;
    if (!x)
        return;
    *con_cls = NULL;
    if (x->phase == ANSWERED)
        log_request(x->rq.route ? x->rq.route->method : "-",
                    x->rq.route ? x->rq.route->pattern : "-", x->status,
                    clock_monotonic_us() - x->begun_us, (size_t)x->body_seen, x->rq.reply.n,
                    x->request_id);
    if (x->p)
        peer_enter(x->p, PEER_IDLE);
    atomic_fetch_sub(&x->s->in_flight, 1);
    exchange_give(x);
}

/* ---- connections ---- */

static void on_connection(void *cls, struct MHD_Connection *c, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    http_server *s = cls;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *fd =
            MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        int socket_fd = fd ? fd->connect_fd : -1;
        const union MHD_ConnectionInfo *from =
            MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        *socket_context = peer_join(s->peers, socket_fd, from ? from->client_addr : NULL);
    } else {
        peer_leave(s->peers, *socket_context);
        *socket_context = NULL;
    }
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *address, socklen_t n)
{
    http_server *s = cls;

    (void)address;
    (void)n;
    return peers_admit(s->peers) ? MHD_YES : MHD_NO;
}

/* Paths are split before they are decoded, so the library must leave them as they came. */
static size_t leave_escaped(void *cls, struct MHD_Connection *c, char *text)
{
    (void)cls;
    (void)c;
    return strlen(text);
}

static void on_library_log(void *cls, const char *fmt, va_list ap)
{
    char line[512];

    (void)cls;
    if (!log_enabled(LOG_DEBUG))
        return;
    vsnprintf(line, sizeof(line), fmt, ap);
    size_t n = strlen(line);
    while (n && (line[n - 1] == '\n' || line[n - 1] == ' '))
        line[--n] = '\0';
    log_debug("http: %s", line);
}

/* ---- open and close ---- */

/* Room for every connection, the store's files and some more. */
static int raise_file_limit(int wanted)
{
    struct rlimit limit;
    const rlim_t extra = 512;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    rlim_t need = (rlim_t)wanted + extra;
    if (limit.rlim_cur < need) {
        limit.rlim_cur = need;
        if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < need)
            limit.rlim_max = need; /* root may */
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= need)
        return wanted;
    int got = limit.rlim_cur > extra ? (int)(limit.rlim_cur - extra) : 64;
    log_warn("the system allows this process %llu files: at most %d connections, not %d",
             (unsigned long long)limit.rlim_cur, got, wanted);
    return got;
}

static err start_daemon(http_server *s)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    int loops = s->o.loops > 1 ? s->o.loops : 0;
    /* The library shares its limit out among its threads; ours counts them all. */
    unsigned most = (unsigned)(s->o.max_connections + 1024) * (unsigned)(loops ? loops : 1);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_certificate},
        {MHD_OPTION_END, 0, NULL},
    };

    if (s->tls_cert_file)
        flags |= MHD_USE_TLS;
    else
        tls[0].option = MHD_OPTION_END;
    s->daemon = MHD_start_daemon(
        flags, 0, on_accept, s, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_library_log,
        NULL, /* first: it sees all that follows */
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_CONNECTION_LIMIT, most,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)s->o.max_header_bytes * HEADER_MEMORY,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)loops, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        s, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
    return s->daemon ? OK : ERR_INTERNAL;
}

static char *copy_text(const char *text)
{
    char *to = text ? mem_alloc(strlen(text) + 1) : NULL;

    if (to)
        memcpy(to, text, strlen(text) + 1);
    return to;
}

err http_open(int fd, const http_app *app, const http_options *o, arena *a, http_server **out,
              slice *why)
{
    http_server *s = mem_zalloc(sizeof(*s));

    if (!s)
        return ERR_NO_MEMORY;
    s->app = *app;
    s->o = *o;
    s->listen_fd = fd;
    s->stand_in_fd = eventfd(0, EFD_CLOEXEC); /* now, since a stop may come when no file is left */
    s->budget.max = o->memory;
    s->tls_cert_file = copy_text(o->tls_cert_file);
    s->tls_key_file = copy_text(o->tls_key_file);
    pthread_mutex_init(&s->pool_lock, NULL);
    if (getrandom(&s->id_prefix, sizeof(s->id_prefix), 0) < 0)
        s->id_prefix = (uint32_t)clock_now_us();
    s->o.max_connections = raise_file_limit(o->max_connections);

    const peers_options p = {s->o.max_connections, o->max_per_address, o->header_ms, o->request_ms,
                             o->idle_ms};
    err e = router_new(app->routes, app->n, &s->router);
    if (!e)
        e = metrics_new(app->routes, app->n, &s->metrics);
    if (!e)
        e = peers_open(&p, &s->peers);
    if (!e && s->tls_cert_file)
        e = tls_load(s->tls_cert_file, s->tls_key_file ? s->tls_key_file : "", a, why);
    if (!e && s->stand_in_fd < 0)
        e = ERR_NO_MEMORY;
    if (!e)
        e = start_daemon(s);
    if (e) {
        if (!why->p)
            *why = SLICE("the HTTP server cannot start");
        http_close(s);
        return e;
    }
    *out = s;
    return OK;
}

err http_reload_tls(http_server *s, arena *a, slice *why)
{
    return s->tls_cert_file ? tls_load(s->tls_cert_file, s->tls_key_file, a, why) : OK;
}

/* MHD_quiesce_daemon is not for epoll: it and the loops race to take the listening socket out of the
 * set, and whoever comes second aborts the process ("Failed to remove listen FD from epoll set"). A
 * socket that is closed leaves every set by itself; what stands in for it is never ready, so that
 * the loops, which know its number, neither wake up nor meet somebody else's file. */
static void close_listener(http_server *s)
{
    dup2(s->stand_in_fd, s->listen_fd);
    close(s->stand_in_fd);
    s->stand_in_fd = -1;
}

bool http_drain(http_server *s, int64_t patience_ms)
{
    int64_t until = clock_monotonic_us() + patience_ms * 1000;

    atomic_store(&s->draining, true);
    close_listener(s);
    while (atomic_load(&s->in_flight) > 0 && clock_monotonic_us() < until)
        usleep(2000);
    /* The library cannot stop with suspended connections. One whose request is finished may still be
     * on its way out of http_finish. */
    while (atomic_load(&s->with_app) > 0 && atomic_load(&s->in_flight) == 0)
        usleep(100);
    return atomic_load(&s->with_app) == 0;
}

void http_close(http_server *s)
{
    if (!s)
        return;
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    if (s->stand_in_fd >= 0)
        close(s->stand_in_fd);
    if (s->tls_cert_file)
        tls_unload();
    peers_close(s->peers);
    metrics_free(s->metrics);
    router_free(s->router);
    while (s->pool) {
        exchange *x = s->pool;
        s->pool = x->next;
        arena_deinit(&x->rq.arena);
        mem_free(x);
    }
    pthread_mutex_destroy(&s->pool_lock);
    mem_free(s->tls_cert_file);
    mem_free(s->tls_key_file);
    mem_free(s);
}

void http_metrics_write(http_server *s, buf *b)
{
    metrics_write(s->metrics, b);
    buf_printf(b,
               "# HELP recalld_connections Open connections.\n"
               "# TYPE recalld_connections gauge\n"
               "recalld_connections %d\n"
               "# HELP recalld_requests_in_flight Requests between first line and last byte.\n"
               "# TYPE recalld_requests_in_flight gauge\n"
               "recalld_requests_in_flight %d\n",
               peers_count(s->peers), atomic_load(&s->in_flight));
}
