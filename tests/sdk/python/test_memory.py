# SPDX-License-Identifier: Apache-2.0
"""memory.add, get and the messages of a session."""
import uuid

import pytest
from zep_cloud import Message
from zep_cloud.errors import NotFoundError

import expect
from harness import unique

ROLE_TYPES = ["norole", "system", "assistant", "user", "function", "tool"]


def user_says(content, **fields):
    return Message(role_type="user", content=content, **fields)


def numbered(count, start=0):
    return [user_says(f"message number {number}") for number in range(start, start + count)]


# -- adding

def test_add_keeps_every_field(zep, session_id):
    given = str(uuid.uuid4())
    metadata = {"mood": "calm", "n": 1, "x": 0.5, "deep": {"ключ": [True, None]}, "none": None}
    result = zep.memory.add(session_id, messages=[
        Message(role="Ada", role_type="user", content="Bonjour 👋\n\ttab, \"quotes\", \\ and \u2028", uuid=given,
                created_at="2024-02-03T04:05:06.789Z", metadata=metadata)])
    assert result.context is None
    message, = zep.memory.get(session_id).messages
    expect.message(message, "Bonjour 👋\n\ttab, \"quotes\", \\ and \u2028", "user", "Ada", uuid_=given,
                   created_at="2024-02-03T04:05:06.789000Z", metadata=metadata)


def test_add_keeps_the_order_of_arrival(zep, session_id):
    zep.memory.add(session_id, messages=[user_says("one", created_at="2024-05-03T00:00:00Z"),
                                         user_says("two", created_at="2024-05-01T00:00:00Z")])
    zep.memory.add(session_id, messages=[user_says("three", created_at="2020-01-01T00:00:00Z"), user_says("four")])
    assert expect.contents(zep.memory.get(session_id).messages) == ["one", "two", "three", "four"]


def test_add_takes_each_role_type(zep, session_id):
    zep.memory.add(session_id, messages=[Message(role_type=role, content=role) for role in ROLE_TYPES])
    for message, role in zip(zep.memory.get(session_id).messages, ROLE_TYPES, strict=True):
        expect.message(message, role, role, message.role)
        assert not message.role


def test_an_empty_role_type_counts_as_norole(zep, session_id):
    zep.memory.add(session_id, messages=[Message(role_type="", content="x")])
    assert zep.memory.get(session_id).messages[0].role_type == "norole"


def test_an_empty_content_is_accepted(zep, session_id):
    zep.memory.add(session_id, messages=[user_says("")])
    expect.message(zep.memory.get(session_id).messages[0], "", "user")


def test_what_is_the_servers_to_say_is_ignored(zep, session_id):
    zep.memory.add(session_id, messages=[user_says("x", processed=False, token_count=-77,
                                                   updated_at="1999-01-01T00:00:00Z")])
    message, = zep.memory.get(session_id).messages
    assert message.processed is True
    assert message.token_count != -77
    assert not (message.updated_at or "").startswith("1999")


@pytest.mark.parametrize("given, kept", [
    ("2024-02-03T04:05:06+02:00", "2024-02-03T02:05:06.000000Z"),
    ("2024-02-03t04:05:06.5z", "2024-02-03T04:05:06.500000Z"),
    ("2024-02-03 04:05:06", "2024-02-03T04:05:06.000000Z"),
    ("2024-02-29T23:59:59.123456000-00:30", "2024-03-01T00:29:59.123456Z"),
])
def test_times_are_read_generously(zep, session_id, given, kept):
    zep.memory.add(session_id, messages=[user_says("x", created_at=given)])
    assert zep.memory.get(session_id).messages[0].created_at == kept


def test_deprecated_and_optional_arguments(zep, session_id):
    zep.memory.add(session_id, messages=[Message(role_type="assistant", content="kept all the same")],
                   ignore_roles=["assistant"], fact_instruction="dead", summary_instruction="dead")
    assert expect.contents(zep.memory.get(session_id).messages) == ["kept all the same"]


def test_explicit_nones_are_absent(zep, session_id):
    zep.memory.add(session_id, messages=[user_says("x", role=None, created_at=None, metadata=None, uuid=None)],
                   ignore_roles=None, return_context=None, fact_instruction=None)
    message, = zep.memory.get(session_id).messages
    expect.message(message, "x", "user", message.role)


def test_an_empty_list_adds_nothing(zep, session_id):
    assert zep.memory.add(session_id, messages=[]).context is None
    assert zep.memory.get(session_id).messages == []


def test_add_makes_an_unknown_session_without_a_user(zep):
    session_id = unique("session")
    zep.memory.add(session_id, messages=numbered(2))
    session = zep.memory.get_session(session_id)
    expect.session(session, session_id, session.user_id)
    assert not session.user_id
    assert len(zep.memory.get(session_id).messages) == 2


# -- limits: a refused request stores nothing

def refused(zep, session_id, messages, text):
    before = zep.memory.get_session_messages(session_id).total_count
    with expect.error(400, text):
        zep.memory.add(session_id, messages=messages)
    assert zep.memory.get_session_messages(session_id).total_count == before


def test_30_messages_and_no_more(zep, session_id):
    zep.memory.add(session_id, messages=numbered(30))
    assert zep.memory.get_session_messages(session_id).total_count == 30
    refused(zep, session_id, numbered(31), "messages")


@pytest.mark.parametrize("character", ["x", "é", "漢", "😀"])
def test_4096_characters_and_no_more(zep, session_id, character):
    zep.memory.add(session_id, messages=[user_says(character * 4096)])
    assert zep.memory.get(session_id).messages[0].content == character * 4096
    refused(zep, session_id, [user_says("fine"), user_says(character * 4097)], "4096 characters")


@pytest.mark.parametrize("role_type", ["human", "USER", "ai"])
def test_an_unknown_role_type_is_refused(zep, session_id, role_type):
    refused(zep, session_id, [user_says("fine"), Message(role_type=role_type, content="x")], "role_type")


def test_a_uuid_is_used_once_in_a_request(zep, session_id):
    given = str(uuid.uuid4())
    refused(zep, session_id, [user_says("a", uuid=given), user_says("b", uuid=given)], "")


def test_a_uuid_is_used_once_in_a_project(zep, project, user_id, session_id):
    given = str(uuid.uuid4())
    zep.memory.add(session_id, messages=[user_says("a", uuid=given)])
    refused(zep, session_id, [user_says("b"), user_says("a", uuid=given)], "")
    other = zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id
    refused(zep, other, [user_says("a", uuid=given)], "")
    project.memory.add("elsewhere", messages=[user_says("a", uuid=given)])
    assert project.memory.get("elsewhere").messages[0].uuid_ == given


@pytest.mark.parametrize("created_at", ["yesterday", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z"])
def test_a_time_that_is_none_is_refused(zep, session_id, created_at):
    refused(zep, session_id, [user_says("x", created_at=created_at)], "created_at")


def test_a_refused_request_makes_no_session(zep):
    session_id = unique("session")
    with expect.error(400):
        zep.memory.add(session_id, messages=[Message(role_type="human", content="x")])
    with expect.error(404, typed=NotFoundError):
        zep.memory.get_session(session_id)


# -- memory.get

def test_get_has_the_last_six_oldest_first(zep, session_id):
    zep.memory.add(session_id, messages=numbered(9))
    memory = zep.memory.get(session_id)
    assert expect.contents(memory.messages) == [f"message number {number}" for number in range(3, 9)]
    for message in memory.messages:
        expect.message(message, message.content, "user", message.role)
    assert memory.relevant_facts == []
    assert not memory.facts and not memory.summary


def test_get_lastn(zep, session_id):
    zep.memory.add(session_id, messages=numbered(9))
    counts = {lastn: len(zep.memory.get(session_id, lastn=lastn).messages) for lastn in (0, 1, 2, 9, 50)}
    assert counts == {0: 6, 1: 1, 2: 2, 9: 9, 50: 9}
    assert zep.memory.get(session_id, lastn=1).messages[0].content == "message number 8"
    with expect.error(400):
        zep.memory.get(session_id, lastn=-1)


def test_get_takes_a_min_rating(zep, session_id):
    zep.memory.add(session_id, messages=numbered(1))
    assert len(zep.memory.get(session_id, min_rating=0.5).messages) == 1


def test_get_of_an_empty_session(zep, session_id):
    memory = zep.memory.get(session_id)
    assert (memory.messages, memory.relevant_facts, memory.context) == ([], [], "")


def test_get_unknown(zep):
    with expect.error(404, typed=NotFoundError):
        zep.memory.get(unique("nothing"))


# -- the messages one by one

def test_get_session_messages_all_and_by_page(zep, session_id):
    zep.memory.add(session_id, messages=numbered(7))
    everything = zep.memory.get_session_messages(session_id)
    assert expect.contents(everything.messages) == [f"message number {number}" for number in range(7)]
    assert (everything.row_count, everything.total_count) == (7, 7)
    first = zep.memory.get_session_messages(session_id, limit=3)
    assert expect.contents(first.messages) == [f"message number {number}" for number in range(3)]
    assert (first.row_count, first.total_count) == (3, 7)
    last = zep.memory.get_session_messages(session_id, limit=3, cursor=3)
    assert expect.contents(last.messages) == ["message number 6"]
    assert (last.row_count, last.total_count) == (1, 7)
    beyond = zep.memory.get_session_messages(session_id, limit=3, cursor=4)
    assert (beyond.messages, beyond.row_count, beyond.total_count) == ([], 0, 7)


def test_get_session_messages_of_an_empty_session(zep, session_id):
    result = zep.memory.get_session_messages(session_id)
    assert (result.messages, result.row_count, result.total_count) == ([], 0, 0)


def test_get_session_messages_errors(zep, session_id):
    with expect.error(404, typed=NotFoundError):
        zep.memory.get_session_messages(unique("nothing"))
    with expect.error(400):
        zep.memory.get_session_messages(session_id, limit=-1)
    with expect.error(400):
        zep.memory.get_session_messages(session_id, limit=2, cursor=-1)


def test_limits_that_do_not_parse_fall_back(zep, server, session_id):
    for start in range(0, 120, 30):
        zep.memory.add(session_id, messages=numbered(30, start))
    reply = server.request("GET", f"/api/v2/sessions/{session_id}/messages?limit=many&cursor=first").json
    assert (reply["row_count"], reply["total_count"]) == (100, 120)
    assert reply["messages"][0]["content"] == "message number 0"


def test_get_session_message(zep, session_id):
    zep.memory.add(session_id, messages=numbered(2))
    listed = zep.memory.get_session_messages(session_id).messages[1]
    assert zep.memory.get_session_message(session_id, listed.uuid_).dict() == listed.dict()


def test_get_session_message_errors(zep, user_id, session_id):
    zep.memory.add(session_id, messages=numbered(1))
    uuid_ = zep.memory.get(session_id).messages[0].uuid_
    other = zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id
    for session, message in ((other, uuid_), (unique("nothing"), uuid_), (session_id, expect.NO_SUCH_UUID),
                             (session_id, "no-uuid")):
        with expect.error(404, typed=NotFoundError):
            zep.memory.get_session_message(session, message)


def test_update_message_metadata_merges(zep, session_id):
    zep.memory.add(session_id, messages=[user_says("x", metadata={"a": {"b": 1}, "k": "v"})])
    uuid_ = zep.memory.get(session_id).messages[0].uuid_
    message = zep.memory.update_message_metadata(session_id, uuid_,
                                                 metadata={"a": {"c": 2}, "n": None, "system": {"x": 1}})
    expect.message(message, "x", "user", message.role, uuid_=uuid_,
                   metadata={"a": {"b": 1, "c": 2}, "k": "v", "n": None})
    assert zep.memory.get_session_message(session_id, uuid_).metadata == message.metadata


def test_update_message_metadata_errors(zep, user_id, session_id):
    zep.memory.add(session_id, messages=numbered(1))
    uuid_ = zep.memory.get(session_id).messages[0].uuid_
    other = zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id
    for session, message in ((other, uuid_), (unique("nothing"), uuid_), (session_id, expect.NO_SUCH_UUID),
                             (session_id, "no-uuid")):
        with expect.error(404, typed=NotFoundError):
            zep.memory.update_message_metadata(session, message, metadata={"a": 1})
    assert not zep.memory.get_session_message(session_id, uuid_).metadata
