/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/talk.h -- people who talk into a store, and what a search finds of it. */
#ifndef TESTS_TALK_H
#define TESTS_TALK_H

#include "scratch.h"
#include "search/search.h"
#include "store/episodes.h"
#include "store/graphs.h"

/* Each in a transaction of its own, asserted to be OK; they answer the graph's number. */
int64_t talk_user(scratch *s, const char *user_id, const char *first_name);
int64_t talk_group(scratch *s, const char *group_id);
int64_t talk_session(scratch *s, const char *session_id, const char *user_id); /* NULL: no user */

/* One line of a conversation. */
typedef struct line {
    const char *speaker; /* its role; NULL: none */
    int32_t role_type;
    const char *text;
    int64_t at;     /* created_at; 0: now */
    const char *id; /* given, as text; NULL: none */
} line;

/* A line of this speaker with these words. */
episode talk_episode(const line *said);

/* Added in one transaction, and what ingest_messages answered. `eps` (may be NULL) gets the rows as
 * they were added. */
err talk_say(scratch *s, const char *session_id, const line *said, size_t n, episode *eps);

/* One line by a named speaker; its number in the graph. */
int64_t talk_one(scratch *s, const char *session_id, const char *speaker, const char *text);

/* Data without a session. */
int64_t talk_data(scratch *s, int64_t at_graph, const char *text);

/* Some words by chance, a few of them often, in the scratch's arena; `tag` is one of them. */
const char *talk_words(scratch *s, dice *d, size_t n, const char *tag);

void talk_fold(scratch *s, int64_t at_graph, bool anew);
void talk_forget(scratch *s, int64_t at_graph, int64_t number);
graph talk_graph(scratch *s, int64_t number);

/* What a search of the graph finds, in the scratch's arena. */
typedef struct found {
    search_hit *at;
    size_t n;
    err e;
} found;
found talk_search(scratch *s, int64_t at_graph, const search_request *rq);
found talk_ask(scratch *s, int64_t at_graph, const char *query, size_t limit);

/* The same texts in the same order with the same scores. */
void talk_assert_same(const found *a, const found *b, const char *query);

#endif
