/* SPDX-License-Identifier: Apache-2.0
 *
 * api/shapes.c -- the tables of fields. The order of a table is the order on the wire. */
#include "api/shapes.h"

#include "api/handlers.h"

#include <math.h>

#define AT(type, member) .offset = offsetof(type, member)

int64_t limit_message_characters = 4096;
int64_t limit_messages = 30;

void handlers_set_limits(int64_t message_characters, int64_t messages)
{
    limit_message_characters = message_characters;
    limit_messages = messages;
}

/* clang-format off: a field reads as a row */

/* ---- queries ---- */

static const char *const session_orders[] = {"created_at", "updated_at", "user_id", "session_id",
                                             NULL};

static const field page_query_fields[] = {
    {.name = "pageNumber",
     .alias = "page_number",
     .kind = SHAPE_INT,
     AT(page_query, number),
     .min = 1,
     .max = INT32_MAX,
     .clamps = true,
     .about = "Counts from 1."},
    {.name = "pageSize",
     .alias = "page_size",
     .kind = SHAPE_INT,
     AT(page_query, size),
     .min = 1,
     .max = INT32_MAX,
     .clamps = true,
     .about = "Without it everything is answered."},
};
const shape page_query_shape = SHAPE("PageQuery", page_query, page_query_fields);

static const field sessions_query_fields[] = {
    {.name = "page_number",
     .alias = "pageNumber",
     .kind = SHAPE_INT,
     AT(sessions_query, page.number),
     .min = 1,
     .max = INT32_MAX,
     .clamps = true,
     .about = "Counts from 1."},
    {.name = "page_size",
     .alias = "pageSize",
     .kind = SHAPE_INT,
     AT(sessions_query, page.size),
     .min = 1,
     .max = INT32_MAX,
     .clamps = true,
     .about = "Without it everything is answered."},
    {.name = "order_by", .kind = SHAPE_ENUM, AT(sessions_query, order_by), .names = session_orders},
    {.name = "asc", .kind = SHAPE_BOOL, AT(sessions_query, asc), .about = "Descending without it."},
};
const shape sessions_query_shape = SHAPE("SessionsQuery", sessions_query, sessions_query_fields);

static const field cursor_query_fields[] = {
    {.name = "limit",
     .kind = SHAPE_INT,
     AT(cursor_query, limit),
     .lenient = true,
     .fallback = 100,
     .max = INT32_MAX,
     .clamps = true,
     .about = "Messages of a page; all without it."},
    {.name = "cursor",
     .kind = SHAPE_INT,
     AT(cursor_query, cursor),
     .lenient = true,
     .fallback = 1,
     .max = INT32_MAX,
     .clamps = true,
     .about = "The page, from 1."},
};
const shape cursor_query_shape = SHAPE("CursorQuery", cursor_query, cursor_query_fields);

static const field after_query_fields[] = {
    {.name = "limit",
     .kind = SHAPE_INT,
     AT(cursor_query, limit),
     .max = INT32_MAX,
     .clamps = true,
     .about = "At most so many; 100 without it."},
    {.name = "cursor",
     .kind = SHAPE_INT,
     AT(cursor_query, cursor),
     .max = INT64_MAX,
     .about = "The `id` of the last one seen; from the first without it."},
};
const shape after_query_shape = SHAPE("AfterQuery", cursor_query, after_query_fields);

static const field memory_query_fields[] = {
    {.name = "lastn",
     .kind = SHAPE_INT,
     AT(memory_query, lastn),
     .max = INT32_MAX,
     .clamps = true,
     .about = "How many of the last messages; 6 without it."},
    {.name = "minRating", .kind = SHAPE_REAL, AT(memory_query, min_rating)},
};
const shape memory_query_shape = SHAPE("MemoryQuery", memory_query, memory_query_fields);

static const field lastn_query_fields[] = {
    {.name = "lastn",
     .kind = SHAPE_INT,
     AT(lastn_query, lastn),
     .min = 1,
     .max = INT32_MAX,
     .clamps = true,
     .about = "How many of the newest; 10 without it."},
};
const shape lastn_query_shape = SHAPE("LastnQuery", lastn_query, lastn_query_fields);

static const field limit_query_fields[] = {
    {.name = "limit",
     .kind = SHAPE_INT,
     AT(limit_query, limit),
     .max = INT64_MAX,
     .about = "10 without it, at most 100."},
};
const shape limit_query_shape = SHAPE("LimitQuery", limit_query, limit_query_fields);

/* ---- bodies ---- */

static const field rating_examples_fields[] = {
    {.name = "high", .kind = SHAPE_TEXT, AT(rating_examples, high), .omit = true},
    {.name = "low", .kind = SHAPE_TEXT, AT(rating_examples, low), .omit = true},
    {.name = "medium", .kind = SHAPE_TEXT, AT(rating_examples, medium), .omit = true},
};
static const shape rating_examples_shape =
    SHAPE("FactRatingExamples", rating_examples, rating_examples_fields);

static const field rating_fields[] = {
    {.name = "examples",
     .kind = SHAPE_OBJECT,
     AT(rating_instruction, examples),
     .of = &rating_examples_shape,
     .omit = true},
    {.name = "instruction", .kind = SHAPE_TEXT, AT(rating_instruction, instruction), .omit = true},
};
const shape rating_shape = SHAPE("FactRatingInstruction", rating_instruction, rating_fields);

#define RATING(type)                                                                               \
    {                                                                                              \
        .name = "fact_rating_instruction", .kind = SHAPE_OBJECT, AT(type, rating),                 \
        .of = &rating_shape                                                                        \
    }

#define USER_FIELDS                                                                                \
    {.name = "email", .kind = SHAPE_TEXT, AT(user_body, email)},                                   \
        {.name = "first_name", .kind = SHAPE_TEXT, AT(user_body, first_name)},                     \
        {.name = "last_name", .kind = SHAPE_TEXT, AT(user_body, last_name)},                       \
        {.name = "metadata", .kind = SHAPE_MAP, AT(user_body, metadata)}, RATING(user_body),       \
    {                                                                                              \
        .name = "disable_default_ontology", .kind = SHAPE_BOOL, AT(user_body, no_ontology)         \
    }

static const field user_create_fields[] = {
    {.name = "user_id",
     .kind = SHAPE_TEXT,
     AT(user_body, user_id),
     .required = true,
     .min = 1,
     .max = ID_MAX},
    USER_FIELDS,
};
const shape user_create_shape = SHAPE("CreateUserRequest", user_body, user_create_fields);

static const field user_update_fields[] = {USER_FIELDS};
const shape user_update_shape = SHAPE("UpdateUserRequest", user_body, user_update_fields);

#define GROUP_FIELDS                                                                               \
    {.name = "name", .kind = SHAPE_TEXT, AT(group_body, name), .max = 255},                        \
        {.name = "description", .kind = SHAPE_TEXT, AT(group_body, description), .max = 2000},     \
        RATING(group_body)

static const field group_create_fields[] = {
    {.name = "group_id",
     .alias = "graph_id",
     .kind = SHAPE_TEXT,
     AT(group_body, group_id),
     .required = true,
     .min = 1,
     .max = ID_MAX},
    GROUP_FIELDS,
};
const shape group_create_shape = SHAPE("CreateGroupRequest", group_body, group_create_fields);

static const field group_update_fields[] = {GROUP_FIELDS};
const shape group_update_shape = SHAPE("UpdateGroupRequest", group_body, group_update_fields);

static const field session_create_fields[] = {
    {.name = "session_id",
     .kind = SHAPE_TEXT,
     AT(session_body, session_id),
     .required = true,
     .min = 1,
     .max = ID_MAX},
    {.name = "user_id",
     .kind = SHAPE_TEXT,
     AT(session_body, user_id),
     .empty_absent = true,
     .max = ID_MAX,
     .about = "Without it the session has a graph of its own."},
    {.name = "metadata", .kind = SHAPE_MAP, AT(session_body, metadata)},
    RATING(session_body),
};
const shape session_create_shape =
    SHAPE("CreateSessionRequest", session_body, session_create_fields);

static const field session_update_fields[] = {
    {.name = "metadata", .kind = SHAPE_MAP, AT(session_body, metadata), .about = "Merged, deep."},
    RATING(session_body),
};
const shape session_update_shape =
    SHAPE("UpdateSessionRequest", session_body, session_update_fields);

static const field end_fields[] = {
    {.name = "classify",
     .kind = SHAPE_MAP,
     AT(end_body, classify),
     .about = "Ignored: no class is given yet."},
    {.name = "instruction", .kind = SHAPE_TEXT, AT(end_body, instruction), .about = "Ignored."},
};
const shape end_shape = SHAPE("EndSessionRequest", end_body, end_fields);

static const field end_many_fields[] = {
    {.name = "session_ids",
     .kind = SHAPE_TEXTS,
     AT(end_many_body, session_ids),
     .required = true,
     .min = 1,
     .max = 1000},
    {.name = "instruction",
     .kind = SHAPE_TEXT,
     AT(end_many_body, instruction),
     .about = "Ignored."},
};
const shape end_many_shape = SHAPE("EndSessionsRequest", end_many_body, end_many_fields);

/* "" is norole: Go sends it for a role that is not set. */
static const char *const role_types_in[] = {"norole",   "system", "assistant", "user",
                                            "function", "tool",   "",          NULL};

static const field message_in_fields[] = {
    {.name = "content",
     .kind = SHAPE_TEXT,
     AT(message_body, content),
     .required = true,
     .limit = &limit_message_characters},
    {.name = "created_at",
     .kind = SHAPE_TIME,
     AT(message_body, created_at),
     .empty_absent = true,
     .about = "When it was said; now without it."},
    {.name = "metadata", .kind = SHAPE_MAP, AT(message_body, metadata)},
    {.name = "role", .kind = SHAPE_TEXT, AT(message_body, role), .about = "The speaker's name."},
    {.name = "role_type",
     .kind = SHAPE_ENUM,
     AT(message_body, role_type),
     .required = true,
     .names = role_types_in},
    {.name = "uuid",
     .kind = SHAPE_UUID,
     AT(message_body, id),
     .empty_absent = true,
     .about = "One that is in use in the project is refused."},
};
static const shape message_in_shape = SHAPE("NewMessage", message_body, message_in_fields);

static const field memory_add_fields[] = {
    {.name = "messages",
     .kind = SHAPE_LIST,
     AT(memory_body, messages),
     .required = true,
     .of = &message_in_shape,
     .limit = &limit_messages},
    {.name = "ignore_roles",
     .kind = SHAPE_TEXTS,
     AT(memory_body, ignore_roles),
     .about = "Roles from whose messages nothing is extracted; they are kept and found."},
    {.name = "return_context", .kind = SHAPE_BOOL, AT(memory_body, return_context)},
};
const shape memory_add_shape = SHAPE("AddMemoryRequest", memory_body, memory_add_fields);

static const field metadata_update_fields[] = {
    {.name = "metadata", .kind = SHAPE_MAP, AT(metadata_body, metadata), .about = "Merged, deep."},
};
const shape metadata_update_shape =
    SHAPE("ModelsMessageMetadataUpdate", metadata_body, metadata_update_fields);

static const char *const data_types[] = {"text", "json", "message", NULL};

#define DATA_FIELDS                                                                                \
    {.name = "data",                                                                               \
     .kind = SHAPE_TEXT,                                                                           \
     AT(data_body, data),                                                                          \
     .required = true,                                                                             \
     .min = 1,                                                                                     \
     .max = 10000,                                                                                 \
     .about = "With the type json it must be JSON."},                                              \
        {.name = "type",                                                                           \
         .kind = SHAPE_ENUM,                                                                       \
         AT(data_body, type),                                                                      \
         .required = true,                                                                         \
         .names = data_types},                                                                     \
        {.name = "created_at",                                                                     \
         .kind = SHAPE_TIME,                                                                       \
         AT(data_body, created_at),                                                                \
         .empty_absent = true,                                                                     \
         .about = "When it held; now without it."},                                                \
    {                                                                                              \
        .name = "source_description", .kind = SHAPE_TEXT, AT(data_body, source_description),       \
        .max = 500                                                                                 \
    }

#define OWNER_FIELDS(type)                                                                         \
    {.name = "user_id",                                                                            \
     .kind = SHAPE_TEXT,                                                                           \
     AT(type, user_id),                                                                            \
     .empty_absent = true,                                                                         \
     .choice = CHOICE_ONE},                                                                        \
    {                                                                                              \
        .name = "group_id", .alias = "graph_id", .kind = SHAPE_TEXT, AT(type, group_id),           \
        .empty_absent = true, .choice = CHOICE_ONE,                                                \
        .about = "Exactly one of user_id and group_id."                                            \
    }

static const field data_add_fields[] = {DATA_FIELDS, OWNER_FIELDS(data_body)};
const shape data_add_shape = SHAPE("AddDataRequest", data_body, data_add_fields);

static const field data_fields[] = {DATA_FIELDS};
static const shape data_shape = SHAPE("EpisodeData", data_body, data_fields);

static const field data_batch_fields[] = {
    {.name = "episodes",
     .kind = SHAPE_LIST,
     AT(data_batch_body, episodes),
     .of = &data_shape,
     .max = 20},
    OWNER_FIELDS(data_batch_body),
};
const shape data_batch_shape = SHAPE("AddDataBatchRequest", data_batch_body, data_batch_fields);

static const char *const graph_scopes[] = {"edges", "nodes", "episodes", NULL};
static const char *const rerankers[] = {"rrf",           "mmr", "node_distance", "episode_mentions",
                                        "cross_encoder", NULL};

static const field graph_search_fields[] = {
    {.name = "query",
     .kind = SHAPE_TEXT,
     AT(graph_search_body, query),
     .required = true,
     .min = 1,
     .max = 400},
    {.name = "limit",
     .kind = SHAPE_INT,
     AT(graph_search_body, limit),
     .min = 1,
     .max = INT64_MAX,
     .about = "10 without it, at most 50."},
    {.name = "scope", .kind = SHAPE_ENUM, AT(graph_search_body, scope), .names = graph_scopes},
    {.name = "reranker", .kind = SHAPE_ENUM, AT(graph_search_body, reranker), .names = rerankers},
    OWNER_FIELDS(graph_search_body),
    {.name = "center_node_uuid",
     .kind = SHAPE_UUID,
     AT(graph_search_body, center_node),
     .empty_absent = true,
     .about = "Needed with the reranker node_distance."},
    {.name = "mmr_lambda",
     .kind = SHAPE_REAL,
     AT(graph_search_body, mmr_lambda),
     .max = 1,
     .about = "Needed with the reranker mmr."},
    {.name = "min_score", .kind = SHAPE_REAL, AT(graph_search_body, min_score)},
    {.name = "min_fact_rating", .kind = SHAPE_REAL, AT(graph_search_body, min_rating)},
    {.name = "bfs_origin_node_uuids", .kind = SHAPE_TEXTS, AT(graph_search_body, origins)},
    {.name = "search_filters", .kind = SHAPE_MAP, AT(graph_search_body, filters)},
};
const shape graph_search_shape = SHAPE("GraphSearchQuery", graph_search_body, graph_search_fields);

static const char *const memory_scopes[] = {"messages", "summary", "facts", NULL};
static const char *const search_types[] = {"similarity", "mmr", NULL};

#define MEMORY_SEARCH_FIELDS                                                                       \
    {.name = "search_scope",                                                                       \
     .kind = SHAPE_ENUM,                                                                           \
     AT(session_search_body, scope),                                                               \
     .names = memory_scopes},                                                                      \
        {.name = "search_type",                                                                    \
         .kind = SHAPE_ENUM,                                                                       \
         AT(session_search_body, type),                                                            \
         .names = search_types},                                                                   \
        {.name = "min_score", .kind = SHAPE_REAL, AT(session_search_body, min_score)},             \
        {.name = "min_fact_rating", .kind = SHAPE_REAL, AT(session_search_body, min_rating)},      \
    {                                                                                              \
        .name = "mmr_lambda", .kind = SHAPE_REAL, AT(session_search_body, mmr_lambda)              \
    }

static const field sessions_search_fields[] = {
    {.name = "text", .kind = SHAPE_TEXT, AT(session_search_body, text), .required = true},
    {.name = "user_id",
     .kind = SHAPE_TEXT,
     AT(session_search_body, user_id),
     .empty_absent = true,
     .choice = CHOICE_SOME},
    {.name = "session_ids",
     .kind = SHAPE_TEXTS,
     AT(session_search_body, session_ids),
     .max = 1000,
     .choice = CHOICE_SOME,
     .about = "Needed without a user_id."},
    {.name = "record_filter", .kind = SHAPE_MAP, AT(session_search_body, record_filter)},
    MEMORY_SEARCH_FIELDS,
};
const shape sessions_search_shape =
    SHAPE("SessionSearchQuery", session_search_body, sessions_search_fields);

static const field session_search_fields[] = {
    {.name = "text", .kind = SHAPE_TEXT, AT(session_search_body, text)},
    {.name = "metadata", .kind = SHAPE_MAP, AT(session_search_body, metadata)},
    MEMORY_SEARCH_FIELDS,
};
const shape session_search_shape =
    SHAPE("MemorySearchPayload", session_search_body, session_search_fields);

/* ---- replies ---- */

static const field user_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(user_reply, u.id), .required = true},
    {.name = "id", .kind = SHAPE_INT, AT(user_reply, u.graph), .required = true},
    {.name = "user_id", .kind = SHAPE_TEXT, AT(user_reply, u.user_id), .required = true},
    {.name = "email", .kind = SHAPE_TEXT, AT(user_reply, u.email)},
    {.name = "first_name", .kind = SHAPE_TEXT, AT(user_reply, u.first_name)},
    {.name = "last_name", .kind = SHAPE_TEXT, AT(user_reply, u.last_name)},
    {.name = "metadata", .kind = SHAPE_MAP, AT(user_reply, u.metadata)},
    {.name = "fact_rating_instruction",
     .kind = SHAPE_MAP,
     AT(user_reply, u.rating),
     .of = &rating_shape},
    {.name = "disable_default_ontology", .kind = SHAPE_BOOL, AT(user_reply, no_ontology)},
    {.name = "session_count", .kind = SHAPE_INT, AT(user_reply, u.sessions), .required = true},
    {.name = "project_uuid", .kind = SHAPE_UUID, AT(user_reply, project_id), .required = true},
    {.name = "created_at", .kind = SHAPE_TIME, AT(user_reply, u.created_at), .required = true},
    {.name = "updated_at", .kind = SHAPE_TIME, AT(user_reply, u.updated_at)},
    {.name = "deleted_at", .kind = SHAPE_TIME, AT(user_reply, deleted_at)},
};
const shape user_shape = SHAPE("User", user_reply, user_fields);

static const field users_fields[] = {
    {.name = "users",
     .kind = SHAPE_LIST,
     AT(users_reply, users),
     .required = true,
     .of = &user_shape},
    {.name = "row_count", .kind = SHAPE_INT, AT(users_reply, row_count), .required = true},
    {.name = "total_count", .kind = SHAPE_INT, AT(users_reply, total_count), .required = true},
};
const shape users_shape = SHAPE("UserListResponse", users_reply, users_fields);

static const field group_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(group_reply, g.id), .required = true},
    {.name = "id", .kind = SHAPE_INT, AT(group_reply, g.graph), .required = true},
    {.name = "group_id", .kind = SHAPE_TEXT, AT(group_reply, g.group_id), .required = true},
    {.name = "graph_id", .kind = SHAPE_TEXT, AT(group_reply, g.group_id), .required = true},
    {.name = "name", .kind = SHAPE_TEXT, AT(group_reply, g.name)},
    {.name = "description", .kind = SHAPE_TEXT, AT(group_reply, g.description)},
    {.name = "external_id", .kind = SHAPE_TEXT, AT(group_reply, external_id)},
    {.name = "fact_rating_instruction",
     .kind = SHAPE_MAP,
     AT(group_reply, g.rating),
     .of = &rating_shape},
    {.name = "project_uuid", .kind = SHAPE_UUID, AT(group_reply, project_id), .required = true},
    {.name = "created_at", .kind = SHAPE_TIME, AT(group_reply, g.created_at), .required = true},
};
const shape group_shape = SHAPE("Group", group_reply, group_fields);

static const field groups_fields[] = {
    {.name = "groups",
     .kind = SHAPE_LIST,
     AT(groups_reply, groups),
     .required = true,
     .of = &group_shape},
    {.name = "row_count", .kind = SHAPE_INT, AT(groups_reply, row_count), .required = true},
    {.name = "total_count", .kind = SHAPE_INT, AT(groups_reply, total_count), .required = true},
};
const shape groups_shape = SHAPE("GroupListResponse", groups_reply, groups_fields);

static const field session_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(session_reply, s.uuid), .required = true},
    {.name = "id", .kind = SHAPE_INT, AT(session_reply, s.id), .required = true},
    {.name = "session_id", .kind = SHAPE_TEXT, AT(session_reply, s.session_id), .required = true},
    {.name = "user_id", .kind = SHAPE_TEXT, AT(session_reply, s.user_id)},
    {.name = "metadata", .kind = SHAPE_MAP, AT(session_reply, s.metadata)},
    {.name = "fact_rating_instruction",
     .kind = SHAPE_MAP,
     AT(session_reply, s.rating),
     .of = &rating_shape},
    {.name = "classifications",
     .kind = SHAPE_MAP,
     AT(session_reply, s.classifications),
     .required = true},
    {.name = "facts", .kind = SHAPE_TEXTS, AT(session_reply, facts)},
    {.name = "project_uuid", .kind = SHAPE_UUID, AT(session_reply, project_id), .required = true},
    {.name = "created_at", .kind = SHAPE_TIME, AT(session_reply, s.created_at), .required = true},
    {.name = "updated_at", .kind = SHAPE_TIME, AT(session_reply, s.updated_at), .required = true},
    {.name = "ended_at", .kind = SHAPE_TIME, AT(session_reply, s.ended_at)},
    {.name = "deleted_at", .kind = SHAPE_TIME, AT(session_reply, deleted_at)},
};
const shape session_shape = SHAPE("Session", session_reply, session_fields);

static const field sessions_fields[] = {
    {.name = "sessions",
     .kind = SHAPE_LIST,
     AT(sessions_reply, sessions),
     .required = true,
     .of = &session_shape},
    {.name = "response_count",
     .kind = SHAPE_INT,
     AT(sessions_reply, response_count),
     .required = true},
    {.name = "total_count", .kind = SHAPE_INT, AT(sessions_reply, total_count), .required = true},
};
const shape sessions_shape = SHAPE("SessionListResponse", sessions_reply, sessions_fields);

static const field end_reply_fields[] = {
    {.name = "session",
     .kind = SHAPE_OBJECT,
     AT(end_reply, session),
     .required = true,
     .of = &session_shape},
};
const shape end_reply_shape = SHAPE("EndSessionResponse", end_reply, end_reply_fields);

static const field end_many_reply_fields[] = {
    {.name = "sessions",
     .kind = SHAPE_LIST,
     AT(end_many_reply, sessions),
     .required = true,
     .of = &session_shape},
};
const shape end_many_reply_shape =
    SHAPE("EndSessionsResponse", end_many_reply, end_many_reply_fields);

static const field message_v2_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(message_reply_v2, ep.id), .required = true},
    {.name = "role", .kind = SHAPE_TEXT, AT(message_reply_v2, ep.role)},
    {.name = "role_type",
     .kind = SHAPE_ENUM,
     AT(message_reply_v2, ep.role_type),
     .names = role_types,
     .required = true},
    {.name = "content", .kind = SHAPE_TEXT, AT(message_reply_v2, ep.content), .required = true},
    {.name = "metadata", .kind = SHAPE_MAP, AT(message_reply_v2, ep.metadata)},
    {.name = "created_at",
     .kind = SHAPE_TIME,
     AT(message_reply_v2, ep.created_at),
     .required = true},
    {.name = "updated_at", .kind = SHAPE_TIME, AT(message_reply_v2, updated_at)},
    {.name = "processed", .kind = SHAPE_BOOL, AT(message_reply_v2, processed), .required = true},
    {.name = "token_count", .kind = SHAPE_INT, AT(message_reply_v2, token_count)},
};
const shape message_v2_shape = SHAPE("Message", message_reply_v2, message_v2_fields);

static const field messages_fields[] = {
    {.name = "messages",
     .kind = SHAPE_LIST,
     AT(messages_reply, messages),
     .required = true,
     .of = &message_v2_shape},
    {.name = "row_count", .kind = SHAPE_INT, AT(messages_reply, row_count), .required = true},
    {.name = "total_count", .kind = SHAPE_INT, AT(messages_reply, total_count), .required = true},
};
const shape messages_shape = SHAPE("MessageListResponse", messages_reply, messages_fields);

/* Of these there are none yet: lists of them are empty, and places for one null. */
static const field fact_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(fact_reply, id), .required = true},
    {.name = "content", .kind = SHAPE_TEXT, AT(fact_reply, fact), .required = true},
    {.name = "fact", .kind = SHAPE_TEXT, AT(fact_reply, fact), .required = true},
    {.name = "name", .kind = SHAPE_TEXT, AT(fact_reply, name)},
    {.name = "rating", .kind = SHAPE_REAL, AT(fact_reply, rating)},
    {.name = "source_node_name", .kind = SHAPE_TEXT, AT(fact_reply, source_node_name)},
    {.name = "target_node_name", .kind = SHAPE_TEXT, AT(fact_reply, target_node_name)},
    {.name = "created_at", .kind = SHAPE_TIME, AT(fact_reply, created_at), .required = true},
    {.name = "valid_at", .kind = SHAPE_TIME, AT(fact_reply, valid_at)},
    {.name = "invalid_at", .kind = SHAPE_TIME, AT(fact_reply, invalid_at)},
    {.name = "expired_at", .kind = SHAPE_TIME, AT(fact_reply, expired_at)},
};
static const shape fact_shape = SHAPE("Fact", fact_reply, fact_fields);

static const field edge_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(edge_reply, id), .required = true},
    {.name = "name", .kind = SHAPE_TEXT, AT(edge_reply, name), .required = true},
    {.name = "fact", .kind = SHAPE_TEXT, AT(edge_reply, fact), .required = true},
    {.name = "source_node_uuid", .kind = SHAPE_UUID, AT(edge_reply, source_node), .required = true},
    {.name = "target_node_uuid", .kind = SHAPE_UUID, AT(edge_reply, target_node), .required = true},
    {.name = "episodes", .kind = SHAPE_TEXTS, AT(edge_reply, episodes)},
    {.name = "attributes", .kind = SHAPE_MAP, AT(edge_reply, attributes)},
    {.name = "created_at", .kind = SHAPE_TIME, AT(edge_reply, created_at), .required = true},
    {.name = "valid_at", .kind = SHAPE_TIME, AT(edge_reply, valid_at)},
    {.name = "invalid_at", .kind = SHAPE_TIME, AT(edge_reply, invalid_at)},
    {.name = "expired_at", .kind = SHAPE_TIME, AT(edge_reply, expired_at)},
    {.name = "score", .kind = SHAPE_REAL, AT(edge_reply, score)},
};
static const shape edge_shape = SHAPE("EntityEdge", edge_reply, edge_fields);

static const field summary_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(summary_reply, id)},
    {.name = "content", .kind = SHAPE_TEXT, AT(summary_reply, content)},
    {.name = "metadata", .kind = SHAPE_MAP, AT(summary_reply, metadata)},
    {.name = "related_message_uuids", .kind = SHAPE_TEXTS, AT(summary_reply, related_messages)},
    {.name = "token_count", .kind = SHAPE_INT, AT(summary_reply, token_count)},
    {.name = "created_at", .kind = SHAPE_TIME, AT(summary_reply, created_at)},
};
static const shape summary_shape = SHAPE("Summary", summary_reply, summary_fields);

static const field memory_fields[] = {
    {.name = "context", .kind = SHAPE_TEXT, AT(memory_reply, context), .required = true},
    {.name = "messages",
     .kind = SHAPE_LIST,
     AT(memory_reply, messages),
     .required = true,
     .of = &message_v2_shape},
    {.name = "facts", .kind = SHAPE_TEXTS, AT(memory_reply, facts), .required = true},
    {.name = "relevant_facts",
     .kind = SHAPE_LIST,
     AT(memory_reply, relevant_facts),
     .required = true,
     .of = &fact_shape},
    {.name = "metadata", .kind = SHAPE_MAP, AT(memory_reply, metadata)},
    {.name = "summary", .kind = SHAPE_MAP, AT(memory_reply, summary), .of = &summary_shape},
};
const shape memory_shape = SHAPE("Memory", memory_reply, memory_fields);

static const field context_fields[] = {
    {.name = "context", .kind = SHAPE_TEXT, AT(context_reply, context), .omit = true},
};
const shape context_shape = SHAPE("AddMemoryResponse", context_reply, context_fields);

static const char *const sources[] = {"text", "json", "message", NULL};

static const field episode_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(episode_reply, ep.id), .required = true},
    {.name = "content", .kind = SHAPE_TEXT, AT(episode_reply, ep.content), .required = true},
    {.name = "source",
     .kind = SHAPE_ENUM,
     AT(episode_reply, source),
     .required = true,
     .names = sources},
    {.name = "source_description", .kind = SHAPE_TEXT, AT(episode_reply, ep.source_description)},
    {.name = "role", .kind = SHAPE_TEXT, AT(episode_reply, ep.role)},
    {.name = "role_type", .kind = SHAPE_ENUM, AT(episode_reply, role_type), .names = role_types},
    {.name = "session_id", .kind = SHAPE_TEXT, AT(episode_reply, session_id)},
    {.name = "thread_id", .kind = SHAPE_TEXT, AT(episode_reply, session_id)},
    {.name = "metadata", .kind = SHAPE_MAP, AT(episode_reply, ep.metadata)},
    {.name = "created_at", .kind = SHAPE_TIME, AT(episode_reply, ep.created_at), .required = true},
    {.name = "processed", .kind = SHAPE_BOOL, AT(episode_reply, processed), .required = true},
    {.name = "score", .kind = SHAPE_REAL, AT(episode_reply, score)},
};
const shape episode_shape = SHAPE("Episode", episode_reply, episode_fields);

static const field episodes_fields[] = {
    {.name = "episodes",
     .kind = SHAPE_LIST,
     AT(episodes_reply, episodes),
     .required = true,
     .of = &episode_shape},
};
const shape episodes_shape = SHAPE("EpisodeResponse", episodes_reply, episodes_fields);

static const field node_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(node_reply, id), .required = true},
    {.name = "name", .kind = SHAPE_TEXT, AT(node_reply, name), .required = true},
    {.name = "summary", .kind = SHAPE_TEXT, AT(node_reply, summary), .required = true},
    {.name = "labels", .kind = SHAPE_TEXTS, AT(node_reply, labels), .required = true},
    {.name = "attributes", .kind = SHAPE_MAP, AT(node_reply, attributes), .required = true},
    {.name = "created_at", .kind = SHAPE_TIME, AT(node_reply, created_at), .required = true},
    {.name = "score", .kind = SHAPE_REAL, AT(node_reply, score)},
};
static const shape node_shape = SHAPE("EntityNode", node_reply, node_fields);

static const field graph_results_fields[] = {
    {.name = "edges",
     .kind = SHAPE_LIST,
     AT(graph_results_reply, edges),
     .required = true,
     .of = &edge_shape},
    {.name = "episodes",
     .kind = SHAPE_LIST,
     AT(graph_results_reply, episodes),
     .required = true,
     .of = &episode_shape},
    {.name = "nodes",
     .kind = SHAPE_LIST,
     AT(graph_results_reply, nodes),
     .required = true,
     .of = &node_shape},
};
const shape graph_results_shape =
    SHAPE("GraphSearchResults", graph_results_reply, graph_results_fields);

static const field session_result_fields[] = {
    {.name = "session_id", .kind = SHAPE_TEXT, AT(session_search_result, session_id)},
    {.name = "score", .kind = SHAPE_REAL, AT(session_search_result, score)},
    {.name = "message",
     .kind = SHAPE_OBJECT,
     AT(session_search_result, message),
     .of = &message_v2_shape},
    {.name = "summary",
     .kind = SHAPE_MAP,
     AT(session_search_result, summary),
     .of = &summary_shape},
    {.name = "fact", .kind = SHAPE_MAP, AT(session_search_result, fact), .of = &fact_shape},
};
static const shape session_result_shape =
    SHAPE("SessionSearchResult", session_search_result, session_result_fields);

static const field session_search_reply_fields[] = {
    {.name = "results",
     .kind = SHAPE_LIST,
     AT(session_search_reply, results),
     .required = true,
     .of = &session_result_shape},
};
const shape session_search_reply_shape =
    SHAPE("SessionSearchResponse", session_search_reply, session_search_reply_fields);

static const field memory_search_result_fields[] = {
    {.name = "message",
     .kind = SHAPE_OBJECT,
     AT(memory_search_result, message),
     .of = &message_v2_shape},
    {.name = "score", .kind = SHAPE_REAL, AT(memory_search_result, score)},
    {.name = "metadata", .kind = SHAPE_MAP, AT(memory_search_result, metadata)},
    {.name = "summary", .kind = SHAPE_MAP, AT(memory_search_result, summary), .of = &summary_shape},
};
const shape memory_search_result_shape =
    SHAPE("MemorySearchResult", memory_search_result, memory_search_result_fields);

static const field user_node_fields[] = {
    {.name = "node",
     .kind = SHAPE_OBJECT,
     AT(user_node_reply, node),
     .required = true,
     .of = &node_shape},
};
const shape user_node_shape = SHAPE("UserNodeResponse", user_node_reply, user_node_fields);

static const field project_fields[] = {
    {.name = "uuid", .kind = SHAPE_UUID, AT(project_reply, id), .required = true},
    {.name = "name", .kind = SHAPE_TEXT, AT(project_reply, name), .required = true},
    {.name = "description", .kind = SHAPE_TEXT, AT(project_reply, description)},
    {.name = "created_at", .kind = SHAPE_TIME, AT(project_reply, created_at), .required = true},
};
static const shape project_shape = SHAPE("ProjectInfo", project_reply, project_fields);

static const field project_info_fields[] = {
    {.name = "project",
     .kind = SHAPE_OBJECT,
     AT(project_info_reply, project),
     .required = true,
     .of = &project_shape},
};
const shape project_info_shape =
    SHAPE("ProjectInfoResponse", project_info_reply, project_info_fields);

static const field status_fields[] = {
    {.name = "status", .kind = SHAPE_TEXT, AT(status_reply, status), .required = true},
    {.name = "version", .kind = SHAPE_TEXT, AT(status_reply, version), .required = true},
};
const shape status_shape = SHAPE("Status", status_reply, status_fields);

/* clang-format on */

/* ---- filling them ---- */

user_reply reply_of_user(const user *u, uuid project_id)
{
    return (user_reply){
        .u = *u,
        .project_id = project_id,
        .deleted_at = NO_TIME,
        .no_ontology = u->no_ontology == NO_TIME ? NO_BOOL : (int8_t)u->no_ontology,
    };
}

group_reply reply_of_group(const group *g, uuid project_id)
{
    return (group_reply){.g = *g, .project_id = project_id};
}

session_reply reply_of_session(const session *s, uuid project_id)
{
    session_reply r = {.s = *s, .project_id = project_id, .deleted_at = NO_TIME};

    if (slice_empty(s->user_id))
        r.s.user_id = NO_SLICE;
    if (!s->classifications.p)
        r.s.classifications = SLICE("{}");
    return r;
}

message_reply_v2 reply_of_message(const episode *e)
{
    return (message_reply_v2){
        .ep = *e, .processed = 1, .token_count = NO_INT, .updated_at = NO_TIME};
}

episode_reply reply_of_episode(const episode *e, slice session_id)
{
    bool message = e->session != 0;

    return (episode_reply){
        .ep = *e,
        .processed = 1,
        .session_id = session_id,
        .score = (double)NAN,
        .role_type = message ? e->role_type : NO_ENUM,
        .source = e->source == SOURCE_TEXT   ? 0
                  : e->source == SOURCE_JSON ? 1
                                             : 2,
    };
}

err rating_text(arena *a, const rating_instruction *rating, slice *text)
{
    buf b;

    *text = NO_SLICE;
    if (!rating)
        return OK;
    buf_init(&b, a, SIZE_MAX / 2);
    shape_write(&rating_shape, &b, rating);
    return buf_done(&b, text);
}
