# SPDX-License-Identifier: Apache-2.0
"""graph.add, graph.add_batch and graph.episode.*: data that was not said in a session, and messages as episodes."""
import pytest
from zep_cloud import EpisodeData, Message
from zep_cloud.errors import BadRequestError, NotFoundError

import expect
from harness import unique


def text(data, **fields):
    return EpisodeData(type="text", data=data, **fields)


def owners(user_id, group_id):
    return {"user": {"user_id": user_id}, "group": {"group_id": group_id}}


@pytest.fixture(params=["user", "group"])
def owner(request, user_id, group_id):
    """Names a user's graph, then a group's."""
    return owners(user_id, group_id)[request.param]


def episodes_of(zep, owner, **query):
    if "user_id" in owner:
        return zep.graph.episode.get_by_user_id(owner["user_id"], **query).episodes
    return zep.graph.episode.get_by_group_id(owner["group_id"], **query).episodes


# -- adding

def test_add_returns_the_episode(zep, owner):
    episode = zep.graph.add(type="text", data="The mill stopped in 1911. 🏭", source_description="town chronicle",
                            created_at="2023-04-05T06:07:08Z", **owner)
    expect.episode(episode, "The mill stopped in 1911. 🏭", "text", created_at="2023-04-05T06:07:08.000000Z",
                   source_description="town chronicle", session_id=None)
    assert zep.graph.episode.get(episode.uuid_).dict() == episode.dict()


def test_add_takes_now_when_no_time_is_given(zep, owner):
    episode = zep.graph.add(type="text", data="x", **owner)
    expect.episode(episode, "x", "text")
    assert not episode.source_description


def test_add_batch_keeps_the_order(zep, owner):
    data = [f"Chapter {number}" for number in range(20)]
    episodes = zep.graph.add_batch(episodes=[text(one, source_description="book") for one in data], **owner)
    assert expect.contents(episodes) == data
    for episode in episodes:
        expect.episode(episode, episode.content, "text", source_description="book")
    assert [episode.uuid_ for episode in episodes_of(zep, owner, lastn=20)] == [one.uuid_ for one in episodes]


def test_10000_characters_and_no_more(zep, owner):
    assert zep.graph.add(type="text", data="😀" * 10000, **owner).content == "😀" * 10000
    with expect.error(400, "data", BadRequestError):
        zep.graph.add(type="text", data="😀" * 10001, **owner)


@pytest.mark.parametrize("wrong", [{"data": ""}, {"type": "poem"}, {"source_description": "d" * 501},
                                   {"created_at": "once"}])
def test_add_refuses(zep, owner, wrong):
    with expect.error(400, next(iter(wrong)), BadRequestError):
        zep.graph.add(**{"type": "text", "data": "x", **owner, **wrong})
    assert episodes_of(zep, owner) == []


def test_add_batch_is_all_or_nothing(zep, owner):
    with expect.error(400, typed=BadRequestError):
        zep.graph.add_batch(episodes=[text("fine"), text("")], **owner)
    with expect.error(400, "episodes", BadRequestError):
        zep.graph.add_batch(episodes=[text(str(number)) for number in range(21)], **owner)
    assert episodes_of(zep, owner) == []


def test_exactly_one_target(zep, user_id, group_id):
    for target in ({}, {"user_id": user_id, "group_id": group_id}):
        with expect.error(400, typed=BadRequestError):
            zep.graph.add(type="text", data="x", **target)
        with expect.error(400, typed=BadRequestError):
            zep.graph.add_batch(episodes=[text("x")], **target)


@pytest.mark.parametrize("target", [{"user_id": "nobody-at-all"}, {"group_id": "nowhere-at-all"}])
def test_unknown_target(zep, target):
    with expect.error(404):
        zep.graph.add(type="text", data="x", **target)
    with expect.error(404):
        zep.graph.add_batch(episodes=[text("x")], **target)


# -- reading

def test_episodes_of_a_graph_newest_last_ten_unless_told(zep, owner):
    assert episodes_of(zep, owner) == []
    data = [f"Chapter {number}" for number in range(12)]
    zep.graph.add_batch(episodes=[text(one) for one in data], **owner)
    assert expect.contents(episodes_of(zep, owner)) == data[2:]
    assert expect.contents(episodes_of(zep, owner, lastn=3)) == data[9:]
    assert expect.contents(episodes_of(zep, owner, lastn=50)) == data


def test_messages_are_episodes_of_their_user(zep, user_id, session_id, say):
    say(session_id, "first", "second")
    zep.graph.add(user_id=user_id, type="text", data="third")
    episodes = zep.graph.episode.get_by_user_id(user_id).episodes
    assert expect.contents(episodes) == ["first", "second", "third"]
    expect.episode(episodes[0], "first", "message", role="Ada", role_type="user", session_id=session_id)
    assert [episode.uuid_ for episode in episodes[:2]] == [one.uuid_ for one in zep.memory.get(session_id).messages]
    assert zep.graph.episode.get(episodes[0].uuid_).dict() == episodes[0].dict()


def test_a_given_message_uuid_is_the_episodes(zep, session_id):
    given = "11111111-2222-4333-8444-" + unique("x")[-12:]
    zep.memory.add(session_id, messages=[Message(role_type="user", content="x", uuid=given)])
    assert zep.graph.episode.get(given).content == "x"


def test_episodes_of_unknown_graphs(zep):
    with expect.error(404):
        zep.graph.episode.get_by_user_id(unique("nobody"))
    with expect.error(404):
        zep.graph.episode.get_by_group_id(unique("nowhere"))


def test_get_errors(zep):
    with expect.error(404):
        zep.graph.episode.get(expect.NO_SUCH_UUID)
    with expect.error(400, typed=BadRequestError):
        zep.graph.episode.get("no-uuid")
    with expect.error(400, typed=BadRequestError):
        zep.graph.episode.get_by_user_id(expect.BROKEN_ID)
    with expect.error(400, typed=BadRequestError):
        zep.graph.episode.get_by_group_id(expect.BROKEN_ID)


# -- deleting

def test_delete(zep, owner):
    kept, gone = zep.graph.add_batch(episodes=[text("a copper kettle"), text("a tin kettle")], **owner)
    expect.ok(zep.graph.episode.delete(gone.uuid_))
    with expect.error(404):
        zep.graph.episode.get(gone.uuid_)
    with expect.error(404, typed=NotFoundError):
        zep.graph.episode.delete(gone.uuid_)
    assert [episode.uuid_ for episode in episodes_of(zep, owner)] == [kept.uuid_]
    found = zep.graph.search(query="kettle", scope="episodes", **owner).episodes
    assert [episode.uuid_ for episode in found] == [kept.uuid_]


def test_delete_takes_a_message_out_of_its_session(zep, user_id, session_id, say):
    say(session_id, "a copper kettle", "a tin kettle", "a glass kettle")
    gone = zep.memory.get(session_id).messages[1].uuid_
    expect.ok(zep.graph.episode.delete(gone))
    left = zep.memory.get_session_messages(session_id)
    assert expect.contents(left.messages) == ["a copper kettle", "a glass kettle"]
    assert left.total_count == 2
    with expect.error(404, typed=NotFoundError):
        zep.memory.get_session_message(session_id, gone)
    found = zep.memory.search(session_id, text="kettle")
    assert sorted(expect.contents(result.message for result in found)) == ["a copper kettle", "a glass kettle"]


def test_delete_errors(zep):
    with expect.error(404, typed=NotFoundError):
        zep.graph.episode.delete(expect.NO_SUCH_UUID)
    with expect.error(400, typed=BadRequestError):
        zep.graph.episode.delete("no-uuid")
