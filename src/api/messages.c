/* SPDX-License-Identifier: Apache-2.0
 *
 * api/messages.c -- /sessions/{id}/memory and /messages: what was said, and what matters of it now.
 */
#include "api/handlers.h"
#include "api/pages.h"
#include "base/utf8.h"
#include "memory/ingest.h"
#include "memory/recall.h"

enum { LASTN = 6 }; /* messages of memory.get when it does not say */

/* ---- adding ---- */

static err check_unique(request *rq, const episode *eps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; eps[i].id_given && k < i; k++)
            if (eps[k].id_given && uuid_eq(eps[k].id, eps[i].id))
                return request_bad(rq, "messages[%zu].uuid: given twice", i);
    return OK;
}

err messages_prepare(request *rq)
{
    const memory_body *in = rq->body;
    const message_body *given = in->messages.items;
    size_t n = in->messages.n;
    episode *eps = arena_array(&rq->arena, n + 1, sizeof(*eps));

    if (!eps)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        eps[i] = (episode){
            .source = SOURCE_MESSAGE,
            .id = given[i].id,
            .id_given = !uuid_none(given[i].id),
            .role_type = given[i].role_type > ROLE_TOOL ? ROLE_NONE : given[i].role_type,
            .role = given[i].role,
            .content = given[i].content,
            .metadata = given[i].metadata,
            .created_at = given[i].created_at,
        };
    rq->prepared = eps;
    if (utf8_length(request_arg(rq, "session_id")) > ID_MAX) /* it may be made here */
        return request_bad(rq, "session_id: at most %d characters", ID_MAX);
    err e = check_unique(rq, eps, n);
    return e ? e : ingest_prepare(&rq->arena, eps, n);
}

/* After the commit: the context as reading would give it now. */
static err add_context(request *rq, tx *t)
{
    slice session_id = request_arg(rq, "session_id");
    episode *last;
    context_reply r;
    session s;
    graph g;
    size_t n;

    err e = session_get(t, &rq->arena, rq->project, session_id, &s);
    if (!e)
        e = graph_open(t, &rq->arena, rq->project, s.graph, &g);
    if (!e)
        e = episode_last_of_session(t, &rq->arena, &g, s.session, LASTN, &last, &n);
    size_t from = !e && n > RECALL_LAST ? n - RECALL_LAST : 0;
    if (!e)
        e = recall_context(t, &rq->arena, &g, last + from, n - from, last, n,
                           app_of(rq)->context_tokens, &r.context);
    return e ? e : reply_shape(rq, &context_shape, &r);
}

/* POST /sessions/{session_id}/memory: kept and found from now on. An unknown session is made. */
err messages_add(request *rq, tx *t)
{
    const memory_body *in = rq->body;
    const context_reply none = {NO_SLICE};
    slice session_id = request_arg(rq, "session_id");
    uuid taken = {0};
    int64_t number;
    graph g;

    if (in->messages.n == 0)
        return reply_shape(rq, &context_shape, &none);
    err e = ingest_messages(t, &rq->arena, app_of(rq)->upkeep, rq->project, session_id,
                            rq->prepared, in->messages.n, &g, &number, &taken);
    if (e == ERR_CONFLICT)
        return request_fail(rq, e, "session ended: %.*s", SLICE_ARG(session_id));
    if (e == ERR_EXISTS) {
        char text[UUID_TEXT + 1];
        uuid_format(taken, text);
        return request_bad(rq, "message already exists with uuid: %s", text);
    }
    if (e)
        return e;
    if (in->return_context == 1)
        rq->then = add_context;
    return reply_shape(rq, &context_shape, &none);
}

/* ---- reading ---- */

static err replies_of(request *rq, const episode *eps, size_t n, list *to)
{
    message_reply_v2 *items = arena_array(&rq->arena, n + 1, sizeof(*items));

    if (!items)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        items[i] = reply_of_message(&eps[i]);
    *to = (list){items, n};
    return OK;
}

static err open_session(request *rq, tx *t, session *s, graph *g)
{
    err e = session_get(t, &rq->arena, rq->project, request_arg(rq, "session_id"), s);

    return e ? e : graph_open(t, &rq->arena, rq->project, s->graph, g);
}

/* One page. As long as no message was deleted, places are ranks, and a page costs the same
 * anywhere. */
static err read_page(request *rq, tx *t, const session *s, const graph *g, int64_t limit,
                     int64_t skip, episode **eps, size_t *n)
{
    bool whole = s->messages == s->next_place - 1;

    if (whole)
        return episode_places(t, &rq->arena, g, s->session, skip + 1,
                              limit > INT64_MAX - skip ? INT64_MAX : skip + limit, eps, n);
    return episode_ranks(t, &rq->arena, g, s->session, skip, limit, eps, n);
}

/* GET /sessions/{session_id}/messages: oldest first; `cursor` is a page's number. */
err messages_list(request *rq, tx *t)
{
    const cursor_query *q = rq->query;
    int64_t limit = q->limit == NO_INT || q->limit == 0 ? INT64_MAX : q->limit;
    int64_t page = q->cursor == NO_INT || q->cursor == 0 ? 1 : q->cursor;
    int64_t skip = 0;
    messages_reply r = {0};
    episode *eps = NULL;
    session s;
    graph g;
    size_t n = 0;

    err e = open_session(rq, t, &s, &g);
    if (!e && page > 1)
        skip = limit > s.messages ? s.messages : (page - 1) * limit;
    if (!e)
        e = read_page(rq, t, &s, &g, limit, skip, &eps, &n);
    if (!e)
        e = replies_of(rq, eps, n, &r.messages);
    if (e)
        return e;
    r.row_count = (int64_t)n;
    r.total_count = s.messages;
    return reply_shape(rq, &messages_shape, &r);
}

/* GET /sessions/{session_id}/memory: the last messages, and the context for them. */
err memory_get(request *rq, tx *t)
{
    const memory_query *q = rq->query;
    int64_t lastn = q->lastn == NO_INT || q->lastn == 0 ? LASTN : q->lastn;
    int64_t fetched = lastn < RECALL_LAST ? RECALL_LAST : lastn;
    memory_reply r = {.context = SLICE(""), .facts = {&r, 0}, .relevant_facts = {&r, 0}};
    episode *eps = NULL;
    session s;
    graph g;
    size_t n = 0;

    err e = open_session(rq, t, &s, &g);
    if (!e)
        e = episode_last_of_session(t, &rq->arena, &g, s.session, fetched, &eps, &n);
    if (e)
        return e;
    size_t shown = n < (size_t)lastn ? n : (size_t)lastn;
    size_t last = n < RECALL_LAST ? n : RECALL_LAST;
    e = recall_context(t, &rq->arena, &g, eps + n - last, last, eps + n - shown, shown,
                       app_of(rq)->context_tokens, &r.context);
    if (!e)
        e = replies_of(rq, eps + n - shown, shown, &r.messages);
    return e ? e : reply_shape(rq, &memory_shape, &r);
}

/* ---- one message ---- */

/* Of that very session; what is no uuid is not found either. */
static err find_message(request *rq, tx *t, graph *g, episode *ep)
{
    int64_t at_graph, number;
    uuid id;

    if (!uuid_parse(request_arg(rq, "message_uuid"), &id))
        return ERR_NOT_FOUND;
    err e = session_find(t, rq->project, request_arg(rq, "session_id"), &at_graph, &number);
    if (!e)
        e = episode_find(t, &rq->arena, rq->project, id, g, ep);
    if (!e && (g->graph != at_graph || ep->session != number))
        e = ERR_NOT_FOUND;
    return e;
}

/* GET /sessions/{session_id}/messages/{message_uuid} */
err messages_get(request *rq, tx *t)
{
    episode ep;
    graph g;

    err e = find_message(rq, t, &g, &ep);
    if (e)
        return e;
    message_reply_v2 r = reply_of_message(&ep);
    return reply_shape(rq, &message_v2_shape, &r);
}

/* PATCH /sessions/{session_id}/messages/{message_uuid} */
err messages_update(request *rq, tx *t)
{
    const metadata_body *in = rq->body;
    episode ep;
    graph g;

    err e = find_message(rq, t, &g, &ep);
    if (!e)
        e = merge_metadata(rq, ep.metadata, in->metadata, true, &ep.metadata);
    if (!e)
        e = episode_set_metadata(t, &g, ep.number, ep.metadata);
    if (e)
        return e;
    message_reply_v2 r = reply_of_message(&ep);
    return reply_shape(rq, &message_v2_shape, &r);
}
