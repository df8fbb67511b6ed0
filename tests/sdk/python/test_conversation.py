# SPDX-License-Identifier: Apache-2.0
"""A conversation of several hundred turns goes in through the SDK, comes back in order, and the right turns are found
by questions, at once."""
import itertools

import pytest
from zep_cloud import Message
from zep_cloud.client import Zep

import conversation
import expect
from harness import Server, unique

SPOKEN = conversation.sessions()
AT_ONCE = (1, 2, 5, 10, 12)  # messages in a request, in turn
TIMES = {turn.content: turn.created_at for turns in SPOKEN for turn in turns}


def as_message(turn):
    return Message(role=turn.role, role_type=turn.role_type, content=turn.content, created_at=turn.created_at)


def add_session(zep, user_id, turns):
    session_id = zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id
    left = iter(turns)
    for count in itertools.cycle(AT_ONCE):
        messages = [as_message(turn) for turn in itertools.islice(left, count)]
        if not messages:
            return session_id
        zep.memory.add(session_id, messages=messages)


class Told:
    """The server's client, the user, and the ids of the sessions."""

    def __init__(self, zep):
        self.zep = zep
        self.user_id = zep.user.add(user_id=unique("user"), first_name=conversation.SPEAKER).user_id
        self.session_ids = [add_session(zep, self.user_id, turns) for turns in SPOKEN]

    def found(self, question, limit=10):
        result = self.zep.graph.search(user_id=self.user_id, query=question, scope="episodes", limit=limit)
        return expect.contents(result.episodes)


@pytest.fixture(scope="module")
def told(zep):
    return Told(zep)


def test_it_is_of_several_hundred_turns():
    assert sum(len(turns) for turns in SPOKEN) == 420
    said = [turn.content for turns in SPOKEN for turn in turns]
    assert len(set(said)) == len(said)
    assert {fact.text for fact in conversation.FACTS} <= set(said)


def test_it_comes_back_in_order(told):
    for session_id, turns in zip(told.session_ids, SPOKEN, strict=True):
        result = told.zep.memory.get_session_messages(session_id)
        assert result.total_count == len(turns)
        back = [conversation.Turn(one.role, one.role_type, one.content, one.created_at) for one in result.messages]
        assert back == turns
        assert len({one.uuid_ for one in result.messages}) == len(turns)


def test_it_comes_back_in_order_page_by_page(told):
    session_id, turns = told.session_ids[3], SPOKEN[3]
    pages = [told.zep.memory.get_session_messages(session_id, limit=7, cursor=page) for page in range(1, 6)]
    assert [len(page.messages) for page in pages] == [7, 7, 7, 7, 2]
    back = [message.content for page in pages for message in page.messages]
    assert back == [turn.content for turn in turns]


def test_each_session_remembers_its_end(told):
    for session_id, turns in zip(told.session_ids, SPOKEN, strict=True):
        memory = told.zep.memory.get(session_id)
        assert expect.contents(memory.messages) == [turn.content for turn in turns[-6:]]


@pytest.mark.parametrize("fact", conversation.FACTS, ids=lambda fact: fact.question)
def test_a_question_finds_its_turn(told, fact):
    assert fact.text in told.found(fact.question, limit=5)


def test_most_questions_find_their_turn_first(told):
    first = [told.found(fact.question, limit=1) == [fact.text] for fact in conversation.FACTS]
    assert sum(first) >= 0.8 * len(first)


def test_an_episode_of_a_search_says_who_and_when(told):
    fact = conversation.FACTS[0]
    episode = told.zep.graph.search(user_id=told.user_id, query=fact.question, scope="episodes").episodes[0]
    expect.episode(episode, fact.text, "message", role="Marta", role_type="user", created_at=TIMES[fact.text])
    assert episode.session_id in told.session_ids


def test_a_date_in_the_question_helps(told):
    days = [TIMES[text][:10] for text in told.found("What did we talk about on 5 March 2024?")]
    assert days.count("2024-03-05") >= 8


@pytest.mark.parametrize("fact", conversation.FACTS[::3], ids=lambda fact: fact.question)
def test_the_context_of_a_new_session_holds_the_turn(told, fact):
    session_id = told.zep.memory.add_session(session_id=unique("session"), user_id=told.user_id).session_id
    told.zep.memory.add(session_id, messages=[Message(role="Marta", role_type="user", content=fact.question)])
    time = TIMES[fact.text].replace("T", " ")[:19]
    memory = told.zep.memory.get(session_id)
    assert f"  - ({time}) Marta: {fact.text}" in memory.context.splitlines()
    told.zep.graph.episode.delete(memory.messages[0].uuid_)  # so that later questions do not meet this one


def test_search_in_one_session_and_over_some(told):
    fact, = [fact for fact in conversation.FACTS if "greyhound" in fact.text]
    home, = [session_id for session_id, turns in zip(told.session_ids, SPOKEN)
             if fact.text in [turn.content for turn in turns]]
    assert told.zep.memory.search(home, text="greyhound")[0].message.content == fact.text
    results = told.zep.memory.search_sessions(text="greyhound", session_ids=told.session_ids).results
    assert (results[0].session_id, results[0].message.content) == (home, fact.text)
    others = [session_id for session_id in told.session_ids if session_id != home]
    results = told.zep.memory.search_sessions(text="greyhound", session_ids=others).results
    assert fact.text not in expect.contents(result.message for result in results)


def test_it_is_all_there_after_a_crash():
    with Server() as server:
        told = Told(Zep(api_key=server.key, base_url=server.api_url))
        server.kill()
        server.start()
        told.zep = Zep(api_key=server.key, base_url=server.api_url)
        test_it_comes_back_in_order(told)
        fact = conversation.FACTS[1]
        assert fact.text in told.found(fact.question)
