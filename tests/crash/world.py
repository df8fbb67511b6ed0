# SPDX-License-Identifier: Apache-2.0
"""What the server has acknowledged, and whether it still says so.

A writer asks by actions. Each knows how to send itself, which ids it concerns, what it changes here once it is
acknowledged, and how to see whether it happened when no answer came.
"""
import dataclasses
import itertools
import typing
import urllib.parse

SEARCH_LIMIT = 50


class Failure(AssertionError):
    """The server broke a promise."""


def expect(true: bool, text: str) -> None:
    if not true:
        raise Failure(text)


@dataclasses.dataclass
class Batch:
    """The messages of one request; each content begins with the batch's token, which begins with its writer's name."""
    writer: str
    token: str
    texts: typing.List[str]
    uuids: typing.List[str]  # [] when the server names them

    def body(self) -> dict:
        messages = [{"role": "Ada", "role_type": "user", "content": text} for text in self.texts]
        for message, uuid in zip(messages, self.uuids):
            message["uuid"] = uuid
        return {"messages": messages}


@dataclasses.dataclass
class User:
    id: str
    alive: bool = False
    batches: typing.List[Batch] = dataclasses.field(default_factory=list)  # in the graph, also of deleted sessions


@dataclasses.dataclass
class Session:
    id: str
    user: typing.Optional[User]
    alive: bool = False
    batches: typing.List[Batch] = dataclasses.field(default_factory=list)

    @property
    def path(self) -> str:
        return "/api/v2/sessions/" + urllib.parse.quote(self.id, safe="")


# -- actions

class OfUser:
    @property
    def concerns(self):
        return (self.user.id,)

    def refuse(self, world) -> None:
        """Nothing was written, which the totals of all users must bear out."""


class OfSession:
    @property
    def concerns(self):
        return (self.session.id, self.session.user.id) if self.session.user else (self.session.id,)

    def refuse(self, world) -> None:
        """Nothing was written: it is looked at again."""
        world.touch(world.sessions.get(self.session.id, self.session))


@dataclasses.dataclass
class AddUser(OfUser):
    user: User

    def send(self, connection):
        return connection.request("POST", "/api/v2/users", {"user_id": self.user.id})

    def apply(self, world) -> None:
        self.user.alive = True
        world.users[self.user.id] = self.user

    def happened(self, connection) -> bool:
        return exists(connection, f"/api/v2/users/{self.user.id}")


@dataclasses.dataclass
class DeleteUser(OfUser):
    user: User

    def send(self, connection):
        return connection.request("DELETE", f"/api/v2/users/{self.user.id}")

    def apply(self, world) -> None:
        self.user.alive = False
        self.user.batches.clear()
        for session in list(world.sessions.values()):
            if session.user is self.user:
                world.forget(session)

    def happened(self, connection) -> bool:
        return not exists(connection, f"/api/v2/users/{self.user.id}")


@dataclasses.dataclass
class AddSession(OfSession):
    session: Session

    def send(self, connection):
        owner = self.session.user.id if self.session.user else ""
        return connection.request("POST", "/api/v2/sessions", {"session_id": self.session.id, "user_id": owner})

    def apply(self, world) -> None:
        self.session.alive = True
        world.touch(self.session)

    def happened(self, connection) -> bool:
        return exists(connection, self.session.path)


@dataclasses.dataclass
class DeleteSession(OfSession):
    session: Session

    def send(self, connection):
        return connection.request("DELETE", self.session.path + "/memory")

    def apply(self, world) -> None:
        world.forget(self.session)

    def happened(self, connection) -> bool:
        return not exists(connection, self.session.path)


@dataclasses.dataclass
class AddMessages(OfSession):
    session: Session
    batch: Batch

    def send(self, connection):
        return connection.request("POST", self.session.path + "/memory", self.batch.body())

    def apply(self, world) -> None:
        self.session.alive = True
        self.session.batches.append(self.batch)
        if self.session.user:
            self.session.user.batches.append(self.batch)
        world.touch(self.session)

    def happened(self, connection) -> bool:
        ours = [text for text in contents(connection, self.session) if token_of(text) == self.batch.token]
        if ours and ours != self.batch.texts:
            raise Failure(f"half a request in {self.session.id}: {ours} of {self.batch.texts}")
        return bool(ours)

    def send_again(self, connection, happened: bool) -> None:
        """A client repeats what was not answered; the uuids that it gave must keep it from being written twice."""
        status = self.send(connection).status
        if status != (400 if happened else 200):
            raise Failure(f"a repeated request got {status}, though it was {'' if happened else 'not '}written")


# -- the whole

class World:
    def __init__(self):
        self.users: typing.Dict[str, User] = {}
        self.sessions: typing.Dict[str, Session] = {}
        self.touched: typing.Set[str] = set()

    def touch(self, session: Session) -> None:
        self.sessions[session.id] = session
        self.touched.add(session.id)

    def forget(self, session: Session) -> None:
        session.alive = False
        session.batches.clear()
        self.touched.add(session.id)

    def settle(self, connection, action) -> bool:
        """An action that was not answered happened wholly, or not at all; from here on it is known which."""
        happened = action.happened(connection)
        repeat = isinstance(action, AddMessages) and bool(action.batch.uuids)
        if repeat:
            action.send_again(connection, happened)
        if happened or repeat:
            action.apply(self)
        return happened

    def verify(self, connection, dice, everything: bool = False) -> None:
        """Compares the sessions touched since the last time, or all of them, some searches, and the totals."""
        for session_id in sorted(self.sessions if everything else self.touched):
            verify_session(connection, self.sessions[session_id])
        self.touched.clear()
        for user in dice.sample(list(self.users.values()), min(4, len(self.users))):
            verify_user(connection, user, dice)
        self._verify_totals(connection)

    def _verify_totals(self, connection) -> None:
        for path, alive in (("sessions-ordered?page_number=1&page_size=1", self.sessions),
                            ("users-ordered?pageNumber=1&pageSize=1", self.users)):
            total = get(connection, f"/api/v2/{path}")["total_count"]
            expected = sum(one.alive for one in alive.values())
            if total != expected:
                raise Failure(f"{path}: total_count {total}, but {expected} are alive")


def verify_session(connection, session: Session) -> None:
    if not session.alive:
        if exists(connection, session.path) or exists(connection, session.path + "/memory"):
            raise Failure(f"{session.id} was deleted and is there")
        return
    found = contents(connection, session)
    runs = [(token, list(texts)) for token, texts in itertools.groupby(found, token_of)]
    expected = {batch.token: batch for batch in session.batches}
    for token, texts in runs:
        if token not in expected:
            raise Failure(f"{session.id} holds what was not acknowledged: {texts}")
        if texts != expected[token].texts:
            raise Failure(f"{session.id} holds {texts} for {expected[token].texts}")
    for writer in {batch.writer for batch in session.batches}:
        want = [batch.token for batch in session.batches if batch.writer == writer]
        have = [token for token, _ in runs if token in expected and expected[token].writer == writer]
        if have != want:
            raise Failure(f"{session.id}, writer {writer}: {difference(want, have)}")


def difference(want, have) -> str:
    lost = [token for token in want if token not in have]
    twice = [token for token in set(have) if have.count(token) > 1]
    if lost or twice:
        return f"of {len(want)} acknowledged requests {len(lost)} are lost {lost[:5]}, {len(twice)} twice {twice[:5]}"
    place = next(place for place, pair in enumerate(zip(want, have)) if pair[0] != pair[1])
    return f"out of order from place {place} on: acknowledged {want[place:place + 5]}, found {have[place:place + 5]}"


def verify_user(connection, user: User, dice) -> None:
    """The index holds what was acknowledged, also of sessions that are gone, and nothing of a user who is gone."""
    if not user.alive:
        if exists(connection, f"/api/v2/users/{user.id}") or search(connection, user, "anything").status != 404:
            raise Failure(f"{user.id} was deleted and is there")
        return
    for batch in dice.sample(user.batches, min(3, len(user.batches))):
        episodes = search(connection, user, batch.token).json["episodes"] or []
        found = sorted(one["content"] for one in episodes if token_of(one["content"]) == batch.token)
        if found != sorted(batch.texts):
            raise Failure(f"searching {user.id} for {batch.token} found {found}, not {batch.texts}")


def verify_refusal(reply) -> None:
    """What is told to come again says so to programs."""
    if reply.status != 503 or not reply.headers["Retry-After"] or not reply.json["message"]:
        raise Failure(f"not a refusal: {reply.status} {reply.headers.items()} {reply.body[:200]!r}")


# -- asking

def get(connection, path: str) -> dict:
    reply = connection.request("GET", path)
    if reply.status != 200:
        raise Failure(f"GET {path}: {reply.status} {reply.body[:200]!r}")
    return reply.json


def exists(connection, path: str) -> bool:
    status = connection.request("GET", path).status
    if status not in (200, 404):
        raise Failure(f"GET {path}: {status}")
    return status == 200


def contents(connection, session: Session) -> typing.List[str]:
    """All that the session holds; nothing when there is no such session."""
    reply = connection.request("GET", session.path + "/messages")
    if reply.status == 404 and not session.alive:
        return []
    if reply.status != 200:
        raise Failure(f"GET messages of {session.id}: {reply.status}, though it was acknowledged")
    page = reply.json
    if page["total_count"] != len(page["messages"]):
        raise Failure(f"{session.id}: total_count {page['total_count']}, but {len(page['messages'])} messages")
    return [message["content"] for message in page["messages"]]


def search(connection, user: User, query: str):
    return connection.request("POST", "/api/v2/graph/search", {"user_id": user.id, "query": query, "scope": "episodes",
                                                               "limit": SEARCH_LIMIT})


def token_of(text: str) -> str:
    return text.split(" ", 1)[0]
