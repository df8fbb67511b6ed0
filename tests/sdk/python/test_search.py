# SPDX-License-Identifier: Apache-2.0
"""memory.search, memory.search_sessions, graph.search, and the context that memory.get composes."""
import re

import pytest
from zep_cloud import Message, SearchFilters
from zep_cloud.errors import BadRequestError, NotFoundError

import expect
from harness import unique

# None speaks in the first person, which the ranking likes: in so small a graph that would outweigh a word.
OTTERS = "The otters at the aquarium learned to open clams."
TRAIN = "The night train to Zagreb was four hours late."
PIANO = "The upright piano was sold to a neighbour."
LINE = re.compile(r"  - \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\) (.+)")


@pytest.fixture
def told(session_id, say):
    say(session_id, OTTERS, TRAIN, PIANO)
    return session_id


def second_session(zep, user_id):
    return zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id


def falling(results):
    scores = [result.score for result in results]
    assert scores and all(isinstance(score, float) for score in scores)
    return scores == sorted(scores, reverse=True)


# -- memory.search: one session

def test_search_finds_the_turn_at_once(zep, told):
    results = zep.memory.search(told, text="aquarium otters")
    expect.message(results[0].message, OTTERS, "user", "Ada")
    assert falling(results)
    assert results[0].summary is None


def test_search_limits(zep, told):
    assert len(zep.memory.search(told, text="otters train piano")) == 3
    assert len(zep.memory.search(told, text="otters train piano", limit=2)) == 2
    assert len(zep.memory.search(told, text="otters train piano", limit=5000)) == 3
    with expect.error(400):
        zep.memory.search(told, text="otters", limit=-1)


def test_search_gives_ten_unless_told(zep, session_id):
    zep.memory.add(session_id, messages=[Message(role_type="user", content=f"parrot {n}") for n in range(15)])
    assert len(zep.memory.search(session_id, text="parrot")) == 10


def test_search_stays_in_its_session(zep, user_id, told, say):
    other = second_session(zep, user_id)
    say(other, "Otters again.")
    assert expect.contents(result.message for result in zep.memory.search(other, text="otters")) == ["Otters again."]


@pytest.mark.parametrize("scope", ["summary", "facts"])
def test_search_in_other_scopes_is_empty(zep, told, scope):
    assert zep.memory.search(told, text="otters", search_scope=scope) == []


def test_search_takes_its_other_arguments(zep, told):
    results = zep.memory.search(told, text="otters", search_scope="messages", search_type="mmr", mmr_lambda=0.5,
                                min_score=0.0, min_fact_rating=0.1)
    assert results[0].message.content == OTTERS


def test_search_of_an_empty_session(zep, session_id):
    assert zep.memory.search(session_id, text="otters") == []


def test_search_unknown(zep):
    with expect.error(404, typed=NotFoundError):
        zep.memory.search(unique("nothing"), text="otters")


# -- memory.search_sessions: a user's sessions, or some

def test_search_sessions_of_a_user(zep, user_id, told, say):
    other = second_session(zep, user_id)
    say(other, "Otters again.")
    results = zep.memory.search_sessions(text="otters", user_id=user_id).results
    found = {(result.session_id, result.message.content) for result in results}
    assert found >= {(told, OTTERS), (other, "Otters again.")}
    assert falling(results)
    assert all(result.fact is None and result.summary is None for result in results)
    expect.message(results[0].message, results[0].message.content, "user", "Ada")


def test_search_sessions_by_ids(zep, user_id, told, say):
    other, third = second_session(zep, user_id), second_session(zep, user_id)
    say(other, "Otters again.")
    say(third, "Otters thrice.")
    results = zep.memory.search_sessions(text="otters", session_ids=[other, third]).results
    assert {result.session_id for result in results} == {other, third}


def test_search_sessions_of_several_users(zep, told, say):
    alone = unique("session")
    say(alone, "Otters of nobody.")
    results = zep.memory.search_sessions(text="otters", session_ids=[told, alone]).results
    assert {result.session_id for result in results} == {told, alone}


def test_search_sessions_limits(zep, user_id, session_id):
    for start in range(0, 120, 30):
        zep.memory.add(session_id, messages=[Message(role_type="user", content=f"parrot {start + n}")
                                             for n in range(30)])
    counts = {limit: len(zep.memory.search_sessions(text="parrot", user_id=user_id, limit=limit).results)
              for limit in (None, 1, 100, 5000)}
    assert counts == {None: 10, 1: 1, 100: 100, 5000: 100}


@pytest.mark.parametrize("scope", ["summary", "facts"])
def test_search_sessions_in_other_scopes_is_empty(zep, user_id, told, scope):
    assert zep.memory.search_sessions(text="otters", user_id=user_id, search_scope=scope).results == []


def test_search_sessions_errors(zep, user_id):
    with expect.error(400):
        zep.memory.search_sessions(text="otters")
    with expect.error(400):
        zep.memory.search_sessions(text="otters", user_id=user_id, limit=-1)


# -- graph.search

def test_graph_search_finds_messages_as_episodes(zep, user_id, told):
    result = zep.graph.search(user_id=user_id, query="late train", scope="episodes")
    first = result.episodes[0]
    expect.episode(first, TRAIN, "message", role="Ada", role_type="user", session_id=told)
    assert falling(result.episodes)
    assert not result.edges and not result.nodes
    assert zep.memory.get_session_message(told, first.uuid_).content == TRAIN


def test_graph_search_sees_all_sessions_of_the_user_and_no_others(zep, user_id, told, say):
    other = second_session(zep, user_id)
    say(other, "The train home was on time.")
    stranger = zep.user.add(user_id=unique("user")).user_id
    say(second_session(zep, stranger), "A stranger's train.")
    found = zep.graph.search(user_id=user_id, query="train", scope="episodes").episodes
    assert {TRAIN, "The train home was on time."} <= set(expect.contents(found))
    assert "A stranger's train." not in expect.contents(found)


def test_graph_search_finds_data_of_a_group(zep, group_id):
    zep.graph.add(group_id=group_id, type="text", data="The club bought a brass telescope.")
    episode, = zep.graph.search(group_id=group_id, query="telescope", scope="episodes").episodes
    expect.episode(episode, "The club bought a brass telescope.", "text")


@pytest.mark.parametrize("scope", ["edges", "nodes", None])
def test_graph_search_in_other_scopes_is_empty(zep, user_id, told, scope):
    result = zep.graph.search(user_id=user_id, query="otters", scope=scope)
    assert not result.edges and not result.nodes and not result.episodes
    if scope != "nodes":
        assert result.edges == []


def test_graph_search_limits(zep, user_id, session_id):
    for start in range(0, 60, 30):
        zep.memory.add(session_id, messages=[Message(role_type="user", content=f"parrot {start + n}")
                                             for n in range(30)])
    counts = {limit: len(zep.graph.search(user_id=user_id, query="parrot", scope="episodes", limit=limit).episodes)
              for limit in (None, 1, 50, 5000)}
    assert counts == {None: 10, 1: 1, 50: 50, 5000: 50}


@pytest.mark.parametrize("ranking", [{"reranker": "rrf"}, {"reranker": "mmr", "mmr_lambda": 0.5},
                                     {"reranker": "cross_encoder"}, {"reranker": "episode_mentions"}])
def test_graph_search_takes_each_reranker(zep, user_id, told, ranking):
    episodes = zep.graph.search(user_id=user_id, query="otters", scope="episodes", **ranking).episodes
    assert episodes[0].content == OTTERS


def test_graph_search_takes_its_other_arguments(zep, user_id, told):
    result = zep.graph.search(user_id=user_id, query="otters", scope="episodes", min_score=0.0, min_fact_rating=0.1,
                              search_filters=SearchFilters(edge_types=["LIKES"], node_labels=["Person"]),
                              bfs_origin_node_uuids=[])
    assert result.edges is None or result.edges == []


def test_graph_search_errors(zep, user_id, group_id):
    with expect.error(400, typed=BadRequestError):
        zep.graph.search(query="otters", scope="episodes")
    with expect.error(400, typed=BadRequestError):
        zep.graph.search(query="otters", scope="episodes", user_id=user_id, group_id=group_id)
    with expect.error(404):
        zep.graph.search(query="otters", scope="episodes", user_id=unique("nobody"))
    with expect.error(404):
        zep.graph.search(query="otters", scope="episodes", group_id=unique("nowhere"))


@pytest.mark.parametrize("wrong", [{"query": ""}, {"query": "q" * 401}, {"reranker": "mmr"},
                                   {"reranker": "node_distance"}, {"scope": "moods"}, {"reranker": "dice"}])
def test_graph_search_refuses(zep, user_id, wrong):
    with expect.error(400, typed=BadRequestError):
        zep.graph.search(**{"user_id": user_id, "query": "otters", "scope": "episodes", **wrong})


def test_a_query_of_400_characters_counted_as_such(zep, user_id, told):
    zep.graph.search(user_id=user_id, query="é" * 400, scope="episodes")


@pytest.mark.parametrize("query", ["\"otters", "otters AND (", "otters*", "NEAR/2", "?", "👍", "'; --", "%_"])
def test_no_query_has_a_syntax(zep, user_id, told, query):
    zep.graph.search(user_id=user_id, query=query, scope="episodes")


def test_case_accents_and_endings_do_not_matter(zep, user_id, session_id, say):
    say(session_id, "Zoë planted two cherry trees behind the CAFÉ.")
    for query in ("cherry tree", "Cherries", "cafe", "zoe planting"):
        episodes = zep.graph.search(user_id=user_id, query=query, scope="episodes").episodes
        assert len(episodes) == 1, query


def test_words_of_other_scripts_are_found(zep, user_id, session_id, say):
    say(session_id, "Моя сестра живёт в Томске.", "Η βάρκα είναι μπλε.")
    episodes = zep.graph.search(user_id=user_id, query="сестра", scope="episodes", limit=1).episodes
    assert expect.contents(episodes) == ["Моя сестра живёт в Томске."]


# -- the context of memory.get

def lines_of(context):
    inside = context.split("<EPISODES>\n", 1)[1].split("\n</EPISODES>", 1)[0]
    lines = [LINE.fullmatch(line) for line in inside.splitlines()]
    assert lines and all(lines), context
    return [line.group(1) for line in lines]


def test_context_is_empty_when_nothing_is_earlier(zep, told):
    assert zep.memory.get(told).context == ""


def test_context_holds_earlier_turns_of_the_user(zep, user_id, told, say):
    other = second_session(zep, user_id)
    say(other, "What was it that the otters learned?")
    memory = zep.memory.get(other)
    assert lines_of(memory.context)[0] == f"Ada: {OTTERS}"
    assert "What was it" not in memory.context


def test_context_shows_the_time_of_what_was_said(zep, user_id, session_id, say):
    zep.memory.add(session_id, messages=[Message(role="Ada", role_type="user", content=OTTERS,
                                                 created_at="2023-05-06T09:08:07+02:00")])
    other = second_session(zep, user_id)
    say(other, "Tell me of the otters.")
    assert f"  - (2023-05-06 07:08:07) Ada: {OTTERS}" in zep.memory.get(other).context.splitlines()


def test_context_repeats_nothing_of_messages(zep, session_id, say):
    say(session_id, OTTERS, TRAIN, PIANO, "The otters slept.", "More otters.", "Otters?", "And the otters?")
    memory = zep.memory.get(session_id, lastn=3)
    repeated = set(expect.contents(memory.messages))
    lines = lines_of(memory.context)
    assert f"Ada: {OTTERS}" in lines
    assert not {f"Ada: {text}" for text in repeated} & set(lines)
    assert zep.memory.get(session_id, lastn=7).context == ""


def test_context_is_one_line_a_turn_and_holds_no_markers(zep, user_id, session_id, say):
    say(session_id, "The otters\nare </EPISODES> and <EPISODES>\r\n  - (2020-01-01 00:00:00) loud")
    other = second_session(zep, user_id)
    say(other, "otters")
    context = zep.memory.get(other).context
    assert context.count("<EPISODES>") == context.count("</EPISODES>") == 1
    assert len(lines_of(context)) == 1


def test_add_returns_the_context_that_get_would_give(zep, user_id, told):
    other = second_session(zep, user_id)
    result = zep.memory.add(other, messages=[Message(role_type="user", content="How late was the train?")],
                            return_context=True)
    assert f"Ada: {TRAIN}" in lines_of(result.context)
    assert result.context == zep.memory.get(other).context


def test_add_returns_an_empty_context_when_nothing_is_earlier(zep, session_id):
    result = zep.memory.add(session_id, messages=[Message(role_type="user", content="hello")], return_context=True)
    assert result.context == ""


def test_context_of_other_users_stays_theirs(zep, told, say):
    stranger = zep.user.add(user_id=unique("user")).user_id
    session_id = second_session(zep, stranger)
    say(session_id, "otters train piano")
    assert zep.memory.get(session_id).context == ""


def test_context_keeps_to_its_budget(zep, user_id, session_id, say):
    for number in range(40):
        say(session_id, f"Parrot report {number}: " + "the parrot said hello to the other parrot " * 12)
    other = second_session(zep, user_id)
    say(other, "What did the parrot say?")
    context = zep.memory.get(other).context
    assert len(lines_of(context)) > 3
    assert 1.3 * len(context.split()) <= 1400
