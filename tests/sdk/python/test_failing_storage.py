# SPDX-License-Identifier: Apache-2.0
"""When the store cannot be written the answer is 503 with Retry-After, nothing was written, reading goes on, writing
resumes by itself, and the SDK repeats the request. The failure is a limit of 0 on the size of files that the running
server may write, for a moment."""
import contextlib
import os
import resource
import threading
import time

import pytest
from zep_cloud import Message
from zep_cloud.client import Zep

import expect

pytestmark = pytest.mark.skipif(bool(os.environ.get("RECALLD_TEST_DATABASE")), reason="the files are PostgreSQL's")

MOMENT = 0.2  # seconds
HELLO = {"role_type": "user", "content": "hello"}


@pytest.fixture(scope="module")
def stored(server):
    zep = Zep(api_key=server.key, base_url=server.api_url)
    zep.user.add(user_id="u")
    zep.group.add(group_id="g")
    zep.memory.add_session(session_id="s", user_id="u")
    zep.memory.add("s", messages=[Message(**HELLO)])
    return zep


@contextlib.contextmanager
def nothing_can_be_written(server):
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def in_the_background():
    """Yields a function that starts a call in a thread and gives the list in which its result will be; the calls end
    with the block."""
    started = []

    def start(call):
        results = []
        thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
        thread.start()
        started.append((thread, results))
        return results

    yield start
    for thread, results in started:
        thread.join(30)
        assert results, "the call did not come back with a result"


WRITES = {
    "user.add": ("POST", "users", {"user_id": "new"}),
    "user.update": ("PATCH", "users/u", {"email": "new@example.org"}),
    "user.delete": ("DELETE", "users/u", {}),
    "group.add": ("POST", "groups", {"group_id": "new"}),
    "group.update": ("PATCH", "groups/g", {"name": "new"}),
    "group.delete": ("DELETE", "groups/g", {}),
    "memory.add_session": ("POST", "sessions", {"session_id": "new", "user_id": "u"}),
    "memory.update_session": ("PATCH", "sessions/s", {"metadata": {"new": 1}}),
    "memory.end_session": ("POST", "sessions/s/end", {}),
    "memory.end_sessions": ("POST", "sessions/end", {"session_ids": ["s"]}),
    "memory.delete": ("DELETE", "sessions/s/memory", {}),
    "memory.add": ("POST", "sessions/s/memory", {"messages": [HELLO]}),
    "memory.update_message_metadata": ("PATCH", "sessions/s/messages/{uuid}", {"metadata": {"new": 1}}),
    "graph.add": ("POST", "graph", {"group_id": "g", "type": "text", "data": "new"}),
    "graph.add_batch": ("POST", "graph-batch", {"group_id": "g", "episodes": [{"type": "text", "data": "new"}]}),
    "graph.episode.delete": ("DELETE", "graph/episodes/{uuid}", {}),
}


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_that_fails_changes_nothing_and_reading_goes_on(server, stored, operation):
    method, path, body = WRITES[operation]
    path = "/api/v2/" + path.format(uuid=stored.memory.get("s").messages[0].uuid_)
    before = everything(stored)
    with in_the_background() as background:
        with nothing_can_be_written(server):
            replies = background(lambda: server.request(method, path, body))
            time.sleep(MOMENT)
            assert everything(stored) == before
    refused(replies[0])
    assert everything(stored) == before


def refused(reply):
    assert reply.status == 503 and isinstance(reply.message, str), reply
    assert int(reply.headers["Retry-After"]) >= 1


def everything(zep):
    return [zep.user.list_ordered().dict(), zep.group.get_all_groups().dict(), zep.memory.list_sessions().dict(),
            zep.memory.get_session_messages("s").dict(), zep.graph.episode.get_by_group_id("g").dict(),
            zep.graph.search(user_id="u", query="hello", scope="episodes").dict()]


def test_the_sdk_repeats_until_it_is_written_once(server, stored):
    with in_the_background() as background:
        with nothing_can_be_written(server):
            background(lambda: stored.memory.add("s", messages=[Message(role_type="user", content="again")]))
            time.sleep(MOMENT)
    assert expect.contents(stored.memory.get("s").messages) == ["hello", "again"]


def test_what_is_there_survives(server, stored):
    server.kill()
    server.start()
    zep = Zep(api_key=server.key, base_url=server.api_url)
    assert expect.contents(zep.memory.get("s").messages) == ["hello", "again"]
    done = server.command("check")
    assert done.returncode == 0, done
