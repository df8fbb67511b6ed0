# SPDX-License-Identifier: Apache-2.0
"""Bytes within good requests that are no good text: in bodies, paths and queries."""
import json

from harness import unique
from wire import WireTest

USERS = "/api/v2/users"
NO_UTF8 = [b"\xff", b"\xc3", b"\xc3\x28", b"\xc0\xaf", b"\xc1\xbf", b"\xe2\x82", b"\xe0\x80\xaf", b"\xed\xa0\x80",
           b"\xed\xbf\xbf", b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\x80", b"a\xe4b"]


class Texts(WireTest):
    def post(self, body, target=USERS):
        with self.wire() as wire:
            wire.send(wire.post(target, body), wire.head())
            reply = wire.reply()
            self.assertIsNotNone(reply, "closed")
            self.assertEqual(wire.reply().status, 200, "the connection goes on")
            return reply

    def test_no_utf8(self):
        for bad in NO_UTF8:
            for body in (b'{"user_id": "a%sb"}', b'{"user_id": "u", "metadata": {"%s": 1}}', b'{"user_id": "u"}%s',
                         b'{"user_id": "u", "x": "%s"}', b"%s"):
                with self.subTest(body % bad):
                    self.refused(self.post(body % bad), 400)

    def test_no_utf8_across_the_bound_of_a_parser(self):
        """Where buffers may end."""
        for size in (1023, 4095, 8191, 65535):
            with self.subTest(size):
                self.refused(self.post(b'{"user_id": "u", "x": "' + b"x" * size + b"\xe2\x82" + b'"}'), 400)

    def test_nul(self):
        for body in (b'{"user_id": "a\x00b"}', b'\x00{"user_id": "u"}', b'{"user_id": "u"}\x00', b'{"user_id": "u", "n": 1\x00}',
                     b"\x00", b'{"user_id"\x00: "u"}', b'{"user_id": "u"}' + b"\x00" * 100):
            with self.subTest(body[:40]):
                self.refused(self.post(body), 400)

    def test_other_encodings(self):
        text = '{"user_id": "u"}'
        for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
            with self.subTest(coding):
                self.refused(self.post(text.encode(coding)), 400)

    def test_deep(self):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            for depth in (3000, 100_000, 500_000):
                for body in (opening * depth + b"1" + closing * depth, opening * depth,
                             b'{"user_id": "u", "metadata": {"m": ' + opening * depth + b"1" + closing * depth + b"}}",
                             b'{"user_id": "u", "unknown": ' + opening * depth + b"1" + closing * depth + b"}"):
                    with self.subTest(depth, opening=opening):
                        self.refused(self.post(body), 400)

    def test_deep_data(self):
        """JSON within JSON."""
        name = unique("u")
        self.assertEqual(self.post({"user_id": name}).status, 201)
        body = json.dumps({"user_id": name, "type": "json", "data": "[" * 9000}).encode()
        self.refused(self.post(body, "/api/v2/graph"), 400)

    def test_as_deep_as_may_be(self):
        """The deepest that is taken can be merged, searched for and answered too."""
        low, high = 1, 3000
        while low < high:
            depth = (low + high + 1) // 2
            reply = self.post(b'{"user_id": "%s", "metadata": {"m": %s}}' % (unique("u").encode(), b"[" * depth + b"]" * depth))
            low, high = (depth, high) if reply.status == 201 else (low, depth - 1)
        self.assertGreater(low, 100)
        name = unique("u")
        low -= 1  # the value inside is a level, too
        deep = b'{"m": %s1%s}' % (b'{"a":' * low, b"}" * low)
        self.assertEqual(self.post(b'{"user_id": "%s", "metadata": %s}' % (name.encode(), deep)).status, 201)
        with self.wire() as wire:
            other = deep.replace(b"1", b"2")
            wire.send(wire.head("PATCH", f"{USERS}/{name}", f"Content-Length: {len(other) + 14}"), b'{"metadata": ' + other + b"}")
            reply = wire.reply()
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.body.count(b'{"a":'), low)

    def test_raw_bytes_in_a_path(self):
        """UTF-8 as it is, which no SDK sends, means itself; what is no UTF-8 is refused."""
        name = unique("ключ-😀")
        self.assertEqual(self.post({"user_id": name}).status, 201)
        with self.wire() as wire:
            reply = self.answer(wire.head("GET", USERS + "/@").replace(b"@", name.encode()))
            self.assertEqual((reply.status, reply.json["user_id"]), (200, name))
            for bad in NO_UTF8:
                with self.subTest(bad):
                    self.refused(self.answer(wire.head("GET", USERS + "/@").replace(b"@", bad)), 400)

    def test_raw_bytes_in_a_query(self):
        with self.wire() as wire:
            for bad in NO_UTF8:
                with self.subTest(bad):
                    self.refused(self.answer(wire.head("GET", USERS + "-ordered?pageSize=@").replace(b"@", bad)), 400)

    def test_spaces_and_controls_in_a_path(self):
        with self.wire() as wire:
            for odd in (b"a b", b"a\tb", b"a\x01b", b"a\x7fb", b"a\x00b", b"a\rb", b"a\nb", b"a#b", b'a"b<c>'):
                with self.subTest(odd):
                    reply = self.answer(wire.head("GET", USERS + "/@").replace(b"@", odd))
                    self.refused_or_closed(reply)

    def test_nul_in_a_header(self):
        """The library cuts texts short at a NUL: what was cut must not be taken for the whole."""
        name = unique("u")
        self.assertEqual(self.post(b'{"user_id": "%s"}' % name.encode()).status, 201)
        heads = [("GET", f"{USERS}/{name}@zz"), ("DELETE", f"{USERS}/{name}@zz"), ("GET", f"{USERS}-ordered?pageSize=1@&x=1"),
                 ("GET", f"{USERS}/{name}", "X: a@ b"),
                 ("POST", USERS, "Content-Length: 2@99"), ("POST", USERS, "Transfer-Encoding: chunked@x")]
        for method, target, *headers in heads:
            with self.subTest(f"{method} {target} {headers}"), self.wire() as wire:
                self.refused(self.answer(wire.head(method, target, *headers).replace(b"@", b"\0") + b"{}"), 400)
        with self.wire() as wire:
            self.assertEqual(self.answer(wire.head("GET", f"{USERS}/{name}")).status, 200)

    def test_numbers(self):
        for number in (b"1" * 400, b"-" + b"1" * 400, b"1e400", b"1." + b"1" * 5000, b"0." + b"0" * 5000 + b"1", b"1e" + b"9" * 50,
                       b"1e-" + b"9" * 50, b"-0", b"-0.0", b"--1", b".5", b"1e", b"00", b"1_000"):
            with self.subTest(number[:20]):
                reply = self.post(b'{"user_id": "%s", "metadata": {"n": %s}}' % (unique("u").encode(), number))
                self.assertIn(reply.status, (201, 400))
                if reply.status == 400:
                    self.refused(reply, 400)

    def test_many_duplicate_keys(self):
        name = unique("u")
        reply = self.post(b"{" + b'"user_id": "x",' * 10_000 + b'"user_id": "%s"}' % name.encode())
        self.assertEqual((reply.status, reply.json["user_id"]), (201, name))
