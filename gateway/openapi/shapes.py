"""JSON Schema 2020-12 from the schemas of contracts: all that is refused by its shape."""

from collections.abc import Callable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from bus.messages.fields import Block, Checked, Choice, Day, Instant, Pattern, Prose, Text
from contracts.agencies.register import Jwk
from contracts.notify.receiver import NUMBER_MOST, Value
from iran import identifiers
from iran.persian import BLANKS, DIRECTION, INVISIBLE, JOINERS, without_direction_marks
from people import tracking

# Any: a part of a JSON document has whatever members its place in OpenAPI or JSON Schema wants.
Node = dict[str, Any]

SchemaLike = Schema | type[Schema]
# Any: marshmallow's fields are generic in the value that they load, which has no part here.
AnyField = fields.Field[Any]

LAST_OF_PLANE = 0xFFFF
LAST_CONTROL = 0x9F


def characters(text: str) -> str:
    """The characters of a text as the inside of a class, in ranges, as all readers of patterns
    have it; those beyond the first plane are left out, for not all of them read these alike.
    """
    codes = sorted({ord(c) for c in text if LAST_CONTROL < ord(c) <= LAST_OF_PLANE})
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(
        f"\\u{first:04x}" if first == last else f"\\u{first:04x}-\\u{last:04x}"
        for first, last in ranges
    )


CONTROLS = "\\u0000-\\u001f\\u007f-\\u009f"
IN_PROSE = "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f"
# What is dropped from every text, and what a number or code is freed of.
TURNING = characters(DIRECTION)
UNSEEN = characters(INVISIBLE + JOINERS + BLANKS)
YEAR = "(19[0-9]{2}|2[01][0-9]{2})"
DAY = f"^{YEAR}-[0-9]{{2}}-[0-9]{{2}}$"
INSTANT = (
    f"^{YEAR}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\\.[0-9]+)?"
    "(Z|[+-][0-9]{2}:[0-9]{2})$"
)
UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
# What a checked text looks like when it is right; blanks and dashes between digits are understood.
CHECKED: dict[Callable[[str], str], Node] = {
    identifiers.mobile: {"pattern": "^(\\+98|0098|98|0)?9[0-9]{9}$", "examples": ["09900000001"]},
    identifiers.email: {"format": "email", "examples": ["sara@example.ir"]},
    identifiers.national_id: {"pattern": "^[0-9]{10}$", "examples": ["9900000013"]},
    identifiers.legal_id: {"pattern": "^[0-9]{11}$"},
    identifiers.postal_code: {"pattern": "^[0-9]{5}-?[0-9]{5}$"},
    tracking.parse: {"pattern": "^[0-9]{10}$"},
}
B64U = "^[A-Za-z0-9_-]+={0,2}$"
JWK: Node = {
    "type": "object",
    "description": "A public JSON Web Key (RFC 7517); other members are left out",
    "required": ["kty"],
    "properties": {
        "kty": {"type": "string", "enum": ["OKP", "EC", "RSA"]},
        "crv": {"type": "string", "enum": ["Ed25519", "P-256"]},
        **{
            name: {"type": "string", "maxLength": most, "pattern": B64U}
            for name, most in (("x", 100), ("y", 100), ("n", 1000), ("e", 10))
        },
    },
    "oneOf": [
        {
            "properties": {
                "kty": {"const": "OKP"},
                "crv": {"const": "Ed25519"},
                "x": {"pattern": "^[A-Za-z0-9_-]{43}=?$"},
            },
            "required": ["crv", "x"],
        },
        {
            "properties": {
                "kty": {"const": "EC"},
                "crv": {"const": "P-256"},
                "x": {"pattern": "^[A-Za-z0-9_-]{43}=?$"},
                "y": {"pattern": "^[A-Za-z0-9_-]{43}=?$"},
            },
            "required": ["crv", "x", "y"],
        },
        {
            "properties": {"kty": {"const": "RSA"}, "n": {"minLength": 342}},
            "required": ["n", "e"],
        },
    ],
    "not": {"anyOf": [{"required": [name]} for name in ("d", "k", "p", "q", "dp", "dq", "qi")]},
    "examples": [
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    ],
}
# A number that JSON does not hold exactly, or with a fraction, is sent as a text.
TYPED: Node = {"type": "integer", "minimum": -NUMBER_MOST, "maximum": NUMBER_MOST}
VALUE: Node = {
    "anyOf": [
        {"type": "string", "maxLength": 2000, "pattern": f"^[^{IN_PROSE}]*$"},
        dict(TYPED),
        {
            "type": "array",
            "maxItems": 100,
            "items": {
                "anyOf": [
                    {"type": "string", "maxLength": 2000, "pattern": f"^[^{IN_PROSE}]*$"},
                    dict(TYPED),
                ]
            },
        },
    ]
}


class Shapes:
    """The schemas of one document: of the bodies of requests, and of replies.

    A body is closed, since an unknown member is refused; a reply is open, since replies grow. So a
    schema of both has two names; that of the reply ends with ``Answer``.
    """

    def __init__(self) -> None:
        self._bodies, self._body_plugin = _converter(self._name_of_body)
        self._replies, self._reply_plugin = _converter(self._name_of_reply)
        self._rules: dict[str, Node] = {}

    def body(self, schema: Schema) -> Node:
        """A reference to the schema of a body. All bodies come before all replies."""
        return dict(self._body_plugin.converter.resolve_nested_schema(schema))  # type: ignore[union-attr]

    def reply(self, schema: Schema) -> Node:
        """A reference to the schema of a reply."""
        return dict(self._reply_plugin.converter.resolve_nested_schema(schema))  # type: ignore[union-attr]

    def query(self, schema: Schema) -> list[Node]:
        """The members of a schema as parameters of a query; a list is one text with commas."""
        parameters = self._body_plugin.converter.schema2parameters(schema, location="query")  # type: ignore[union-attr]
        for parameter in parameters:
            parameter["schema"].pop("default", None)
            if parameter["schema"].get("type") in ("array", ["array", "null"]):
                parameter |= {"style": "form", "explode": False}
                parameter["schema"]["type"] = "array"
        return list(parameters)

    def components(self) -> Node:
        """All schemas by their names."""
        body_schemas = _schemas(self._bodies)
        for name, rules in self._rules.items():
            body_schemas[name]["allOf"] = [rules]
        reply_schemas = _schemas(self._replies)
        for node in reply_schemas.values():
            _open(node)
        return {**body_schemas, **reply_schemas}

    def _name_of_body(self, schema: SchemaLike) -> str:
        cls = schema if isinstance(schema, type) else type(schema)
        name = str(cls.__name__)
        if rules := getattr(getattr(cls, "Meta", None), "rules", None):
            self._rules[name] = rules
        return name

    def _name_of_reply(self, schema: SchemaLike) -> str:
        cls = schema if isinstance(schema, type) else type(schema)
        name = str(cls.__name__)
        return f"{name}Answer" if name in self._bodies.components.schemas else name


def inline(schema: Schema, *, closed: bool) -> tuple[Node, Node]:
    """One schema as it is, and those that it refers to."""
    spec, plugin = _converter(lambda of: str((of if isinstance(of, type) else type(of)).__name__))
    content = dict(plugin.converter.schema2jsonschema(schema))  # type: ignore[union-attr]
    if closed and (rules := getattr(type(schema).Meta, "rules", None)):
        content["allOf"] = [rules]
    inner = _schemas(spec)
    if not closed:
        for node in (content, *inner.values()):
            _open(node)
    return content, inner


def _open(node: Node) -> None:
    if node.get("additionalProperties") is False:
        del node["additionalProperties"]


def _schemas(spec: APISpec) -> Node:
    return dict(spec.to_dict().get("components", {}).get("schemas", {}))


def _converter(name: Callable[[SchemaLike], str]) -> tuple[APISpec, MarshmallowPlugin]:
    plugin = MarshmallowPlugin(schema_name_resolver=name)
    spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    converter = plugin.converter
    assert converter is not None
    converter.add_attribute_function(shape)  # type: ignore[no-untyped-call]
    return spec, plugin


def shape(_: object, field: AnyField, ret: Node) -> Node:
    """What apispec does not know of our fields; it calls this last, with all that it knows."""
    additions = {name: value for name, value in _of_kind(field).items() if name not in ret}
    additions |= {"type": "object"} if isinstance(field, Block) else {}
    if isinstance(field, Jwk | Instant | Day | Value):
        ret.clear()
        additions = _of_kind(field) | _described(field)
    if isinstance(field, fields.Dict) and not isinstance(field, Block):
        additions |= _of_dict(field, ret)
    if "example" in ret:
        additions["examples"] = [ret.pop("example")]
    for name in ("x-minimum", "x-maximum"):
        ret.pop(name, None)
    if field.allow_none:
        _let_be_null(ret, additions)
    return additions


def _described(field: AnyField) -> Node:
    return {name: field.metadata[name] for name in ("description",) if name in field.metadata}


def _let_be_null(ret: Node, additions: Node) -> None:
    """Adds null to the types, and to the values if they are listed."""
    ret.pop("anyOf", None)
    if "$ref" in ret:
        additions["anyOf"] = [{"$ref": ret.pop("$ref")}, {"type": "null"}]
    elif "type" in {**ret, **additions}:
        types = {**ret, **additions}["type"]
        listed = types if isinstance(types, list) else [types]
        additions["type"] = [*(name for name in listed if name != "null"), "null"]
    if "enum" in ret:
        additions["enum"] = [*(value for value in ret["enum"] if value is not None), None]


def _of_kind(field: AnyField) -> Node:  # noqa: PLR0911 - one line a kind
    if isinstance(field, Instant):
        return {"type": "string", "format": "date-time", "pattern": INSTANT}
    if isinstance(field, Day):
        return {"type": "string", "format": "date", "pattern": DAY}
    if isinstance(field, Jwk):
        return dict(JWK)
    if isinstance(field, Value):
        return dict(VALUE)
    if isinstance(field, Checked) and field.check in CHECKED:
        return dict(CHECKED[field.check])
    if isinstance(field, Prose):
        return {"pattern": _pattern(IN_PROSE, f"\\s{TURNING}" if _least(field) else None)}
    if isinstance(field, Text) and not _has_pattern(field):
        empty = TURNING if field.fold is without_direction_marks else f" {UNSEEN}"
        return {"pattern": _pattern(CONTROLS, empty if _least(field) else None)}
    return {}


def _pattern(refused: str, empty: str | None) -> str:
    """Of a text without what is refused; with ``empty``, one that holds more than what counts as
    nothing.
    """
    clean = f"[^{refused}]*"
    return f"^{clean}$" if empty is None else f"^{clean}[^{empty}{refused}]{clean}$"


def _of_dict(field: fields.Dict, ret: Node) -> Node:
    additions: Node = {}
    for old, new in (("minLength", "minProperties"), ("maxLength", "maxProperties")):
        if old in ret:
            additions[new] = ret.pop(old)
    key = field.key_field
    if isinstance(key, Choice):
        (choices,) = (v.choices for v in key.validators if isinstance(v, validate.OneOf))
        additions["propertyNames"] = {"enum": list(choices)}
    elif isinstance(key, Text):
        additions["propertyNames"] = {
            "minLength": 1,
            "maxLength": _most(key),
            "pattern": _pattern(CONTROLS, TURNING),
        }
    return additions


def _has_pattern(field: AnyField) -> bool:
    return any(isinstance(v, Pattern) for v in field.validators)


def _least(field: AnyField) -> int:
    return next((v.min or 0 for v in field.validators if isinstance(v, validate.Length)), 0)


def _most(field: AnyField) -> int | None:
    return next((v.max for v in field.validators if isinstance(v, validate.Length)), None)
