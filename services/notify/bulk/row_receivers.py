"""Who a row of a list names: the addresses and the reference in it, in canonical form."""

from marshmallow import ValidationError

from bus.messages.fields import Text
from bus.messages.message import schema_of
from contracts.notify.receiver import Receiver
from services.notify.domain.content import StoredReceiver
from services.notify.domain.sheet import ADDRESS_LINES, Problem, Row

_FIELDS = schema_of(Receiver)().fields
_REFERENCE = Text(200)


def receiver_in(row: Row) -> tuple[StoredReceiver, Problem | None]:
    """The addresses of a row that can be read, and the first thing that is wrong with the others or
    with its reference.
    """
    stored: StoredReceiver = {}
    problem: Problem | None = None
    lines = [
        row.roles[f"address_{n}"]
        for n in range(1, ADDRESS_LINES + 1)
        if f"address_{n}" in row.roles
    ]
    cells: dict[str, object] = {**row.roles, **({"address": lines} if lines else {})}
    for name in ("mobile", "email", "inbox", "address", "reference"):
        if name not in cells:
            continue
        check = _REFERENCE if name == "reference" else _FIELDS[name]
        try:
            value = check.deserialize(cells[name])
        except ValidationError as error:
            problem = problem or wrong(row.line, name, error)
            continue
        if name == "address":
            stored["address"] = list(value)
        elif name in ("mobile", "email", "inbox"):
            stored[name] = value  # type: ignore[literal-required]
    return stored, problem


def wrong(line: int, name: str, error: ValidationError) -> Problem:
    """What is wrong with a cell, by the first sentence of its check."""
    messages: object = error.messages
    while isinstance(messages, dict):
        messages = next(iter(messages.values()))
    first = messages[0] if isinstance(messages, list) else messages
    code, bar, detail = str(first).partition("|")
    return Problem(line, name[:100], code if bar else "invalid", detail if bar else code)
