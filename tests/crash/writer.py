# SPDX-License-Identifier: Apache-2.0
"""One client of many that write at the same time, each on a connection of its own: a Writer to one server until that
is gone, a Roamer to several, from one to the next when one fails, until it is told to stop."""
import http.client
import threading
import time
import uuid

from world import (AddMessages, AddSession, AddUser, Batch, DeleteSession, DeleteUser, Failure, Session, User,
                   verify_refusal)

WORDS = ("amber basket candle dune ember fennel gravel harvest island juniper kettle lantern meadow nettle orchard "
         "pebble quarry ribbon saddle thistle umber velvet willow yarrow").split()
UNAVAILABLE = 503  # refused, and then nothing may have been written
PAUSE = 0.03  # seconds before a refused client asks again


class Tally:
    """What writers were told, and what became of the requests that were not answered."""

    def __init__(self):
        self.rounds = self.acknowledged = self.messages = self.refused = self.written = self.unwritten = 0

    def add(self, writers) -> None:
        self.acknowledged += sum(writer.acknowledged for writer in writers)
        self.messages += sum(writer.messages for writer in writers)
        self.refused += sum(writer.refused for writer in writers)

    def settled(self, happened: bool) -> None:
        self.written += happened
        self.unwritten += not happened

    def line(self) -> str:
        return (f"{self.rounds} rounds, {self.acknowledged} requests with {self.messages} messages acknowledged, "
                f"{self.refused} refused, "
                f"{self.written + self.unwritten} unanswered ({self.written} written, {self.unwritten} not)")


class Writer(threading.Thread):
    """`left_open` are the actions whose answer never came, `broken` is what the server did wrong."""

    def __init__(self, name, world, connection, dice, shared):
        super().__init__(daemon=True)
        self.writer = name
        self.world = world
        self.connection = connection
        self.dice = dice
        self.shared = shared
        self.acknowledged = self.messages = self.refused = 0
        self.left_open = []
        self.broken = None

    def run(self) -> None:
        try:
            while self._do(self._choose()):
                pass
        except Failure as failure:
            self.broken = failure
        finally:
            self.connection.close()

    def _do(self, action) -> bool:
        """Whether to go on."""
        try:
            reply = action.send(self.connection)
        except ConnectionRefusedError:
            return self._next_server()
        except (OSError, http.client.HTTPException):
            self.left_open.append(action)
            return self._next_server()
        if reply.status == UNAVAILABLE:
            self.refused += 1
            verify_refusal(reply)
            action.refuse(self.world)
            return self._next_server()
        if not 200 <= reply.status < 300:
            raise Failure(f"{action}: {reply.status} {reply.body[:200]!r}")
        action.apply(self.world)
        self.acknowledged += 1
        if isinstance(action, AddMessages):
            self.messages += len(action.batch.texts)
        return self._more()

    def _more(self) -> bool:
        return True

    def _next_server(self) -> bool:
        """Whether there is one."""
        return False

    # -- what to do next

    def _choose(self):
        user = self._user()
        if not user:
            return AddMessages(self._new_session(None), self._batch())
        if not user.alive:
            return AddUser(user)
        sessions = self._sessions()
        lot = self.dice.random()
        if not sessions or lot < 0.12:
            return AddSession(self._new_session(self.dice.choice((user, user, None))))
        if lot < 0.16:
            return DeleteSession(self.dice.choice(sessions))
        if lot < 0.17:
            return DeleteUser(user)
        if lot < 0.22:
            return AddMessages(self._new_session(None), self._batch())  # adding makes the session
        shared = [session for session in self.shared if not self._in_doubt(session)]
        if shared and lot < 0.40:
            return AddMessages(self.dice.choice(shared), self._batch())
        return AddMessages(self.dice.choice(sessions), self._batch())

    def _in_doubt(self, thing) -> bool:
        """A user or a session of which it is not known what became of it."""
        return any(thing.id in action.concerns for action in self.left_open)

    def _user(self):
        """One of this writer's three users, made at need; None while it is known of none what they are."""
        users = [self.world.users.get(user_id) or User(user_id)
                 for user_id in (f"{self.writer}-user-{number}" for number in range(3))]
        known = [user for user in users if not self._in_doubt(user)]
        return self.dice.choice(known) if known else None

    def _own(self, alive: bool):
        """Sessions that only this writer writes to."""
        return [session for session in list(self.world.sessions.values())
                if session.alive == alive and session.id.startswith(self.writer + "-")
                and not self._in_doubt(session) and not (session.user and self._in_doubt(session.user))]

    def _sessions(self):
        """The living ones, the last dozen of them."""
        return self._own(alive=True)[-12:]

    def _new_session(self, user) -> Session:
        """A new one, or now and then one whose id was used and deleted."""
        gone = self._own(alive=False)
        name = gone[-1].id if gone and self.dice.random() < 0.3 else f"{self.writer}-session-{uuid.uuid4().hex}"
        return Session(name, user)

    def _batch(self) -> Batch:
        token = f"{self.writer}x{self.dice.getrandbits(64):016x}"
        count = self.dice.randint(1, 5)
        texts = [f"{token} {number} {' '.join(self.dice.choices(WORDS, k=self.dice.randint(3, 40)))}"
                 for number in range(count)]
        given = self.dice.random() < 0.5
        return Batch(self.writer, token, texts, [str(uuid.uuid4()) for _ in texts] if given else [])


class Roamer(Writer):
    """Asks the servers in turn from the `first` on, and stays with one until it fails."""

    def __init__(self, name, world, servers, first, dice, shared, stop):
        super().__init__(name, world, servers[first].connect(), dice, shared)
        self.servers = servers
        self.at = first
        self.stop = stop

    def _more(self) -> bool:
        return not self.stop.is_set()

    def _next_server(self) -> bool:
        self.connection.close()
        time.sleep(PAUSE)
        self.at = (self.at + 1) % len(self.servers)
        self.connection = self.servers[self.at].connect()
        return self._more()
