# SPDX-License-Identifier: Apache-2.0
"""Too much and too slow: bodies and headers beyond their bounds, senders slower than their time, and those that are
neither and must not be taken for it."""
import time

from harness import unique
from wire import WireTest, chunked

USERS = "/api/v2/users"
MIB = 1 << 20
DEFAULT = 5 * MIB


def padded(user_id, size):
    """A user's JSON of exactly so many bytes."""
    head = b'{"user_id": "%s", "pad": "' % user_id.encode()
    return head + b"x" * (size - len(head) - 2) + b'"}'


class Bodies(WireTest):
    """A client that sends all of a body before it looks for the answer must be able to read the 413."""

    def too_large(self, reply):
        self.refused(reply, 413)

    def test_at_the_bound(self):
        with self.wire() as wire:
            wire.send(wire.post(USERS, padded(unique("u"), DEFAULT)))
            self.assertEqual(wire.reply().status, 201)

    def test_one_byte_more(self):
        with self.wire() as wire:
            wire.send(wire.post(USERS, padded(unique("u"), DEFAULT + 1)))
            self.too_large(wire.reply())

    def test_one_byte_more_in_chunks(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"), chunked(padded(unique("u"), DEFAULT + 1), 65536))
            self.too_large(wire.reply())

    def test_at_the_bound_in_chunks(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"), chunked(padded(unique("u"), DEFAULT), 65536))
            self.assertEqual(wire.reply().status, 201)

    def test_some_times_more(self):
        for times in (2, 7):
            with self.subTest(times), self.wire() as wire:
                wire.send(wire.post(USERS, bytes(times * DEFAULT)))
                self.too_large(wire.reply())
            with self.subTest(times, chunks=True), self.wire() as wire:
                wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"), chunked(bytes(times * DEFAULT), MIB))
                self.too_large(wire.reply())

    def test_many_times_more(self):
        """Sixty MiB: too much to read, and still the client learns why."""
        with self.wire() as wire:
            wire.send(wire.post(USERS, bytes(12 * DEFAULT)))
            self.too_large(wire.reply())

    def test_many_times_more_in_chunks(self):
        """A body without an end is not read for ever."""
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"), chunked(bytes(12 * DEFAULT), MIB))
            reply = wire.reply()
            if reply is not None:
                self.too_large(reply)

    def test_continue_is_refused(self):
        """Before a byte of it was sent, whatever its size."""
        for size in (DEFAULT + 1, 100 * DEFAULT):
            with self.subTest(size), self.wire() as wire:
                wire.send(wire.head("POST", USERS, f"Content-Length: {size}", "Expect: 100-continue"))
                self.too_large(wire.reply())

    def test_continue_in_chunks(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked", "Expect: 100-continue"))
            self.assertEqual(wire.reply().status, 100)
            wire.send(chunked(bytes(DEFAULT + MIB), 65536))
            self.too_large(wire.reply())

    def test_without_a_key(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, f"Content-Length: {DEFAULT * 2}", key=False), bytes(DEFAULT * 2))
            self.refused(wire.reply(), 401, 413)

    def test_of_a_route_that_takes_none(self):
        with self.wire() as wire:
            wire.send(wire.head("GET", "/api/v2/projects/info", f"Content-Length: {DEFAULT + 1}"), bytes(DEFAULT + 1))
            self.refused(wire.reply(), 413)

    def test_nothing_of_it_is_kept(self):
        name = unique("u")
        with self.wire() as wire:
            wire.send(wire.post(USERS, padded(name, DEFAULT + 1)))
            self.too_large(wire.reply())
        with self.wire() as wire:
            wire.send(wire.head("GET", f"{USERS}/{name}"))
            self.refused(wire.reply(), 404)


class SmallBodies(WireTest):
    flags = ("--max-body-bytes", "2048")

    def test_bound_is_a_setting(self):
        with self.wire() as wire:
            wire.send(wire.post(USERS, padded(unique("u"), 2048)))
            self.assertEqual(wire.reply().status, 201)
            wire.send(wire.post(USERS, padded(unique("u"), 2049)))
            self.refused(wire.reply(), 413)
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"), chunked(padded(unique("u"), 2049), 100))
            self.refused(wire.reply(), 413)


class Memory(WireTest):
    """A body within its bound that takes much more memory than bytes."""

    def test_many_small_values(self):
        for body in (b'{"user_id": "u", "metadata": {"a": [' + b"{}," * 1_700_000 + b"{}]}}",
                     b'{"user_id": "u", "metadata": {' + b",".join(b'"%d":0' % i for i in range(480_000)) + b"}}",
                     b'{"user_id": "u", "x": [' + b"[]," * 1_700_000 + b"[]]}"):
            with self.subTest(body[:40]), self.wire() as wire:
                wire.send(wire.post(USERS, body))
                reply = wire.reply()
                self.assertIn(reply.status, (201, 400, 413), reply)

    def test_many_messages(self):
        with self.wire() as wire:
            wire.send(wire.post(f"/api/v2/sessions/{unique('s')}/memory",
                                b'{"messages": [' + b'{"role_type":"user","content":"x"},' * 140_000 + b"{}]}"))
            self.refused(wire.reply(), 400)

    def test_everything_of_a_project_at_once(self):
        """Lists without a page size answer everything; when that is more than a request may have, they say so, and
        pages go on."""
        key = self.server.create_key(unique("project"))
        pad = "y" * (4 * MIB)
        with self.server.connect(key) as client:
            for i in range(20):
                self.assertEqual(client.request("POST", USERS, {"user_id": f"u{i}", "metadata": {"pad": pad}}).status, 201)
            reply = client.request("GET", "/api/v2/users-ordered?pageSize=3")
            self.assertEqual((reply.status, reply.json["row_count"]), (200, 3))
            reply = client.request("GET", "/api/v2/users-ordered")
            self.assertIn(reply.status, (200, 400, 413), reply.body[:200])
            self.assertEqual(client.request("GET", "/api/v2/users/u1").status, 200)

    def test_long_session(self):
        """An absent limit is all messages, and of a long conversation too."""
        session = unique("s")
        turns = {"messages": [{"role_type": "user", "content": "x" * 4000}] * 30}
        with self.server.connect() as client:
            for _ in range(200):
                self.assertEqual(client.request("POST", f"/api/v2/sessions/{session}/memory", turns).status, 200)
            reply = client.request("GET", f"/api/v2/sessions/{session}/messages")
            self.assertEqual(reply.status, 200, reply.body[:200])
            self.assertEqual(len(reply.json["messages"]), 6000)

    def test_metadata_that_grows(self):
        """Merged and merged again: the record that would become too large for its own reading is refused before."""
        name = unique("u")
        with self.server.connect() as client:
            self.assertEqual(client.request("POST", USERS, {"user_id": name}).status, 201)
            for i in range(24):
                reply = client.request("PATCH", f"{USERS}/{name}", {"metadata": {f"k{i}": "z" * (4 * MIB)}})
                if reply.status != 200:
                    break
            self.assertIn(reply.status, (200, 400, 413), reply.body[:200])
            reply = client.request("GET", f"{USERS}/{name}")
            self.assertEqual(reply.status, 200, reply.body[:200])
            reply = client.request("PATCH", f"{USERS}/{name}", {"first_name": "still"})
            self.assertEqual(reply.status, 200, reply.body[:200])
            self.assertEqual(client.request("DELETE", f"{USERS}/{name}").status, 200)


class Heads(WireTest):
    flags = ("--header-timeout-ms", "2000", "--request-timeout-ms", "2000")

    def ask(self, *headers, target="/api/v2/projects/info"):
        with self.wire() as wire:
            return self.answer(wire.head("GET", target, *headers))

    def test_long_header(self):
        self.assertEqual(self.ask("X-Long: " + "x" * 12_000).status, 200, "16 KiB are the bound")
        for size in (20_000, 100_000, 1_000_000):
            with self.subTest(size):
                reply = self.ask("X-Long: " + "x" * size)
                if reply is not None:
                    self.assertEqual(reply.status, 431)

    def test_many_headers(self):
        self.assertEqual(self.ask(*[f"X-{i}: {i}" for i in range(100)]).status, 200)
        for many in (2000, 20_000):
            with self.subTest(many):
                reply = self.ask(*[f"X-{i}: {i}" for i in range(many)])
                if reply is not None:
                    self.assertEqual(reply.status, 431)

    def test_long_target(self):
        self.assertEqual(self.ask(target="/api/v2/users/" + "x" * 15_000).status, 404)
        for size in (40_000, 1_000_000):
            with self.subTest(size):
                reply = self.ask(target="/api/v2/users/" + "x" * size)
                if reply is not None:
                    self.assertIn(reply.status, (414, 431))

    def test_long_query(self):
        self.assertEqual(self.ask(target="/api/v2/users-ordered?pageSize=1&" + "x=1&" * 150).status, 200)

    def test_many_fields(self):
        """What the library keeps a record of, few bytes each: answered, or refused, and at once."""
        kinds = {"query": lambda many: self.ask(target="/api/v2/users-ordered?" + "&".join(f"a{i}=1" for i in range(many))),
                 "headers": lambda many: self.ask(*[f"a{i}: 1" for i in range(many)]),
                 "cookies": lambda many: self.ask("Cookie: " + "; ".join(f"a{i}=1" for i in range(many)))}
        for kind, ask in kinds.items():
            for many in (200, *range(225, 260, 5), 300, 500, 1000, 2000):
                with self.subTest(f"{many} {kind}"):
                    start = time.monotonic()
                    reply = ask(many)
                    self.assertIn(reply.status, {200} if many == 200 else {200, 431, 414})
                    self.assertLess(time.monotonic() - start, 1)

    def test_sizes_about_the_limit(self):
        """What is not answered was not done either."""
        with self.server.connect() as client:
            for size in range(15_800, 16_600, 20):
                name = unique("u")
                body = b'{"user_id": "%s"}' % name.encode()
                with self.subTest(size), self.wire() as wire:
                    reply = self.answer(wire.head("POST", USERS, "X-Long: " + "x" * size, f"Content-Length: {len(body)}") + body)
                    self.assertIn(reply.status, (201, 431))
                    self.assertEqual(client.request("GET", f"{USERS}/{name}").status, 200 if reply.status == 201 else 404)

    def test_many_segments(self):
        self.refused(self.ask(target="/api/v2" + "/x" * 5000), 404)
        self.refused(self.ask(target="/" * 10_000), 404)
        self.assertEqual(self.ask(target="/" * 10_000 + "healthz").status, 200)

    def test_long_method(self):
        with self.wire() as wire:
            self.refused_or_closed(self.answer(b"M" * 100_000 + b" / HTTP/1.1\r\n\r\n"))


class Slow(WireTest):
    """Times are short here; the defaults are 5 s for a header and 30 s for a request."""
    flags = ("--header-timeout-ms", "500", "--request-timeout-ms", "1000", "--idle-timeout-ms", "2000")

    def ends(self, wire, least, most, reply=(408,)):
        """Closed, or refused and closed, within that time."""
        start = time.monotonic()
        got = wire.reply()
        took = time.monotonic() - start
        if got is not None:
            self.assertIn(got.status, reply)
        self.assertGreater(took, least)
        self.assertLess(took, most)

    def test_half_a_request_line(self):
        with self.wire() as wire:
            wire.send(b"GET /api/v2/proj")
            self.ends(wire, 0.3, 2.5)

    def test_half_a_header(self):
        with self.wire() as wire:
            wire.send(wire.head()[:-2])
            self.ends(wire, 0.3, 2.5)

    def test_header_byte_by_byte(self):
        """Each byte in time, and the whole of it not."""
        with self.wire() as wire:
            data = wire.head("GET", "/api/v2/projects/info", "X-Pad: " + "p" * 200)
            start = time.monotonic()
            wire.drip(data, 0.05)
            self.assertIsNone(wire.reply())
            self.assertLess(time.monotonic() - start, 4)

    def test_request_line_byte_by_byte(self):
        with self.wire() as wire:
            start = time.monotonic()
            wire.drip(b"GET /" + b"x" * 400, 0.05)
            self.assertIsNone(wire.reply())
            self.assertLess(time.monotonic() - start, 4)

    def test_empty_lines_for_ever(self):
        with self.wire() as wire:
            start = time.monotonic()
            wire.drip(b"\r\n" * 200, 0.05)
            self.assertIsNone(wire.reply())
            self.assertLess(time.monotonic() - start, 4)

    def test_second_header_is_timed_too(self):
        with self.wire() as wire:
            wire.send(wire.head())
            self.assertEqual(wire.reply().status, 200)
            time.sleep(0.6)
            wire.send(b"GET /api/v2/proj")
            self.ends(wire, 0.2, 2.5)

    def test_half_a_body(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 100"), b'{"user')
            self.ends(wire, 0.8, 3)

    def test_body_byte_by_byte(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 1000"))
            start = time.monotonic()
            wire.drip(b" " * 1000, 0.05)
            self.ends(wire, -1, 4)
            self.assertLess(time.monotonic() - start, 4)

    def test_chunks_for_ever(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"))
            start = time.monotonic()
            while wire.send(b"1\r\n \r\n") and time.monotonic() - start < 6:
                time.sleep(0.05)
            self.assertLess(time.monotonic() - start, 4)

    def test_body_of_a_refused_request(self):
        """The answer may come before the body has; the wait for the body ends all the same."""
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 1000", key=False))
            self.ends(wire, -1, 3, (401, 408))

    def test_continue_that_never_comes(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 100", "Expect: 100-continue"))
            self.assertEqual(wire.reply().status, 100)
            self.ends(wire, 0.8, 3)

    def test_idle_connection(self):
        with self.wire() as wire:
            self.assertTrue(wire.closed(6))
        with self.wire() as wire:
            wire.send(wire.head())
            self.assertEqual(wire.reply().status, 200)
            start = time.monotonic()
            self.assertTrue(wire.closed(6))
            self.assertGreater(time.monotonic() - start, 1.4)

    def test_keep_alive_outlives_the_header_time(self):
        """Quick requests with pauses shorter than the idle time: none of them is slow."""
        for pause in (0.05, 0.4, 0.9):
            with self.subTest(pause), self.wire() as wire:
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    wire.send(wire.post(f"/api/v2/sessions/{unique('s')}/memory",
                                        {"messages": [{"role_type": "user", "content": "x"}]}))
                    reply = wire.reply()
                    self.assertIsNotNone(reply, f"closed {end - time.monotonic():.1f} s before the end")
                    self.assertEqual(reply.status, 200)
                    time.sleep(pause)

    def test_reader_that_never_reads(self):
        """A client that asks and asks and takes no answer is closed in the end."""
        session = unique("s")
        with self.server.connect() as client:
            for _ in range(4):
                client.request("POST", f"/api/v2/sessions/{session}/memory",
                               {"messages": [{"role_type": "user", "content": "x" * 4000}] * 30})
        with self.wire() as wire:
            wire.socket.settimeout(0.5)
            ask = wire.head("GET", f"/api/v2/sessions/{session}/messages")
            start = time.monotonic()
            closed = False
            while not closed and time.monotonic() - start < 12:
                try:
                    closed = not wire.send(ask * 20)
                except TimeoutError:
                    pass
            self.assertTrue(closed, "still open")

    def test_slow_ones_hold_up_nobody(self):
        slow = [self.wire() for _ in range(50)]
        try:
            for i, one in enumerate(slow):
                one.send(one.head()[:-4] if i % 2 else one.head("POST", USERS, "Content-Length: 50") + b"{")
            with self.wire() as wire:
                for _ in range(50):
                    start = time.monotonic()
                    wire.send(wire.head())
                    self.assertEqual(wire.reply().status, 200)
                    self.assertLess(time.monotonic() - start, 1)
        finally:
            for one in slow:
                one.close()
