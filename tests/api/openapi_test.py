# SPDX-License-Identifier: Apache-2.0
"""GET /openapi.json: an independent validator finds it valid, it has every route, and it is true: each operation is
asked what its schema allows, and answers what it says it answers; each is asked what its schema forbids, a single thing
at a time, and names that thing in its 400. Needs the validators that tools/install-test-deps puts into .venv."""
import json
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.parse

import openapi_values as values
from harness import Server, unique
from harness.server import binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(path) for path in (ROOT / ".venv" / "lib").glob("python3*/site-packages")]
try:
    from openapi_schema_validator import OAS31Validator, oas31_format_checker
    from openapi_spec_validator import OpenAPIV31SpecValidator
except ImportError as missing:
    raise RuntimeError(f"{missing}; run tools/install-test-deps with this Python") from missing

# (method, path, id) of every row, as its source says.
ROUTE = re.compile(r'\{(GET|POST|PATCH|PUT|DELETE|OPEN)\("([^"]+)".*?\.id = "([^"]+)"', re.DOTALL)
SOURCE = (ROOT / "src" / "api" / "routes.c").read_text()
ROUTES = [("GET", path, name) if method == "OPEN" else (method, "/api/v2" + path, name)
          for method, path, name in ROUTE.findall(SOURCE.split("const route routes[]", 1)[1])]


class Asked(unittest.TestCase):
    """A server, its document, and questions made from it."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.connection = cls.server.connect()
        cls.document = cls.connection.request("GET", "/openapi.json", headers={"Authorization": None}).json
        cls.schemas = values.Schemas(cls.document)

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.server.close()

    # -- reading the document

    def operation(self, method, path):
        return self.document["paths"][path][method.lower()]

    def deref(self, one):
        while "$ref" in one:
            at = self.document
            for part in one["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            one = at
        return one

    def success(self, operation):
        """Its status, content type and schema."""
        status, = (status for status in operation["responses"] if status[0] == "2")
        (kind, content), = operation["responses"][status]["content"].items()
        return int(status), kind, content["schema"]

    def body_schema(self, operation):
        return operation["requestBody"]["content"]["application/json"]["schema"] if "requestBody" in operation else None

    def wrongs(self, schema, value):
        """What the validator has against a value."""
        whole = {**schema, "components": self.document["components"]}
        return [one.message for one in OAS31Validator(whole, format_checker=oas31_format_checker).iter_errors(value)]

    def unknown(self, schema, value, path=""):
        """Fields that the schema does not have."""
        schema = self.schemas.of(schema)
        if isinstance(value, list):
            return [one for item in value for one in self.unknown(schema["items"], item, path + "[]")]
        if not isinstance(value, dict) or "properties" not in schema:
            return []
        known = self.schemas.properties(schema)
        found = [f"{path}.{name}" for name in value if name not in known]
        for name in known.keys() & value.keys():
            found += self.unknown(known[name], value[name], f"{path}.{name}")
        return found

    # -- asking

    def send(self, method, path, body=None, key=True):
        return self.connection.request(method, path, body, None if key else {"Authorization": None})

    def must(self, status, method, path, body=None):
        reply = self.send(method, path, body)
        self.assertEqual(reply.status, status, (method, path, body, reply.body))
        return reply.json

    def world(self):
        """One of each thing that a path or a body can speak of, by the names they have there."""
        user, session, group = unique("user"), unique("session"), unique("group")
        self.must(201, "POST", "/api/v2/users", {"user_id": user, "first_name": "Ana"})
        self.must(201, "POST", "/api/v2/groups", {"group_id": group})
        self.must(201, "POST", "/api/v2/sessions", {"session_id": session, "user_id": user})
        said = [{"role": "Ana", "role_type": "user", "content": "I moved to Lyon."},
                {"role_type": "tool", "content": "Lyon"}]
        self.must(200, "POST", f"/api/v2/sessions/{session}/memory", {"messages": said})
        message, _ = self.must(200, "GET", f"/api/v2/sessions/{session}/messages")["messages"]
        episode = self.must(202, "POST", "/api/v2/graph", {"user_id": user, "type": "text", "data": "Lyon"})
        return {"user_id": user, "session_id": session, "session_ids": [session], "group_id": group, "graph_id": group,
                "message_uuid": message["uuid"], "uuid": episode["uuid"]}

    def target(self, path, operation, world, query=()):
        """The path with the world's names in it."""
        for one in operation.get("parameters", []):
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", urllib.parse.quote(world[one["name"]], safe=""))
        return path + ("?" + urllib.parse.urlencode(list(query)) if query else "")

    def body(self, operation, world, everything):
        """A body that the schema allows, or None where there is none."""
        schema = self.body_schema(operation)
        if schema is None:
            return None
        made = values.make(self.schemas, schema, {name: world[name] for name in world if name != "uuid"}, everything)
        self.assertEqual(self.wrongs(schema, made), [])
        return made

    def query(self, operation):
        """Every parameter, at a value that it allows; the two names of one say the same."""
        return [(one["name"], self.spell(values.make(self.schemas, one["schema"], {}, True)))
                for one in operation.get("parameters", []) if one["in"] == "query"]

    @staticmethod
    def spell(value):
        return value if isinstance(value, str) else json.dumps(value)

    # -- judging

    def answers(self, operation, reply, said):
        """The reply is what the document says of success."""
        status, kind, schema = self.success(operation)
        self.assertEqual(reply.status, status, (said, reply.body))
        self.assertEqual(reply.headers.get_content_type(), kind)
        if kind == "application/json":
            self.assertEqual(self.wrongs(schema, reply.json), [], (said, reply.body))
            self.assertEqual(self.unknown(schema, reply.json), [], (said, reply.body))

    def refuses(self, operation, reply, status, name, said):
        """The reply is an error that the document speaks of, and names the field."""
        self.assertEqual(reply.status, status, (said, reply.body))
        response = self.deref(operation["responses"][str(status)])
        self.assertEqual(self.wrongs(response["content"]["application/json"]["schema"], reply.json), [])
        self.assertRegex(reply.message, name, said)


class Document(Asked):
    """The document as such."""

    def test_it_is_valid(self):
        self.assertEqual([str(one) for one in OpenAPIV31SpecValidator(self.document).iter_errors()], [])

    def test_every_route_is_in_it(self):
        told = sorted((method.upper(), path, operation["operationId"])
                      for path, item in self.document["paths"].items() for method, operation in item.items())
        self.assertGreater(len(ROUTES), 36)
        self.assertEqual(told, sorted(ROUTES))

    def test_every_component_is_used(self):
        text = json.dumps(self.document)
        for section in ("schemas", "responses"):
            for name in self.document["components"][section]:
                self.assertIn(f'"#/components/{section}/{name}"', text)

    def test_it_says_what_it_is(self):
        info = self.document["info"]
        self.assertEqual(info["title"], "recalld")
        said = subprocess.run([binary(), "version"], capture_output=True, text=True, check=True).stdout
        self.assertIn(info["version"], said)
        self.assertRegex(info["description"], "compatible with.*not affiliated with, Zep")

    def test_settings_are_in_it(self):
        flags = ["--message-characters", "77", "--messages", "3", "--metrics-listen", "127.0.0.1:0"]
        with Server(args=flags) as server:
            document = server.request("GET", "/openapi.json").json
        schemas = document["components"]["schemas"]
        self.assertEqual(schemas["NewMessage"]["properties"]["content"]["maxLength"], 77)
        self.assertEqual(schemas["AddMemoryRequest"]["properties"]["messages"]["maxItems"], 3)
        self.assertNotIn("/metrics", document["paths"])


class Operations(Asked):
    """Every operation, a method of each of the kinds below for it."""

    def check_the_least(self, method, path, operation):
        """What is required alone."""
        body = self.body(operation, world := self.world(), False)
        reply = self.send(method, self.target(path, operation, world), body)
        self.answers(operation, reply, body)
        if body is not None:
            self.assertEqual(operation["requestBody"]["required"], body != {})
        if body == {}:
            reply = self.send(method, self.target(path, operation, self.world()))
            self.answers(operation, reply, None)

    def check_everything(self, method, path, operation):
        """Every field and every parameter."""
        body = self.body(operation, world := self.world(), True)
        query = self.query(operation)
        self.answers(operation, self.send(method, self.target(path, operation, world, query), body), (query, body))

    def check_key(self, method, path, operation):
        """Without a key: 401, or the answer where the document asks for none."""
        body = self.body(operation, world := self.world(), False)
        reply = self.send(method, self.target(path, operation, world), body, key=False)
        if operation.get("security") == []:
            self.answers(operation, reply, "without a key")
        else:
            self.refuses(operation, reply, 401, "unauthorized", "without a key")

    def check_bounds(self, method, path, operation):
        """What is just allowed is not refused for itself: bounds, each name of an enum, nulls, and empty texts where
        they count as absent."""
        world = self.world()
        schema, target = self.body_schema(operation), self.target(path, operation, world)
        for where, one, owner in self.places_of(operation, world):
            for value in self.just_allowed(one):
                body = values.changed(self.body(operation, world, True), where, owner, value)
                with self.subTest(**{values.spelt(where): self.shown(value)}):
                    reply = self.send(method, target, body)
                    if value != "" and self.wrongs(schema, body):  # it was the one choice
                        self.refuses(operation, reply, 400, self.names(where, owner), body)
                    elif reply.status == 400:
                        self.assertNotIn(f": {values.spelt(where)}", reply.message)
                    elif reply.status != 404:  # a name at its bound, of which there is none
                        self.answers(operation, reply, body)

    def check_refusals(self, method, path, operation):
        """What the schema of the body forbids, one thing at a time."""
        world = self.world()
        schema, target = self.body_schema(operation), self.target(path, operation, world)
        whole = self.body(operation, world, True)
        for where, one, owner in self.places_of(operation, world):
            for body in self.forbidden(whole, where, one, owner):
                with self.subTest(field=values.spelt(where), body=self.shown(body)):
                    self.assertNotEqual(self.wrongs(schema, body), [])
                    self.refuses(operation, self.send(method, target, body), 400, self.names(where, owner), body)

    def check_parameters(self, method, path, operation):
        """What the schemas of the query forbid, and what they just allow."""
        world = self.world()
        body = self.body(operation, world, False)
        for one in (one for one in operation.get("parameters", []) if one["in"] == "query"):
            schema, name = one["schema"], one["name"]
            for value in self.wrong_parameters(one):
                with self.subTest(**{name: value}):
                    reply = self.send(method, self.target(path, operation, world, [(name, value)]), body)
                    self.refuses(operation, reply, 400, name, value)
            for value in values.bounds(self.schemas, schema, None):
                with self.subTest(**{name: value}):
                    reply = self.send(method, self.target(path, operation, world, [(name, self.spell(value))]), body)
                    self.answers(operation, reply, value)
            if values.another(one):
                twice = [(name, "1"), (values.another(one), "2")]
                reply = self.send(method, self.target(path, operation, world, twice), body)
                self.refuses(operation, reply, 400, name, twice)

    # -- what they ask

    def places_of(self, operation, world):
        if "requestBody" not in operation:
            return []
        return list(values.places(self.schemas, self.body_schema(operation), self.body(operation, world, True)))

    def some(self, schema, n):
        """A list of n good items."""
        return [values.make(self.schemas, self.schemas.of(schema)["items"], {}, True) for _ in range(n)]

    def just_allowed(self, schema):
        yield from values.bounds(self.schemas, schema, lambda n: self.some(schema, n))
        if values.nullable(schema):
            yield None
        if "An empty text counts as absent." in schema.get("description", ""):
            yield ""

    def forbidden(self, body, where, schema, owner):
        for value in values.wrong_values(self.schemas, schema):
            yield values.changed(body, where, owner, value)
        if values.kind(self.schemas.of(schema)) == "array":
            for value in values.wrong_lists(self.schemas, schema, lambda n: self.some(schema, n)):
                yield values.changed(body, where, owner, value)
            yield values.changed(body, where, owner, [None])
        for other in values.rivals_of(owner, where[-1]):
            both = values.changed(body, where, owner, unique("one"))
            yield {**both, other: unique("other")}
        if where[-1] in owner.get("required", []) or values.rivals_of(owner, where[-1]):
            yield values.changed(body, where, owner, absent=True)
        some = [one["required"][0] for one in owner.get("anyOf", [])]
        if where[-1] in some:
            yield values.without(body, some)

    def wrong_parameters(self, parameter):
        schema = parameter["schema"]
        if "What is no integer" not in parameter.get("description", ""):
            yield "some"
        yield from (str(schema[name] + way) for name, way in (("minimum", -1), ("maximum", 1)) if name in schema)

    @staticmethod
    def names(where, owner):
        """What the message may speak of: the field, or what could stand in its place."""
        return "|".join([where[-1], *values.rivals_of(owner, where[-1])])

    @staticmethod
    def shown(value):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) < 300 else text[:300] + "…"


def of_one(check, method, path):
    def test(self):
        getattr(self, check)(method, path, self.operation(method, path))
    return test


for _method, _path, _name in ROUTES:
    for _check in [name for name in dir(Operations) if name.startswith("check_")]:
        _test = f"test_{_name.replace('.', '_')}__{_check.removeprefix('check_')}"
        setattr(Operations, _test, of_one(_check, _method, _path))

if __name__ == "__main__":
    unittest.main()
