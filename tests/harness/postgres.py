# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the tests' own: Debian's package, a temporary directory, a free port of the loopback interface,
an unprivileged user, fsync on."""
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing

START_SECONDS = 30
USER = "recalld"
SETTINGS = {"max_connections": 400, "shared_buffers": "128MB", "autovacuum_naptime": "10s"}
POOLER = "RECALLD_TEST_POOLER"  # where that is a pooler, its mode
DIRECT = "RECALLD_TEST_DIRECT"  # the same server behind the pooler
VARIABLE = "RECALLD_TEST_DATABASE"  # postgres://USER@HOST:PORT of a server where databases may be made


def programs() -> pathlib.Path:
    """The directory of the newest initdb."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if not found:
        raise FileNotFoundError("no initdb; install postgresql")
    return found[-1].parent


class Postgres:
    """`with Postgres() as server:` starts one; `server.url` names it, without a database. `settings` are added to its
    configuration."""

    def __init__(self, settings: typing.Optional[dict] = None):
        self.settings = {**SETTINGS, **(settings or {})}
        self.home = tempfile.mkdtemp(prefix="recalld-postgres-")
        self.data = os.path.join(self.home, "data")
        self.port = free_port()
        self.url = f"postgres://{USER}@127.0.0.1:{self.port}"
        self.process = None

    def __enter__(self) -> "Postgres":
        if os.geteuid() == 0:
            shutil.chown(self.home, *owner())
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", USER, "--locale=C", "-E", "UTF8")
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self) -> None:
        words = [arg for name, value in self.settings.items() for arg in ("-c", f"{name}={value}")]
        with open(os.path.join(self.home, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [*as_owner(), programs() / "postgres", "-D", self.data, "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.home}", *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + START_SECONDS
        while subprocess.run([programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                             stdin=subprocess.DEVNULL).returncode:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"PostgreSQL does not start: {self.log()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Fast shutdown."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(START_SECONDS)

    def kill(self) -> None:
        """As a crash: no process of it is left, and nothing was tidied up. Its backends have sessions of their own, and
        would bring a commit to its end before they notice that nobody leads them."""
        self.process.send_signal(signal.SIGSTOP)  # no new ones meanwhile
        everyone = [self.process.pid, *_children(self.process.pid)]
        for pid in everyone:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + START_SECONDS
        while any(_lives(pid) for pid in everyone):
            if time.monotonic() > end:
                raise RuntimeError("PostgreSQL outlives SIGKILL")
            time.sleep(0.005)

    def make_database(self, name: str) -> str:
        """Its URL."""
        self.ask("postgres", f"CREATE DATABASE {name}")
        return f"{self.url}/{name}"

    def ask(self, database: str, sql: str) -> str:
        """What psql prints of the answer, bare."""
        return subprocess.run([programs() / "psql", "-qXAtc", sql, f"{self.url}/{database}"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=START_SECONDS, check=True).stdout.strip()

    def log(self) -> str:
        return pathlib.Path(self.home, "log").read_text(encoding="utf-8", errors="replace")

    def _run(self, program, *words) -> None:
        subprocess.run([*as_owner(), programs() / program, *words], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)


def owner():
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


def as_owner():
    """The beginning of a command: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    uid, gid = owner()
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]


_numbers = itertools.count(1)


def new_database() -> str:
    """The URL of a database that did not exist before, on the server that RECALLD_TEST_DATABASE names; "" where there
    is none, and stores are SQLite's."""
    base = os.environ.get(VARIABLE, "")
    if not base:
        return ""
    name = f"t{os.getpid()}_{next(_numbers)}"
    subprocess.run([programs() / "psql", "-qXc", f"CREATE DATABASE {name}", f"{base}/postgres"],
                   stdin=subprocess.DEVNULL, check=True)
    return f"{base}/{name}"


def direct(url: str) -> str:
    """Past a pooler: what a session leaves on its connection, as pg_dump does, must not be met by others."""
    base = os.environ.get(DIRECT, "")
    return f"{base}/{url.rpartition('/')[2]}" if base else url


def drop_database(url: str) -> None:
    base, _, name = url.rpartition("/")
    subprocess.run([programs() / "psql", "-qXc", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"{base}/postgres"],
                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _children(pid: int) -> typing.List[int]:
    lists = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def _lives(pid: int) -> bool:
    """Not a zombie either, which whoever adopted it may be slow to bury."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
