#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rounds of concurrent writers, kill -9 at a random instant, restart on the same data, compare.

Nothing that was acknowledged may be missing, doubled or out of order; a request that was not answered is there wholly
or not at all; `recalld check` must agree. Every fifth round ends by SIGTERM instead, which must leave with 0. Prints
one summary line, and leaves the data directory behind when a round fails.
"""
import argparse
import http.client
import pathlib
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import Server  # noqa: E402
from world import AddSession, AddUser, Failure, Session, User, World, expect  # noqa: E402
from writer import Tally, Writer  # noqa: E402

ROUNDS_PER_STORE = 10
SHORTEST, LONGEST = 0.05, 0.8  # seconds of writing in a round
SHARED_SESSIONS = 3


class Store:
    """A server on one data directory, what it has acknowledged, and its rounds."""

    def __init__(self, home, seed, writers, tally):
        self.server = Server(data=home)
        self.seed = seed
        self.writers = writers
        self.tally = tally
        self.world = World()
        self.shared = []

    def play(self, numbers) -> None:
        try:
            self.server.start()
            self._share()
            for number in numbers:
                self._round(number)
                self.tally.rounds += 1
            self._finish()
        except (AssertionError, OSError, http.client.HTTPException) as failure:
            log = self.server.log()[-2000:]
            raise Failure(f"{failure or repr(failure)}\n--- end of the server's log\n{log}") from failure
        finally:
            if self.server.running:
                self.server.kill()
            self.server.close()

    def _share(self) -> None:
        """Sessions that all writers write to, one of them without a user."""
        user = User("shared-user")
        self.shared = [Session(f"shared-{n}", user if n else None) for n in range(SHARED_SESSIONS)]
        with self.server.connect() as connection:
            for action in [AddUser(user), *map(AddSession, self.shared)]:
                expect(action.send(connection).status == 201, f"{action} was refused")
                action.apply(self.world)

    def _round(self, number) -> None:
        dice = random.Random(f"{self.seed} {number}")
        writers = self._write(dice, number)
        self.tally.add(writers)
        for writer in writers:
            if writer.broken:
                raise writer.broken
        if number % 3 == 0:
            self._check("as the crash left it")
        self.server.start()
        with self.server.connect() as connection:
            for writer in writers:
                for action in writer.left_open:
                    self.tally.settled(self.world.settle(connection, action))
            self.world.verify(connection, dice)
        self._check("after the restart")

    def _write(self, dice, number):
        writers = [Writer(f"w{n}", self.world, self.server.connect(), random.Random(f"{self.seed} {number} {n}"),
                          self.shared) for n in range(self.writers)]
        for writer in writers:
            writer.start()
        time.sleep(dice.uniform(SHORTEST, LONGEST))
        expect(self.server.running, "the server ended by itself")
        if number % 5 == 4:
            self.server.stop()
        else:
            self.server.kill()
        for writer in writers:
            writer.join(60)
            expect(not writer.is_alive(), "a request is still waiting though the server is gone")
        return writers

    def _finish(self) -> None:
        """Everything once more, from the first round on, before and after an end in order."""
        dice = random.Random(self.seed)
        self._verify_all(dice)
        self.server.stop()
        self._check("after an end in order")
        self.server.start()
        self._verify_all(dice)
        self.server.stop()

    def _verify_all(self, dice) -> None:
        with self.server.connect() as connection:
            self.world.verify(connection, dice, everything=True)

    def _check(self, when) -> None:
        done = self.server.command("check")
        expect(done.returncode == 0, f"recalld check {when}: exit code {done.returncode}: {done.stdout}{done.stderr}")


def play(rounds, seed, writers, tally) -> None:
    for start in range(0, rounds, ROUNDS_PER_STORE):
        home = tempfile.mkdtemp(prefix="recalld-crash-")
        try:
            Store(home + "/data", seed, writers, tally).play(range(start, min(start + ROUNDS_PER_STORE, rounds)))
        except AssertionError as failure:
            raise Failure(f"{failure}\n(round {tally.rounds}, --seed {seed}; the data is left in {home})") from failure
        shutil.rmtree(home)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = parser.parse_args()
    tally, begin = Tally(), time.monotonic()
    try:
        play(given.rounds, given.seed, given.writers, tally)
    except Failure as failure:
        print(f"crash: FAILED after {tally.line()}\n{failure}")
        return 1
    print(f"crash: {tally.line()}, 0 lost, 0 twice, 0 halves, 0 out of order, {time.monotonic() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
