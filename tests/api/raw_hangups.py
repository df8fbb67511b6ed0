# SPDX-License-Identifier: Apache-2.0
"""Clients that go away, at every stage, politely and not; what was answered for stands, and the server goes on."""
import socket
import struct
import time

from harness import unique
from wire import WireTest, chunked

USERS = "/api/v2/users"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST


class Hangups(WireTest):
    flags = ("--header-timeout-ms", "1000", "--request-timeout-ms", "1000", "--idle-timeout-ms", "3000")

    def leave(self, data, reset, pause=0.0):
        with self.wire() as wire:
            wire.send(data)
            if pause:
                time.sleep(pause)
            if reset:
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def test_nothing_said(self):
        for reset in (False, True):
            for _ in range(50):
                self.leave(b"", reset)

    def test_at_every_byte(self):
        for reset in (False, True):
            with self.wire() as wire:
                data = wire.post(USERS, {"user_id": unique("u"), "first_name": "x"})
            for at in range(1, len(data) + 1):
                self.leave(data[:at], reset)

    def test_at_every_byte_of_chunks(self):
        with self.wire() as wire:
            data = wire.head("POST", USERS, "Transfer-Encoding: chunked") + chunked(b'{"user_id": "chunked"}', 6)
        for at in range(len(data) - 60, len(data) + 1):
            self.leave(data[:at], True)

    def test_while_it_is_answered(self):
        """Gone while writes, searches and long lists are on their way."""
        session = unique("s")
        with self.server.connect() as client:
            for i in range(6):
                client.request("POST", f"/api/v2/sessions/{session}/memory",
                               {"messages": [{"role_type": "user", "content": f"quail {i} " + "x " * 1500}] * 30})
        with self.wire() as wire:
            asks = [wire.head("GET", f"/api/v2/sessions/{session}/messages"),
                    wire.post(f"/api/v2/sessions/{session}/search?limit=100", {"text": "quail x"}),
                    wire.post(f"/api/v2/sessions/{session}/memory", {"messages": [{"role_type": "user", "content": "q"}] * 30,
                                                                     "return_context": True}),
                    wire.head("GET", f"/api/v2/sessions/{session}/memory?lastn=180")]
        for pause in (0, 0.0005, 0.003):
            for ask in asks:
                for reset in (False, True):
                    for times in (1, 10):
                        self.leave(ask * times, reset, pause)

    def test_writes_of_those_who_left_are_whole(self):
        """All of a request or nothing of it."""
        session = unique("s")
        with self.wire() as wire:
            ask = wire.post(f"/api/v2/sessions/{session}/memory",
                            {"messages": [{"role_type": "user", "content": f"{i}"} for i in range(1, 31)]})
        for i in range(40):
            self.leave(ask, i % 2 == 0, 0.001 * (i % 3))
        time.sleep(0.5)
        with self.server.connect() as client:
            reply = client.request("GET", f"/api/v2/sessions/{session}/messages")
            self.assertEqual(reply.status, 200)
            texts = [one["content"] for one in reply.json["messages"]]
            self.assertEqual(len(texts) % 30, 0)
            self.assertEqual(texts, [f"{i}" for i in range(1, 31)] * (len(texts) // 30))

    def test_connections_are_given_back(self):
        """Whoever left is not counted any more, soon after."""
        for i in range(200):
            self.leave(b"GET / HT", i % 2 == 0)
        end = time.monotonic() + 8
        while time.monotonic() < end:
            text = self.server.request("GET", "/metrics").body.decode()
            open_now = int(next(line for line in text.splitlines() if line.startswith("recalld_connections ")).split()[1])
            in_flight = int(next(line for line in text.splitlines() if line.startswith("recalld_requests_in_flight ")).split()[1])
            if open_now <= 2 and in_flight <= 1:
                return
            time.sleep(0.1)
        self.fail(f"{open_now} connections, {in_flight} requests in flight")
