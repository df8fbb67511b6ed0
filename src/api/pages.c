/* SPDX-License-Identifier: Apache-2.0
 *
 * api/pages.c -- what several resources do alike. */
#include "api/pages.h"

#include "base/json.h"

enum { METADATA_MAX = 64 << 20 };

window window_of(const page_query *q)
{
    int64_t number = q->number == NO_INT ? 1 : q->number;

    if (q->size == NO_INT)
        return (window){number == 1 ? INT64_MAX : 0, 0};
    return (window){q->size, (number - 1) * q->size};
}

err merge_metadata(request *rq, slice base, slice over, bool drop_system, slice *merged)
{
    json_t *old = NULL, *new = NULL, *both = NULL;
    slice why;
    buf b;
    err e = OK;

    *merged = base;
    if (!over.p)
        return OK;
    if (base.p)
        e = json_read(&rq->arena, base, &old, &why);
    if (!e)
        e = json_read(&rq->arena, over, &new, &why);
    if (!e && drop_system)
        json_object_del(new, "system");
    if (!e && json_object_size(new) == 0)
        return OK;
    if (!e)
        e = json_merge(&rq->arena, old, new, &both);
    if (e)
        return e == ERR_BAD_REQUEST ? ERR_INTERNAL : e; /* both were checked when they came */
    buf_init(&b, &rq->arena, METADATA_MAX);
    json_write(&b, both);
    return buf_done(&b, merged);
}
