# SPDX-License-Identifier: Apache-2.0
"""Ids as callers choose them. This SDK puts an id into the path as it stands, so a caller escapes what would not
survive there; both ways must lead to the same thing."""
import urllib.parse

import pytest
from zep_cloud.client import Zep
from zep_cloud.errors import NotFoundError

import expect
from harness import unique

# sent as they are: the SDK's HTTP client escapes what it must
AS_THEY_ARE = ["two words", "a+b", "a:b@c", "naïve-café", "東京-ユーザー", "имя", "عمر", "🦦👩‍👩‍👧",
               "e\u0301 is not \u00e9", "semi;colon,comma&amp=equals", "quote'and\"double", "back\\slash", "tilde~!$*()", "{id}", "..dots.."]
# these need escaping by the caller
ESCAPED = ["100% sure", "a/b", "/", "a//b/", "what?", "#1", "50%25", "a%2Fb", "tab\tand\nline", " leading and trailing "]


def escaped(name):
    return urllib.parse.quote(name, safe="")


def named(client, name, path_name):
    """Makes a user, a session and a group of that name and goes through the paths that hold it."""
    expect.user(client.user.add(user_id=name), name)
    expect.user(client.user.get(path_name), name)
    expect.session(client.memory.add_session(session_id=name, user_id=name), name, name)
    expect.session(client.memory.get_session(path_name), name, name)
    client.memory.add(path_name, messages=[{"role_type": "user", "content": f"I am {name}"}])
    message, = client.memory.get(path_name).messages
    assert client.memory.get_session_message(path_name, message.uuid_).content == f"I am {name}"
    assert [one.session_id for one in client.user.get_sessions(path_name)] == [name]
    assert client.graph.episode.get_by_user_id(path_name).episodes[0].session_id == name
    expect.group(client.group.add(group_id=name), name)
    expect.group(client.group.get_group(path_name), name)
    for deleted in (client.memory.delete, client.user.delete, client.group.delete):
        expect.ok(deleted(path_name))


@pytest.fixture(scope="module")
def own(server):
    """A project where only these ids are."""
    return Zep(api_key=server.create_key(unique("project")), base_url=server.api_url)


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_ids_as_they_are(own, name):
    named(own, name, name)


@pytest.mark.parametrize("name", AS_THEY_ARE + ESCAPED)
def test_ids_escaped(own, name):
    named(own, name, escaped(name))


@pytest.mark.parametrize("name", [".", ".."])
def test_dots_are_never_resolved(server, name):
    """The SDK's client would resolve them itself, so this goes without it."""
    assert server.request("POST", "/api/v2/users", {"user_id": name}).status == 201
    for path in (name, name.replace(".", "%2E")):
        reply = server.request("GET", f"/api/v2/users/{path}")
        assert (reply.status, reply.json.get("user_id")) == (200, name)


def test_a_raw_slash_is_a_segment_more(zep):
    zep.user.add(user_id="over/there")
    with expect.error(404, typed=NotFoundError):
        zep.user.get("over/there")


def test_a_raw_percent_is_a_broken_escape(zep):
    zep.user.add(user_id="100%")
    with expect.error(400):
        zep.user.get("100%")
    assert zep.user.get("100%25").user_id == "100%"


def test_ids_are_compared_byte_by_byte(zep):
    base = unique("Id")
    for name in (base, base.lower(), base + "é", base + "e\u0301", base + " "):
        zep.user.add(user_id=name)
    for name in (base, base.lower(), base + "é", base + "e\u0301"):
        assert zep.user.get(name).user_id == name


def test_an_empty_id_is_the_collection(zep):
    with expect.error(405):
        zep.user.delete("")


@pytest.mark.parametrize("path", ["users/a%zz", "users/a%2", "users/%00", "sessions/%ff", "groups/%ed%a0%80"])
def test_broken_escapes_are_refused(server, path):
    reply = server.request("GET", f"/api/v2/{path}")
    assert reply.status == 400 and reply.message.startswith("bad request: ")


@pytest.mark.parametrize("name", ["search", "end", "info", "node"])
def test_words_of_other_paths_are_ids_too(own, name):
    own.memory.add_session(session_id=name, user_id="")
    assert own.memory.get_session(name).session_id == name
    own.memory.add(name, messages=[{"role_type": "user", "content": "x"}])
    assert len(own.memory.get(name).messages) == 1
