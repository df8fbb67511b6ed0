# SPDX-License-Identifier: Apache-2.0
"""More than there is room for: idle, busy and slow connections beside a client that is in no way special and must be
served all the same, with memory bounded; and beyond each limit the 503 with Retry-After, with nothing written."""
import collections
import http.client
import json
import re
import resource
import selectors
import socket
import threading
import time
import unittest
import urllib.parse

from harness import Server, unique
from harness.server import binary
from wire import Wire

V2 = "/api/v2"
IDLE, BUSY, SLOW = 1000, 200, 100
BUSY_SECONDS = 6
MIB = 1 << 20


def more_files(wanted=4096):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))


def resident(server):
    """Bytes of memory that the server has, and its most so far."""
    text = open(f"/proc/{server.pid}/status").read()
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(("VmRSS", "VmHWM"))}
    return sizes["VmRSS"], sizes["VmHWM"]


def connect(server, source=None):
    parts = urllib.parse.urlsplit(server.url)
    one = socket.create_connection((parts.hostname, parts.port), 15, source_address=(source, 0) if source else None)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


class Busy(threading.Thread):
    """Connections that each ask again as soon as they are answered, in one thread."""

    def __init__(self, server, n, asks):
        super().__init__(daemon=True)
        self.server, self.n, self.asks = server, n, asks
        self.stopping = False
        self.statuses = collections.Counter()
        self.lost = 0

    def run(self):
        with selectors.DefaultSelector() as ready:
            for i in range(self.n):
                self.open(ready, i)
            while not self.stopping:
                for key, _ in ready.select(0.2):
                    self.read(ready, key)
            for key in list(ready.get_map().values()):
                key.fileobj.close()

    def open(self, ready, i):
        one = connect(self.server)
        ready.register(one, selectors.EVENT_READ, [i, b""])
        one.sendall(self.asks[i % len(self.asks)])

    def read(self, ready, key):
        try:
            data = key.fileobj.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self.lost += 1
            ready.unregister(key.fileobj)
            key.fileobj.close()
            self.open(ready, key.data[0])
            return
        key.data[1] += data
        head, mark, body = key.data[1].partition(b"\r\n\r\n")
        if not mark or len(body) < int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            return
        self.statuses[int(head[9:12])] += 1
        key.data[1] = b""
        key.data[0] += 1
        key.fileobj.sendall(self.asks[key.data[0] % len(self.asks)])


class Crowd(unittest.TestCase):
    alone = True

    def test_a_client_among_many(self):
        """A thousand idle connections, two hundred that never pause, a hundred that send a byte now and then."""
        more_files()
        with Server() as server, server.connect() as client:
            for i in range(10):
                client.request("POST", f"{V2}/sessions/s{i}/memory", {"messages": [{"role_type": "user", "content": f"turn {k}"} for k in range(30)]})
            before, _ = resident(server)
            idle = [connect(server) for _ in range(IDLE)]
            wire = Wire(server)
            asks = [wire.head("GET", f"{V2}/sessions/s1/messages"), wire.post(f"{V2}/sessions/s2/search", {"text": "turn 7"}),
                    wire.post(f"{V2}/sessions/s3/memory", {"messages": [{"role_type": "user", "content": "busy"}]}),
                    wire.head("GET", f"{V2}/users/nobody")]
            slow = []
            for i in range(SLOW):
                slow.append(connect(server))
                slow[-1].sendall(wire.head()[:40] if i % 2 else wire.head("POST", f"{V2}/users", "Content-Length: 5000"))
            busy = Busy(server, BUSY, asks)
            busy.start()
            took = []
            end = time.monotonic() + BUSY_SECONDS
            while time.monotonic() < end:
                for one in slow:
                    try:
                        one.send(b" ")
                    except OSError:
                        pass
                for path, body in (("/projects/info", None), (f"/sessions/{unique('s')}/memory",
                                                               {"messages": [{"role_type": "user", "content": "healthy"}]})):
                    start = time.monotonic()
                    reply = server.request("POST" if body else "GET", V2 + path, body)
                    took.append(time.monotonic() - start)
                    self.assertEqual(reply.status, 200)
                time.sleep(0.02)
            during, most = resident(server)
            busy.stopping = True
            busy.join()
            took.sort()
            print(f"\n  a client among {IDLE} idle, {BUSY} busy, {SLOW} slow: {len(took)} requests, median "
                  f"{took[len(took) // 2] * 1000:.1f} ms, p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, most "
                  f"{took[-1] * 1000:.1f} ms; the busy had {sum(busy.statuses.values())} answers and lost {busy.lost} "
                  f"connections; memory {before // MIB} MiB before, {during // MIB} during, {most // MIB} at most")
            self.assertEqual(set(busy.statuses), {200, 404}, busy.statuses)
            self.assertEqual(busy.lost, 0, "connections of clients that kept to all limits were closed")
            self.assertGreater(busy.statuses[200], 1000)
            self.assertLess(took[len(took) * 99 // 100], 1)
            self.assertLess(during - before, 512 * MIB)  # a sanitizer keeps books, too
            for one in idle + slow:
                one.close()
            self.assertEqual(server.request("GET", "/healthz").status, 200)

    def test_memory_is_used_again(self):
        """Large bodies and large answers, many at once: what they took goes back, again and again. How many are worked on
        in one moment differs from time to time, and with it the peak."""
        with Server() as server, server.connect() as client:
            for _ in range(20):
                client.request("POST", f"{V2}/sessions/long/memory", {"messages": [{"role_type": "user", "content": "x" * 4000}] * 30})
            wire = Wire(server)
            before, _ = resident(server)
            body = b'{"user_id": "u", "metadata": {"pad": "' + b"x" * (4 * MIB) + b'"}'
            ask = wire.head("GET", f"{V2}/sessions/long/messages")
            left = []
            for _ in range(7):
                many = [connect(server) for _ in range(30)]
                for one in many:
                    one.sendall(wire.head("POST", f"{V2}/users", f"Content-Length: {len(body) + 1}") + body)
                for one in many:
                    one.sendall(b"}" + ask)
                for one in many:
                    one.recv(1 << 20)
                    one.close()
                time.sleep(0.5)
                left.append(resident(server)[0])
            _, peak = resident(server)
            print(f"\n  30 bodies of 4 MiB and 30 answers of 2.4 MB at once, seven times: {before // MIB} MiB before, "
                  f"{peak // MIB} at most, {[one // MIB for one in left]} after each")
            self.assertLess(peak - before, 30 * 64 * MIB)
            self.assertLess(max(left[4:]), 1.25 * max(left[:4]) + 32 * MIB)
            if not re.search("asan|tsan", binary()):  # sanitizers keep what was freed, to find who uses it
                self.assertLess(left[6], before + 128 * MIB)


class Limits(unittest.TestCase):
    alone = True

    def answer(self, server, data, source=None):
        """Status, headers, body and whether it was closed; or None where the connection was closed instead."""
        got = b""
        with connect(server, source) as one:
            try:
                one.sendall(data)
            except ConnectionError:
                pass  # refused while it was sent; the answer is there to be read
            try:
                while True:
                    more = one.recv(65536)
                    got += more
                    head, mark, _ = got.partition(b"\r\n\r\n")
                    if not more or (mark and b"connection: close" not in head.lower()):
                        break
            except ConnectionError:
                pass
        if not got:
            return None
        head, _, body = got.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines[1:])}, body

    def busy(self, reply):
        self.assertIsNotNone(reply, "closed without an answer")
        status, headers, body = reply
        self.assertEqual(status, 503, reply)
        self.assertGreaterEqual(int(headers["retry-after"]), 1)
        self.assertEqual(headers["content-type"], "application/json")
        self.assertIsInstance(json.loads(body)["message"], str)

    def test_connections(self):
        """Those within the limit go on; each above it is told so and closed; room is given again."""
        with Server(args=("--max-connections", "50", "--header-timeout-ms", "1000")) as server:
            wire = Wire(server)
            ask = wire.head()
            wire.close()
            time.sleep(0.3)
            inside = [connect(server) for _ in range(50)]
            for one in inside:
                one.sendall(ask)
                self.assertIn(b" 200 ", one.recv(1000))
            for data in (ask, wire.post(f"{V2}/users", {"user_id": "beyond"}),
                         wire.post(f"{V2}/users", b'{"user_id": "beyond", "pad": "' + b"x" * MIB + b'"}'),
                         wire.head("GET", f"{V2}/projects/info", key=False)):
                reply = self.answer(server, data)
                self.busy(reply)
                self.assertEqual(reply[1]["connection"].lower(), "close")
            # As many again, all at once.
            beyond = [connect(server) for _ in range(200)]
            for one in beyond:
                one.sendall(ask)
            for one in beyond:
                self.assertIn(b" 503 ", one.recv(1000))
                one.close()
            # One that says nothing is not kept.
            with connect(server) as silent:
                silent.settimeout(5)
                self.assertEqual(silent.recv(10), b"")
            for one in inside:
                one.sendall(ask)
                self.assertIn(b" 200 ", one.recv(1000))
            for one in inside[:10]:
                one.close()
            time.sleep(0.3)
            for _ in range(10):
                self.assertEqual(self.answer(server, ask)[0], 200)
            self.assertEqual(server.request("GET", f"{V2}/users/beyond").status, 404)
            for one in inside:
                one.close()

    def test_far_more_connections(self):
        """So many above the limit that not each can be told: closed, without harm to those inside."""
        more_files()
        with Server(args=("--max-connections", "20")) as server:
            wire = Wire(server)
            many = [connect(server) for _ in range(1000)]
            wire.send(wire.head())
            self.assertEqual(wire.reply().status, 200)
            for one in many:
                one.close()
            end = time.monotonic() + 5
            reply = None
            while time.monotonic() < end and (reply is None or reply[0] != 200):
                reply = self.answer(server, wire.head())
            self.assertEqual(reply[0], 200)

    def test_connections_of_an_address(self):
        with Server(args=("--max-connections-per-address", "5")) as server:
            wire = Wire(server)
            ask = wire.head()
            wire.close()
            time.sleep(0.3)
            inside = [connect(server) for _ in range(5)]
            for one in inside:
                one.sendall(ask)
                self.assertIn(b" 200 ", one.recv(1000))
            self.busy(self.answer(server, ask))
            self.assertEqual(self.answer(server, ask, source="127.0.0.2")[0], 200)
            inside.pop().close()
            time.sleep(0.3)
            self.assertEqual(self.answer(server, ask)[0], 200)
            for one in inside:
                one.close()

    def test_writers_queue(self):
        """Each of many writers is answered 200 and all of its messages are there, or 503 and none of them is."""
        for most in (1, 4):
            with self.subTest(most), Server(args=("--max-queue", str(most))) as server:
                session, outcomes, lock = unique("s"), {}, threading.Lock()

                def write(number):
                    with server.connect() as client:
                        for i in range(25):
                            name = f"{number}.{i}"
                            turns = [{"role_type": "user", "content": f"{name} " + "word " * 700}] * 20
                            try:
                                reply = client.request("POST", f"{V2}/sessions/{session}/memory", {"messages": turns})
                            except (OSError, http.client.HTTPException) as problem:
                                reply = problem
                            with lock:
                                outcomes[name] = reply
                threads = [threading.Thread(target=write, args=(i,)) for i in range(24)]
                for one in threads:
                    one.start()
                for one in threads:
                    one.join()
                statuses = collections.Counter(getattr(one, "status", repr(one)) for one in outcomes.values())
                print(f"\n  24 writers, --max-queue {most}: {dict(statuses)}")
                self.assertEqual(set(statuses), {200, 503}, statuses)
                for reply in outcomes.values():
                    if reply.status == 503:
                        self.assertGreaterEqual(int(reply.headers["Retry-After"]), 1)
                        self.assertIsInstance(reply.message, str)
                counts, page = collections.Counter(), 1
                while True:
                    got = server.request("GET", f"{V2}/sessions/{session}/messages?limit=1000&cursor={page}").json
                    counts.update(one["content"].split()[0] for one in got["messages"])
                    page += 1
                    if not got["messages"]:
                        break
                self.assertEqual(dict(counts), {name: 20 for name, reply in outcomes.items() if reply.status == 200})
                self.assertEqual(server.command("check").returncode, 0)

    def test_workers_queue(self):
        """Searches beyond what may wait are 503; none of them hangs, and reading by id goes on, but where everything
        waits for the workers."""
        with Server(args=("--max-queue", "1", "--workers", "1")) as server:
            with server.connect() as client:
                for _ in range(20):
                    client.request("POST", f"{V2}/sessions/s/memory", {"messages": [{"role_type": "user", "content": "some words " * 100}] * 30})
            wire = Wire(server)
            busy = Busy(server, 50, [wire.post(f"{V2}/sessions/s/search?limit=100", {"text": "some words"})])
            busy.start()
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                self.assertIn(server.request("GET", f"{V2}/sessions/s").status, {200, 503} if server.database else {200})
            busy.stopping = True
            busy.join()
            self.assertEqual(set(busy.statuses), {200, 503}, busy.statuses)
            self.assertGreater(busy.statuses[200], 10)
            end = time.monotonic() + 5
            while server.request("POST", f"{V2}/sessions/s/search", {"text": "words"}).status == 503:
                self.assertLess(time.monotonic(), end, "busy for ever")
                time.sleep(0.05)
