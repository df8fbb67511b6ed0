# SPDX-License-Identifier: Apache-2.0
"""One server for each module of tests, and official clients for it. Tests keep apart by ids of their own, and those
that count or list everything by a project of their own."""
import os

import pytest
from zep_cloud import Message
from zep_cloud.client import Zep
from zep_cloud.core import http_client

from harness import Server, unique

os.environ["NO_PROXY"] = "127.0.0.1"
for _name in ("ZEP_API_URL", "ZEP_API_KEY"):
    os.environ.pop(_name, None)


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def zep(server):
    return Zep(api_key=server.key, base_url=server.api_url)


@pytest.fixture
def project(server):
    """A client of a project that holds nothing yet."""
    return Zep(api_key=server.create_key(unique("project")), base_url=server.api_url)


@pytest.fixture
def user_id(zep):
    """A user who was just added."""
    return zep.user.add(user_id=unique("user"), first_name="Ada", last_name="Moreau").user_id


@pytest.fixture
def session_id(zep, user_id):
    """A session of that user, still empty."""
    return zep.memory.add_session(session_id=unique("session"), user_id=user_id).session_id


@pytest.fixture
def group_id(zep):
    return zep.group.add(group_id=unique("group"), name="Club").group_id


@pytest.fixture
def waits(monkeypatch):
    """The pauses that the SDK wanted between its attempts, in seconds; they are noted and not slept."""
    noted = []

    class Clock:
        sleep = staticmethod(noted.append)
        time = staticmethod(http_client.time.time)

    monkeypatch.setattr(http_client, "time", Clock)
    return noted


@pytest.fixture
def say(zep):
    """say(session, text, …) adds a user's message for each text, at most 30, and returns the texts."""
    def add(session_id, *texts, role="Ada", role_type="user"):
        zep.memory.add(session_id, messages=[Message(role=role, role_type=role_type, content=text) for text in texts])
        return list(texts)
    return add
