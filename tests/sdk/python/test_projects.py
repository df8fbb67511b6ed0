# SPDX-License-Identifier: Apache-2.0
"""Two projects with the same ids: neither sees the other. And GET projects/info, which this SDK does not have."""
import uuid

import pytest
from zep_cloud import Message
from zep_cloud.client import Zep
from zep_cloud.errors import NotFoundError

import expect
from harness import unique


def a_client(server, name):
    return Zep(api_key=server.create_key(name), base_url=server.api_url)


def info(server, key):
    reply = server.request("GET", "/api/v2/projects/info", key=key)
    assert reply.status == 200
    return reply.json["project"]


@pytest.fixture(scope="module")
def both(server):
    """Two projects that hold the same ids and different words."""
    clients = [a_client(server, unique("project")) for _ in range(2)]
    for client, word in zip(clients, ("apricots", "bicycles"), strict=True):
        client.user.add(user_id="u", first_name=word)
        client.memory.add_session(session_id="s", user_id="u")
        client.memory.add("s", messages=[Message(role_type="user", content=f"I like {word}.")])
        client.group.add(group_id="g", name=word)
        client.graph.add(group_id="g", type="text", data=f"The group likes {word}.")
    return clients


def test_info(server, both):
    name = unique("project")
    key = server.create_key(name)
    project = info(server, key)
    assert project["name"] == name
    assert expect.is_uuid(project["uuid"]) and expect.is_time(project["created_at"])
    assert project["description"] is None or isinstance(project["description"], str)
    client = Zep(api_key=key, base_url=server.api_url)
    assert client.user.add(user_id="x").project_uuid == project["uuid"]
    assert info(server, server.create_key(name)) == project


def test_info_of_the_default_project(server, zep, user_id):
    assert info(server, server.key)["uuid"] == zep.user.get(user_id).project_uuid


def test_a_key_counts_at_once_beside_the_running_server(server):
    a_client(server, unique("project")).user.add(user_id="at-once")


def test_directories_are_apart(both):
    for client, word in zip(both, ("apricots", "bicycles"), strict=True):
        assert client.user.get("u").first_name == word
        assert client.group.get_group("g").name == word
        assert client.user.list_ordered().total_count == 1
        assert client.memory.list_sessions().total_count == 1
        assert client.group.get_all_groups().total_count == 1
    assert both[0].user.get("u").uuid_ != both[1].user.get("u").uuid_


def test_memory_and_search_are_apart(both):
    for client, word, other in zip(both, ("apricots", "bicycles"), ("bicycles", "apricots"), strict=True):
        assert expect.contents(client.memory.get("s").messages) == [f"I like {word}."]
        assert client.memory.search("s", text=other) == []
        assert client.memory.search_sessions(text=other, user_id="u").results == []
        assert not client.graph.search(query=other, user_id="u", scope="episodes").episodes
        assert not client.graph.search(query=other, group_id="g", scope="episodes").episodes


def test_uuids_of_the_other_project_are_unknown(both):
    first, second = both
    theirs = second.memory.get("s").messages[0].uuid_
    given = second.graph.episode.get_by_group_id("g").episodes[0].uuid_
    with expect.error(404, typed=NotFoundError):
        first.memory.get_session_message("s", theirs)
    with expect.error(404, typed=NotFoundError):
        first.memory.update_message_metadata("s", theirs, metadata={"a": 1})
    for episode in (theirs, given):
        with expect.error(404):
            first.graph.episode.get(episode)
        with expect.error(404, typed=NotFoundError):
            first.graph.episode.delete(episode)
    assert second.graph.episode.get(given).content == "The group likes bicycles."


def test_the_same_given_uuid_in_each(server):
    given = str(uuid.uuid4())
    clients = [a_client(server, unique("project")) for _ in range(2)]
    for client, text in zip(clients, ("one", "two"), strict=True):
        client.memory.add("s", messages=[Message(role_type="user", content=text, uuid=given)])
    for client, text in zip(clients, ("one", "two"), strict=True):
        assert client.graph.episode.get(given).content == text


def test_deleting_here_leaves_there(server):
    here, there = [a_client(server, unique("project")) for _ in range(2)]
    for client in (here, there):
        client.user.add(user_id="u")
        client.memory.add_session(session_id="s", user_id="u")
        client.memory.add("s", messages=[Message(role_type="user", content="I like quinces.")])
    here.user.delete("u")
    assert len(there.graph.search(query="quinces", user_id="u", scope="episodes").episodes) == 1
    with expect.error(404, typed=NotFoundError):
        here.memory.get("s")
