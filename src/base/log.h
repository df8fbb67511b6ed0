/* SPDX-License-Identifier: Apache-2.0
 *
 * base/log.h -- one line per event, to standard error: text on a terminal, a JSON object otherwise.
 *
 * Lines are gathered in a buffer per thread and written by a thread of the log's own within 100 ms
 * (at once for warnings and errors, when a buffer fills, and at exit), so that a request's path
 * makes no system call for its line. Never log content, ids of users' things, or keys. Any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/slice.h"

#include <stdint.h>

typedef enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } log_level;

/* Start the log's thread; `json` chooses the form. Before log_open and after log_close lines are
 * written at once, as text. */
void log_open(bool json);
void log_close(void);

void log_set_level(log_level level);
bool log_enabled(log_level level);

/* The NULL-terminated names of the levels: error warn info debug. */
extern const char *const log_level_names[];

/* A line of text. */
void log_write(log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The line of one request: counters and the route's pattern, never its path. */
void log_request(const char *method, const char *pattern, int status, int64_t us, size_t bytes_in,
                 size_t bytes_out, const char *request_id);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
