# SPDX-License-Identifier: Apache-2.0
"""What a reply's JSON is expected to be: JSON with a few words more.

    <uuid> <time> <int> <real> <number> <text> <bool> <list> <object> <any>     any value of that kind
    <uuid id>                            the same, and remembered as $id
    <list 3>                             of that many items
    /regular expression/                 a string that it fits as a whole
    {"a": 1, ...}                        these fields and perhaps more; without the dots these alone
    [1, 2, ...]  [..., 1]  [1, ..., 2]   likewise, at one place
"""
import json
import re

KINDS = {
    "any": lambda v: True,
    "uuid": lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", v) is not None,
    "time": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", v) is not None,
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "real": lambda v: isinstance(v, float),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "text": lambda v: isinstance(v, str),
    "bool": lambda v: isinstance(v, bool),
    "list": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
MORE = object()
WORD = re.compile(r"<(\w+)(?: (\w+))?>")
REGEX = re.compile(r"/((?:[^/\\\n]|\\.)*)/")
SPACE = re.compile(r"\s*")


class Any:
    """A value of a kind, perhaps remembered, perhaps of a length."""

    def __init__(self, kind, word):
        assert kind in KINDS, f"no kind <{kind}>"
        self.kind = kind
        self.length = int(word) if word and word.isdigit() else None
        self.name = word if word and not word.isdigit() else None


class Reader:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def skip(self):
        self.at = SPACE.match(self.text, self.at).end()

    def take(self, token):
        self.skip()
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def need(self, token):
        assert self.take(token), f"{token!r} is missing in the pattern at: {self.text[self.at:self.at + 60]!r}"

    def value(self):
        if self.take("{"):
            return self.object()
        if self.take("["):
            return self.list()
        self.skip()
        for form, made in ((WORD, lambda m: Any(m.group(1), m.group(2))), (REGEX, lambda m: re.compile(m.group(1), re.S))):
            match = form.match(self.text, self.at)
            if match:
                self.at = match.end()
                return made(match)
        got, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
        return got

    def object(self):
        fields = {}
        while not self.take("}"):
            if fields:
                self.need(",")
            if self.take("..."):
                fields[MORE] = True
                continue
            key = self.value()
            self.need(":")
            fields[key] = self.value()
        return fields

    def list(self):
        items = []
        while not self.take("]"):
            if items:
                self.need(",")
            items.append(MORE if self.take("...") else self.value())
        return items


def parse(text):
    reader = Reader(text)
    got = reader.value()
    reader.skip()
    assert reader.at == len(text), f"something follows the pattern: {text[reader.at:][:60]!r}"
    return got


def match(want, got, names, where="reply"):
    """None, or what differs; `names` gets what is to be remembered."""
    if isinstance(want, Any):
        if not KINDS[want.kind](got):
            return f"{where}: {short(got)} is no <{want.kind}>"
        if want.length is not None and len(got) != want.length:
            return f"{where}: {len(got)} items and not {want.length}: {short(got)}"
        if want.name:
            names[want.name] = got
        return None
    if isinstance(want, re.Pattern):
        fits = isinstance(got, str) and want.fullmatch(got)
        return None if fits else f"{where}: {short(got)} does not fit /{want.pattern}/"
    if isinstance(want, dict):
        return match_object(want, got, names, where)
    if isinstance(want, list):
        return match_list(want, got, names, where)
    same = type(want) is type(got) and want == got
    return None if same else f"{where}: {short(got)} and not {short(want)}"


def match_object(want, got, names, where):
    if not isinstance(got, dict):
        return f"{where}: {short(got)} is no object"
    for key, value in want.items():
        if key is MORE:
            continue
        if key not in got:
            return f"{where}.{key} is missing in {short(got)}"
        wrong = match(value, got[key], names, f"{where}.{key}")
        if wrong:
            return wrong
    extra = [key for key in got if key not in want]
    return f"{where}: fields that were not expected: {extra}" if extra and MORE not in want else None


def match_list(want, got, names, where):
    if not isinstance(got, list):
        return f"{where}: {short(got)} is no array"
    cut = want.index(MORE) if MORE in want else len(want)
    head, tail = want[:cut], want[cut + 1:]
    if len(got) < len(head) + len(tail) or (MORE not in want and len(got) != len(head)):
        return f"{where}: {len(got)} items and not {len(head) + len(tail)}: {short(got)}"
    pairs = [(i, one) for i, one in enumerate(head)]
    pairs += [(len(got) - len(tail) + i, one) for i, one in enumerate(tail)]
    for i, one in pairs:
        wrong = match(one, got[i], names, f"{where}[{i}]")
        if wrong:
            return wrong
    return None


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "…"
