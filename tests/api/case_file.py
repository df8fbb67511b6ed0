# SPDX-License-Identifier: Apache-2.0
"""A case: requests and what they are answered, in a file.

    # Two lines on what is tried.
    ids u s                    makes $u and $s, ids that nothing else uses
    project                    gives the case a project of its own, where it counts or lists everything
    server --messages 3        starts a server of its own with these flags
    let long = "x" * 500       makes $long, from Python

    > POST ~/users             ~ is /api/v2
    > Authorization: -         a header; - leaves out one that is sent else
    {"user_id": "$u"}          the body: all lines up to the answer, as they are
    < 201                      the status; text behind it must be in the error's message
    < Allow: GET, HEAD         a header of the answer; - must not be there
    {"uuid": <uuid id>, ...}   the JSON, see pattern.py; without it any
    = len(long) == 500         what else must be true, as Python

`$name` is replaced in all of these, and `{{ … }}` by what the Python in it gives (a string as it is, anything else as
JSON); `$$` is a dollar. A line that begins with `#` between the steps is a comment. What must hold of every answer is
in `common`.
"""
import http.client
import json
import pathlib
import re
import urllib.parse

import pattern
from harness import Connection, unique

EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.S)
NAME = re.compile(r"\$(\$|[A-Za-z_]\w*)")
DIRECTIVES = ("ids", "project", "server", "let")


class Wrong(AssertionError):
    pass


class Step:
    def __init__(self, number, line):
        self.number = number
        words = line.split(None, 1)
        self.method, self.target = words[0], words[1] if len(words) > 1 else ""
        self.headers = []
        self.body = []
        self.status = self.said = None
        self.reply_headers = []
        self.reply = []
        self.truths = []


class Case:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.flags, self.ids, self.lets, self.steps = [], [], [], []
        self.own_project = False
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            self.read_line(number, line)
        for step in self.steps:
            assert step.status, f"{self.path.name}:{step.number}: no answer is expected"
        assert self.steps, f"{self.path.name}: no steps"

    @property
    def name(self):
        return self.path.stem

    def read_line(self, number, line):
        step = self.steps[-1] if self.steps else None
        inside = step and not step.status and step.body
        if not inside and (line.startswith("#") or not line.strip()):
            return
        if line.startswith("> "):
            rest = line[2:]
            header = re.match(r"([\w-]+): ?(.*)", rest)
            if header:
                step.headers.append(header.groups())
            else:
                self.steps.append(Step(number, rest))
        elif line.startswith("< "):
            rest = line[2:]
            header = re.match(r"([\w-]+): ?(.*)", rest)
            if header:
                step.reply_headers.append(header.groups())
            else:
                words = rest.split(None, 1)
                step.status, step.said = words[0], words[1] if len(words) > 1 else None
        elif step is None:
            self.read_directive(number, line)
        elif step.status and line.startswith("= "):
            step.truths.append(line[2:])
        else:
            (step.reply if step.status else step.body).append(line)

    def read_directive(self, number, line):
        word, _, rest = line.partition(" ")
        assert word in DIRECTIVES, f"{self.path.name}:{number}: {word} is no directive"
        if word == "ids":
            self.ids += rest.split()
        elif word == "project":
            self.own_project = True
        elif word == "server":
            self.flags = rest.split()
        else:
            name, _, expression = rest.partition("=")
            self.lets.append((name.strip(), expression.strip()))


class Run:
    """One walk through a case."""

    def __init__(self, case, server):
        self.case = case
        self.server = server
        key = server.create_key(unique("project")) if case.own_project else server.key
        self.names = {"key": key, **{name: unique(name) for name in case.ids}}
        for name, expression in case.lets:
            self.names[name] = self.evaluate(expression)

    def walk(self):
        with Connection(self.server.url, self.names["key"], timeout=30) as connection:
            for step in self.case.steps:
                self.take(connection, step)

    def take(self, connection, step):
        target = self.fill(step.target)
        if target.startswith("~"):
            target = "/api/v2" + target[1:]
        headers = {name: None if self.fill(value) == "-" else self.fill(value) for name, value in step.headers}
        body = self.fill("\n".join(step.body)) if step.body else None
        where = f"{self.case.path.name}:{step.number}: {step.method} {target[:200]}"
        try:
            reply = connection.request(step.method, target, body, headers)
        except (OSError, http.client.HTTPException) as problem:
            raise Wrong(f"{where}\n  no answer: {problem!r}") from None
        wrong = self.compare(step, reply)
        if wrong:
            shown = reply.body[:1500].decode("utf-8", "replace")
            raise Wrong(f"{where}\n  {wrong}\n  {reply.status} {shown}")
        if reply.headers.get("Connection", "").lower() == "close":
            connection.close()

    def compare(self, step, reply):
        if str(reply.status) != step.status:
            return f"status {reply.status} and not {step.status}"
        for name, value in step.reply_headers:
            got, value = reply.headers.get(name), self.fill(value)
            if (value == "-") != (got is None) or (got is not None and value != "<any>" and got != value):
                return f"header {name}: {got} and not {value}"
        wrong = common(step.method, reply)
        if wrong or step.method == "HEAD":
            return wrong
        if step.said and self.fill(step.said) not in reply.message:
            return f"the message is {reply.message!r}"
        if step.reply:
            wrong = pattern.match(pattern.parse(self.fill("\n".join(step.reply))), reply.json, self.names)
        untrue = [one for one in step.truths if not wrong and not self.evaluate(one)]
        return wrong or (f"not true: {untrue[0]}" if untrue else None)

    # -- words for values

    def fill(self, text):
        def named(match):
            if match.group(1) == "$":
                return "$"
            assert match.group(1) in self.names, f"{self.case.path.name}: there is no ${match.group(1)}"
            return as_text(self.names[match.group(1)])

        parts = EXPRESSION.split(text)
        return "".join(NAME.sub(named, part) if i % 2 == 0 else as_text(self.evaluate(part))
                       for i, part in enumerate(parts))

    def evaluate(self, expression):
        return eval(expression.strip(), {**HELPERS, **self.names})


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def messages(n, content="turn {i}", **more):
    """An array of so many messages."""
    return [{"role_type": "user", "content": content.format(i=i), **more} for i in range(1, n + 1)]


def quote(text):
    """As it stands in a path, nothing left as it is that need not be."""
    return urllib.parse.quote(text, safe="")


HELPERS = {"json": json, "messages": messages, "quote": quote}


def common(method, reply):
    """What is true of every answer of the API."""
    kind = reply.headers.get("Content-Type", "")
    if kind != "application/json" and not kind.startswith("text/plain; version=0.0.4"):
        return f"Content-Type is {kind!r}"
    if reply.headers.get("Access-Control-Allow-Origin") != "*":
        return "no Access-Control-Allow-Origin"
    if not reply.headers.get("X-Request-Id"):
        return "no X-Request-Id"
    if method == "HEAD":
        return f"HEAD has a body: {reply.body!r}" if reply.body else None
    if kind != "application/json":
        return None
    try:
        body = reply.json
    except ValueError as problem:
        return f"no JSON: {problem}"
    if reply.status < 400:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return "an error must be {\"message\": text}"
    said = body["message"]
    if reply.status == 404 and said != "not found":
        return f"404 says {said!r}"
    if reply.status == 400 and not said.startswith("bad request: "):
        return f"400 says {said!r}"
    if reply.status == 401 and said != "unauthorized":
        return f"401 says {said!r}"
    return None
