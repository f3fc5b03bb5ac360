"""`python -m contracts`: the catalogue as Markdown (docs/contracts.md) or as JSON (--json)."""

import argparse
import sys
from typing import Any

import orjson
from marshmallow import fields, validate

from bus.process.private import own_files_only
from contracts import CATALOGUE, Command, Contract, Event, Request

KINDS = {"Request": "asked, answered", "Command": "told to one service", "Event": "told to all"}


def main(argv: list[str] | None = None) -> int:
    """Prints the catalogue."""
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the forms of all contracts as JSON")
    if parser.parse_args(argv).json:
        forms = {name: form(contract) for name, contract in sorted(CATALOGUE.items())}
        sys.stdout.write(orjson.dumps(forms, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(markdown())
    return 0


def form(contract: Contract) -> dict[str, Any]:
    """What others rely on: the kind, the fields and the reply of a contract."""
    released: dict[str, Any] = {"kind": type(contract).__name__, "fields": members(contract.schema)}
    if isinstance(contract, Request):
        released |= {
            "effect": contract.effect,
            "agency": contract.agency,
            "reply": members(contract.reply_schema),
        }
        released |= {name: True for name in ("everyone", "delegable") if getattr(contract, name)}
    if isinstance(contract, Event) and contract.hearable:
        released["heard"] = {
            "owner": contract.owner,
            "fields": sorted(contract.agency_schema.fields),
        }
    return released


def members(schema: Any) -> dict[str, Any]:
    """The fields of a schema, those of nested schemas with them."""
    return {name: member(field) for name, field in schema.fields.items()}


def member(field: Any) -> dict[str, Any]:
    """One field: its kind, whether it must be there, whether it may be null, what it may hold."""
    shape: dict[str, Any] = {
        "type": type(field).__name__,
        "required": field.required,
        "null": bool(field.allow_none),
    }
    choices = [list(v.choices) for v in field.validators if isinstance(v, validate.OneOf)]
    if choices:
        shape["choices"] = choices[0]
    if field.metadata.get("personal"):
        shape["personal"] = True
    if isinstance(field, fields.List):
        shape["of"] = member(field.inner)
    if isinstance(field, fields.Nested):
        shape["members"] = members(field.schema)
    return shape


def markdown() -> str:
    """docs/contracts.md; a test compares the two."""
    lines = ["# Contracts", "", "Made from `contracts/` by `make contracts`; do not edit.", ""]
    for name, contract in sorted(CATALOGUE.items()):
        lines += _section(name, contract)
    return "\n".join(lines)


def _section(name: str, contract: Contract) -> list[str]:
    kind = type(contract).__name__
    lines = [f"## {name}", "", f"{kind} ({KINDS[kind]}). {contract.doc}", ""]
    if isinstance(contract, Request) and contract.agency:
        path = f"/v{contract.version}/{contract.context}/{contract.operation}"
        again = " A repeated id gets the first answer." if contract.effect else ""
        callers = (
            " Every registered agency may call it, without a grant." if contract.everyone else ""
        )
        name = " An agency may let another call it in its name." if contract.delegable else ""
        lines += [f"`POST {path}` at the agency face.{again}{callers}{name}", ""]
    if isinstance(contract, Command):
        lines += [f"Receiver: {contract.context}.", ""]
    if isinstance(contract, Event) and contract.hearable:
        lines += [_hearers(contract), ""]
    lines += _table("Field", contract.schema)
    if isinstance(contract, Request):
        lines += _table("Answer", contract.reply_schema)
    return lines


def _hearers(contract: Event) -> str:
    """Which agencies hear an Event, and what they are not told of it."""
    hearers = f"the one that `{contract.owner}` names" if contract.owner else "those that may"
    less = ", ".join(f"`{name}`" for name in contract.withheld)
    return f"Agencies hear it: {hearers}" + (f", without {less}." if less else ".")


def _table(head: str, schema: Any) -> list[str]:
    rows = list(_rows(schema, ""))
    if not rows:
        return [f"{head}: none.", ""]
    return [f"| {head} | Kind | Needed | Meaning |", "|---|---|---|---|", *rows, ""]


def _rows(schema: Any, prefix: str) -> list[str]:
    rows = []
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        kind = type(inner).__name__ + (" list" if inner is not field else "")
        notes = [str(field.metadata.get("description", ""))]
        notes += [
            "one of: " + ", ".join(v.choices)
            for v in inner.validators
            if isinstance(v, validate.OneOf)
        ]
        if field.metadata.get("personal"):
            notes.append("personal")
        meaning = "; ".join(note for note in notes if note)
        needed = "yes" if field.required else "no"
        rows.append(f"| `{prefix}{name}` | {kind} | {needed} | {meaning} |")
        if isinstance(inner, fields.Nested):
            rows += _rows(inner.schema, f"{prefix}{name}.")
    return rows


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
