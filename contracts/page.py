"""The page of all contracts, docs/contracts.md: built for the site and served by the faces."""

from marshmallow import Schema, fields, validate

from contracts import Command, Contract, Event, Request, catalogue

KINDS = {"Request": "asked, answered", "Command": "told to one service", "Event": "told to all"}


def markdown() -> str:
    """All contracts as Markdown, in the order of their names."""
    lines = [
        "# Contracts",
        "",
        "Made from `contracts/` by `make docs`; the faces serve it at /docs/contracts.md.",
        "",
    ]
    for name, contract in sorted(catalogue().items()):
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


def _table(head: str, schema: Schema) -> list[str]:
    rows = list(_rows(schema, ""))
    if not rows:
        return [f"{head}: none.", ""]
    return [f"| {head} | Kind | Needed | Meaning |", "|---|---|---|---|", *rows, ""]


def _rows(schema: Schema, prefix: str) -> list[str]:
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
