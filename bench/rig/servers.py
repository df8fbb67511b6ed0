# SPDX-License-Identifier: Apache-2.0
"""The two servers that are measured: recalld on one loop thread, nginx on one worker, both on the loopback interface.

Each is ended by its process id when its `with` block ends."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from harness import Server, raw
from harness.server import binary

from . import WORK

START_SECONDS = 10
PIECE = 2000  # of a reply, in nginx's configuration, where a string is at most 4 KB long


class Recalld(Server):
    """A store of its own under build/, asked with a key that is kept in the store, as a user would."""

    def __init__(self, name: str):
        WORK.mkdir(parents=True, exist_ok=True)
        super().__init__(data=tempfile.mkdtemp(prefix=f"{name}-", dir=WORK), args=["--loops", "1"])
        self.user_key = ""

    def start(self) -> "Recalld":
        super().start()
        self.user_key = self.user_key or self.create_key("bench")
        return self

    def connect(self, key=None) -> raw.Connection:
        return super().connect(key or self.user_key)

    def first_answer_ms(self, path: str) -> float:
        """Starts on a port that is known beforehand and asks until it answers; it is left running."""
        port = free_port()
        command = [binary(), "serve", "--listen", f"127.0.0.1:{port}", "--data", self.data, *self.args]
        question = (f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Api-Key {self.user_key}\r\n\r\n").encode()
        with open(self.log_path, "ab") as log:
            begin = time.monotonic()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.monotonic() - begin < START_SECONDS:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as wire:
                    wire.sendall(question)
                    if wire.recv(12) == b"HTTP/1.1 200":
                        return 1000 * (time.monotonic() - begin)
            except ConnectionError:
                time.sleep(0.0002)
        raise self._error(f"GET {path} is not answered with 200")

    def __exit__(self, kind, *rest) -> None:
        try:
            super().__exit__(kind, *rest)
        finally:
            shutil.rmtree(self.data, ignore_errors=True)


class Nginx:
    """One worker that answers a fixed reply for each name on a port of its own. replies: name → (status, body)."""

    def __init__(self, replies: dict):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="nginx-", dir=WORK))
        self.urls = {}
        servers = []
        for name, (status, body) in replies.items():
            port = free_port()
            self.urls[name] = f"http://127.0.0.1:{port}"
            servers.append(_server(port, status, len(body)))
        (self.home / "nginx.conf").write_text(_CONFIG % {"home": self.home, "servers": "".join(servers)})
        self.process = None

    @property
    def pid(self) -> int:
        return self.process.pid

    def __enter__(self) -> "Nginx":
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        self.process = subprocess.Popen([program, "-p", str(self.home), "-c", "nginx.conf", "-e", "error.log"],
                                        stdin=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        for url in self.urls.values():
            while not _answers(url) and time.monotonic() < end and self.process.poll() is None:
                time.sleep(0.02)
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


# A single process is the worker here, so that its CPU is the process's.
_CONFIG = """
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    default_type application/json;
    keepalive_requests 1000000000;
    client_body_temp_path %(home)s/body;
    proxy_temp_path %(home)s/proxy;
    fastcgi_temp_path %(home)s/fastcgi;
    uwsgi_temp_path %(home)s/uwsgi;
    scgi_temp_path %(home)s/scgi;
%(servers)s}
"""


def _server(port: int, status: int, size: int) -> str:
    pieces = [min(PIECE, size - begin) for begin in range(0, size, PIECE)]
    if len(pieces) == 1:
        return f'    server {{ listen 127.0.0.1:{port}; location / {{ return {status} "{"x" * size}"; }} }}\n'
    names = [f"$p{place}_" for place in range(len(pieces))]
    parts = "".join(f'set {name} "{"x" * length}"; ' for name, length in zip(names, pieces))
    return f'    server {{ listen 127.0.0.1:{port}; location / {{ {parts}return {status} "{"".join(names)}"; }} }}\n'


def _answers(url: str) -> bool:
    try:
        raw.request(url, "GET", "/", timeout=START_SECONDS)
        return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
