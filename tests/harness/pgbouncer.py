# SPDX-License-Identifier: Apache-2.0
"""PgBouncer of Debian's package in front of a PostgreSQL of the tests: transaction mode, few connections behind it."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

from .postgres import USER, as_owner, free_port, owner

START_SECONDS = 20
CONFIG = """[databases]
* = host=127.0.0.1 port={server} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 2000
logfile = {home}/log
pidfile = {home}/pid
"""


class PgBouncer:
    """`with PgBouncer(postgres.url) as pooler:` starts one; `pooler.url` names it, without a database."""

    def __init__(self, server_url: str):
        self.home = tempfile.mkdtemp(prefix="recalld-pgbouncer-")
        self.port = free_port()
        self.url = f"postgres://{USER}@127.0.0.1:{self.port}"
        with open(os.path.join(self.home, "pgbouncer.ini"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(server=urllib.parse.urlsplit(server_url).port, port=self.port, home=self.home, user=USER))
        self.process = None

    def __enter__(self) -> "PgBouncer":
        if os.geteuid() == 0:
            shutil.chown(self.home, *owner())
        program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self.process = subprocess.Popen([*as_owner(), program, "-q", os.path.join(self.home, "pgbouncer.ini")],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError("PgBouncer does not start") from None
                time.sleep(0.05)

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
