# SPDX-License-Identifier: Apache-2.0
"""Two projects with the same ids everywhere and different texts: by no operation of the route table, with whatever id or
uuid, does one see, change or delete what is the other's. A new operation with a body needs a line in BODIES."""
import json
import re
import unittest
import uuid

from harness import Server, unique

V2 = "/api/v2"
TURNS = 140  # enough that some are folded into postings and some wait
SAME = {"user_id": "same-user", "group_id": "same-group", "session_id": "same-session"}
LONE = "lone-session"
ENDED = "ended-session"

# What may be asked in a body, by the name of the operation; $user, $group, $session stand for ids, $uuid for a uuid.
BODIES = {
    "POST /users": [{"user_id": "$user"}],
    "PATCH /users/{user_id}": [{"first_name": "changed", "metadata": {"changed": 1}}],
    "POST /groups": [{"group_id": "$group"}, {"graph_id": "$group"}],
    "PATCH /groups/{group_id}": [{"name": "changed"}],
    "POST /sessions": [{"session_id": "$session", "user_id": "$user"}, {"session_id": "$session"}],
    "PATCH /sessions/{session_id}": [{"metadata": {"changed": 1}}],
    "POST /sessions/end": [{"session_ids": ["$session"]}],
    "POST /sessions/{session_id}/end": [{}],
    "POST /sessions/{session_id}/memory": [
        {"messages": [{"role_type": "user", "content": "shared words"}], "return_context": True},
        {"messages": [{"role_type": "user", "content": "shared words", "uuid": "$uuid"}]}],
    "PATCH /sessions/{session_id}/messages/{message_uuid}": [{"metadata": {"changed": 1}}],
    "POST /sessions/search": [{"text": "shared words", "user_id": "$user"}, {"text": "shared words", "session_ids": ["$session"]},
                              {"text": "shared words", "user_id": "$user", "session_ids": ["$session"]}],
    "POST /sessions/{session_id}/search": [{"text": "shared words"}],
    "POST /graph": [{"type": "text", "data": "shared words", "user_id": "$user"},
                    {"type": "text", "data": "shared words", "group_id": "$group"}],
    "POST /graph-batch": [{"episodes": [{"type": "text", "data": "shared words"}], "user_id": "$user"},
                          {"episodes": [{"type": "text", "data": "shared words"}], "graph_id": "$group"}],
    "POST /graph/search": [{"query": "shared words", "scope": scope, **owner, "limit": 50}
                           for scope in ("edges", "nodes", "episodes") for owner in ({"user_id": "$user"}, {"group_id": "$group"})]
                          + [{"query": "shared words", "scope": "episodes", "user_id": "$user", "reranker": "node_distance",
                              "center_node_uuid": "$uuid", "bfs_origin_node_uuids": ["$uuid"]}],
}
QUERIES = ["", "?limit=1000&cursor=1&pageSize=1000&pageNumber=1&lastn=1000", "?limit=1000"]


class World:
    """A project, with something under every id, all of it with the project's mark in it."""

    def __init__(self, server, mark, shared_uuid, only):
        self.server = server
        self.mark = mark
        self.only = only  # ids that the other project does not have
        self.key = server.create_key(unique("project"))
        self.connection = server.connect(self.key)
        self.uuids = set()
        self.fill(SAME["user_id"], SAME["group_id"], SAME["session_id"], shared_uuid)
        self.fill(f"user-{only}", f"group-{only}", f"session-{only}", None)
        self.keep_uuids()

    def fill(self, user, group, session, shared_uuid):
        text = f"shared words {self.mark}"
        meta = {self.mark: {"m": self.mark}}
        rating = {"instruction": self.mark, "examples": {"high": self.mark}}
        self.do("POST", "/users", {"user_id": user, "email": self.mark, "first_name": self.mark, "last_name": self.mark,
                                   "metadata": meta, "fact_rating_instruction": rating})
        self.do("POST", "/groups", {"group_id": group, "name": self.mark, "description": self.mark,
                                    "fact_rating_instruction": rating})
        suffix = "" if shared_uuid else f"-{self.only}"
        for one, owner in ((session, user), (LONE + suffix, None), (ENDED + suffix, user)):
            self.do("POST", "/sessions", {"session_id": one, "user_id": owner, "metadata": meta,
                                          "fact_rating_instruction": rating})
            for start in range(0, TURNS if one == session else 5, 20):
                self.do("POST", f"/sessions/{one}/memory",
                        {"messages": [{"role_type": "user", "role": self.mark, "content": f"{text} {start + i}", "metadata": meta}
                                      for i in range(20)]})
        if shared_uuid:
            self.do("POST", f"/sessions/{session}/memory",
                    {"messages": [{"role_type": "user", "content": text, "uuid": shared_uuid, "metadata": meta}]})
        self.do("POST", f"/sessions/{ENDED + suffix}/end", {})
        for owner in ({"user_id": user}, {"group_id": group}):
            self.do("POST", "/graph", {"type": "text", "data": text, "source_description": self.mark, **owner})

    def do(self, method, path, body=None):
        reply = self.connection.request(method, V2 + path, body)
        assert reply.status < 300, (method, path, reply)
        return reply.json

    def dump(self):
        """All that the project's key can read."""
        users = self.do("GET", "/users-ordered")
        groups = self.do("GET", "/groups-ordered")
        sessions = self.do("GET", "/sessions-ordered?order_by=session_id")
        all_of = [users, groups, sessions, self.do("GET", "/users"), self.do("GET", "/sessions"), self.do("GET", "/projects/info")]
        for one in users["users"]:
            for path in (f"/users/{one['user_id']}", f"/users/{one['user_id']}/node", f"/users/{one['user_id']}/sessions",
                         f"/graph/episodes/user/{one['user_id']}?lastn=100000"):
                all_of.append(self.do("GET", path))
            all_of.append(self.do("POST", "/graph/search", {"query": "shared words", "scope": "episodes", "limit": 50,
                                                            "user_id": one["user_id"]}))
        for one in groups["groups"]:
            all_of.append(self.do("GET", f"/graph/episodes/group/{one['group_id']}?lastn=100000"))
        for one in sessions["sessions"]:
            all_of.append(self.do("GET", f"/sessions/{one['session_id']}/messages"))
            all_of.append(self.do("GET", f"/sessions/{one['session_id']}/memory?lastn=100"))
        return all_of

    def keep_uuids(self):
        self.uuids |= set(re.findall(r'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"', json.dumps(self.dump())))


class Isolation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(args=("--log-level", "debug")).start()
        cls.shared_uuid = str(uuid.uuid4())
        cls.a = World(cls.server, "alphamark", cls.shared_uuid, "a")
        cls.b = World(cls.server, "betamark", cls.shared_uuid, "b")
        paths = cls.server.request("GET", "/openapi.json").json["paths"]
        cls.operations = [(method.upper(), path.removeprefix(V2)) for path, methods in paths.items()
                          if path.startswith(V2) for method in methods if method in ("get", "post", "put", "patch", "delete")]

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    # -- asking

    def ask(self, own, method, path, body):
        """As `own`; whatever the answer, nothing of the other project may be in it."""
        other = self.a if own is self.b else self.b
        reply = own.connection.request(method, V2 + path, body)
        self.assertLess(reply.status, 500, (method, path, body, reply))
        self.assertNotIn(other.mark.encode(), reply.body, (method, path, body))
        return reply

    def questions(self, method, template, ids, uuids):
        """Paths and bodies of an operation, made of these ids and each of these uuids."""
        has_body = f"{method} {template}" in BODIES
        needs_uuid = "uuid}" in template or "$uuid" in json.dumps(BODIES.get(f"{method} {template}", ""))
        for one in (uuids if needs_uuid else [self.shared_uuid]):
            path = template
            for name in re.findall(r"\{(\w+)\}", template):
                path = path.replace("{" + name + "}", ids.get(name, one), 1)
            self.assertNotIn("{", path)
            for body in BODIES[f"{method} {template}"] if has_body else [None]:
                text = json.dumps(body)
                for word, value in (("$user", ids["user_id"]), ("$group", ids["group_id"]), ("$session", ids["session_id"]),
                                    ("$uuid", one)):
                    text = text.replace(word, value)
                for query in QUERIES if method in ("GET", "POST") and not needs_uuid else [""]:
                    yield path + query, None if body is None else json.loads(text), one

    def phases(self):
        """Reading first, then changing, then deleting."""
        order = {"GET": 0, "POST": 1, "PATCH": 2, "PUT": 2, "DELETE": 3}
        return sorted(self.operations, key=lambda one: order[one[0]])

    # -- tests, in the order of their names

    def test_0_every_operation_is_here(self):
        self.assertGreaterEqual(len(self.operations), 36)
        with_body = {f"{method} {path}" for method, path in self.operations if method in ("POST", "PATCH", "PUT")}
        self.assertEqual(with_body - set(BODIES), set(), "an operation without a line in BODIES")

    def test_1_ids_that_only_the_other_has(self):
        """Unknown, in every operation but those that make them, which make one's own."""
        before = self.a.dump()
        ids = {"user_id": "user-a", "group_id": "group-a", "session_id": "session-a"}
        for method, template in self.phases():
            if f"{method} {template}" in ("POST /users", "POST /groups", "POST /sessions", "POST /sessions/{session_id}/memory"):
                continue
            names = re.findall(r"\{(\w+)\}", template)
            if not names and method == "GET":
                continue
            for path, body, _ in self.questions(method, template, ids, sorted(self.a.uuids - self.b.uuids)[:20]):
                reply = self.ask(self.b, method, path, body)
                empty = reply.status == 200 and reply.json in ([], {"results": []})
                self.assertTrue(reply.status in (400, 404) or empty, (method, path, body, reply))
        self.assertEqual(before, self.a.dump())

    def test_2_uuids_of_the_other(self):
        """Under one's own ids, which are the other's too; success is for one's own alone."""
        foreign = sorted(self.a.uuids - self.b.uuids)
        before = self.a.dump()
        for method, template in self.phases():
            if "uuid}" not in template:
                continue
            for session in (SAME["session_id"], LONE, ENDED):
                for path, body, one in self.questions(method, template, {**SAME, "session_id": session}, foreign):
                    reply = self.ask(self.b, method, path, body)
                    self.assertIn(reply.status, (400, 404), (method, path, body, reply))
        self.assertEqual(before, self.a.dump())

    def test_3_a_uuid_of_both(self):
        """Names each one's own."""
        for own in (self.a, self.b):
            for path in (f"/sessions/{SAME['session_id']}/messages/{self.shared_uuid}", f"/graph/episodes/{self.shared_uuid}"):
                self.assertIn(own.mark, json.dumps(own.do("GET", path)))
            own.do("PATCH", f"/sessions/{SAME['session_id']}/messages/{self.shared_uuid}", {"metadata": {"by": own.mark}})
        for own in (self.a, self.b):
            self.assertEqual(own.do("GET", f"/graph/episodes/{self.shared_uuid}")["metadata"]["by"], own.mark)

    def test_4_taking_the_others_uuids(self):
        """A message may be given what is in use elsewhere; each project then has its own."""
        before = self.a.dump()
        taken = sorted(self.a.uuids - self.b.uuids)[:200]
        for one in taken:
            reply = self.ask(self.b, "POST", "/sessions/taker/memory", {"messages": [{"role_type": "user", "content": "taken", "uuid": one}]})
            self.assertEqual(reply.status, 200, reply)
            self.assertEqual(self.ask(self.b, "GET", f"/graph/episodes/{one}", None).json["content"], "taken")
        self.assertEqual(before, self.a.dump())
        for one in taken:
            self.assertEqual(self.ask(self.b, "DELETE", f"/graph/episodes/{one}", None).status, 200)
            self.assertEqual(self.ask(self.b, "GET", f"/graph/episodes/{one}", None).status, 404)
        self.assertEqual(before, self.a.dump())

    def test_5_everything_under_the_same_ids(self):
        """Each operation with each id and uuid, deletes at last: the other project is what it was."""
        before = self.a.dump()
        for method, template in self.phases():
            for session in (SAME["session_id"], LONE, ENDED):
                for path, body, _ in self.questions(method, template, {**SAME, "session_id": session},
                                                    sorted(self.b.uuids)[:60] + sorted(self.a.uuids)[:60]):
                    self.ask(self.b, method, path, body)
        self.assertEqual(before, self.a.dump())

    def test_6_after_all_was_deleted(self):
        """By the one, and by `projects delete` after that."""
        before = self.a.dump()
        for one in self.b.do("GET", "/users-ordered")["users"]:
            self.b.do("DELETE", f"/users/{one['user_id']}")
        for one in self.b.do("GET", "/groups-ordered")["groups"]:
            self.b.do("DELETE", f"/groups/{one['group_id']}")
        for one in self.b.do("GET", "/sessions-ordered")["sessions"]:
            self.b.do("DELETE", f"/sessions/{one['session_id']}/memory")
        for path in ("/users-ordered", "/groups-ordered", "/sessions-ordered"):
            self.assertEqual(self.b.do("GET", path)["total_count"], 0)
        self.assertEqual(before, self.a.dump())
        name = self.b.do("GET", "/projects/info")["project"]["name"]
        self.assertEqual(self.server.command("projects", "delete", name).returncode, 0)
        self.assertEqual(before, self.a.dump())

    def test_7_nothing_of_it_is_in_the_log(self):
        log = self.server.log()
        for word in (self.a.mark, self.b.mark, self.a.key, self.b.key, SAME["user_id"], SAME["session_id"], "shared words"):
            self.assertNotIn(word, log)
        self.assertIn("/sessions/{session_id}", log)

    def test_8_the_store_is_sound(self):
        done = self.server.command("check")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
