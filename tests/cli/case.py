# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: a directory of their own, commands, and servers that are watched from the
outside."""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from harness import raw
from harness.server import binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = re.compile(r"rk_[A-Za-z0-9_-]{20,}")
SECONDS = 60


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="recalld-cli-"))
        self.data = self.home / "data"
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    # -- commands

    def environment(self, **variables):
        outer = {name: value for name, value in os.environ.items() if not name.startswith("RECALLD_")}
        return {**outer, **variables}

    def run_it(self, *words, env=None):
        """`recalld WORDS…` as it is."""
        return subprocess.run([binary(), *map(str, words)], cwd=self.home, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=SECONDS, env=self.environment(**(env or {})))

    def command(self, *words, env=None):
        """`recalld WORDS… --data DIR`, which must end with 0; its output."""
        done = self.run_it(*words, "--data", self.data, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, *words, env=None, code=2):
        """The one line that it says when it ends with `code`."""
        done = self.run_it(*words, env=env)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Arecalld: [^\n]+\n\Z")
        return done.stderr

    def create_key(self, project="default"):
        key = self.command("keys", "create", "--project", project).splitlines()[-1]
        self.assertRegex(key, KEY)
        return key

    # -- servers

    def serve(self, *words, env=None, data=None):
        server = Serving([binary(), "serve", "--listen", "127.0.0.1:0", "--data", str(data or self.data), *words],
                         self.environment(**(env or {})), self.home)
        self.addCleanup(server.end)
        server.wait_for_address()
        return server

    # -- files

    def state(self, path):
        """Names, modes and contents of all files below."""
        return {str(one.relative_to(path)): (oct(one.stat().st_mode), hashlib.sha256(one.read_bytes()).hexdigest())
                for one in sorted(path.rglob("*")) if one.is_file()}

    def mode(self, path):
        return oct(path.stat().st_mode & 0o7777)

    def within(self, seconds, what, message=""):
        """Calls `what` until it is true."""
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, message or f"not within {seconds} s")
            time.sleep(0.02)


class Serving:
    """A server that was started, and the lines it prints."""

    def __init__(self, words, env, directory):
        self.log_path = pathlib.Path(tempfile.mkstemp(prefix="recalld-cli-log-")[1])
        self.url = None
        self.lines = []
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(words, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log, env=env, text=True)
        self.heard = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.heard:
                self.lines.append(line.rstrip("\n"))
                self.heard.notify_all()
        with self.heard:
            self.lines.append(None)
            self.heard.notify_all()

    def wait_for_address(self):
        with self.heard:
            self.heard.wait_for(lambda: self.lines, SECONDS)
        found = re.fullmatch(r"recalld \S+ listening on (https?://\S+)", self.lines[0] or "" if self.lines else "")
        assert found, f"no address but {self.lines}; {self.log()}"
        self.url = found.group(1)

    def wait_for_line(self, pattern):
        """The first line it prints that fits."""
        def fitting():
            return next((line for line in self.lines if line is not None and re.search(pattern, line)), None)

        with self.heard:
            assert self.heard.wait_for(lambda: fitting() is not None, SECONDS), f"no {pattern} in {self.lines}"
            return fitting()

    def request(self, method, path, body=None, key=None):
        return raw.request(self.url, method, path, body, key=key, timeout=SECONDS)

    def status(self, key, path="/api/v2/projects/info"):
        return self.request("GET", path, key=key).status

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(SECONDS)

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(SECONDS)
        self.process.stdout.close()
        self.log_path.unlink()
