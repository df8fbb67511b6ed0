# SPDX-License-Identifier: Apache-2.0
"""memory.*_session*: making, reading, changing, listing, ending and deleting sessions."""
import pytest
from zep_cloud import ClassifySessionRequest, FactRatingInstruction, Message
from zep_cloud.errors import BadRequestError, ConflictError, NotFoundError

import expect
from harness import unique

HELLO = [Message(role_type="user", content="hello")]


def test_add_session_returns_every_field(zep, user_id):
    session_id = unique("session")
    metadata = {"topic": "garden", "depth": {"a": [1, None, 2.5]}, "big": 2**53 + 1}
    session = zep.memory.add_session(session_id=session_id, user_id=user_id, metadata=metadata,
                                     fact_rating_instruction=FactRatingInstruction(instruction="Rate."))
    expect.session(session, session_id, user_id, metadata=metadata)
    assert session.fact_rating_instruction.instruction == "Rate."
    assert session.project_uuid == zep.user.get(user_id).project_uuid
    assert zep.memory.get_session(session_id).dict() == session.dict()


def test_add_session_without_a_user(zep):
    session_id = unique("session")
    session = zep.memory.add_session(session_id=session_id, user_id="")
    assert not session.user_id
    expect.session(session, session_id, session.user_id)


def test_add_session_errors(zep, user_id, session_id):
    with expect.error(400, f"already exists with session_id: {session_id}", BadRequestError):
        zep.memory.add_session(session_id=session_id, user_id=user_id)
    with expect.error(400, "session_id", BadRequestError):
        zep.memory.add_session(session_id="", user_id=user_id)
    with expect.error(400, "session_id", BadRequestError):
        zep.memory.add_session(session_id="s" * 501, user_id=user_id)
    with expect.error(400, "user not found", BadRequestError):
        zep.memory.add_session(session_id=unique("session"), user_id=unique("nobody"))


def test_session_ids_are_one_space_for_all_users(zep, session_id):
    other = zep.user.add(user_id=unique("user")).user_id
    with expect.error(400, "already exists", BadRequestError):
        zep.memory.add_session(session_id=session_id, user_id=other)


def test_get_session_unknown(zep):
    with expect.error(404, typed=NotFoundError):
        zep.memory.get_session(unique("nothing"))


def test_update_session_merges_metadata_deeply(zep, user_id):
    session_id = unique("session")
    zep.memory.add_session(session_id=session_id, user_id=user_id, metadata={"a": {"b": 1}, "l": [1, 2], "k": "v"})
    session = zep.memory.update_session(session_id, metadata={"a": {"c": None}, "l": [3], "system": {"x": 1}})
    expect.session(session, session_id, user_id, metadata={"a": {"b": 1, "c": None}, "l": [3], "k": "v"})
    assert zep.memory.get_session(session_id).dict() == session.dict()


def test_update_session_with_nothing_touches_the_time(zep, session_id):
    before = zep.memory.get_session(session_id)
    after = zep.memory.update_session(session_id, metadata={})
    assert after.updated_at > before.updated_at
    assert (after.created_at, after.metadata) == (before.created_at, before.metadata)


def test_update_session_replaces_the_rating_instruction(zep, session_id):
    session = zep.memory.update_session(session_id, metadata={},
                                        fact_rating_instruction=FactRatingInstruction(instruction="Rate anew."))
    assert session.fact_rating_instruction.instruction == "Rate anew."


def test_update_session_errors(zep):
    with expect.error(404, typed=NotFoundError):
        zep.memory.update_session(unique("nothing"), metadata={"a": 1})
    with expect.error(400, typed=BadRequestError):
        zep.memory.update_session(expect.BROKEN_ID, metadata={"a": 1})


def test_update_session_after_the_end_is_a_conflict_retried_by_the_sdk(zep, session_id, waits):
    zep.memory.end_session(session_id)
    with expect.error(409, "session ended", ConflictError):
        zep.memory.update_session(session_id, metadata={"late": True})
    assert len(waits) == 5
    assert not zep.memory.get_session(session_id).metadata


def test_add_after_the_end_is_a_conflict(zep, session_id, say, waits):
    said = say(session_id, "before")
    zep.memory.end_session(session_id)
    with expect.error(409, "session ended"):
        zep.memory.add(session_id, messages=HELLO)
    assert len(waits) == 5
    assert expect.contents(zep.memory.get(session_id).messages) == said


def test_reading_searching_and_deleting_go_on_after_the_end(zep, session_id, say):
    said = say(session_id, "The harbour froze over in March.")
    zep.memory.end_session(session_id)
    assert expect.contents(zep.memory.get_session_messages(session_id).messages) == said
    assert len(zep.memory.search(session_id, text="harbour")) == 1
    expect.ok(zep.memory.delete(session_id))


def test_end_session(zep, user_id, session_id):
    result = zep.memory.end_session(session_id)
    expect.session(result.session, session_id, user_id, ended=True)
    assert result.classification is None
    assert zep.memory.get_session(session_id).ended_at == result.session.ended_at


def test_end_session_twice_keeps_the_first_time(zep, session_id):
    first = zep.memory.end_session(session_id)
    again = zep.memory.end_session(session_id, instruction="ignored")
    assert again.session.ended_at == first.session.ended_at


def test_end_session_takes_a_classification(zep, session_id):
    result = zep.memory.end_session(session_id, classify=ClassifySessionRequest(name="mood", classes=["good", "bad"]))
    assert expect.is_time(result.session.ended_at)


def test_end_session_errors(zep):
    with expect.error(404, typed=NotFoundError):
        zep.memory.end_session(unique("nothing"))
    with expect.error(400, typed=BadRequestError):
        zep.memory.end_session(expect.BROKEN_ID)


def test_end_sessions(zep, user_id):
    ids = [zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id for _ in range(3)]
    result = zep.memory.end_sessions(session_ids=ids, instruction="ignored")
    assert sorted(session.session_id for session in result.sessions) == sorted(ids)
    for session in result.sessions:
        expect.session(session, session.session_id, user_id, ended=True)


def test_end_sessions_is_all_or_nothing(zep, session_id):
    with expect.error(404, typed=NotFoundError):
        zep.memory.end_sessions(session_ids=[session_id, unique("nothing")])
    assert zep.memory.get_session(session_id).ended_at is None
    with expect.error(400, "session_ids", BadRequestError):
        zep.memory.end_sessions(session_ids=[])


def test_delete_takes_the_session_and_leaves_the_graph(zep, user_id, session_id, say):
    text, = say(session_id, "The cartographer lost her umbrella in Ghent.")
    uuid = zep.memory.get(session_id).messages[0].uuid_
    expect.ok(zep.memory.delete(session_id))
    for gone in (zep.memory.get_session, zep.memory.get, zep.memory.get_session_messages, zep.memory.delete,
                 zep.memory.end_session):
        with expect.error(404, typed=NotFoundError):
            gone(session_id)
    with expect.error(404, typed=NotFoundError):
        zep.memory.get_session_message(session_id, uuid)
    assert zep.user.get_sessions(user_id) == []
    found = zep.graph.search(user_id=user_id, query="cartographer umbrella", scope="episodes").episodes
    assert [(episode.uuid_, episode.content, episode.session_id) for episode in found] == [(uuid, text, None)]


def test_a_deleted_id_starts_anew(zep, user_id, session_id, say):
    say(session_id, "The cartographer lost her umbrella in Ghent.")
    zep.memory.delete(session_id)
    zep.memory.add_session(session_id=session_id, user_id=user_id)
    assert zep.memory.get_session_messages(session_id).total_count == 0
    assert zep.memory.search(session_id, text="cartographer umbrella") == []
    episode, = zep.graph.search(user_id=user_id, query="cartographer", scope="episodes").episodes
    assert episode.session_id is None


def test_delete_without_a_user_takes_everything(zep, say):
    session_id = unique("session")
    say(session_id, "Nobody owns this umbrella.")
    uuid = zep.memory.get(session_id).messages[0].uuid_
    expect.ok(zep.memory.delete(session_id))
    with expect.error(404):
        zep.graph.episode.get(uuid)


@pytest.fixture
def five(project):
    """A project with sessions s0 … s4, of users that sort the other way round; s1 was touched last."""
    for number in range(5):
        project.user.add(user_id=f"u{9 - number}")
        project.memory.add_session(session_id=f"s{number}", user_id=f"u{9 - number}")
    project.memory.update_session("s1", metadata={"touched": True})
    return project


def listed(client, **query):
    return [session.session_id for session in client.memory.list_sessions(**query).sessions]


def test_list_sessions_newest_first(five):
    result = five.memory.list_sessions()
    assert [session.session_id for session in result.sessions] == ["s4", "s3", "s2", "s1", "s0"]
    assert (result.response_count, result.total_count) == (5, 5)
    expect.session(result.sessions[0], "s4", "u5")
    expect.session(result.sessions[3], "s1", "u8", metadata={"touched": True})


@pytest.mark.parametrize("order_by, descending", [
    ("created_at", ["s4", "s3", "s2", "s1", "s0"]),
    ("session_id", ["s4", "s3", "s2", "s1", "s0"]),
    ("user_id", ["s0", "s1", "s2", "s3", "s4"]),
    ("updated_at", ["s1", "s4", "s3", "s2", "s0"]),
])
def test_list_sessions_by_each_order(five, order_by, descending):
    assert listed(five, order_by=order_by) == descending
    assert listed(five, order_by=order_by, asc=False) == descending
    assert listed(five, order_by=order_by, asc=True) == descending[::-1]


def test_list_sessions_pages(five):
    page = five.memory.list_sessions(page_number=2, page_size=2, order_by="session_id", asc=True)
    assert [session.session_id for session in page.sessions] == ["s2", "s3"]
    assert (page.response_count, page.total_count) == (2, 5)
    page = five.memory.list_sessions(page_number=3, page_size=2)
    assert [session.session_id for session in page.sessions] == ["s0"]
    page = five.memory.list_sessions(page_number=8, page_size=2)
    assert (page.sessions, page.response_count, page.total_count) == ([], 0, 5)


def test_adding_messages_moves_updated_at(five):
    five.memory.add("s0", messages=HELLO)
    assert listed(five, order_by="updated_at") == ["s0", "s1", "s4", "s3", "s2"]


def test_list_sessions_without_the_deleted(five):
    five.memory.delete("s3")
    five.user.delete("u5")
    result = five.memory.list_sessions(page_number=1, page_size=2)
    assert [session.session_id for session in result.sessions] == ["s2", "s1"]
    assert result.total_count == 3


@pytest.mark.parametrize("query", [{"order_by": "colour"}, {"page_number": 0, "page_size": 2},
                                   {"page_number": 1, "page_size": 0}, {"page_number": 1, "page_size": -3}])
def test_list_sessions_errors(zep, query):
    with expect.error(400, typed=BadRequestError):
        zep.memory.list_sessions(**query)
