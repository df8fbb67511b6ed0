# SPDX-License-Identifier: Apache-2.0
"""When the store cannot be written, the SDK raises its typed InternalServerError, nothing was written, reading goes on,
and writing resumes by itself. The failure is a limit of 0 on the size of files that the running server may write."""
import contextlib
import resource

import pytest
from zep_cloud import Message
from zep_cloud.client import Zep
from zep_cloud.errors import InternalServerError, NotFoundError

import expect
from harness import Server

HELLO = [Message(role_type="user", content="hello")]
IGNORE_THE_SIGNAL = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]  # so that a write over the limit is an error to it


@pytest.fixture(scope="module")
def server():
    with Server(wrapper=IGNORE_THE_SIGNAL) as running:
        yield running


@pytest.fixture(scope="module")
def stored(server):
    zep = Zep(api_key=server.key, base_url=server.api_url)
    zep.user.add(user_id="u")
    zep.group.add(group_id="g")
    zep.memory.add_session(session_id="s", user_id="u")
    zep.memory.add("s", messages=HELLO)
    return zep


@contextlib.contextmanager
def nothing_can_be_written(server):
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


WRITES = {
    "user.add": lambda zep: zep.user.add(user_id="new"),
    "user.update": lambda zep: zep.user.update("u", email="new@example.org"),
    "user.delete": lambda zep: zep.user.delete("u"),
    "group.add": lambda zep: zep.group.add(group_id="new"),
    "group.update": lambda zep: zep.group.update("g", name="new"),
    "group.delete": lambda zep: zep.group.delete("g"),
    "memory.add_session": lambda zep: zep.memory.add_session(session_id="new", user_id="u"),
    "memory.update_session": lambda zep: zep.memory.update_session("s", metadata={"new": 1}),
    "memory.end_session": lambda zep: zep.memory.end_session("s"),
    "memory.end_sessions": lambda zep: zep.memory.end_sessions(session_ids=["s"]),
    "memory.delete": lambda zep: zep.memory.delete("s"),
    "memory.add": lambda zep: zep.memory.add("s", messages=HELLO),
    "memory.update_message_metadata": lambda zep: zep.memory.update_message_metadata(
        "s", zep.memory.get("s").messages[0].uuid_, metadata={"new": 1}),
    "graph.add": lambda zep: zep.graph.add(group_id="g", type="text", data="new"),
    "graph.add_batch": lambda zep: zep.graph.add_batch(group_id="g", episodes=[{"type": "text", "data": "new"}]),
    "graph.episode.delete": lambda zep: zep.graph.episode.delete(zep.memory.get("s").messages[0].uuid_),
}


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_that_fails_is_a_typed_error_and_changes_nothing(server, stored, waits, operation):
    before = everything(stored)
    with nothing_can_be_written(server):
        with expect.error(500, typed=InternalServerError):
            WRITES[operation](stored)
        assert everything(stored) == before
    assert len(waits) == 5
    assert everything(stored) == before
    with expect.error(404, typed=NotFoundError):
        stored.memory.get_session("new")


def everything(zep):
    return [zep.user.list_ordered().dict(), zep.group.get_all_groups().dict(), zep.memory.list_sessions().dict(),
            zep.memory.get_session_messages("s").dict(), zep.graph.episode.get_by_group_id("g").dict(),
            zep.graph.search(user_id="u", query="hello", scope="episodes").dict()]


def test_writing_resumes_by_itself(server, stored):
    with nothing_can_be_written(server):
        assert server.request("POST", "/api/v2/sessions/s/memory", {"messages": [
            {"role_type": "user", "content": "lost"}]}).status >= 500
    stored.memory.add("s", messages=HELLO)
    assert expect.contents(stored.memory.get("s").messages) == ["hello", "hello"]


def test_what_is_there_survives(server, stored):
    server.kill()
    server.start()
    zep = Zep(api_key=server.key, base_url=server.api_url)
    assert expect.contents(zep.memory.get("s").messages) == ["hello", "hello"]
    done = server.command("check")
    assert done.returncode == 0, done
