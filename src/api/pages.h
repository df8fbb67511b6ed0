/* SPDX-License-Identifier: Apache-2.0
 *
 * api/pages.h -- page_number and page_size as a limit and an offset; merging of metadata. Inside
 * api/ only. */
#ifndef API_PAGES_H
#define API_PAGES_H

#include "api/shapes.h"
#include "http/request.h"

typedef struct window {
    int64_t limit, offset;
} window;

/* Without a size: everything, on page 1. */
window window_of(const page_query *q);

/* `over` (JSON objects as text; absent: none) merged into `base`, deep; with `drop_system` the
 * top-level key "system" of `over` does not count. *merged is `base` itself when nothing is new. */
MUST_CHECK err merge_metadata(request *rq, slice base, slice over, bool drop_system, slice *merged);

#endif
