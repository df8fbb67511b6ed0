# SPDX-License-Identifier: Apache-2.0
"""Load: requests in a file, wrk to send them, and one connection that is watched request by request."""
import contextlib
import json
import pathlib
import re
import socket
import statistics
import subprocess
import time
import typing
import urllib.parse

from . import ROOT, WORK, machine

SCRIPT = ROOT / "bench" / "replay.lua"
API = "/api/v2"


class LoadError(Exception):
    pass


def request_bytes(key: str, method: str, path: str, body=None) -> bytes:
    """A whole HTTP request; body as JSON, or bytes that are it."""
    head = f"{method} {API}{path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Api-Key {key}\r\n"
    if body is None:
        return (head + "\r\n").encode()
    data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def write_requests(name: str, requests: typing.Iterable[bytes]) -> pathlib.Path:
    path = WORK / f"{name}.requests"
    with open(path, "wb") as file:
        for one in requests:
            file.write(b"%d\n%b" % (len(one), one))
    return path


class Result(typing.NamedTuple):
    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    cpu_us: float  # of the server, a request

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(url: str, pid: int, file: pathlib.Path, connections: int, seconds: int, mode: str = "cycle",
        pinned: bool = False) -> Result:
    """wrk on one thread, on another core than the server if `pinned`. A reply that is not 2xx, or a broken connection,
    is a LoadError."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(SCRIPT), url, "--",
             str(file), mode]
    with machine.apart(pid) if pinned else contextlib.nullcontext():
        before = machine.cpu_seconds(pid)
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 120)
        cpu = machine.cpu_seconds(pid) - before
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or not lines:
        raise LoadError(f"wrk: exit code {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    requests, duration, p50, p99, refused, broken = map(int, lines[-1].split()[1:])
    if requests == 0 or broken or (refused and mode != "all"):
        raise LoadError(f"{file.stem}: of {requests} requests {refused} were refused and {broken} broke")
    return Result(requests, duration / 1e6, p50, p99, 1e6 * cpu / requests)


def middle(results: typing.Sequence[Result]) -> Result:
    """The median of each figure over rounds."""
    return Result(*(statistics.median(column) for column in zip(*results)))


class Watched:
    """Time and CPU of single requests on one kept connection, per label. Asked without a pause, since a processor that
    wakes up takes longer; in turn, block by block, so that what is compared shares the machine's noise. What a server
    still does after its reply counts for the next request, so a block is of one label."""

    def __init__(self, server):
        self.server = server
        self.wire = socket.create_connection(urllib.parse.urlsplit(server.url).netloc.split(":"))
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.taken: typing.Dict[str, list] = {}

    def ask(self, label: str, method: str, path: str, body=None, status: int = 200) -> None:
        request = request_bytes(self.server.user_key, method, path, body)
        before = machine.cpu_seconds(self.server.pid)
        begin = time.perf_counter()
        self.wire.sendall(request)
        reply = self._reply()
        wall = time.perf_counter() - begin
        cpu = machine.cpu_seconds(self.server.pid) - before
        if not reply.startswith(b"HTTP/1.1 %d " % status):
            raise LoadError(f"{method} {path}: {reply[:300]!r}")
        self.taken.setdefault(label, []).append((1e6 * wall, 1e6 * cpu))

    def _reply(self) -> bytes:
        got = self.wire.recv(65536)
        while b"\r\n\r\n" not in got:
            got += self._more()
        head = got.index(b"\r\n\r\n") + 4
        length = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", got[:head]).group(1))
        while len(got) < head + length:
            got += self._more()
        return got

    def _more(self) -> bytes:
        got = self.wire.recv(65536)
        if not got:
            raise LoadError("the server closed the connection")
        return got

    def wall_us(self, label: str) -> float:
        return statistics.median(wall for wall, _ in self.taken[label])

    def cpu_us(self, label: str) -> float:
        return statistics.median(cpu for _, cpu in self.taken[label])

    def mean_cpu_us(self, label: str) -> float:
        return statistics.fmean(cpu for _, cpu in self.taken[label])

    def close(self) -> None:
        self.wire.close()
