/* SPDX-License-Identifier: Apache-2.0
 *
 * api/shapes.h -- the structs behind every body, query and reply of the API; their tables of fields are
 * in shapes.c. Inside api/ only. What each field means is the contract's (docs/api.md). */
#ifndef API_SHAPES_H
#define API_SHAPES_H

#include "base/shape.h"
#include "base/uuid.h"
#include "store/episodes.h"
#include "store/groups.h"
#include "store/sessions.h"
#include "store/users.h"

/* Characters of a user's, session's or group's id. */
enum { ID_MAX = 500 };

/* ---- queries ---- */

typedef struct page_query {
    int64_t number, size; /* NO_INT: everything */
} page_query;

typedef struct sessions_query {
    page_query page;
    int32_t order_by; /* a session_order, or NO_ENUM */
    int8_t asc;
} sessions_query;

typedef struct cursor_query {
    int64_t limit, cursor;
} cursor_query;

typedef struct memory_query {
    int64_t lastn;
    double min_rating;
} memory_query;

typedef struct lastn_query {
    int64_t lastn;
} lastn_query;

typedef struct limit_query {
    int64_t limit;
} limit_query;

extern const shape page_query_shape, sessions_query_shape, cursor_query_shape, after_query_shape,
    memory_query_shape, lastn_query_shape, limit_query_shape;

/* ---- bodies ---- */

typedef struct rating_examples {
    slice high, low, medium;
} rating_examples;

typedef struct rating_instruction {
    rating_examples *examples;
    slice instruction;
} rating_instruction;

typedef struct user_body {
    slice user_id, email, first_name, last_name, metadata;
    rating_instruction *rating;
    int8_t no_ontology;
} user_body;

typedef struct group_body {
    slice group_id, name, description;
    rating_instruction *rating;
} group_body;

typedef struct session_body {
    slice session_id, user_id, metadata;
    rating_instruction *rating;
} session_body;

typedef struct end_body {
    slice classify; /* a JSON object */
    slice instruction;
} end_body;

typedef struct end_many_body {
    list session_ids;
    slice instruction;
} end_many_body;

typedef struct message_body {
    slice content, metadata, role;
    int64_t created_at;
    int32_t role_type;
    uuid id;
} message_body;

typedef struct memory_body {
    list messages;
    list ignore_roles;
    int8_t return_context;
} memory_body;

typedef struct metadata_body {
    slice metadata;
} metadata_body;

typedef struct data_body {
    slice data, source_description;
    int64_t created_at;
    int32_t type;
    slice user_id, group_id;
} data_body;

typedef struct data_batch_body {
    list episodes; /* of data_body, without owners */
    slice user_id, group_id;
} data_batch_body;

typedef struct graph_search_body {
    slice query;
    int64_t limit;
    int32_t scope, reranker;
    slice user_id, group_id;
    uuid center_node;
    double mmr_lambda, min_score, min_rating;
    list origins;
    slice filters;
} graph_search_body;

typedef struct session_search_body {
    slice text, user_id;
    list session_ids;
    int32_t scope, type;
    double min_score, mmr_lambda, min_rating;
    slice record_filter, metadata;
} session_search_body;

extern const shape user_create_shape, user_update_shape, group_create_shape, group_update_shape,
    session_create_shape, session_update_shape, end_shape, end_many_shape, memory_add_shape,
    metadata_update_shape, data_add_shape, data_batch_shape, graph_search_shape,
    sessions_search_shape, session_search_shape;

/* Stored in this form. */
extern const shape rating_shape;

enum { SCOPE_EDGES, SCOPE_NODES, SCOPE_EPISODES };
enum {
    RERANK_RRF,
    RERANK_MMR,
    RERANK_NODE_DISTANCE,
    RERANK_EPISODE_MENTIONS,
    RERANK_CROSS_ENCODER
};
enum { SCOPE_MESSAGES, SCOPE_SUMMARY, SCOPE_FACTS };

/* ---- replies ---- */

typedef struct user_reply {
    user u;
    uuid project_id;
    int64_t deleted_at;
    int8_t no_ontology;
} user_reply;

typedef struct users_reply {
    list users;
    int64_t row_count, total_count;
} users_reply;

typedef struct group_reply {
    group g;
    uuid project_id;
    slice external_id;
} group_reply;

typedef struct groups_reply {
    list groups;
    int64_t row_count, total_count;
} groups_reply;

typedef struct session_reply {
    session s;
    uuid project_id;
    int64_t deleted_at;
    list facts;
} session_reply;

typedef struct sessions_reply {
    list sessions;
    int64_t response_count, total_count;
} sessions_reply;

typedef struct end_reply {
    session_reply *session;
} end_reply;

typedef struct end_many_reply {
    list sessions;
} end_many_reply;

typedef struct message_reply_v2 {
    episode ep;
    int8_t processed;
    int64_t token_count, updated_at;
} message_reply_v2;

typedef struct messages_reply {
    list messages;
    int64_t row_count, total_count;
} messages_reply;

typedef struct fact_reply {
    uuid id;
    slice fact, name, source_node_name, target_node_name;
    int64_t created_at, valid_at, invalid_at, expired_at;
    double rating;
} fact_reply;

typedef struct edge_reply {
    uuid id, source_node, target_node;
    slice name, fact, attributes;
    list episodes;
    int64_t created_at, valid_at, invalid_at, expired_at;
    double score;
} edge_reply;

typedef struct summary_reply {
    uuid id;
    slice content, metadata;
    list related_messages;
    int64_t created_at, token_count;
} summary_reply;

typedef struct memory_reply {
    slice context;
    list messages, facts, relevant_facts;
    slice metadata, summary;
} memory_reply;

typedef struct context_reply {
    slice context;
} context_reply;

typedef struct episode_reply {
    episode ep;
    int8_t processed;
    slice session_id;
    double score;
    int32_t role_type; /* NO_ENUM where it is no message */
    int32_t source;
} episode_reply;

typedef struct episodes_reply {
    list episodes;
} episodes_reply;

typedef struct graph_results_reply {
    list edges, episodes, nodes;
} graph_results_reply;

typedef struct session_search_result {
    slice session_id;
    double score;
    message_reply_v2 *message;
    slice summary, fact;
} session_search_result;

typedef struct session_search_reply {
    list results;
} session_search_reply;

typedef struct memory_search_result {
    message_reply_v2 *message;
    slice metadata, summary;
    double score;
} memory_search_result;

typedef struct node_reply {
    uuid id;
    slice name, summary, attributes;
    list labels;
    int64_t created_at;
    double score;
} node_reply;

typedef struct user_node_reply {
    node_reply *node;
} user_node_reply;

typedef struct project_reply {
    slice name, description;
    uuid id;
    int64_t created_at;
} project_reply;

typedef struct project_info_reply {
    project_reply *project;
} project_info_reply;

typedef struct status_reply {
    slice status, version;
} status_reply;

extern const shape user_shape, users_shape, group_shape, groups_shape, session_shape,
    sessions_shape, end_reply_shape, end_many_reply_shape, message_v2_shape, messages_shape,
    memory_shape, context_shape, episode_shape, episodes_shape, graph_results_shape,
    session_search_reply_shape, memory_search_result_shape, user_node_shape, project_info_shape,
    status_shape;

/* ---- filling them ---- */

user_reply reply_of_user(const user *u, uuid project_id);
group_reply reply_of_group(const group *g, uuid project_id);
session_reply reply_of_session(const session *s, uuid project_id);
message_reply_v2 reply_of_message(const episode *e);

/* `session_id` is absent for data, and for messages whose session is gone. */
episode_reply reply_of_episode(const episode *e, slice session_id);

/* A rating instruction as the store keeps it; absent for NULL. */
MUST_CHECK err rating_text(arena *a, const rating_instruction *rating, slice *text);

#endif
