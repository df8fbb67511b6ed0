# SPDX-License-Identifier: Apache-2.0
"""Bytes on a socket, as no client library sends them, and the answers to them."""
import json
import select
import socket
import time
import typing
import unittest
import urllib.parse

from harness import Server

SECONDS = 15  # a server that has not answered by then hangs
CRLF = b"\r\n"


class Reply(typing.NamedTuple):
    status: int
    headers: typing.Dict[str, str]
    body: bytes

    @property
    def is_json(self):
        return self.headers.get("content-type") == "application/json"

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"


class Wire:
    """A connection. `reply` is None when the server has closed it instead."""

    def __init__(self, server, seconds=SECONDS):
        parts = urllib.parse.urlsplit(server.url)
        self.socket = socket.create_connection((parts.hostname, parts.port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.key = server.key
        self.got = b""

    def send(self, *parts):
        """False when the server does not take it any more."""
        try:
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def drip(self, data, pause=0.0):
        for i in range(len(data)):
            if not self.send(data[i:i + 1]):
                return False
            if pause:
                time.sleep(pause)
        return True

    def settle(self):
        """A moment, so that the next piece comes apart from what was sent."""
        time.sleep(0.001)

    def head(self, method="GET", target="/api/v2/projects/info", *headers, version="HTTP/1.1", key=True):
        lines = [f"{method} {target} {version}", "Host: localhost"]
        lines += [f"Authorization: Api-Key {self.key}"] if key else []
        return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1")

    def post(self, target, body, *headers):
        """A whole request with its length."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.head("POST", target, f"Content-Length: {len(data)}", *headers) + data

    def reply(self, method="GET"):
        head = self.until(CRLF + CRLF)
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers = {}
        for line in lines[1:]:
            if line:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
        if status < 200 or method == "HEAD":
            return Reply(status, headers, b"")
        body = self.exactly(int(headers["content-length"]))
        return None if body is None else Reply(status, headers, body)

    def until(self, mark):
        while mark not in self.got:
            if not self.more():
                return None
        head, self.got = self.got.split(mark, 1)
        return head + mark

    def exactly(self, n):
        while len(self.got) < n:
            if not self.more():
                return None
        body, self.got = self.got[:n], self.got[n:]
        return body

    def more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return False
        self.got += data
        return bool(data)

    def finish(self):
        """No more from this side."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def rest(self):
        """All that still comes, up to the close."""
        while self.more():
            pass
        return self.got

    def closed(self, seconds=SECONDS):
        """Whether the server closes within that time and says nothing more."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.socket], [], [], max(0.0, end - time.monotonic()))
            if ready and not self.more():
                return not self.got
        return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def chunked(data, size):
    parts = [data[i:i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class WireTest(unittest.TestCase):
    """A server for the class, which must be in health after each test."""
    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(args=cls.flags).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def tearDown(self):
        self.assertTrue(self.server.running, "the server is gone:\n" + self.server.log()[-3000:])
        with self.wire() as wire:
            wire.send(wire.post("/api/v2/sessions/health/memory", {"messages": [{"role_type": "user", "content": "x"}]}))
            self.assertEqual(wire.reply().status, 200)

    def wire(self, seconds=SECONDS):
        return Wire(self.server, seconds)

    def answer(self, *parts):
        """What the server says to these bytes on a connection of their own."""
        with self.wire() as wire:
            wire.send(*parts)
            return wire.reply()

    def refused(self, reply, *statuses):
        """Refused by the gate, in JSON."""
        self.assertIsNotNone(reply, "closed without an answer")
        self.assertIn(reply.status, statuses, reply)
        self.assertTrue(reply.is_json, reply)
        self.assertIsInstance(reply.json["message"], str)

    def refused_or_closed(self, reply):
        """Refused by the gate in JSON, or below it in whatever words with a close, or closed."""
        if reply is None:
            return
        self.assertTrue(400 <= reply.status < 500 or reply.status in (501, 505), reply)
        if not reply.is_json:
            self.assertTrue(reply.closes, reply)
