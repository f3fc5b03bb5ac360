"""The panels of a reference, one for each operation of an OpenAPI document."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from gateway.openapi.document import JSON
from gateway.openapi.shapes import Node
from gateway.reference.examples import example_of
from gateway.reference.fields import Field, Schemas, fields_of, resolved
from gateway.reference.samples.form import Call, Sample, pretty

GOOD = ("200", "201", "202")
# Headers that every call of a face has stand in its guide, not in each panel.
COMMON = frozenset({"Signature-Input", "Content-Digest", "DPoP", "traceparent"})


class Panel(NamedTuple):
    """All that a page tells of one operation.

    ``callers`` are sentences on who may ask; ``errors`` are codes of problems; ``parameters``
    stand in the address or the headers; ``body``, ``answer`` and ``refusal`` are samples in JSON,
    empty without one.
    """

    name: str
    service: str
    method: str
    path: str
    meaning: str
    callers: tuple[str, ...]
    parameters: tuple[Field, ...]
    fields: tuple[Field, ...]
    body: str
    answer_fields: tuple[Field, ...]
    answer_status: str
    answer: str
    refusal: str
    media_types: tuple[str, ...]
    errors: tuple[str, ...]
    samples: tuple[Sample, ...]

    @property
    def href(self) -> str:
        """Where its page is; a name may have braces, which an address may not."""
        return f"/reference/{quote(self.name)}"

    @property
    def label(self) -> str:
        """What a menu below its service calls it: inquiry.ask.v1 is "ask"."""
        if self.name.startswith(f"{self.service}."):
            operation, _, version = self.name[len(self.service) + 1 :].rpartition(".")
            return operation if version == "v1" else f"{operation} {version}"
        return f"{self.method} {self.path.removeprefix('/v2/')}"

    @property
    def sections(self) -> list[tuple[str, str]]:
        """The sections of its page: id and title."""
        sections = [("who", "Who may ask")]
        if self.fields or self.method == "POST":
            sections.append(("fields", "Fields"))
        if self.parameters:
            sections.append(("headers", "Headers"))
        return [*sections, ("answer", "Answer"), ("errors", "Errors"), ("versions", "Versions")]


class Kind(NamedTuple):
    """What a face adds to its document: samples, who may ask, errors, and examples of its own.

    ``bodies`` and ``answers`` are by the name of the operation; ``refusals`` gives the problem that
    an operation answers an empty message with, None if it takes one.
    """

    samples: Callable[[Call], list[Sample]]
    callers: Callable[[str], tuple[str, ...]]
    errors: Callable[[str], tuple[str, ...]]
    bodies: Mapping[str, object] = {}
    answers: Mapping[str, object] = {}
    refusals: Callable[[str, str], object | None] = lambda name, path: None


def panels_of(document: Node, base: str, kind: Kind, tags: Collection[str]) -> list[Panel]:
    """Return the panels of the operations with one of these tags, in the document's order."""
    return list(_panels(document, base, kind, tags))


def _panels(document: Node, base: str, kind: Kind, tags: Collection[str]) -> Iterator[Panel]:
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation["tags"][0] in tags:
                yield _panel(path, method.upper(), operation, schemas, base, kind)


def _panel(  # noqa: PLR0913 - what stands around an operation
    path: str, method: str, operation: Node, schemas: Schemas, base: str, kind: Kind
) -> Panel:
    name = operation["operationId"]
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get(JSON, {}).get("schema")
    body = _body(name, content.get(JSON, {}), schemas, kind)
    status = next(status for status in GOOD if status in operation["responses"])
    answers = operation["responses"][status].get("content", {})
    answer_schema = answers.get(JSON, {}).get("schema")
    call = Call(name, method, base, _filled(path, operation), body)
    refusal = kind.refusals(name, path)
    return Panel(
        name=name,
        service=operation["tags"][0],
        method=method,
        path=path,
        meaning=operation["summary"],
        callers=kind.callers(name),
        parameters=tuple(_parameters(operation, schemas)),
        fields=tuple(fields_of(schema, schemas)) if schema else (),
        body="" if body is None else pretty(body),
        answer_fields=tuple(fields_of(answer_schema, schemas)) if answer_schema else (),
        answer_status=status,
        answer=_answer(name, answer_schema, schemas, kind),
        refusal="" if refusal is None else pretty(refusal),
        media_types=tuple(m for m in (*content, *answers) if m != JSON),
        errors=kind.errors(name),
        samples=tuple(kind.samples(call)),
    )


def _body(name: str, content: Node, schemas: Schemas, kind: Kind) -> object | None:
    if not content:
        return None
    if name in kind.bodies:
        return kind.bodies[name]
    if "example" in content:
        example: object = content["example"]
        return example
    return example_of(content["schema"], schemas)


def _answer(name: str, schema: Node | None, schemas: Schemas, kind: Kind) -> str:
    if name in kind.answers:
        return pretty(kind.answers[name])
    return pretty(example_of(schema, schemas, whole=True)) if schema else ""


def _parameters(operation: Node, schemas: Schemas) -> Iterator[Field]:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in COMMON:
            continue
        schema = {
            **resolved(parameter["schema"], schemas),
            "description": parameter.get("description", ""),
        }
        row = fields_of({"properties": {parameter["name"]: schema}}, schemas)[0]
        place = {"path": "in the path", "query": "in the query"}.get(parameter["in"], "header")
        yield row._replace(kind=f"{row.kind}, {place}", needed=parameter.get("required", False))


def _filled(path: str, operation: Node) -> str:
    """The path with values of its parameters."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            name = parameter["name"]
            path = path.replace(f"{{{name}}}", str(example_of(parameter["schema"], {}, name=name)))
    return path
