# SPDX-License-Identifier: Apache-2.0
"""One client of many that write at the same time, each on a connection of its own, until the server is gone."""
import http.client
import threading
import uuid

from world import AddMessages, AddSession, AddUser, Batch, DeleteSession, DeleteUser, Failure, Session, User

WORDS = ("amber basket candle dune ember fennel gravel harvest island juniper kettle lantern meadow nettle orchard "
         "pebble quarry ribbon saddle thistle umber velvet willow yarrow").split()
STOPPING = 503  # refused, and then nothing may have been written


class Writer(threading.Thread):
    """`left_open` is the action whose answer never came, `broken` what the server did wrong."""

    def __init__(self, name, world, connection, dice, shared):
        super().__init__(daemon=True)
        self.writer = name
        self.world = world
        self.connection = connection
        self.dice = dice
        self.shared = shared
        self.acknowledged = 0
        self.messages = 0
        self.left_open = None
        self.broken = None

    def run(self) -> None:
        try:
            with self.connection:
                while self._do(self._choose()):
                    pass
        except Failure as failure:
            self.broken = failure

    def _do(self, action) -> bool:
        try:
            reply = action.send(self.connection)
        except (OSError, http.client.HTTPException):
            self.left_open = action
            return False
        if reply.status == STOPPING:
            return False
        if not 200 <= reply.status < 300:
            raise Failure(f"{action}: {reply.status} {reply.body[:200]!r}")
        action.apply(self.world)
        self.acknowledged += 1
        if isinstance(action, AddMessages):
            self.messages += len(action.batch.texts)
        return True

    # -- what to do next

    def _choose(self):
        user = self._user()
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
        if lot < 0.40:
            return AddMessages(self.dice.choice(self.shared), self._batch())
        return AddMessages(self.dice.choice(sessions), self._batch())

    def _user(self) -> User:
        """One of this writer's three users, made at need."""
        user_id = f"{self.writer}-user-{self.dice.randrange(3)}"
        return self.world.users.get(user_id) or User(user_id)

    def _sessions(self):
        """The living ones that only this writer writes to, the last dozen of them."""
        own = [session for session in list(self.world.sessions.values())
               if session.alive and session.id.startswith(self.writer + "-")]
        return own[-12:]

    def _new_session(self, user) -> Session:
        """A new one, or now and then one whose id was used and deleted."""
        gone = [session for session in list(self.world.sessions.values())
                if not session.alive and session.id.startswith(self.writer + "-")]
        name = gone[-1].id if gone and self.dice.random() < 0.3 else f"{self.writer}-session-{uuid.uuid4().hex}"
        return Session(name, user)

    def _batch(self) -> Batch:
        token = f"{self.writer}x{self.dice.getrandbits(64):016x}"
        count = self.dice.randint(1, 5)
        texts = [f"{token} {number} {' '.join(self.dice.choices(WORDS, k=self.dice.randint(3, 40)))}"
                 for number in range(count)]
        given = self.dice.random() < 0.5
        return Batch(self.writer, token, texts, [str(uuid.uuid4()) for _ in texts] if given else [])
