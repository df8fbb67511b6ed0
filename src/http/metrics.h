/* SPDX-License-Identifier: Apache-2.0
 *
 * http/metrics.h -- per route: how many, how answered, how long. Inside http/ only. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "http/request.h"

typedef struct metrics metrics;

/* One set of counters per row, and one for what no row took. */
MUST_CHECK err metrics_new(const route *routes, size_t n, metrics **out);
void metrics_free(metrics *m);

/* Any thread. `index` is the row's, or the number of rows for "none". */
void metrics_count(metrics *m, size_t index, int status, int64_t us);

/* Prometheus text exposition, version 0.0.4. */
void metrics_write(const metrics *m, buf *b);

#endif
