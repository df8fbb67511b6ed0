# SPDX-License-Identifier: Apache-2.0
"""The examples of the API's public pages as they are written there: the Python ones with ZEP_API_URL set, the curl ones
with this server's address for https://api.getzep.com. Their key is YOUR_API_KEY, in curl's <apiKey>."""
import shutil
import subprocess

import pytest
from zep_cloud.client import Zep

import expect
from harness import Server

KEY = "YOUR_API_KEY"

ADD_SESSION = '''
from zep_cloud.client import Zep

client = Zep(
    api_key="YOUR_API_KEY",
)
client.memory.add_session(
    session_id="session_id",
    user_id="user_id",
)
'''

GET_SESSION = '''
from zep_cloud.client import Zep

client = Zep(
    api_key="YOUR_API_KEY",
)
client.memory.get_session(
    session_id="sessionId",
)
'''

END_SESSION = '''
from zep_cloud.client import Zep

client = Zep(
    api_key="YOUR_API_KEY",
)
client.memory.end_session(
    session_id="sessionId",
)
'''

CURL_ADD_SESSION = r'''
curl -X POST https://api.getzep.com/api/v2/sessions \
     -H "Authorization: Api-Key <apiKey>" \
     -H "Content-Type: application/json" \
     -d '{
  "session_id": "session_id",
  "user_id": "user_id"
}'
'''

CURL_ADD_SESSION_BARE_KEY = r'''
curl -X POST https://api.getzep.com/api/v2/sessions \
-H "Authorization: <apiKey>" \
-H "Content-Type: application/json" \
-d '{
"session_id": "string",
"user_id": "string"
}'
'''

CURL_GET_SESSION = r'''
curl https://api.getzep.com/api/v2/sessions/sessionId \
     -H "Authorization: Api-Key <apiKey>"
'''

CURL_GET_SESSION_COLON = r'''
curl https://api.getzep.com/api/v2/sessions/:sessionId \
     -H "Authorization: Api-Key <apiKey>"
'''

CURL_END_SESSION = r'''
curl -X POST https://api.getzep.com/api/v2/sessions/sessionId/end \
     -H "Authorization: Api-Key <apiKey>" \
     -H "Content-Type: application/json" \
     -d '{}'
'''

CURL_END_SESSION_COLON = CURL_END_SESSION.replace("sessionId", ":sessionId")

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def seeded(monkeypatch):
    """A server that has what the examples speak of."""
    with Server(key=KEY) as server:
        monkeypatch.setenv("ZEP_API_URL", server.url)
        zep = Zep(api_key=KEY)
        for user_id in ("user_id", "string"):
            zep.user.add(user_id=user_id)
        for session_id in ("sessionId", ":sessionId"):
            zep.memory.add_session(session_id=session_id, user_id="user_id")
        yield zep, server


def run_curl(server, example):
    command = example.replace("https://api.getzep.com", server.url).replace("<apiKey>", KEY)
    done = subprocess.run(["sh", "-c", command.strip() + " --silent --fail --noproxy '*'"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def test_python_examples(seeded):
    zep, _ = seeded
    for example in (ADD_SESSION, GET_SESSION, END_SESSION):
        exec(example, {})
    expect.session(zep.memory.get_session("session_id"), "session_id", "user_id")
    expect.session(zep.memory.get_session("sessionId"), "sessionId", "user_id", ended=True)


@needs_curl
def test_curl_examples(seeded):
    zep, server = seeded
    assert '"session_id"' in run_curl(server, CURL_ADD_SESSION)
    expect.session(zep.memory.get_session("session_id"), "session_id", "user_id")
    run_curl(server, CURL_ADD_SESSION_BARE_KEY)
    expect.session(zep.memory.get_session("string"), "string", "string")
    assert '"sessionId"' in run_curl(server, CURL_GET_SESSION)
    assert '":sessionId"' in run_curl(server, CURL_GET_SESSION_COLON)
    assert '"session"' in run_curl(server, CURL_END_SESSION)
    run_curl(server, CURL_END_SESSION_COLON)
    expect.session(zep.memory.get_session(":sessionId"), ":sessionId", "user_id", ended=True)


def test_the_reply_has_every_field_of_the_page(seeded):
    _, server = seeded
    reply = server.request("POST", "/api/v2/sessions", {"session_id": "another", "user_id": "user_id"})
    assert reply.status == 201
    named = {"classifications", "created_at", "deleted_at", "ended_at", "id", "project_uuid", "session_id",
             "updated_at", "user_id", "uuid"}
    assert named <= set(reply.json)
