/* SPDX-License-Identifier: Apache-2.0
 *
 * api/routes.c -- every route, a row each. A new endpoint is one row here, one function, one test.
 *
 * The row says who may call, what the handler runs in, how query and body are read, what is answered,
 * and which errors the SDKs raise as typed exceptions. The gate (http/gate.c) sees to the rest. */
#include "api/handlers.h"
#include "api/shapes.h"

#define V2(path)  "/api/v2" path
#define GET(path) .method = "GET", .pattern = V2(path), .access = ACCESS_KEY, .status = 200
#define POST(path, code)                                                                           \
    .method = "POST", .pattern = V2(path), .access = ACCESS_KEY, .status = (code)
#define PATCH(path, code)                                                                          \
    .method = "PATCH", .pattern = V2(path), .access = ACCESS_KEY, .status = (code)
#define DELETE(path) .method = "DELETE", .pattern = V2(path), .access = ACCESS_KEY, .status = 200
#define OPEN(path)   .method = "GET", .pattern = (path), .access = ACCESS_ANYONE, .status = 200

/* clang-format off: a row reads as a row */
const route routes[] = {
    /* ---- users ---- */
    {POST("/users", 201), .need = NEED_WRITE, .body = &user_create_shape, .reply = &user_shape,
     .errors = E400 | E500, .handle = users_add, .id = "user.add", .summary = "Adds a user."},
    {GET("/users"), .need = NEED_SEARCH, .query = &after_query_shape, .reply = &user_shape,
     .reply_list = true, .errors = E400 | E500, .handle = users_list_plain, .id = "user.list",
     .summary = "Users by row number, `cursor` being the last one seen."},
    {GET("/users-ordered"), .need = NEED_SEARCH, .query = &page_query_shape, .reply = &users_shape,
     .errors = E400 | E500, .handle = users_list, .id = "user.list_ordered",
     .summary = "Users, the newest first."},
    {GET("/users/{user_id}"), .need = NEED_READ, .reply = &user_shape, .errors = E404 | E500,
     .handle = users_get, .id = "user.get", .summary = "One user."},
    {PATCH("/users/{user_id}", 200), .need = NEED_WRITE, .body = &user_update_shape,
     .reply = &user_shape, .errors = E400 | E404 | E500, .handle = users_update,
     .id = "user.update", .summary = "Changes a user; metadata is merged."},
    {DELETE("/users/{user_id}"), .need = NEED_WRITE, .reply = &message_shape, .errors = E404 | E500,
     .handle = users_delete, .id = "user.delete",
     .summary = "Forgets a user: sessions, messages, graph."},
    {GET("/users/{user_id}/node"), .need = NEED_READ, .reply = &user_node_shape,
     .errors = E404 | E500, .handle = users_node, .id = "user.get_node",
     .summary = "The node that stands for the user in their graph."},
    {GET("/users/{user_id}/sessions"), .need = NEED_SEARCH, .reply = &session_shape,
     .reply_list = true, .errors = E500, .handle = sessions_of_user, .id = "user.get_sessions",
     .summary = "All sessions of a user, the newest first."},

    /* ---- groups ---- */
    {POST("/groups", 201), .need = NEED_WRITE, .body = &group_create_shape, .reply = &group_shape,
     .errors = E400 | E500, .handle = groups_add, .id = "group.add", .summary = "Adds a group."},
    {GET("/groups-ordered"), .need = NEED_SEARCH, .query = &page_query_shape,
     .reply = &groups_shape, .errors = E400 | E500, .handle = groups_list,
     .id = "group.get_all_groups", .summary = "Groups, the newest first."},
    {GET("/groups/{group_id}"), .need = NEED_READ, .reply = &group_shape, .errors = E404 | E500,
     .handle = groups_get, .id = "group.get_group", .summary = "One group."},
    {PATCH("/groups/{group_id}", 201), .need = NEED_WRITE, .body = &group_update_shape,
     .reply = &group_shape, .errors = E400 | E404 | E500, .handle = groups_update,
     .id = "group.update", .summary = "Changes a group."},
    {DELETE("/groups/{group_id}"), .need = NEED_WRITE, .reply = &message_shape,
     .errors = E400 | E404 | E500, .handle = groups_delete, .id = "group.delete",
     .summary = "Forgets a group and its graph."},

    /* ---- sessions ---- */
    {POST("/sessions", 201), .need = NEED_WRITE, .body = &session_create_shape,
     .reply = &session_shape, .errors = E400 | E500, .handle = sessions_add,
     .id = "memory.add_session", .summary = "Creates a session."},
    {GET("/sessions"), .need = NEED_SEARCH, .query = &after_query_shape, .reply = &session_shape,
     .reply_list = true, .errors = E400 | E500, .handle = sessions_list_plain,
     .id = "memory.list_sessions_plain",
     .summary = "Sessions by row number, `cursor` being the last one seen."},
    {GET("/sessions-ordered"), .need = NEED_SEARCH, .query = &sessions_query_shape,
     .reply = &sessions_shape, .errors = E400 | E500, .handle = sessions_list,
     .id = "memory.list_sessions", .summary = "Sessions in a chosen order."},
    {GET("/sessions/{session_id}"), .need = NEED_READ, .reply = &session_shape,
     .errors = E404 | E500, .handle = sessions_get, .id = "memory.get_session",
     .summary = "One session."},
    {PATCH("/sessions/{session_id}", 200), .need = NEED_WRITE, .body = &session_update_shape,
     .reply = &session_shape, .errors = E400 | E404 | E409 | E500, .handle = sessions_update,
     .id = "memory.update_session", .summary = "Changes a session; metadata is merged."},
    {POST("/sessions/end", 200), .need = NEED_WRITE, .body = &end_many_shape,
     .reply = &end_many_reply_shape, .errors = E400 | E404 | E500, .handle = sessions_end_many,
     .id = "memory.end_sessions", .summary = "Ends several sessions, all or none."},
    {POST("/sessions/{session_id}/end", 200), .need = NEED_WRITE, .body = &end_shape,
     .reply = &end_reply_shape, .errors = E400 | E404 | E500, .handle = sessions_end,
     .id = "memory.end_session", .summary = "Ends a session; the first end counts."},
    {DELETE("/sessions/{session_id}/memory"), .need = NEED_WRITE, .reply = &message_shape,
     .errors = E404 | E500, .handle = sessions_delete, .id = "memory.delete",
     .summary = "Deletes a session; what was said stays in its user's graph."},

    /* ---- messages and memory ---- */
    {POST("/sessions/{session_id}/memory", 200), .need = NEED_WRITE, .body = &memory_add_shape,
     .reply = &context_shape, .errors = E500, .prepare = messages_prepare, .handle = messages_add,
     .id = "memory.add", .summary = "Adds messages; they are found from the answer on."},
    {GET("/sessions/{session_id}/memory"), .need = NEED_SEARCH, .query = &memory_query_shape,
     .reply = &memory_shape, .errors = E404 | E500, .handle = memory_get, .id = "memory.get",
     .summary = "The last messages, and what matters for them."},
    {GET("/sessions/{session_id}/messages"), .need = NEED_SEARCH, .query = &cursor_query_shape,
     .reply = &messages_shape, .errors = E404 | E500, .handle = messages_list,
     .id = "memory.get_session_messages", .summary = "Messages, oldest first."},
    {GET("/sessions/{session_id}/messages/{message_uuid}"), .need = NEED_READ,
     .reply = &message_v2_shape, .errors = E404 | E500, .handle = messages_get,
     .id = "memory.get_session_message", .summary = "One message."},
    {PATCH("/sessions/{session_id}/messages/{message_uuid}", 200), .need = NEED_WRITE,
     .body = &metadata_update_shape, .reply = &message_v2_shape, .errors = E404 | E500,
     .handle = messages_update, .id = "memory.update_message_metadata",
     .summary = "Merges a message's metadata."},
    {POST("/sessions/search", 200), .need = NEED_SEARCH, .query = &limit_query_shape,
     .body = &sessions_search_shape, .reply = &session_search_reply_shape, .errors = E500,
     .prepare = sessions_search_check, .handle = sessions_search, .id = "memory.search_sessions",
     .summary = "Searches the messages of a user or of named sessions."},
    {POST("/sessions/{session_id}/search", 200), .need = NEED_SEARCH, .query = &limit_query_shape,
     .body = &session_search_shape, .reply = &memory_search_result_shape, .reply_list = true,
     .errors = E404 | E500, .handle = session_search, .id = "memory.search",
     .summary = "Searches the messages of one session."},

    /* ---- graphs ---- */
    {POST("/graph", 202), .need = NEED_WRITE, .body = &data_add_shape, .reply = &episode_shape,
     .errors = E400 | E500, .prepare = episodes_add_prepare, .handle = episodes_add,
     .id = "graph.add", .summary = "Adds data to a graph."},
    {POST("/graph-batch", 202), .need = NEED_WRITE, .body = &data_batch_shape,
     .reply = &episode_shape, .reply_list = true, .errors = E400 | E500,
     .prepare = episodes_add_batch_prepare, .handle = episodes_add_batch, .id = "graph.add_batch",
     .summary = "Adds several pieces of data, in their order."},
    {POST("/graph/search", 200), .need = NEED_SEARCH, .body = &graph_search_shape,
     .reply = &graph_results_shape, .errors = E400 | E500, .prepare = graph_search_check,
     .handle = graph_search, .id = "graph.search", .summary = "Searches a graph."},
    {GET("/graph/episodes/{uuid}"), .need = NEED_READ, .reply = &episode_shape,
     .errors = E400 | E500, .handle = episodes_get, .id = "graph.episode.get",
     .summary = "One episode; a message is one too."},
    {DELETE("/graph/episodes/{uuid}"), .need = NEED_WRITE, .reply = &message_shape,
     .errors = E400 | E404 | E500, .handle = episodes_delete, .id = "graph.episode.delete",
     .summary = "Deletes an episode."},
    {GET("/graph/episodes/user/{user_id}"), .need = NEED_SEARCH, .query = &lastn_query_shape,
     .reply = &episodes_shape, .errors = E400 | E500, .handle = episodes_of_user,
     .id = "graph.episode.get_by_user_id", .summary = "The last episodes of a user's graph."},
    {GET("/graph/episodes/group/{group_id}"), .need = NEED_SEARCH, .query = &lastn_query_shape,
     .reply = &episodes_shape, .errors = E400 | E500, .handle = episodes_of_group,
     .id = "graph.episode.get_by_group_id", .summary = "The last episodes of a group's graph."},

    /* ---- the project, and the program ---- */
    {GET("/projects/info"), .need = NEED_READ, .reply = &project_info_shape,
     .errors = E400 | E404 | E500, .handle = project_info, .id = "project.get",
     .summary = "Which project the key is of."},
    {OPEN("/openapi.json"), .need = NEED_NOTHING, .handle = openapi, .id = "openapi",
     .summary = "This document."},
    {OPEN("/healthz"), .need = NEED_NOTHING, .reply = &status_shape, .handle = health,
     .id = "healthz", .summary = "Whether the process answers."},
    {OPEN("/readyz"), .need = NEED_READ, .reply = &status_shape, .handle = ready, .id = "readyz",
     .summary = "Whether the store can be read and written."},
    {OPEN("/metrics"), .need = NEED_NOTHING, .reply_type = "text/plain", .handle = metrics,
     .id = "metrics", .summary = "Counters, as Prometheus text."},
};
/* clang-format on */
const size_t routes_n = COUNT(routes);
