# SPDX-License-Identifier: Apache-2.0
"""Starts, asks and ends a recalld server. Standard library only; see Server.

    from harness import Server
    with Server() as server:
        reply = server.request("GET", "/api/v2/projects/info")
        assert reply.status == 200, reply
"""
from .names import unique
from .raw import Connection, Reply, request
from .server import Server, ServerError

__all__ = ["Connection", "Reply", "Server", "ServerError", "request", "unique"]
