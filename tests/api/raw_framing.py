# SPDX-License-Identifier: Apache-2.0
"""Requests whose bounds are in doubt, methods and versions that there are not, and what is no HTTP at all. Each gets a
4xx of the gate in JSON, the library's own refusal with a close, or a closed connection; and never does the rest of it
pass for a request of its own."""
import random

from harness import unique
from wire import CRLF, WireTest

USERS = "/api/v2/users"
SMUGGLED = "GET /api/v2/projects/info HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key {}\r\n\r\n"


FLAGS = ("--request-timeout-ms", "2000", "--header-timeout-ms", "2000")


class Lengths(WireTest):
    flags = FLAGS

    def last_word(self, *parts):
        """The answer, which must be the only one, with the connection closed behind it."""
        with self.wire() as wire:
            wire.send(*parts, SMUGGLED.format(wire.key).encode())
            reply = wire.reply()
            self.refused_or_closed(reply)
            self.assertNotIn(b" 200 OK", wire.rest(), "a second request was answered")
            return reply

    def test_two_lengths(self):
        with self.wire() as wire:
            for pair in ((2, 2), (2, 20), (20, 2), (0, 2)):
                head = wire.head("POST", USERS, f"Content-Length: {pair[0]}", f"Content-Length: {pair[1]}")
                self.refused(self.last_word(head, b"{}"), 400)

    def test_length_and_chunks(self):
        with self.wire() as wire:
            for lines in (("Content-Length: 2", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked", "Content-Length: 2"),
                          ("Transfer-Encoding: chunked", "content-length: 0")):
                self.refused(self.last_word(wire.head("POST", USERS, *lines), b"2\r\n{}\r\n0\r\n\r\n"), 400)

    def test_length_and_chunks_without_a_key(self):
        with self.wire() as wire:
            head = wire.head("POST", USERS, "Content-Length: 2", "Transfer-Encoding: chunked", key=False)
            self.refused(self.last_word(head, b"2\r\n{}\r\n0\r\n\r\n"), 400, 401)

    def test_bad_lengths(self):
        with self.wire() as wire:
            for length in ("x", "-1", "+2", "2x", "0x2", "2,2", "2, 2", "2 2", "", "1e1", "2.0", "18446744073709551616",
                           "9" * 40, "\u0662".encode().decode("latin-1"), "\x7f"):
                with self.subTest(length):
                    self.last_word(wire.head("POST", USERS, f"Content-Length: {length}"), b"{}")

    def test_enormous_length(self):
        """Said to be too large at once."""
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 999999999999999999"))
            reply = wire.reply()
            self.refused(reply, 413)
            self.assertTrue(reply.closes)

    def test_shorter_than_its_length(self):
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 100"), b'{"user_id": "never"}')
            wire.finish()
            self.refused_or_closed(wire.reply())
        self.assertEqual(self.answer(self.get("/api/v2/users/never")).status, 404)

    def test_longer_than_its_length(self):
        """What is left over is the next request, and is none."""
        with self.wire() as wire:
            wire.send(wire.head("PATCH", f"{USERS}/{unique('u')}", "Content-Length: 2"), b'{}{"user_id": "x"}\r\n\r\n')
            self.refused(wire.reply(), 404)
            self.refused_or_closed(wire.reply())

    def get(self, target):
        with self.wire() as wire:
            return wire.head("GET", target)


class Methods(WireTest):
    flags = FLAGS

    def test_any_token(self):
        with self.wire() as wire:
            for method in ("BREW", "get", "Post", "PUT", "CONNECT", "TRACE", "M" * 300, "A-B_C.d!#$%&'*+^`|~", "GETX", "1"):
                with self.subTest(method):
                    self.refused(self.answer(wire.head(method, USERS)), 405)

    def test_unknown_method_with_a_body(self):
        with self.wire() as wire:
            wire.send(wire.head("BREW", USERS, "Content-Length: 5"), b"12345", wire.head())
            self.refused(wire.reply(), 405)
            reply = wire.reply()
            self.assertTrue(reply is None or reply.status == 200, reply)

    def test_no_token(self):
        for line in (b"G\x00T / HTTP/1.1", b"G(T / HTTP/1.1", b"\xc3\x89 / HTTP/1.1", b" GET / HTTP/1.1", b"/ HTTP/1.1",
                     b"GET", b"GET ", b"GET  HTTP/1.1", b"GET / ", b"HTTP/1.1 200 OK"):
            with self.subTest(line), self.wire() as wire:
                wire.send(line + CRLF, b"Host: x\r\n\r\n")
                wire.finish()
                self.refused_or_closed(wire.reply())

    def test_connect_and_other_targets(self):
        with self.wire() as wire:
            for method, target in (("CONNECT", "example.org:443"), ("GET", "*"), ("GET", "users"), ("GET", "?x"),
                                   ("GET", "#"), ("GET", "http://"), ("GET", "ftp://x/y")):
                with self.subTest(target):
                    self.refused(self.answer(wire.head(method, target)), 400, 404, 405)


class Versions(WireTest):
    flags = FLAGS

    def test_http_1_0(self):
        with self.wire() as wire:
            wire.send(wire.head("GET", "/api/v2/projects/info", version="HTTP/1.0"))
            self.assertEqual(wire.reply().status, 200)
            self.assertTrue(wire.closed(), "HTTP/1.0 ends with its answer")

    def test_http_1_0_post(self):
        name = unique("u")
        body = b'{"user_id": "%s"}' % name.encode()
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, f"Content-Length: {len(body)}", version="HTTP/1.0"), body)
            self.assertEqual(wire.reply().status, 201)

    def test_http_1_0_keep_alive(self):
        with self.wire() as wire:
            wire.send(wire.head("GET", "/api/v2/projects/info", "Connection: Keep-Alive", version="HTTP/1.0"))
            reply = wire.reply()
            self.assertEqual(reply.status, 200)
            if reply.headers.get("connection", "").lower() == "keep-alive":
                wire.send(wire.head())
                self.assertEqual(wire.reply().status, 200)

    def test_other_versions(self):
        for version in ("HTTP/0.9", "HTTP/2.0", "HTTP/3", "HTTP/1.12345", "http/1.1", "HTTP/", "HTTP", "ICY/1.1", "HTTP/1.1 x"):
            with self.subTest(version), self.wire() as wire:
                wire.send(wire.head("GET", USERS, version=version))
                wire.finish()
                reply = wire.reply()
                if reply and reply.status == 200:
                    continue
                self.refused_or_closed(reply)

    def test_http_2_preface(self):
        with self.wire() as wire:
            wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
            wire.finish()
            self.refused_or_closed(wire.reply())

    def test_absolute_form(self):
        """What a proxy would be sent: the path behind the host."""
        with self.wire() as wire:
            self.assertEqual(self.answer(wire.head("GET", "http://localhost/api/v2/projects/info")).status, 200)
            self.assertEqual(self.answer(wire.head("GET", "HTTP://h:1/api/v2/projects/info?x=http://y")).status, 200)
            self.refused(self.answer(wire.head("GET", "http://localhost")), 404)
            self.refused(self.answer(wire.head("GET", "http://localhost/api/v2/projects/info", key=False)), 401)

    def test_no_host(self):
        with self.wire() as wire:
            wire.send(f"GET /api/v2/projects/info HTTP/1.1\r\nAuthorization: {wire.key}\r\n\r\n".encode())
            reply = wire.reply()
            self.assertTrue(reply is None or reply.status in (200, 400), reply)


class Headers(WireTest):
    flags = FLAGS

    def test_two_keys(self):
        """Either order, one of them wrong: one of them counts, and no mixture."""
        with self.wire() as wire:
            reply = self.answer(wire.head("GET", "/api/v2/projects/info", "Authorization: Api-Key wrong"))
            self.assertIn(reply.status, (200, 400, 401))

    def test_odd_lines(self):
        for line in (b"NoColon", b": value", b"Name : value", b" Folded: value", b"A\x00B: v", b"A: \x00", b"A: \xff\xfe",
                     b"A:\tv", b"A:", b"\xc3\x89: v", b"A: v\rB: w", b"A: v\n B: w", b"=: x", b'"A": x'):
            with self.subTest(line), self.wire() as wire:
                head = wire.head()
                wire.send(head[:-2] + line + b"\r\n\r\n")
                wire.finish()
                reply = wire.reply()
                if reply and reply.status == 200:
                    continue
                self.refused_or_closed(reply)

    def test_folded_key(self):
        with self.wire() as wire:
            wire.send(f"GET /api/v2/projects/info HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key\r\n {wire.key}\r\n\r\n".encode())
            reply = wire.reply()
            if reply and reply.status == 200:
                return
            self.refused_or_closed(reply)

    def test_folded_length(self):
        """Folding hides no second length."""
        with self.wire() as wire:
            wire.send(wire.head("POST", USERS, "Content-Length: 2\r\n 0"), b"{}", SMUGGLED.format(wire.key).encode())
            self.refused_or_closed(wire.reply())
            self.assertFalse(wire.rest(), "what was the body passed for a request")

    def test_bare_line_feeds(self):
        with self.wire() as wire:
            wire.send(wire.head().replace(CRLF, b"\n"))
            wire.finish()
            reply = wire.reply()
            if reply and reply.status == 200:
                return
            self.refused_or_closed(reply)

    def test_key_with_odd_bytes(self):
        with self.wire() as wire:
            for key in (b"\xff\xfe", b"\x01", b"a\tb", "ключ".encode(), b"%00", b"x" * 5000):
                with self.subTest(key):
                    reply = self.answer(b"GET /api/v2/projects/info HTTP/1.1\r\nHost: x\r\nAuthorization: Api-Key " + key
                                        + b"\r\n\r\n")
                    if reply is not None and reply.status != 401:
                        self.refused_or_closed(reply)


class Garbage(WireTest):
    flags = ("--request-timeout-ms", "400", "--header-timeout-ms", "400")

    def test_other_protocols(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"SSH-2.0-OpenSSH_9.2\r\n", b"EHLO x\r\n",
                     b"\x00" * 1000, b"\xff" * 1000, b"\r\n" * 500, b"\n" * 500, b" " * 5000, b"\x05\x01\x00",
                     b"{}\r\n\r\n", b"GET" * 20000, b":" * 5000 + b"\r\n\r\n"):
            with self.subTest(data[:20]), self.wire() as wire:
                wire.send(data)
                wire.finish()
                self.refused_or_closed(wire.reply())

    def test_random_bytes(self):
        dice = random.Random(7)
        for _ in range(60):
            with self.wire() as wire:
                wire.send(dice.randbytes(dice.randrange(1, 3000)))
                wire.finish()
                self.refused_or_closed(wire.reply())

    def test_mutated_requests(self):
        dice = random.Random(11)
        with self.wire() as wire:
            whole = wire.post("/api/v2/graph/search", {"user_id": "u", "query": "some words"}, "Expect: 100-continue")
        for _ in range(150):
            data = bytearray(whole)
            for _ in range(dice.randrange(1, 4)):
                at = dice.randrange(len(data))
                data[at:at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
            with self.wire() as wire:
                wire.send(bytes(data))
                wire.finish()
                reply = wire.reply()
                while reply and reply.status in (100, 200):
                    reply = wire.reply()
                self.refused_or_closed(reply)
