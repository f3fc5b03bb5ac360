"""Made-up values for the samples of a reference, of the form that a JSON Schema asks for."""

import re
from collections.abc import Mapping

from gateway.openapi.shapes import Node
from gateway.reference.fields import Schemas, parts, resolved

DEEPEST = 6
ID = "2f1c6d0e-7a54-4c39-9d0b-6a1f5be2c3d4"
DAY, INSTANT = "2026-11-23", "2026-11-23T08:30:00Z"
# Values that tell more than their form does; people and numbers are those of the test data.
BY_NAME: Mapping[str, object] = {
    "tracking_code": "Q-T29D-DBQY-Y45J",
    "verification_code": "V-7K3M-9QPD-2H5R",
    "file_no": "4/9",
    "agency": "fuel-co",
    "code": "fuel-co",
    "mobile": "09900000001",
    "email": "sara@example.ir",
    "reference": "7/1405",
    "case_number": "1405/17",
    "name": "My agency",
    "template": "welcome",
    "before": None,
    "after": None,
    "url": "https://agency.example/mirab",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "jws": "eyJhbGciOiJFZERTQSJ9.eyJjb2RlIjoiZnVlbC1jbyJ9.c2lnbmF0dXJl",
    "proof": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJmdWVsLWNvIn0.c2lnbmF0dXJl",
    "label_fa": "معتبر",
    "phone_number": "09900000001",
    "email_address": "sara@example.ir",
}
WORD = "text"


def example_of(node: Node, schemas: Schemas, *, whole: bool = False, name: str = "") -> object:
    """Return a value of that schema. Of an object only what it needs, or all if ``whole``."""
    return _value(node, schemas, name, 0, whole=whole)


def _value(node: Node, schemas: Schemas, name: str, depth: int, *, whole: bool) -> object:  # noqa: PLR0911 - one line a kind
    node = resolved(node, schemas)
    kind = node.get("type")
    types = kind if isinstance(kind, list) else [kind]
    if examples := node.get("examples"):
        return examples[0]
    if "example" in node:
        return node["example"]
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return node["enum"][0]
    if "array" in types:
        if depth >= DEEPEST or (node.get("minItems", 0) == 0 and not whole):
            return []
        return [_value(node.get("items", {}), schemas, name, depth + 1, whole=whole)]
    if "object" in types or any(k in node for k in ("properties", "allOf", "oneOf")):
        return _object(node, schemas, depth, whole=whole)
    if "integer" in types or "number" in types:
        return max(1, node.get("minimum", 1))
    if "boolean" in types:
        return True
    return _text(node, name)


def _object(node: Node, schemas: Schemas, depth: int, *, whole: bool) -> Node:
    if depth >= DEEPEST:
        return {}
    properties, needed = parts(node, schemas)
    arms = [arm for arm in node.get("oneOf", ()) if not node.get("properties")]
    if arms:
        return _object(resolved(arms[0], schemas), schemas, depth, whole=whole)
    shown = [name for name in properties if name in needed or whole]
    shown.sort(key=lambda name: name not in needed)
    return {name: _value(properties[name], schemas, name, depth + 1, whole=whole) for name in shown}


def _text(node: Node, name: str) -> object:
    form = node.get("format")
    if form == "uuid":
        return ID
    if form == "date-time" or name.endswith("_at"):
        return INSTANT
    if form == "date":
        return DAY
    if name in BY_NAME:
        return BY_NAME[name]
    if name.endswith("_jalali"):
        return "1405-09-02 12:00"
    text = WORD
    most = node.get("maxLength")
    if re.search(r"_fa$", name):
        text = "متن"
    return text if most is None else text[:most]
