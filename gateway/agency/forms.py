"""The forms of contracts as JSON Schema, which OpenAPI and AsyncAPI are made of."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from bus.contracts.fields import Block, Day, Instant
from bus.version import release

LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def new_spec(description: str) -> tuple[APISpec, MarshmallowPlugin]:
    """An empty OpenAPI 3.1 document that knows our fields, and what turns schemas into it."""
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        title="Mirab, agency face",
        version=release(),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": description, "license": LICENCE},
    )
    plugin.map_to_openapi_type(Instant, "string", "date-time")  # type: ignore[no-untyped-call]
    plugin.map_to_openapi_type(Day, "string", "date")  # type: ignore[no-untyped-call]
    plugin.map_to_openapi_type(Block, "object", None)  # type: ignore[no-untyped-call]
    return spec, plugin


def _schema_name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return str(cls.__name__)
