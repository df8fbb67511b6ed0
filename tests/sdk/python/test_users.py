# SPDX-License-Identifier: Apache-2.0
"""user.*: people, and the graph that each of them has."""
import pytest
from zep_cloud import FactRatingExamples, FactRatingInstruction
from zep_cloud.errors import BadRequestError, NotFoundError

import expect
from harness import unique

RATING = FactRatingInstruction(instruction="Rate by how lasting it is.",
                               examples=FactRatingExamples(high="an allergy", medium="a job", low="a mood"))


def test_add_returns_all_that_was_given(zep):
    user_id = unique("user")
    metadata = {"plan": "free", "score": 1.5, "tags": ["a", None], "deep": {"größe": 2, "none": None}}
    user = zep.user.add(user_id=user_id, email="ada@example.org", first_name="Ada", last_name="Møller",
                        metadata=metadata, fact_rating_instruction=RATING)
    expect.user(user, user_id, email="ada@example.org", first_name="Ada", last_name="Møller", metadata=metadata,
                session_count=0)
    assert user.fact_rating_instruction.instruction == RATING.instruction
    assert user.fact_rating_instruction.examples.dict() == RATING.examples.dict()
    assert zep.user.get(user_id).dict() == user.dict()


def test_add_with_an_id_alone(zep):
    user_id = unique("user")
    user = zep.user.add(user_id=user_id)
    expect.user(user, user_id)
    assert not user.email and not user.first_name and not user.last_name and not user.metadata


def test_add_refuses_a_user_who_is_there(zep, user_id):
    with expect.error(400, f"already exists with user_id: {user_id}", BadRequestError):
        zep.user.add(user_id=user_id)


def test_add_refuses_an_empty_id_and_one_of_501_characters(zep):
    with expect.error(400, "user_id", BadRequestError):
        zep.user.add(user_id="")
    with expect.error(400, "user_id", BadRequestError):
        zep.user.add(user_id="é" * 501)


def test_an_id_of_500_characters_is_fine(zep):
    user_id = (unique("é" * 100) + "é" * 500)[:500]
    zep.user.add(user_id=user_id)
    expect.user(zep.user.get(user_id), user_id)


def test_get_unknown(zep):
    with expect.error(404, typed=NotFoundError):
        zep.user.get(unique("nobody"))


def test_update_keeps_what_is_absent_or_empty(zep, user_id):
    zep.user.update(user_id, email="first@example.org")
    user = zep.user.update(user_id, email="", first_name="Augusta")
    expect.user(user, user_id, email="first@example.org", first_name="Augusta", last_name="Moreau")
    assert zep.user.get(user_id).dict() == user.dict()


def test_update_merges_metadata_deeply(zep, user_id):
    zep.user.update(user_id, metadata={"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": 5})
    user = zep.user.update(user_id, metadata={"a": {"c": [3], "x": {"y": 0}}, "d": None})
    assert user.metadata == {"a": {"b": 1, "c": [3], "x": {"y": 0}}, "d": None, "e": 5}


def test_update_replaces_the_rating_instruction(zep, user_id):
    user = zep.user.update(user_id, fact_rating_instruction=RATING)
    assert user.fact_rating_instruction.instruction == RATING.instruction


def test_update_errors(zep):
    with expect.error(404, typed=NotFoundError):
        zep.user.update(unique("nobody"), email="x@example.org")
    with expect.error(400, typed=BadRequestError):
        zep.user.update(expect.BROKEN_ID, email="x@example.org")


def test_delete_takes_sessions_messages_and_graph_along(zep, user_id, session_id, say):
    say(session_id, "The lighthouse keeper collects barometers.")
    uuid = zep.memory.get(session_id).messages[0].uuid_
    expect.ok(zep.user.delete(user_id))
    for gone in (zep.user.get, zep.user.get_node, zep.user.delete):
        with expect.error(404, typed=NotFoundError):
            gone(user_id)
    for gone in (zep.memory.get_session, zep.memory.get, zep.memory.get_session_messages, zep.memory.delete):
        with expect.error(404, typed=NotFoundError):
            gone(session_id)
    with expect.error(404):
        zep.graph.episode.get(uuid)
    with expect.error(404):
        zep.graph.search(user_id=user_id, query="barometers", scope="episodes")
    assert zep.user.get_sessions(user_id) == []


def test_a_deleted_id_is_free_and_empty_again(zep, user_id, session_id, say):
    say(session_id, "The lighthouse keeper collects barometers.")
    zep.user.delete(user_id)
    expect.user(zep.user.add(user_id=user_id), user_id)
    zep.memory.add_session(session_id=session_id, user_id=user_id)
    assert zep.memory.get(session_id).messages == []
    assert not zep.graph.search(user_id=user_id, query="barometers", scope="episodes").episodes


def test_get_sessions(zep, user_id):
    assert zep.user.get_sessions(user_id) == []
    made = {zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id for _ in range(3)}
    sessions = zep.user.get_sessions(user_id)
    assert {session.session_id for session in sessions} == made and len(sessions) == 3
    for session in sessions:
        expect.session(session, session.session_id, user_id)
    assert zep.user.get(user_id).session_count == 3
    assert zep.user.get_sessions(unique("nobody")) == []


def test_get_node_is_there_before_any_data(zep, user_id):
    node = zep.user.get_node(user_id).node
    assert expect.is_uuid(node.uuid_) and expect.is_time(node.created_at)
    assert node.name == "Ada Moreau"
    assert isinstance(node.summary, str)
    assert zep.user.get_node(user_id).node.uuid_ == node.uuid_


def test_get_node_bears_the_id_of_a_user_without_a_name(zep):
    user_id = unique("user")
    zep.user.add(user_id=user_id)
    assert zep.user.get_node(user_id).node.name == user_id


def test_get_node_unknown(zep):
    with expect.error(404, typed=NotFoundError):
        zep.user.get_node(unique("nobody"))


def test_list_ordered_pages_newest_first(project):
    for number in range(5):
        project.user.add(user_id=f"user-{number}")
    page = project.user.list_ordered(page_number=1, page_size=2)
    assert [user.user_id for user in page.users] == ["user-4", "user-3"]
    assert (page.row_count, page.total_count) == (2, 5)
    expect.user(page.users[0], "user-4", session_count=0)
    page = project.user.list_ordered(page_number=3, page_size=2)
    assert [user.user_id for user in page.users] == ["user-0"]
    assert (page.row_count, page.total_count) == (1, 5)
    page = project.user.list_ordered(page_number=9, page_size=2)
    assert (page.users, page.row_count, page.total_count) == ([], 0, 5)
    page = project.user.list_ordered()
    assert [user.user_id for user in page.users] == [f"user-{number}" for number in (4, 3, 2, 1, 0)]
    assert (page.row_count, page.total_count) == (5, 5)


def test_list_ordered_of_an_empty_project(project):
    page = project.user.list_ordered(page_number=1, page_size=10)
    assert (page.users, page.row_count, page.total_count) == ([], 0, 0)


@pytest.mark.parametrize("page", [{"page_number": 0, "page_size": 5}, {"page_number": 1, "page_size": 0},
                                  {"page_number": 1, "page_size": -1}])
def test_list_ordered_refuses_pages_below_1(zep, page):
    with expect.error(400, typed=BadRequestError):
        zep.user.list_ordered(**page)


def test_totals_follow_deletes(project):
    for number in range(3):
        project.user.add(user_id=f"user-{number}")
    project.user.delete("user-1")
    page = project.user.list_ordered(page_number=1, page_size=2)
    assert [user.user_id for user in page.users] == ["user-2", "user-0"]
    assert page.total_count == 2
