/* SPDX-License-Identifier: Apache-2.0
 *
 * api/episodes.c -- POST /graph and /graph/episodes: data given to a graph, and what it is made of.
 */
#include "api/handlers.h"
#include "api/pages.h"
#include "base/json.h"
#include "memory/forget.h"
#include "memory/ingest.h"

enum { LASTN = 10 }; /* episodes of a list that does not say */

/* ---- whose graph ---- */

err graph_of_owner(request *rq, tx *t, slice user_id, slice group_id, int64_t *number)
{
    if (user_id.p)
        return user_graph(t, rq->project, user_id, number);
    return group_graph(t, rq->project, group_id, number);
}

err one_owner(request *rq, slice user_id, slice group_id)
{
    if (!user_id.p == !group_id.p)
        return request_bad(rq, "exactly one of user_id and group_id is needed");
    return OK;
}

static err reply_of_one(request *rq, tx *t, const graph *g, const episode *ep, episode_reply *to)
{
    slice session_id = NO_SLICE;
    err e = OK;

    if (ep->session)
        e = strand_session_id(t, &rq->arena, g, ep->session, &session_id);
    *to = reply_of_episode(ep, session_id);
    return e;
}

err replies_of_episodes(request *rq, tx *t, const graph *g, const episode *eps, size_t n, list *to)
{
    episode_reply *items = arena_array(&rq->arena, n + 1, sizeof(*items));
    err e = items ? OK : ERR_NO_MEMORY;

    for (size_t i = 0; !e && i < n; i++)
        e = reply_of_one(rq, t, g, &eps[i], &items[i]);
    *to = (list){items, n};
    return e;
}

/* ---- adding ---- */

enum { DATA_TEXT, DATA_JSON, DATA_MESSAGE };

/* `where` names the item in a complaint: "" or "episodes[1].". */
static err data_episode(request *rq, const data_body *in, slice where, episode *ep)
{
    static const episode_source sources[] = {
        [DATA_TEXT] = SOURCE_TEXT, [DATA_JSON] = SOURCE_JSON, [DATA_MESSAGE] = SOURCE_MESSAGE};
    json_t *value;
    slice why;

    if (in->type == DATA_JSON) {
        err e = json_read(&rq->arena, in->data, &value, &why);
        if (e == ERR_BAD_REQUEST)
            return request_bad(rq, "%.*sdata: not JSON: %.*s", SLICE_ARG(where), SLICE_ARG(why));
        if (e)
            return e;
    }
    *ep = (episode){
        .source = sources[in->type],
        .content = in->data,
        .source_description = in->source_description,
        .created_at = in->created_at,
    };
    return OK;
}

static err prepare_data(request *rq, const data_body *given, size_t n, bool batch)
{
    episode *eps = arena_array(&rq->arena, n + 1, sizeof(*eps));
    err e = eps ? OK : ERR_NO_MEMORY;

    for (size_t i = 0; !e && i < n; i++) {
        slice where = batch ? arena_printf(&rq->arena, "episodes[%zu].", i) : SLICE("");
        e = where.p ? data_episode(rq, &given[i], where, &eps[i]) : ERR_NO_MEMORY;
    }
    rq->prepared = eps;
    return e ? e : ingest_prepare(&rq->arena, eps, n);
}

err episodes_add_prepare(request *rq)
{
    const data_body *in = rq->body;

    err e = one_owner(rq, in->user_id, in->group_id);
    return e ? e : prepare_data(rq, in, 1, false);
}

err episodes_add_batch_prepare(request *rq)
{
    const data_batch_body *in = rq->body;

    err e = one_owner(rq, in->user_id, in->group_id);
    return e ? e : prepare_data(rq, in->episodes.items, in->episodes.n, true);
}

static err add_data(request *rq, tx *t, slice user_id, slice group_id, size_t n)
{
    int64_t number;

    err e = graph_of_owner(rq, t, user_id, group_id, &number);
    return e ? e
             : ingest_data(t, &rq->arena, app_of(rq)->upkeep, rq->project, number, rq->prepared, n);
}

/* POST /graph */
err episodes_add(request *rq, tx *t)
{
    const data_body *in = rq->body;

    err e = add_data(rq, t, in->user_id, in->group_id, 1);
    if (e)
        return e;
    episode_reply r = reply_of_episode(rq->prepared, NO_SLICE);
    return reply_shape(rq, &episode_shape, &r);
}

/* POST /graph-batch: in the order of the request. */
err episodes_add_batch(request *rq, tx *t)
{
    const data_batch_body *in = rq->body;
    const episode *eps = rq->prepared;
    size_t n = in->episodes.n;
    episode_reply *items = arena_array(&rq->arena, n + 1, sizeof(*items));

    err e = items ? add_data(rq, t, in->user_id, in->group_id, n) : ERR_NO_MEMORY;
    if (e)
        return e;
    for (size_t i = 0; i < n; i++)
        items[i] = reply_of_episode(&eps[i], NO_SLICE);
    return reply_list(rq, &episode_shape, items, n);
}

/* ---- reading and deleting ---- */

static err episode_arg(request *rq, uuid *id)
{
    if (!uuid_parse(request_arg(rq, "uuid"), id))
        return request_bad(rq, "uuid: not a UUID");
    return OK;
}

/* GET /graph/episodes/{uuid} */
err episodes_get(request *rq, tx *t)
{
    episode_reply r;
    episode ep;
    graph g;
    uuid id;

    err e = episode_arg(rq, &id);
    if (!e)
        e = episode_find(t, &rq->arena, rq->project, id, &g, &ep);
    if (!e)
        e = reply_of_one(rq, t, &g, &ep, &r);
    return e ? e : reply_shape(rq, &episode_shape, &r);
}

/* DELETE /graph/episodes/{uuid} */
err episodes_delete(request *rq, tx *t)
{
    uuid id;

    err e = episode_arg(rq, &id);
    if (!e)
        e = forget_episode(t, &rq->arena, rq->project, id);
    return e ? e : reply_ok(rq);
}

static err list_last(request *rq, tx *t, slice user_id, slice group_id)
{
    const lastn_query *q = rq->query;
    episodes_reply r;
    int64_t number;
    episode *eps;
    graph g;
    size_t n;

    err e = graph_of_owner(rq, t, user_id, group_id, &number);
    if (!e)
        e = graph_open(t, &rq->arena, rq->project, number, &g);
    if (!e)
        e = episode_last(t, &rq->arena, &g, q->lastn == NO_INT ? LASTN : q->lastn, &eps, &n);
    if (!e)
        e = replies_of_episodes(rq, t, &g, eps, n, &r.episodes);
    return e ? e : reply_shape(rq, &episodes_shape, &r);
}

/* GET /graph/episodes/user/{user_id} */
err episodes_of_user(request *rq, tx *t)
{
    return list_last(rq, t, request_arg(rq, "user_id"), NO_SLICE);
}

/* GET /graph/episodes/group/{group_id} */
err episodes_of_group(request *rq, tx *t)
{
    return list_last(rq, t, NO_SLICE, request_arg(rq, "group_id"));
}
