#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rounds of concurrent writers on three nodes of one PostgreSQL, while one of the nodes, PostgreSQL, or the network
between them goes away at a random instant and comes back; compare.

Nothing that was acknowledged may be missing, doubled or out of order; a request that was not answered is there wholly
or not at all, and one that was answered 503 is not; a node that was not killed answers every request, and serves again
within 2 seconds after PostgreSQL does. A fourth kind of round has the nodes make the same things at once. Prints one
summary line.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import pathlib
import random
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import Server  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.proxy import Proxy  # noqa: E402
from world import AddMessages, AddSession, AddUser, Batch, Failure, Session, User, World  # noqa: E402
from world import contents, expect, verify_refusal  # noqa: E402
from writer import Roamer, Tally  # noqa: E402

NODES = 3
SLOW_COMMITS = {"commit_delay": 4000, "commit_siblings": 0}  # us before the log is written: a crash meets many of them
FEW_WORKERS = ["--workers", "2"]  # of the last node: what waits there must not keep others from an answer
SHORTEST, LONGEST = 0.05, 0.4  # seconds of writing before it happens
AFTERWARDS = 0.2  # and of writing after everybody serves again
SHORTEST_CUT, LONGEST_CUT = 0.1, 0.5
SERVES_AGAIN = 2.0
REFUSES = 2.0  # how soon a node that lost its store must say so
COMMIT_COMES = 5.0
BACKENDS_END = 20.0
WRITERS_END = 60.0
LOG_TAIL = 1500


class Cluster:
    """Three nodes on one database, what they have acknowledged, and its rounds. A kind of rounds is a subclass."""

    name = ""
    all_answer = True  # no node dies, so no request may be left without an answer

    def __init__(self, postgres, seed, writers, tally):
        self.postgres = postgres
        self.seed = seed
        self.writers = writers
        self.tally = tally
        self.world = World()
        self.shared = []
        self.nodes = []
        self.starts = [0] * NODES
        self.probes = 0
        self.database = "nodes_" + self.name
        self.url = postgres.make_database(self.database)

    def play(self, rounds) -> None:
        with contextlib.ExitStack() as stack:
            self.nodes = [Server(database=self.url, args=FEW_WORKERS if at == NODES - 1 else [])
                          for at in range(NODES)]
            for at, node in enumerate(self.nodes):
                stack.push(node.__exit__)
                self.start_node(at)
            try:
                self._share()
                for number in range(rounds):
                    dice = random.Random(f"{self.seed} {self.name} {number}")
                    self.round(number, dice)
                    self.tally.rounds += 1
                self._finish()
            except (AssertionError, OSError, http.client.HTTPException) as failure:
                raise Failure(f"{self.name}, round {self.tally.rounds}: {failure or repr(failure)}{self._logs()}") \
                    from failure

    def round(self, number, dice) -> None:
        """Writers, what happens under them, and the comparison."""
        stop = threading.Event()
        writers = [Roamer(f"w{n}", self.world, self.nodes, n % NODES, random.Random(f"{self.seed} {number} {n}"),
                          self.shared, stop) for n in range(self.writers)]
        for writer in writers:
            writer.start()
        try:
            time.sleep(dice.uniform(SHORTEST, LONGEST))
            self.happen(dice)
            time.sleep(AFTERWARDS)
        finally:
            stop.set()
            for writer in writers:
                writer.join(WRITERS_END)
        for writer in writers:
            if writer.broken:
                raise writer.broken
            expect(not writer.is_alive(), "a request is still waiting")
            expect(not (self.all_answer and writer.left_open), f"no answer: {writer.left_open}")
        self.tally.add(writers)
        self.compare(writers, dice)

    def happen(self, dice) -> None:
        raise NotImplementedError

    def compare(self, writers, dice) -> None:
        with dice.choice(self.nodes).connect() as connection:
            for writer in writers:
                for action in writer.left_open:
                    self.tally.settled(self.world.settle(connection, action))
        with dice.choice(self.nodes).connect() as connection:
            self.world.verify(connection, dice)

    # -- nodes

    def start_node(self, at) -> None:
        """Under a name of its own at PostgreSQL, so that its connections are told from those of the one before it."""
        self.starts[at] += 1
        self.nodes[at].database = f"{self.url}?application_name={self.backend_name(at)}"
        self.nodes[at].start()

    def backend_name(self, at) -> str:
        return f"node-{at}-{self.starts[at]}"

    def await_no_backend(self, name) -> None:
        """A commit that a killed node has sent may still be under way."""
        sql = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'"
        wait_until(lambda: self.postgres.ask(self.database, sql) == "0", BACKENDS_END,
                   f"PostgreSQL still runs transactions of {name}, which is dead")

    def await_service(self, since) -> None:
        """Every node reads, writes and says that it is ready."""
        for at, node in enumerate(self.nodes):
            left = since + SERVES_AGAIN - time.monotonic()
            wait_until(lambda one=node: self._serves(one), left, f"node {at} does not serve again")

    def _serves(self, node) -> bool:
        self.probes += 1
        token = f"probex{self.probes}"
        action = AddMessages(self.shared[0], Batch("probe", token, [f"{token} 0 here"], []))
        with node.connect() as connection:
            if connection.request("GET", "/readyz").status != 200:
                return False
            if connection.request("GET", self.shared[0].path + "/memory").status != 200:
                return False
            reply = action.send(connection)
        if reply.status == 503:
            verify_refusal(reply)
            return False
        expect(reply.status == 200, f"{action}: {reply.status} {reply.body[:200]!r}")
        action.apply(self.world)
        return True

    def expect_refusals(self) -> None:
        """Without the store each node says that it is not ready, and refuses to read and to write."""
        for at, node in enumerate(self.nodes):
            session = Session(f"refused-{uuid.uuid4().hex}", None)
            action = AddMessages(session, Batch("nobody", "nobody", ["nobody 0 hears this"], []))
            with node.connect() as connection:
                connection.wire.timeout = REFUSES
                try:
                    ready = connection.request("GET", "/readyz")
                    read = connection.request("GET", self.shared[0].path + "/messages")
                    write = action.send(connection)
                except TimeoutError:
                    raise Failure(f"node {at} lost its store and does not say so within {REFUSES} s") from None
            for reply in (ready, read, write):
                verify_refusal(reply)
            action.refuse(self.world)

    # -- before and after

    def _share(self) -> None:
        """Sessions that all writers write to, one of them without a user."""
        user = User("shared-user")
        self.shared = [Session(f"shared-{n}", user if n else None) for n in range(NODES)]
        with self.nodes[0].connect() as connection:
            for action in [AddUser(user), *map(AddSession, self.shared)]:
                expect(action.send(connection).status == 201, f"{action} was refused")
                action.apply(self.world)

    def _finish(self) -> None:
        """Everything once more, through every node; `recalld check` beside them and without them."""
        for node in self.nodes:
            with node.connect() as connection:
                self.world.verify(connection, random.Random(self.seed), everything=True)
        for node in self.nodes:
            node.stop()
        done = self.nodes[0].command("check")
        expect(done.returncode == 0, f"recalld check: exit code {done.returncode}: {done.stdout}{done.stderr}")

    def _logs(self) -> str:
        texts = [f"\n--- end of the log of node {at}\n{node.log()[-LOG_TAIL:]}" for at, node in enumerate(self.nodes)]
        return "".join(texts) + f"\n--- end of PostgreSQL's\n{self.postgres.log()[-LOG_TAIL:]}"


class NodeDies(Cluster):
    name = "node"
    all_answer = False

    def happen(self, dice) -> None:
        at = dice.randrange(NODES)
        expect(self.nodes[at].running, f"node {at} ended by itself")
        self.nodes[at].kill()
        dead = self.backend_name(at)
        self.start_node(at)
        self.await_no_backend(dead)


class PostgresDies(Cluster):
    name = "postgres"

    def happen(self, dice) -> None:
        self.postgres.kill()
        self.expect_refusals()
        self.postgres.start()
        self.await_service(time.monotonic())


class NetworkFails(Cluster):
    name = "network"

    def __init__(self, postgres, seed, writers, tally, proxy):
        super().__init__(postgres, seed, writers, tally)
        self.proxy = proxy
        self.direct = self.url
        self.url = self.url.replace(f":{postgres.port}/", f":{proxy.port}/")

    def happen(self, dice) -> None:
        where = dice.choice((None, Proxy.BEFORE, Proxy.BEHIND, Proxy.BEHIND))
        abrupt = dice.random() < 0.5
        if where:
            self.proxy.cut_at_commit(where, abrupt)
            expect(self.proxy.was_cut.wait(COMMIT_COMES), f"nobody committed anything in {COMMIT_COMES} s")
        else:
            self.proxy.cut(abrupt)
        mended = time.monotonic() + dice.uniform(SHORTEST_CUT, LONGEST_CUT)
        if dice.random() < 0.5:
            self.expect_refusals()
        time.sleep(max(0.0, mended - time.monotonic()))
        self.proxy.mend()
        self.await_service(time.monotonic())


class AllAtOnce(Cluster):
    """Every node is asked for the same thing at the same time."""

    name = "together"
    requests_each = 8

    def round(self, number, dice) -> None:
        user, gathering = User(f"user-{number}"), Session(f"made-by-adding-{number}", None)
        session = Session(f"session-{number}", user)
        with concurrent.futures.ThreadPoolExecutor(self.writers) as pool, contextlib.ExitStack() as stack:
            connections = [stack.enter_context(self.nodes[n % NODES].connect()) for n in range(self.writers)]
            self._one_makes(pool, connections, AddUser(user))
            self._one_makes(pool, connections, AddSession(session))
            for to in (session, gathering):
                self._one_gives_uuid(pool, connections, to)
                self._all_add(pool, connections, to, random.Random(f"{self.seed} {number}"))
            heard = [contents(one, session) + contents(one, gathering) for one in connections[:NODES]]
            expect(all(texts == heard[0] for texts in heard), "the nodes do not agree in the order of messages")
        self.compare([], dice)

    def _one_makes(self, pool, connections, action) -> None:
        replies = list(pool.map(action.send, connections))
        made = [reply for reply in replies if reply.status == 201]
        refused = [reply for reply in replies if reply.status == 400 and "already exists" in reply.message]
        expect(len(made) == 1 and len(made) + len(refused) == len(replies),
               f"{action} at once: {[(reply.status, reply.body[:100]) for reply in replies]}")
        action.apply(self.world)
        self.tally.acknowledged += 1

    def _one_gives_uuid(self, pool, connections, session) -> None:
        """The same uuid is given to as many messages; one of them has it."""
        given = str(uuid.uuid4())
        tokens = [f"u{n}x{given[:8]}" for n in range(len(connections))]
        actions = [AddMessages(session, Batch(f"u{n}", token, [f"{token} 0 mine"], [given]))
                   for n, token in enumerate(tokens)]
        statuses = list(pool.map(lambda one: one[0].send(one[1]).status, zip(actions, connections)))
        expect(sorted(statuses) == [200] + [400] * (len(actions) - 1), f"one uuid, given at once: {statuses}")
        self._acknowledge(actions[statuses.index(200)])

    def _all_add(self, pool, connections, session, dice) -> None:
        def add(n):
            for number in range(self.requests_each):
                token = f"a{n}x{seeds[n]:08x}x{number}"
                texts = [f"{token} {at} of many" for at in range(1 + (n + number) % 5)]
                action = AddMessages(session, Batch(f"a{n}", token, texts, []))
                reply = action.send(connections[n])
                expect(reply.status == 200, f"{action}: {reply.status} {reply.body[:200]!r}")
                self._acknowledge(action)

        seeds = [dice.getrandbits(32) for _ in connections]
        list(pool.map(add, range(len(connections))))

    def _acknowledge(self, action) -> None:
        with LOCK:
            action.apply(self.world)
            self.tally.acknowledged += 1
            self.tally.messages += len(action.batch.texts)


LOCK = threading.Lock()


def wait_until(true, seconds, text) -> None:
    """Asked at least once."""
    end = time.monotonic() + seconds
    while not true():
        expect(time.monotonic() < end, f"{text} within {seconds:.1f} s")
        time.sleep(0.02)


def play(rounds, seed, writers, tally, kinds) -> None:
    with Postgres(SLOW_COMMITS) as postgres, Proxy(postgres.port) as proxy:
        for kind in KINDS:
            if kind.name in kinds:
                extra = (proxy,) if kind is NetworkFails else ()
                kind(postgres, seed, writers, tally, *extra).play(rounds)


KINDS = (NodeDies, PostgresDies, NetworkFails, AllAtOnce)


def main() -> int:
    names = [kind.name for kind in KINDS]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=10, help="of each kind")
    parser.add_argument("--writers", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only", choices=names, action="append", help="a kind of rounds")
    given = parser.parse_args()
    tally, begin = Tally(), time.monotonic()
    try:
        play(given.rounds, given.seed, given.writers, tally, given.only or names)
    except Failure as failure:
        print(f"nodes: FAILED after {tally.line()} (--seed {given.seed})\n{failure}")
        return 1
    print(f"nodes: {tally.line()}, 0 lost, 0 twice, 0 halves, 0 out of order, {time.monotonic() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
