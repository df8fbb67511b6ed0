# SPDX-License-Identifier: Apache-2.0
"""A recalld server as a child process, on a free port of the loopback interface and a data directory of its own."""
import atexit
import http.client
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import typing

from . import postgres, raw

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 30
COMMAND_SECONDS = 300
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
LOG_TAIL = 4000


class ServerError(AssertionError):
    """The server did not start, stop or answer as it must; the end of its log is in the text."""


def binary() -> str:
    """RECALLD_BIN, for builds that stand elsewhere (sanitizers), else the one that make builds."""
    return os.environ.get("RECALLD_BIN") or str(REPOSITORY / "build" / "recalld")


class Server:
    """`with Server() as server:` starts one, ends it in order, and removes its files.

    Under with-postgres its store is a database of its own there. After kill() or stop(), start() brings it back on the
    same data; its port is then a new one. `args` are added to `recalld serve`, `env` to its environment. A `data`
    directory or a `database` (its URL) that is given is kept, one of our own is removed.
    """

    def __init__(self, key: str = "test-key", data: typing.Optional[str] = None, args: typing.Sequence[str] = (),
                 env: typing.Optional[typing.Dict[str, str]] = None, database: typing.Optional[str] = None):
        self.key = key
        self.args = list(args)
        self.env = env or {}
        self.home = tempfile.mkdtemp(prefix="recalld-test-")
        self.data = data or os.path.join(self.home, "data")
        self.owned = "" if database else postgres.new_database()
        self.database = database or self.owned
        self.log_path = os.path.join(self.home, "log")
        self.url = ""
        self.process: typing.Optional[subprocess.Popen] = None
        atexit.register(self._end)

    # -- life

    def start(self) -> "Server":
        assert not self.running, "the server runs already"
        if not os.access(binary(), os.X_OK):
            raise ServerError(f"{binary()} is not there; run make first")
        command = [binary(), "serve", "--listen", "127.0.0.1:0", *self._store(), *self.args]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env=self._environment(), text=True, errors="replace")
        self.url = self._address()
        self._await_health()
        return self

    def stop(self) -> None:
        """SIGTERM; the server must finish and leave with 0."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise self._error(f"SIGTERM did not end it in {STOP_SECONDS} s") from None
        if code != 0:
            raise self._error(f"exit code {code} after SIGTERM")

    def kill(self) -> None:
        """SIGKILL: what a crash of the machine leaves of a process."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def close(self) -> None:
        """Ends it in order when it still runs, and removes its files."""
        try:
            if self.running:
                self.stop()
            elif self.process is not None and self.process.returncode not in (0, -signal.SIGKILL):
                raise self._error(f"it ended by itself, exit code {self.process.returncode}")
        finally:
            self._end()

    def __enter__(self) -> "Server":
        try:
            return self.start()
        except BaseException:
            self._end()
            raise

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self.close()
        else:
            self._end()

    # -- talking to it

    @property
    def api_url(self) -> str:
        """The base URL that the SDKs want."""
        return self.url + "/api/v2"

    def connect(self, key: typing.Optional[str] = None) -> raw.Connection:
        return raw.Connection(self.url, self.key if key is None else key)

    def request(self, method: str, path: str, body=None, headers: typing.Optional[dict] = None,
                key: typing.Optional[str] = None) -> raw.Reply:
        with self.connect(key) as connection:
            return connection.request(method, path, body, headers)

    # -- the other commands

    def command(self, *words: str) -> subprocess.CompletedProcess:
        """`recalld WORDS…` on its store, beside the running server or without it."""
        return subprocess.run([binary(), *words, *self._store()], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=COMMAND_SECONDS, env=self._environment())

    def create_key(self, project: str) -> str:
        """A key of a project, which is made if there is none."""
        done = self.command("keys", "create", "--project", project)
        if done.returncode != 0:
            raise self._error(f"keys create: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout.rstrip("\n").splitlines()[-1].strip()

    def log(self) -> str:
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    # -- inside

    def _store(self) -> typing.List[str]:
        if not self.database:
            return ["--data", self.data]
        return ["--database", self.database, "--database-pooler", os.environ.get(postgres.POOLER, "none")]

    def _environment(self) -> typing.Dict[str, str]:
        outer = {name: value for name, value in os.environ.items() if not name.startswith("RECALLD_")}
        return {**outer, "RECALLD_API_KEY": self.key, **self.env}

    def _address(self) -> str:
        """The address that the server prints, while a thread goes on to drain what else it says."""
        found: "queue.Queue[typing.Optional[str]]" = queue.Queue()
        threading.Thread(target=_drain, args=(self.process.stdout, found), daemon=True).start()
        try:
            address = found.get(timeout=START_SECONDS)
        except queue.Empty:
            address = None
        if address is None:
            code = self.process.poll()
            self.kill()
            raise self._error(f"no address on its standard output (exit code {code})")
        return address

    def _await_health(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.running:
            try:
                if raw.request(self.url, "GET", "/healthz", timeout=START_SECONDS).status == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise self._error("GET /healthz does not answer 200")

    def _error(self, text: str) -> ServerError:
        return ServerError(f"recalld: {text}\n--- end of its log\n{self.log()[-LOG_TAIL:]}")

    def _end(self) -> None:
        if self.running:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)
        if self.owned:
            postgres.drop_database(self.owned)
        atexit.unregister(self._end)


def _drain(stream: typing.TextIO, found: "queue.Queue[typing.Optional[str]]") -> None:
    """Puts the first address into the queue, or None when the stream ends without one."""
    waiting = True
    with stream:
        for line in stream:
            match = ADDRESS.search(line) if waiting else None
            if match:
                found.put(match.group(0))
                waiting = False
    if waiting:
        found.put(None)
