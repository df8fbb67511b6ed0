/* SPDX-License-Identifier: Apache-2.0
 *
 * api/groups.c -- /groups: memories that belong to no user. */
#include "api/handlers.h"
#include "api/pages.h"
#include "memory/forget.h"
#include "memory/owners.h"
#include "store/counts.h"

static err reply_group(request *rq, const group *g)
{
    group_reply r = reply_of_group(g, rq->project_id);

    return reply_shape(rq, &group_shape, &r);
}

/* POST /groups */
err groups_add(request *rq, tx *t)
{
    const group_body *in = rq->body;
    group g = {.group_id = in->group_id, .name = in->name, .description = in->description};

    err e = rating_text(&rq->arena, in->rating, &g.rating);
    if (!e)
        e = owners_add_group(t, rq->project, &g);
    if (e == ERR_EXISTS)
        return request_bad(rq, "group already exists with group_id: %.*s", SLICE_ARG(g.group_id));
    return e ? e : reply_group(rq, &g);
}

/* GET /groups/{group_id} */
err groups_get(request *rq, tx *t)
{
    group g;

    err e = group_get(t, &rq->arena, rq->project, request_arg(rq, "group_id"), &g);
    return e ? e : reply_group(rq, &g);
}

/* PATCH /groups/{group_id}: absent and empty keep what is there. */
err groups_update(request *rq, tx *t)
{
    const group_body *in = rq->body;
    slice rating;
    group g;

    err e = group_get(t, &rq->arena, rq->project, request_arg(rq, "group_id"), &g);
    if (!e)
        e = rating_text(&rq->arena, in->rating, &rating);
    if (e)
        return e;
    if (!slice_empty(in->name))
        g.name = in->name;
    if (!slice_empty(in->description))
        g.description = in->description;
    if (!slice_empty(rating))
        g.rating = rating;
    e = group_update(t, rq->project, &g);
    return e ? e : reply_group(rq, &g);
}

/* DELETE /groups/{group_id} */
err groups_delete(request *rq, tx *t)
{
    err e = forget_group(t, &rq->arena, rq->project, request_arg(rq, "group_id"));

    if (e)
        return e;
    upkeep_after_deleting(app_of(rq)->upkeep, t);
    return reply_ok(rq);
}

/* GET /groups-ordered */
err groups_list(request *rq, tx *t)
{
    window w = window_of(rq->query);
    groups_reply r = {0};
    group_reply *items;
    group *groups;
    size_t n;

    err e = group_page(t, &rq->arena, rq->project, w.limit, w.offset, &groups, &n);
    if (!e)
        e = count_total(t, rq->project, COUNT_GROUPS, &r.total_count);
    if (e)
        return e;
    items = arena_array(&rq->arena, n + 1, sizeof(*items));
    if (!items)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        items[i] = reply_of_group(&groups[i], rq->project_id);
    r.groups = (list){items, n};
    r.row_count = (int64_t)n;
    return reply_shape(rq, &groups_shape, &r);
}
