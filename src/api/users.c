/* SPDX-License-Identifier: Apache-2.0
 *
 * api/users.c -- /users: who a memory belongs to. */
#include "api/handlers.h"
#include "api/pages.h"
#include "memory/forget.h"
#include "memory/owners.h"
#include "store/counts.h"

#include <math.h>

static err reply_user(request *rq, const user *u)
{
    user_reply r = reply_of_user(u, rq->project_id);

    return reply_shape(rq, &user_shape, &r);
}

static int64_t flag(int8_t given)
{
    return given == NO_BOOL ? NO_TIME : given == 1;
}

/* POST /users */
err users_add(request *rq, tx *t)
{
    const user_body *in = rq->body;
    user u = {
        .user_id = in->user_id,
        .email = in->email,
        .first_name = in->first_name,
        .last_name = in->last_name,
        .metadata = in->metadata,
        .no_ontology = flag(in->no_ontology),
    };

    err e = rating_text(&rq->arena, in->rating, &u.rating);
    if (!e)
        e = owners_add_user(t, rq->project, &u);
    if (e == ERR_EXISTS)
        return request_bad(rq, "user already exists with user_id: %.*s", SLICE_ARG(u.user_id));
    return e ? e : reply_user(rq, &u);
}

/* GET /users/{user_id} */
err users_get(request *rq, tx *t)
{
    user u;

    err e = user_get(t, &rq->arena, rq->project, request_arg(rq, "user_id"), &u);
    return e ? e : reply_user(rq, &u);
}

static void replace_text(slice *old, slice new)
{
    if (!slice_empty(new))
        *old = new;
}

/* PATCH /users/{user_id}: absent and empty keep what is there. */
err users_update(request *rq, tx *t)
{
    const user_body *in = rq->body;
    slice rating;
    user u;

    err e = user_get(t, &rq->arena, rq->project, request_arg(rq, "user_id"), &u);
    if (!e)
        e = merge_metadata(rq, u.metadata, in->metadata, false, &u.metadata);
    if (!e)
        e = rating_text(&rq->arena, in->rating, &rating);
    if (e)
        return e;
    replace_text(&u.email, in->email);
    replace_text(&u.first_name, in->first_name);
    replace_text(&u.last_name, in->last_name);
    replace_text(&u.rating, rating);
    if (in->no_ontology != NO_BOOL)
        u.no_ontology = in->no_ontology == 1;
    e = owners_update_user(t, rq->project, &u);
    return e ? e : reply_user(rq, &u);
}

/* DELETE /users/{user_id} */
err users_delete(request *rq, tx *t)
{
    err e = forget_user(t, &rq->arena, rq->project, request_arg(rq, "user_id"));

    if (e)
        return e;
    upkeep_after_deleting(app_of(rq)->upkeep, t);
    return reply_ok(rq);
}

static err replies_of(request *rq, const user *users, size_t n, user_reply **to)
{
    *to = arena_array(&rq->arena, n + 1, sizeof(**to));
    if (!*to)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        (*to)[i] = reply_of_user(&users[i], rq->project_id);
    return OK;
}

/* GET /users-ordered */
err users_list(request *rq, tx *t)
{
    window w = window_of(rq->query);
    users_reply r = {0};
    user_reply *items;
    user *users;
    size_t n;

    err e = user_page(t, &rq->arena, rq->project, w.limit, w.offset, &users, &n);
    if (!e)
        e = count_total(t, rq->project, COUNT_USERS, &r.total_count);
    if (!e)
        e = replies_of(rq, users, n, &items);
    if (e)
        return e;
    r.users = (list){items, n};
    r.row_count = (int64_t)n;
    return reply_shape(rq, &users_shape, &r);
}

/* GET /users: by row number, a bare array. */
err users_list_plain(request *rq, tx *t)
{
    const cursor_query *q = rq->query;
    user_reply *items;
    user *users;
    size_t n;

    err e = user_after(t, &rq->arena, rq->project, q->cursor == NO_INT ? 0 : q->cursor,
                       q->limit == NO_INT || q->limit == 0 ? 100 : q->limit, &users, &n);
    if (!e)
        e = replies_of(rq, users, n, &items);
    return e ? e : reply_list(rq, &user_shape, items, n);
}

/* "First Last", else the id. */
static slice display_name(request *rq, const user *u)
{
    bool first = !slice_empty(u->first_name), last = !slice_empty(u->last_name);

    if (!first && !last)
        return u->user_id;
    return arena_printf(&rq->arena, "%.*s%s%.*s", SLICE_ARG(u->first_name),
                        first && last ? " " : "", SLICE_ARG(u->last_name));
}

/* GET /users/{user_id}/node: the node that stands for the user, there before any data. */
err users_node(request *rq, tx *t)
{
    slice labels[] = {SLICE("Entity"), SLICE("User")};
    user u;

    err e = user_get(t, &rq->arena, rq->project, request_arg(rq, "user_id"), &u);
    if (e)
        return e;
    node_reply node = {
        .id = uuid_mint(u.created_at, u.graph, UUID_NODE, GRAPH_USER_NODE),
        .name = display_name(rq, &u),
        .summary = SLICE(""),
        .attributes = SLICE("{}"),
        .labels = {labels, COUNT(labels)},
        .created_at = u.created_at,
        .score = (double)NAN,
    };
    user_node_reply r = {&node};
    return node.name.p ? reply_shape(rq, &user_node_shape, &r) : ERR_NO_MEMORY;
}
