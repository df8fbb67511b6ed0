/* SPDX-License-Identifier: Apache-2.0
 *
 * api/sessions.c -- /sessions: conversations, but for what is said in them (messages.c). */
#include "api/handlers.h"
#include "api/pages.h"
#include "memory/forget.h"
#include "memory/owners.h"
#include "store/counts.h"

static err reply_session(request *rq, const session *s)
{
    session_reply r = reply_of_session(s, rq->project_id);

    return reply_shape(rq, &session_shape, &r);
}

/* POST /sessions */
err sessions_add(request *rq, tx *t)
{
    const session_body *in = rq->body;
    session s = {.session_id = in->session_id, .user_id = in->user_id, .metadata = in->metadata};

    err e = rating_text(&rq->arena, in->rating, &s.rating);
    if (!e)
        e = owners_add_session(t, rq->project, &s);
    if (e == ERR_EXISTS)
        return request_bad(rq, "session already exists with session_id: %.*s",
                           SLICE_ARG(s.session_id));
    if (e == ERR_NOT_FOUND)
        return request_bad(rq, "user not found");
    return e ? e : reply_session(rq, &s);
}

/* GET /sessions/{session_id} */
err sessions_get(request *rq, tx *t)
{
    session s;

    err e = session_get(t, &rq->arena, rq->project, request_arg(rq, "session_id"), &s);
    return e ? e : reply_session(rq, &s);
}

/* PATCH /sessions/{session_id}: metadata is merged; nothing new only touches updated_at. */
err sessions_update(request *rq, tx *t)
{
    const session_body *in = rq->body;
    slice rating;
    session s;

    err e = session_get(t, &rq->arena, rq->project, request_arg(rq, "session_id"), &s);
    if (e)
        return e;
    if (s.ended_at != NO_TIME)
        return request_fail(rq, ERR_CONFLICT, "session ended: %.*s", SLICE_ARG(s.session_id));
    e = merge_metadata(rq, s.metadata, in->metadata, true, &s.metadata);
    if (!e)
        e = rating_text(&rq->arena, in->rating, &rating);
    if (e)
        return e;
    if (rating.p)
        s.rating = rating;
    s.updated_at = clock_now_us();
    e = session_update(t, rq->project, &s);
    if (!e)
        e = strand_touch(t, s.graph, s.session, s.updated_at);
    return e ? e : reply_session(rq, &s);
}

static err replies_of(request *rq, const session *sessions, size_t n, session_reply **to)
{
    *to = arena_array(&rq->arena, n + 1, sizeof(**to));
    if (!*to)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        (*to)[i] = reply_of_session(&sessions[i], rq->project_id);
    return OK;
}

/* GET /sessions-ordered */
err sessions_list(request *rq, tx *t)
{
    const sessions_query *q = rq->query;
    session_order order = q->order_by == NO_ENUM ? SESSIONS_BY_CREATED : (session_order)q->order_by;
    window w = window_of(&q->page);
    sessions_reply r = {0};
    session_reply *items;
    session *sessions;
    size_t n;

    err e = session_page(t, &rq->arena, rq->project, order, q->asc == 1, w.limit, w.offset,
                         &sessions, &n);
    if (!e)
        e = count_total(t, rq->project, COUNT_SESSIONS, &r.total_count);
    if (!e)
        e = replies_of(rq, sessions, n, &items);
    if (e)
        return e;
    r.sessions = (list){items, n};
    r.response_count = (int64_t)n;
    return reply_shape(rq, &sessions_shape, &r);
}

/* GET /sessions: by row number, a bare array. */
err sessions_list_plain(request *rq, tx *t)
{
    const cursor_query *q = rq->query;
    session_reply *items;
    session *sessions;
    size_t n;

    err e = session_after(t, &rq->arena, rq->project, q->cursor == NO_INT ? 0 : q->cursor,
                          q->limit == NO_INT || q->limit == 0 ? 100 : q->limit, &sessions, &n);
    if (!e)
        e = replies_of(rq, sessions, n, &items);
    return e ? e : reply_list(rq, &session_shape, items, n);
}

/* GET /users/{user_id}/sessions: all of them; of an unknown user none. */
err sessions_of_user(request *rq, tx *t)
{
    session_reply *items;
    session *sessions;
    size_t n;

    err e =
        session_list_of_user(t, &rq->arena, rq->project, request_arg(rq, "user_id"), &sessions, &n);
    if (!e)
        e = replies_of(rq, sessions, n, &items);
    return e ? e : reply_list(rq, &session_shape, items, n);
}

/* The first end counts. */
static err end_one(request *rq, tx *t, slice session_id, session *s)
{
    err e = session_get(t, &rq->arena, rq->project, session_id, s);

    if (e || s->ended_at != NO_TIME)
        return e;
    s->ended_at = s->updated_at = clock_now_us();
    return strand_end(t, s->graph, s->session, s->ended_at);
}

/* POST /sessions/{session_id}/end */
err sessions_end(request *rq, tx *t)
{
    session s;

    err e = end_one(rq, t, request_arg(rq, "session_id"), &s);
    if (e)
        return e;
    session_reply item = reply_of_session(&s, rq->project_id);
    end_reply r = {&item};
    return reply_shape(rq, &end_reply_shape, &r);
}

/* POST /sessions/end: all or nothing. */
err sessions_end_many(request *rq, tx *t)
{
    const end_many_body *in = rq->body;
    const slice *ids = in->session_ids.items;
    size_t n = in->session_ids.n;
    session_reply *items = arena_array(&rq->arena, n + 1, sizeof(*items));
    err e = items ? OK : ERR_NO_MEMORY;

    for (size_t i = 0; !e && i < n; i++) {
        session s;
        e = end_one(rq, t, ids[i], &s);
        if (!e)
            items[i] = reply_of_session(&s, rq->project_id);
    }
    if (e)
        return e;
    end_many_reply r = {{items, n}};
    return reply_shape(rq, &end_many_reply_shape, &r);
}

/* DELETE /sessions/{session_id}/memory: the session itself. */
err sessions_delete(request *rq, tx *t)
{
    err e = forget_session(t, &rq->arena, rq->project, request_arg(rq, "session_id"));

    if (e)
        return e;
    upkeep_after_deleting(app_of(rq)->upkeep, t);
    return reply_ok(rq);
}
