# SPDX-License-Identifier: Apache-2.0
"""Base URLs, keys, and what the SDK's own way of asking wants of the server."""
import os
import subprocess
import sys

import pytest
from zep_cloud.client import Zep
from zep_cloud.errors import BadRequestError, NotFoundError, UnauthorizedError

import expect
from harness import unique


def works(client):
    user_id = unique("user")
    client.user.add(user_id=user_id)
    assert client.user.get(user_id).user_id == user_id
    assert client.user.list_ordered(page_number=1, page_size=1).row_count == 1
    expect.ok(client.user.delete(user_id))


# -- base URLs

@pytest.mark.parametrize("suffix", ["/api/v2", "/api/v2/", "//api/v2", "/api//v2//"])
def test_base_url(server, suffix):
    works(Zep(api_key=server.key, base_url=server.url + suffix))


@pytest.mark.parametrize("suffix", ["", "/", "//"])
def test_zep_api_url_is_the_host_alone_and_wins(server, monkeypatch, suffix):
    monkeypatch.setenv("ZEP_API_URL", server.url + suffix)
    works(Zep(api_key=server.key, base_url="http://127.0.0.1:9/api/v2"))


def test_both_variables_alone(server):
    program = "from zep_cloud.client import Zep; print(Zep().user.list_ordered(page_number=1, page_size=1).row_count)"
    environment = {**os.environ, "ZEP_API_URL": server.url, "ZEP_API_KEY": server.key}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.strip() in ("0", "1"), done.stderr


@pytest.mark.parametrize("path", ["/api/v2/users-ordered/", "//api/v2/users-ordered", "/api/v2//users-ordered//"])
def test_slashes_collapse_without_a_redirect(server, path):
    assert server.request("GET", path).status == 200


# -- keys

def test_a_wrong_key_is_the_generic_error_where_undeclared(server):
    client = Zep(api_key="wrong", base_url=server.api_url)
    for call in (lambda: client.user.get("x"), lambda: client.memory.get("x"), client.memory.list_sessions,
                 lambda: client.graph.search(query="x", user_id="x"), lambda: client.group.add(group_id="x")):
        with expect.error(401) as caught:
            call()
        assert caught.value.body == {"message": "unauthorized"}


def test_a_wrong_key_is_typed_where_declared(server):
    client = Zep(api_key="wrong", base_url=server.api_url)
    with expect.error(401, "unauthorized", UnauthorizedError):
        client.document.list_collections()


@pytest.mark.parametrize("form", ["Api-Key {}", "api-key {}", "API-KEY {}", "Bearer {}", "bearer {}", "{}",
                                  "Api-Key  {} ", "  {}"])
def test_forms_of_a_key(server, form):
    reply = server.request("GET", "/api/v2/users-ordered", headers={"Authorization": form.format(server.key)})
    assert reply.status == 200, reply


@pytest.mark.parametrize("value", [None, "", "Api-Key", "Api-Key wrong", "wrong", "Basic {}", "Api-Key {} {}",
                                   "Api-Key {}x"])
def test_forms_that_are_no_key(server, value):
    header = {"Authorization": value and value.format(server.key, server.key)}
    reply = server.request("GET", "/api/v2/users-ordered", headers=header)
    assert (reply.status, reply.json) == (401, {"message": "unauthorized"})


def test_the_key_comes_before_routing_and_body(server):
    for method, path in (("GET", "/api/v2/no/such/route"), ("PUT", "/api/v2/users"), ("POST", "/api/v2/users")):
        assert server.request(method, path, "{broken", key="wrong").status == 401


def test_no_key_is_needed_for_health(server):
    assert server.request("GET", "/healthz", headers={"Authorization": None}).status == 200


# -- routing

def test_unknown_routes_and_wrong_methods(server):
    reply = server.request("GET", "/api/v2/no/such/route")
    assert (reply.status, reply.message) == (404, "not found")
    reply = server.request("PUT", "/api/v2/users")
    assert reply.status == 405 and "POST" in reply.headers["Allow"]
    assert isinstance(reply.message, str)


def test_a_path_has_the_methods_of_every_pattern_that_fits(server):
    allow = server.request("PUT", "/api/v2/sessions/search").headers["Allow"]
    assert {"GET", "PATCH", "POST"} <= set(allow.replace(" ", "").split(","))


def test_no_batches_is_a_404_and_nothing_else(server):
    assert server.request("POST", "/api/v2/batches", {}).status == 404


def test_head_is_get_without_a_body(server):
    reply = server.request("HEAD", "/api/v2/users-ordered")
    assert (reply.status, reply.body) == (200, b"")


def test_preflight_needs_no_key(server):
    reply = server.request("OPTIONS", "/api/v2/sessions/x/memory", headers={
        "Authorization": None, "Origin": "https://app.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-own, authorization"})
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("application/json")
    assert reply.headers["Access-Control-Allow-Origin"] in ("*", "https://app.example")
    assert {"authorization", "content-type", "x-own"} <= listed(reply, "Access-Control-Allow-Headers")
    assert {"get", "post", "put", "delete", "patch", "options"} <= listed(reply, "Access-Control-Allow-Methods")


def listed(reply, header):
    return set(reply.headers[header].lower().replace(" ", "").split(","))


def test_answers_to_other_origins_say_so(server):
    reply = server.request("GET", "/api/v2/users-ordered", headers={"Origin": "https://app.example"})
    assert reply.headers["Access-Control-Allow-Origin"] in ("*", "https://app.example")


# -- bodies and queries

@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_the_body_is_json_whatever_its_type_says(server, content_type):
    reply = server.request("POST", "/api/v2/users", {"user_id": unique("user")}, {"Content-Type": content_type})
    assert reply.status == 201


@pytest.mark.parametrize("body", [None, "", "{}", '{"unknown": [1]}'])
def test_a_body_on_get_and_delete_and_none_on_post(server, zep, session_id, body):
    assert server.request("GET", f"/api/v2/sessions/{session_id}", body).status == 200
    assert server.request("POST", f"/api/v2/sessions/{session_id}/end", body).status == 200
    assert server.request("DELETE", f"/api/v2/sessions/{session_id}/memory", body).status == 200


def test_nulls_are_absent(zep):
    user = zep.user.add(user_id=unique("user"), email=None, first_name=None, metadata=None,
                        fact_rating_instruction=None)
    expect.user(zep.user.update(user.user_id, email=None, metadata=None), user.user_id)


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "null", '{"user_id": 5}', '{"user_id": "a"} x', "{'user_id': 1}",
                                  '{"user_id": "\\ud800"}', '{"user_id": "a\\u0000b"}', b'{"user_id": "\xff"}',
                                  '{"user_id": "a", "metadata": []}', '{"user_id": "a", "metadata": {"n": 1e999}}'])
def test_bodies_that_are_refused(server, body):
    reply = server.request("POST", "/api/v2/users", body)
    assert reply.status == 400 and reply.message.startswith("bad request: ")


def test_of_duplicate_keys_the_last_counts(server):
    first, last = unique("user"), unique("user")
    reply = server.request("POST", "/api/v2/users", f'{{"user_id": "{first}", "user_id": "{last}"}}')
    assert reply.json["user_id"] == last


def test_a_body_over_5_mib_is_refused(server):
    reply = server.request("POST", "/api/v2/users", b" " * (5 * 1024 * 1024) + b"{}")
    assert reply.status == 413


@pytest.mark.parametrize("value, ascending", [("true", 1), ("T", 1), ("1", 1), ("TRUE", 1), ("false", 0), ("f", 0),
                                              ("0", 0), ("", 0)])
def test_query_booleans(project, server, value, ascending):
    key = project._client_wrapper.api_key
    for number in range(2):
        project.memory.add_session(session_id=str(number), user_id="")
    reply = server.request("GET", f"/api/v2/sessions-ordered?order_by=session_id&asc={value}", key=key)
    assert [one["session_id"] for one in reply.json["sessions"]] == (["0", "1"] if ascending else ["1", "0"])


@pytest.mark.parametrize("query", ["sessions-ordered?asc=maybe", "sessions-ordered?page_size=ten&page_number=1",
                                   "users-ordered?pageSize=1.5&pageNumber=1"])
def test_queries_that_do_not_parse(server, query):
    assert server.request("GET", f"/api/v2/{query}").status == 400


def test_both_spellings_and_unknown_parameters(server, user_id, session_id):
    for path in ("sessions-ordered?pageNumber=1&pageSize=1&x=y", "sessions-ordered?page_size=1&page_number=1",
                 "users-ordered?page_number=1&page_size=1", "users-ordered?pageSize=1&pageNumber=1&memoryType=z"):
        reply = server.request("GET", f"/api/v2/{path}").json
        assert len(reply.get("sessions") or reply.get("users")) == 1, path


def test_a_min_rating_that_is_no_number(server, session_id):
    assert server.request("GET", f"/api/v2/sessions/{session_id}/memory?minRating=high").status == 400


def test_missing_messages_are_refused_and_null_is_missing(server, session_id):
    for body in ({}, {"messages": None}):
        assert server.request("POST", f"/api/v2/sessions/{session_id}/memory", body).status == 400
    for body in ({"messages": [{"content": "x"}]}, {"messages": [{"content": "x", "role_type": None}]}):
        assert server.request("POST", f"/api/v2/sessions/{session_id}/memory", body).status == 400


def test_lists_are_never_null_and_integers_are_bare(server, session_id):
    body = server.request("GET", f"/api/v2/sessions/{session_id}/messages").body.replace(b" ", b"")
    assert b'"messages":[]' in body and b'"total_count":0' in body
    body = server.request("GET", f"/api/v2/sessions/{session_id}/memory").body.replace(b" ", b"")
    assert b'"messages":[]' in body and b'"context":""' in body


def test_shared_routes_carry_both_names(server, zep, user_id, session_id, group_id, say):
    say(session_id, "hello")
    episode, = server.request("GET", f"/api/v2/graph/episodes/user/{user_id}").json["episodes"]
    assert episode["session_id"] == episode["thread_id"] == session_id
    group = server.request("GET", f"/api/v2/groups/{group_id}").json
    assert group["group_id"] == group["graph_id"] == group_id


# -- what the SDK makes of errors

def test_typed_errors_carry_status_and_text(zep):
    with pytest.raises(NotFoundError) as caught:
        zep.user.get(unique("nobody"))
    assert (caught.value.status_code, caught.value.body.message) == (404, "not found")
    with pytest.raises(BadRequestError) as caught:
        zep.memory.list_sessions(order_by="colour")
    assert "order_by" in caught.value.body.message


def test_a_timeout_and_headers_given_for_one_call_do_no_harm(zep, user_id):
    options = {"timeout_in_seconds": 5, "additional_headers": {"X-Own": "1"}, "max_retries": 1}
    assert zep.user.get(user_id, request_options=options).user_id == user_id
