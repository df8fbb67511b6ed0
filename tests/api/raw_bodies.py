# SPDX-License-Identifier: Apache-2.0
"""Whole and good requests that arrive in odd ways: in chunks, byte by byte, cut anywhere, several at once, and with
Expect: 100-continue."""
import json

from harness import unique
from wire import CRLF, WireTest, chunked

USERS = "/api/v2/users"


def user(user_id, **more):
    return json.dumps({"user_id": user_id, **more}).encode()


class Chunks(WireTest):
    flags = ("--request-timeout-ms", "2000", "--header-timeout-ms", "2000")

    def made(self, user_id, data, *headers):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked", *headers), data)
            reply = wire.reply()
            self.assertEqual((reply.status, reply.json["user_id"]), (201, user_id), reply)
            wire.send(wire.head("GET", f"{USERS}/{user_id}"))
            self.assertEqual(wire.reply().status, 200, "the connection goes on")

    def test_one_chunk(self):
        name = unique("u")
        self.made(name, chunked(user(name), 1000))

    def test_a_byte_each(self):
        name = unique("u")
        self.made(name, chunked(user(name), 1))

    def test_sizes_in_capitals_and_with_zeros(self):
        name = unique("u")
        body = user(name, first_name="x" * 200)
        self.made(name, b"000%X\r\n%s\r\n000\r\n\r\n" % (len(body), body))

    def test_extensions_and_trailers(self):
        name = unique("u")
        body = user(name)
        self.made(name, b"%x;name=value\r\n%s\r\n0\r\nX-Trailer: 1\r\nAuthorization: other\r\n\r\n" % (len(body), body))

    def test_trailers_are_no_headers(self):
        """A key that comes behind the body opens nothing."""
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked", key=False), b"2\r\n{}\r\n0\r\n",
                      f"Authorization: Api-Key {wire.key}\r\n\r\n".encode())
            self.refused(wire.reply(), 401)

    def test_no_chunk_at_all(self):
        with self.wire() as wire:
            wire.send(wire.head("PATCH", f"{USERS}/{unique('u')}", "Transfer-Encoding: chunked"), b"0\r\n\r\n")
            self.refused(wire.reply(), 404)

    def test_body_of_a_route_that_takes_none(self):
        with self.wire() as wire:
            wire.send(wire.head("GET", "/api/v2/projects/info", "Transfer-Encoding: chunked"), chunked(b"{}" * 500, 7))
            self.assertEqual(wire.reply().status, 200)
            wire.send(wire.head())
            self.assertEqual(wire.reply().status, 200)

    def test_large(self):
        messages = {"messages": [{"role_type": "user", "content": "x" * 4096, "metadata": {"m": "y" * 20000}}] * 30}
        with self.wire() as wire:
            wire.send(wire.head("POST", f"/api/v2/sessions/{unique('s')}/memory", "Transfer-Encoding: chunked"),
                      chunked(json.dumps(messages).encode(), 1000))
            self.assertEqual(wire.reply().status, 200)

    def test_bad_chunks(self):
        bad = [b"x\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n",
               b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n", b"10000000000000000\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx0\r\n\r\n",
               b"2 2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n", b"\x00\r\n{}\r\n0\r\n\r\n"]
        for one in bad:
            with self.subTest(one), self.wire() as wire:
                wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"), one)
                wire.finish()
                self.refused_or_closed(wire.reply())

    def test_other_codings(self):
        for coding in ("gzip", "gzip, chunked", "identity", "chunked, gzip", "chunked, chunked", "xchunked", ""):
            with self.subTest(coding), self.wire() as wire:
                wire.send(wire.head("POST", USERS, f"Transfer-Encoding: {coding}"), b"2\r\n{}\r\n0\r\n\r\n")
                wire.finish()
                self.refused_or_closed(wire.reply())


class Pieces(WireTest):
    def whole(self, wire, name):
        return wire.post(USERS, user(name, first_name="é😀"), "X-Filler: " + "f" * 40)

    def test_byte_by_byte(self):
        with self.wire() as wire:
            name = unique("u")
            wire.drip(self.whole(wire, name), 0.001)
            self.assertEqual(wire.reply().status, 201)

    def test_split_everywhere(self):
        with self.wire() as wire:
            length = len(self.whole(wire, unique("u")))
            for at in range(1, length):
                name = unique("u")
                data = self.whole(wire, name)
                wire.send(data[:at])
                wire.settle()
                wire.send(data[at:])
                reply = wire.reply()
                self.assertEqual((reply.status, reply.json["user_id"]), (201, name), f"cut at {at}")

    def test_chunks_split_everywhere(self):
        with self.wire() as wire:
            body = chunked(user(unique("u")), 5)
            for at in range(1, len(body)):
                name = unique("u")
                body = chunked(user(name), 5)
                wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked"), body[:at])
                wire.settle()
                wire.send(body[at:])
                reply = wire.reply()
                self.assertEqual((reply.status, reply.json["user_id"]), (201, name), f"cut at {at}")

    def test_empty_lines_before(self):
        with self.wire() as wire:
            wire.send(CRLF, wire.head())
            self.assertEqual(wire.reply().status, 200)


class Pipelines(WireTest):
    def test_answers_in_order(self):
        """Reads, writes, searches and what is wrong with them, all sent before the first answer is read."""
        session = unique("s")
        with self.wire() as wire:
            sent = [(wire.post(f"/api/v2/sessions/{session}/memory",
                               {"messages": [{"role_type": "user", "content": f"turn {i}"}]}), 200) for i in range(20)]
            sent.append((wire.head("GET", f"/api/v2/sessions/{session}/messages"), 200))
            sent.append((wire.head("GET", f"/api/v2/sessions/{session}.none"), 404))
            sent.append((wire.post(f"/api/v2/sessions/{session}/search", {"text": "turn"}), 200))
            sent.append((wire.post(USERS, b"{broken"), 400))
            sent.append((wire.head("HEAD", f"/api/v2/sessions/{session}"), 200))
            sent.append((wire.head("GET", f"/api/v2/sessions/{session}"), 200))
            wire.send(b"".join(data for data, _ in sent))
            for data, status in sent:
                reply = wire.reply("HEAD" if data.startswith(b"HEAD") else "GET")
                self.assertEqual(reply.status, status, data)
                if data.startswith(b"GET") and b"/messages" in data:
                    self.assertEqual([one["content"] for one in reply.json["messages"]],
                                     [f"turn {i}" for i in range(20)])

    def test_refusals_at_the_header(self):
        """What needs no body to be refused either keeps the connection or says that it closes it."""
        for method, target, key, status in (("GET", "/api/v2/nowhere", True, 404), ("PUT", USERS, True, 405),
                                            ("GET", USERS, False, 401), ("GET", USERS + "/%zz", True, 400)):
            with self.subTest(status), self.wire() as wire:
                wire.send(wire.head(method, target, key=key), wire.head())
                reply = wire.reply()
                self.refused(reply, status)
                if reply.closes:
                    self.assertTrue(wire.closed())
                else:
                    self.assertEqual(wire.reply().status, 200)

    def test_many_and_then_gone(self):
        """What was sent before the client shut its side is answered, and then the connection closed: a client that
        reads to the end waits for that."""
        for _ in range(20):
            with self.wire() as wire:
                wire.send(wire.head() * 50)
                wire.finish()
                for _ in range(50):
                    self.assertEqual(wire.reply().status, 200)
                self.assertTrue(wire.closed(3), "still open after 3 s")

    def test_close_in_the_middle_ends_it(self):
        with self.wire() as wire:
            wire.send(wire.head(), wire.head("GET", "/api/v2/projects/info", "Connection: close"), wire.head())
            self.assertEqual(wire.reply().status, 200)
            reply = wire.reply()
            self.assertEqual((reply.status, reply.closes), (200, True))
            self.assertTrue(wire.closed())


class Expect(WireTest):
    def test_continue(self):
        name = unique("u")
        body = user(name)
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, f"Content-Length: {len(body)}", "Expect: 100-continue"))
            self.assertEqual(wire.reply().status, 100)
            wire.send(body)
            self.assertEqual(wire.reply().status, 201)
            wire.send(wire.head())
            self.assertEqual(wire.reply().status, 200)

    def test_continue_chunked(self):
        name = unique("u")
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Transfer-Encoding: chunked", "Expect: 100-Continue"))
            self.assertEqual(wire.reply().status, 100)
            wire.send(chunked(user(name), 4))
            self.assertEqual(wire.reply().status, 201)

    def test_body_without_waiting(self):
        body = user(unique("u"))
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, f"Content-Length: {len(body)}", "Expect: 100-continue"), body)
            reply = wire.reply()
            if reply.status == 100:
                reply = wire.reply()
            self.assertEqual(reply.status, 201)

    def test_refused_before_the_body(self):
        """The final status comes instead of 100, so that no body is sent."""
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 10", "Expect: 100-continue", key=False))
            self.refused(wire.reply(), 401)
        with self.wire() as wire:
            wire.send(wire.head("POST", "/api/v2/nowhere", "Content-Length: 10", "Expect: 100-continue"))
            self.refused(wire.reply(), 404)

    def test_no_body_at_all(self):
        with self.wire() as wire:
            wire.send(wire.head("GET", "/api/v2/projects/info", "Expect: 100-continue"))
            reply = wire.reply()
            self.assertEqual((wire.reply() if reply.status == 100 else reply).status, 200)

    def test_unknown_expectation(self):
        body = user(unique("u"))
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, f"Content-Length: {len(body)}", "Expect: tea"), body)
            self.assertIn(wire.reply().status, (201, 417))
