# SPDX-License-Identifier: Apache-2.0
"""Filling a store quickly: many connections, batches of messages, in the order users, sessions, messages.

What follows itself in the file is of different owners, so that connections do not meet at one session."""
import json
import time

from . import load, machine

CONNECTIONS = 64
LONGEST_SECONDS = 900
QUIET_SECONDS = 0.25
BATCH = 25


def send(server, name: str, requests) -> load.Result:
    """Every request answered, or LoadError."""
    file = load.write_requests(name, (load.request_bytes(server.user_key, *one) for one in requests))
    try:
        return load.run(server.url, server.pid, file, CONNECTIONS, LONGEST_SECONDS, mode="all")
    finally:
        file.unlink()


def settle(server) -> None:
    """Waits until what was left for later, as folding is, is done: a quarter of a second almost without CPU."""
    end = time.monotonic() + LONGEST_SECONDS
    before = machine.cpu_seconds(server.pid)
    while time.monotonic() < end:
        time.sleep(QUIET_SECONDS)
        now = machine.cpu_seconds(server.pid)
        if now - before < QUIET_SECONDS / 25:
            return
        before = now


def users(names):
    for name in names:
        yield "POST", "/users", {"user_id": name, "first_name": "Ada", "email": f"{name}@example.org"}


def groups(names):
    for name in names:
        yield "POST", "/groups", {"group_id": name, "name": f"group {name}"}


def sessions(pairs):
    for user, session in pairs:
        yield "POST", "/sessions", {"session_id": session, "user_id": user}


def messages_body(corpus, count: int) -> bytes:
    """A user and an assistant in turn."""
    roles = (("Ada", "user"), ("Helper", "assistant"))
    parts = (b'{"role":"%b","role_type":"%b","content":"%b"}' % (roles[i % 2][0].encode(), roles[i % 2][1].encode(),
                                                                corpus.sentence().encode())
             for i in range(count))
    return b'{"messages":[' + b",".join(parts) + b"]}"


def messages(corpus, names, count: int):
    """`count` messages for each of the sessions."""
    for first in range(0, count, BATCH):
        for session in names:
            yield "POST", f"/sessions/{session}/memory", messages_body(corpus, min(BATCH, count - first))


def check_total(server, path: str, field: str, wanted: int) -> None:
    """What was seeded is there."""
    with server.connect() as wire:
        found = json.loads(wire.request("GET", load.API + path).body)[field]
    if found != wanted:
        raise load.LoadError(f"{path}: {field} is {found}, not {wanted}")
