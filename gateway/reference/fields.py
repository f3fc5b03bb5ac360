"""The fields of a message as rows of a table, read off its JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import orjson

from gateway.openapi.shapes import Node

DEEPEST = 4
LONGEST_PATTERN = 60
SCHEMAS = "#/components/schemas/"
FORMATS = {
    "date-time": "moment",
    "date": "day",
    "uuid": "UUID",
    "uri": "address (URI)",
    "uri-reference": "address (URI)",
    "email": "e-mail address",
}
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list",
}
# By how a name ends, as names of contracts do.
UNITS = {
    "_rials": "rials",
    "rials": "rials",
    "seconds": "seconds",
    "_m3": "m³",
    "_metres": "m",
    "_hectares": "hectares",
    "per_day": "questions a day",
}
Schemas = Mapping[str, Node]


class Field(NamedTuple):
    """One field. ``name`` is its path: ``sources[].status.code``; ``example`` is JSON."""

    name: str
    depth: int
    kind: str
    needed: bool
    meaning: str
    bounds: str
    example: str


def fields_of(schema: Node, schemas: Schemas) -> list[Field]:
    """Return the fields of a message in their order, those of nested objects after their own."""
    return list(_members(schema, schemas, "", 0))


def resolved(node: Node, schemas: Schemas) -> Node:
    """Return a schema with its references followed, and without the null that it may be."""
    while True:
        if "$ref" in node:
            own = {name: value for name, value in node.items() if name != "$ref"}
            node = {**schemas[node["$ref"].removeprefix(SCHEMAS)], **own}
            continue
        either = [arm for arm in node.get("anyOf", ()) if arm.get("type") != "null"]
        if len(either) != 1:
            return node
        node = {**{n: v for n, v in node.items() if n != "anyOf"}, **either[0]}


def parts(node: Node, schemas: Schemas) -> tuple[Node, frozenset[str]]:
    """Return the properties of an object and the names of those that it needs, ``allOf`` with
    them; of ``oneOf`` and ``anyOf`` what any of them has, none of it needed.
    """
    node = resolved(node, schemas)
    properties: Node = dict(node.get("properties", {}))
    needed = set(node.get("required", ()))
    for arm in node.get("allOf", ()):
        more, needs = parts(arm, schemas)
        properties = {**more, **properties}
        needed |= needs
    if not properties:
        for arm in (*node.get("oneOf", ()), *node.get("anyOf", ())):
            more, _ = parts(arm, schemas)
            properties |= more
    return properties, frozenset(needed & properties.keys())


def _members(node: Node, schemas: Schemas, prefix: str, depth: int) -> Iterator[Field]:
    properties, needed = parts(node, schemas)
    in_order = sorted(properties, key=lambda name: name not in needed)
    for name in in_order:
        member = resolved(properties[name], schemas)
        yield _field(prefix + name, depth, member, schemas, needed=name in needed)
        inner, path = member, f"{prefix}{name}."
        while inner.get("type") == "array" or inner.get("type") == ["array", "null"]:
            inner, path = resolved(inner.get("items", {}), schemas), f"{path[:-1]}[]."
        if depth < DEEPEST and _is_object(inner):
            yield from _members(inner, schemas, path, depth + 1)


def _is_object(node: Node) -> bool:
    return any(name in node for name in ("properties", "allOf", "oneOf"))


def _field(name: str, depth: int, node: Node, schemas: Schemas, *, needed: bool) -> Field:
    inner = node
    while "array" in _types(inner):
        inner = resolved(inner.get("items", {}), schemas)
    examples = node.get("examples") or ([node["example"]] if "example" in node else [])
    return Field(
        name,
        depth,
        kind_of(node, schemas),
        needed,
        str(node.get("description") or inner.get("description") or ""),
        "; ".join(_bounds(name, node, inner)),
        orjson.dumps(examples[0]).decode() if examples else "",
    )


def kind_of(node: Node, schemas: Schemas) -> str:
    """Return what people call the kind of a value: text, list of moments, object or null."""
    kinds = []
    for name in _types(node):
        if name == "array":
            inner = kind_of(resolved(node.get("items", {}), schemas), schemas)
            kinds.append(f"list of {inner}" if inner != "any" else "list")
        elif name == "string" and node.get("format") in FORMATS:
            kinds.append(FORMATS[node["format"]])
        elif name == "string" and "enum" in node:
            kinds.append("code")
        else:
            kinds.append(TYPES.get(name, name))
    return " or ".join(kinds) or "any"


def _types(node: Node) -> list[str]:
    kind = node.get("type")
    if kind is None:
        if _is_object(node):
            return ["object"]
        return ["string"] if "enum" in node else []
    return list(kind) if isinstance(kind, list) else [kind]


def _bounds(name: str, node: Node, inner: Node) -> Iterator[str]:
    if node is not inner:
        yield from _range(node, "minItems", "maxItems", "items")
    choices = [choice for choice in inner.get("enum", ()) if choice is not None]
    if choices:
        yield "one of " + ", ".join(map(str, choices))
    elif "const" in inner:
        yield f"always {inner['const']}"
    elif inner.get("format") not in FORMATS:
        yield from _range(inner, "minLength", "maxLength", "characters")
        pattern = inner.get("pattern", "")
        if pattern and len(pattern) <= LONGEST_PATTERN and "\\u" not in pattern:
            yield f"form {pattern}"
    yield from _range(inner, "minimum", "maximum", "")
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), None)
    if unit and TYPES["integer"] in (kind_of(inner, {}), kind_of(node, {})):
        yield f"in {unit}"
    if "default" in node and node["default"] not in (None, []):
        yield f"{orjson.dumps(node['default']).decode()} if left out"


def _range(node: Node, least: str, most: str, unit: str) -> Iterator[str]:
    low, high = node.get(least), node.get(most)
    if high is None and not low:
        return
    if high is None:
        text = f"at least {low:,}"
    elif low is None or (low in (0, 1) and unit == "characters"):
        text = f"at most {high:,}"
    elif low == high:
        text = f"{low:,}"
    else:
        text = f"{low:,} to {high:,}"
    yield f"{text} {unit}".strip()
