# SPDX-License-Identifier: Apache-2.0
"""What a schema of the OpenAPI document allows, and what it forbids: bodies made from it, and bodies that break it in
one place each. Of the things that there are (`world`) it takes the names."""
import copy
import uuid

from harness import unique

WIDE = "é"  # a character of two bytes: bounds are in characters
TIME = "2026-03-10T12:00:00.25+02:00"
FITTING = {"data": '{"text": "Ana moved to Lyon"}',  # what its neighbour `type` may ask of it
           "query": "Lyon", "text": "Lyon"}          # what is found


class Schemas:
    """The schemas of a document, with their references followed."""

    def __init__(self, document):
        self.all = document["components"]["schemas"]

    def of(self, schema):
        """The schema itself: what a reference points to, what is there when it is not null."""
        while "$ref" in schema or "anyOf" in schema and "properties" not in schema:
            if "$ref" in schema:
                schema = self.all[schema["$ref"].rsplit("/", 1)[1]]
            else:
                schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        return schema

    def properties(self, schema):
        return {name: self.of(one) for name, one in schema.get("properties", {}).items()}


def kind(schema):
    """string, integer, …, without the null."""
    named = schema["type"]
    return named if isinstance(named, str) else next(one for one in named if one != "null")


def nullable(schema):
    return isinstance(schema.get("type"), list) or any(one.get("type") == "null" for one in schema.get("anyOf", []))


# ---- names that stand for one another ----

def rivals(schema):
    """Lists of names of which one alone can be given: the two of a required field, and what is a choice."""
    choices = [part["oneOf"] for part in schema.get("allOf", [])]
    if "oneOf" in schema:
        choices.append(schema["oneOf"])
    return [[one["required"][0] for one in choice] for choice in choices]


def needed(schema):
    """The fewest names that do."""
    some = [one["required"][0] for one in schema.get("anyOf", [])[:1]]
    return [*schema.get("required", []), *(names[0] for names in rivals(schema)), *some]


def rivals_of(schema, name):
    return [other for names in rivals(schema) if name in names for other in names if other != name]


# ---- what is allowed ----

def make(schemas, schema, world, everything, required=False, name=""):
    """A value; `everything`: with every property that can stand beside the others. A text that is required is a new
    name, others are the world's."""
    schema = schemas.of(schema)
    if name in world and not (required and kind(schema) == "string"):
        return world[name]
    if name in FITTING:
        return FITTING[name]
    if "enum" in schema:
        return schema["enum"][0]
    if kind(schema) == "string":
        return {"uuid": str(uuid.uuid4()), "date-time": TIME}.get(schema.get("format"), unique(name or "text"))
    if kind(schema) == "integer":
        return max(schema.get("minimum", 1), 1)
    if kind(schema) == "number":
        return schema.get("minimum", 0)
    if kind(schema) == "boolean":
        return True
    if kind(schema) == "array":
        return [make(schemas, schema["items"], world, everything)]
    return make_object(schemas, schema, world, everything)


def make_object(schemas, schema, world, everything):
    if "properties" not in schema:
        return {"made": {"by": ["a", "schema", 1, None]}}
    least = needed(schema)
    names = least
    if everything:
        names = [name for name in schema["properties"] if name in least or not rivals_of(schema, name)]
        names = [name for name in names if not another(schema["properties"][name])]
    required = {*schema.get("required", []), *(name for part in schema.get("allOf", [])
                                               for one in part["oneOf"] for name in one["required"])}
    return {name: make(schemas, schema["properties"][name], world, everything, name in required, name)
            for name in names}


def another(described):
    """The field that this is another name of, as its description says."""
    before, _, name = described.get("description", "").partition("Another name of ")
    return name.rstrip(".") if name and not before else None


# ---- places in a body ----

def places(schemas, schema, value, path=()):
    """(path, schema, schema of the object it is in) for every property that the value has, or could have instead."""
    schema = schemas.of(schema)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value[:1]):
            yield from places(schemas, schema["items"], item, (*path, i))
    if not isinstance(value, dict):
        return
    for name, one in schema.get("properties", {}).items():
        yield (*path, name), one, schema
        if name in value:
            yield from places(schemas, one, value[name], (*path, name))


def spelt(path):
    """`messages[0].content`"""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def changed(body, path, owner, value=..., absent=False):
    """A copy with another value at a place (or none), without what rivals it there."""
    body = copy.deepcopy(body)
    at = body
    for part in path[:-1]:
        at = at[part]
    for other in rivals_of(owner, path[-1]):
        at.pop(other, None)
    if absent:
        at.pop(path[-1], None)
    else:
        at[path[-1]] = value
    return body


def without(body, names):
    return {name: value for name, value in body.items() if name not in names}


# ---- what is forbidden, and what is just allowed ----

WRONG_KINDS = {"string": [17, [], True], "integer": ["7", 1.5, True], "number": ["0.5", False], "boolean": ["true", 1],
               "object": [[], "{}"], "array": [{}, "[]"]}


def wrong_values(schemas, schema):
    """Values that break the schema itself."""
    inner = schemas.of(schema)
    yield from WRONG_KINDS[kind(inner)]
    if not nullable(schema) and not nullable(inner):
        yield None
    if "enum" in inner:
        yield "no-such-name"
    if "format" in inner and kind(inner) == "string":
        yield from ("neither", "2026-13-45T00:00:00Z", "123e4567-e89b-12d3-a456-42661417400")
    if inner.get("minLength"):
        yield WIDE * (inner["minLength"] - 1)
    if "maxLength" in inner:
        yield WIDE * (inner["maxLength"] + 1)
    if "minimum" in inner:
        yield inner["minimum"] - 1
    if "maximum" in inner:
        yield inner["maximum"] + 1


def wrong_lists(schemas, schema, items):
    """Lists that are too short or too long; `items(n)` makes good ones."""
    inner = schemas.of(schema)
    if inner.get("minItems"):
        yield items(inner["minItems"] - 1)
    if "maxItems" in inner:
        yield items(inner["maxItems"] + 1)


def bounds(schemas, schema, items):
    """The least and the most that the schema allows."""
    inner = schemas.of(schema)
    if "minLength" in inner:
        yield WIDE * inner["minLength"]
    if "maxLength" in inner:
        yield WIDE * inner["maxLength"]
    yield from (inner[name] for name in ("minimum", "maximum") if name in inner)
    yield from (items(inner[name]) for name in ("minItems", "maxItems") if name in inner)
    yield from inner.get("enum", [])
