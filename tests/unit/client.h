/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/client.h -- a client without a socket: requests go through the gate, the parsing of
 * query and body, the app and its threads, as they do below the HTTP server.
 *
 * Takes the place of http/server.c in a test's program: http_finish is this file's. */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H

#include "api/app.h"

#include <jansson.h>
#include <pthread.h>

typedef struct client {
    request rq; /* first: http_finish is given the request */
    app *app;
    http_app http;
    struct router *router;
    http_options options;
    bool long_bodies;     /* bodies are parsed on a worker, as long ones are */
    pthread_mutex_t lock; /* guards the two below */
    pthread_cond_t cond;
    bool finished;
    err result;

    int status; /* of the last answer, with what else is known of it */
    slice body; /* until the next call */
    slice why;
    err e;
    arena parsed; /* of client_json */
} client;

/* The app on a served store, whose default project client_call speaks for. */
void client_open(client *c, db *d);
void client_close(client *c);

/* One request, and its status; `body` may be NULL. With memory failing it may never get as far as
 * the app: that is a status too. */
int client_call(client *c, const char *method, const char *target, const char *body);

/* The same by a printf format for the target. */
int client_get(client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int client_delete(client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The last answer as JSON, and a text in it by a path of keys and indexes: "messages.0.content".
 * NULL when it is not there. */
json_t *client_json(client *c);
json_t *client_at(client *c, const char *path);
const char *client_text(client *c, const char *path);

#endif
