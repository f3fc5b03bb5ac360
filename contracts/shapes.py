"""The shape of each contract, as others rely on it, and what breaks them within a version."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from marshmallow import Schema, fields, validate

from bus.messages.annotations import AnyField
from bus.wire import Wire
from contracts import Contract, Event, Request, catalogue

Shape = Wire  # JSON, as tests/house/contracts.json keeps it

# What agencies may do with a Request: once given, it is not taken away within a version.
RIGHTS = {
    "agency": "agencies may be granted it no more",
    "everyone": "it needs a grant now",
    "delegable": "it can be called in another's name no more",
}


def shapes() -> dict[str, Shape]:
    """The shapes of all contracts, by name."""
    return {name: shape(contract) for name, contract in sorted(catalogue().items())}


def shape(contract: Contract) -> Shape:
    """What others rely on: the kind, the fields and the reply of a contract."""
    promise: Wire = {"kind": type(contract).__name__, "fields": members(contract.schema)}
    if isinstance(contract, Request):
        promise |= {
            "effect": contract.effect,
            "agency": contract.agency,
            "reply": members(contract.reply_schema),
        }
        promise |= {name: True for name in ("everyone", "delegable") if getattr(contract, name)}
    if isinstance(contract, Event) and contract.hearable:
        promise["heard"] = {
            "owner": contract.owner,
            "fields": sorted(contract.agency_schema.fields),
        }
    return promise


def members(schema: Schema) -> Wire:
    """The fields of a schema, those of nested schemas with them."""
    return {name: member(field) for name, field in schema.fields.items()}


def member(field: AnyField) -> Wire:
    """One field: its kind, whether it must be there, whether it may be null, what it may hold: some
    choices, or at least and at most so many characters or entries, or so large a number.
    """
    shape: Wire = {
        "type": type(field).__name__,
        "required": field.required,
        "null": bool(field.allow_none),
    }
    choices = [list(v.choices) for v in field.validators if isinstance(v, validate.OneOf)]
    if choices:
        shape["choices"] = choices[0]
    for bound in field.validators:
        if isinstance(bound, validate.Length | validate.Range):
            ends = {"least": bound.min, "most": bound.max}
            shape |= {name: end for name, end in ends.items() if end is not None}
    if field.metadata.get("personal"):
        shape["personal"] = True
    if isinstance(field, fields.List):
        shape["of"] = member(field.inner)
    if isinstance(field, fields.Nested):
        shape["members"] = members(field.schema)
    return shape


def breaks(old: Shape, new: Shape) -> list[str]:
    """What in ``new`` breaks somebody who relies on ``old``, a sentence each.

    Who sends relies on what may be left out or null staying so; who reads relies on what is always
    there and never null. An agency sends a Request's fields and reads its reply, so each of them
    may change one way. Commands and Events lie in queues between parts and agencies that are
    renewed at different moments: both ways break.
    """
    faults = [] if old["kind"] == new["kind"] else ["the kind changed"]
    faults += _promise_breaks(old, new)
    is_request = old["kind"] == Request.__name__
    faults += _member_breaks(old["fields"], new["fields"], _Use(sent=True, read=not is_request))
    reply, reply_now = old.get("reply", {}), new.get("reply", {})
    faults += _member_breaks(reply, reply_now, _Use(sent=False, read=True), "reply")
    heard_then, heard_now = old.get("heard", {}), new.get("heard", {})
    if set(heard_then.get("fields", ())) - set(heard_now.get("fields", ())):
        faults.append("a field is heard no more")
    if heard_then and heard_then["owner"] != heard_now.get("owner"):
        faults.append("another field names who hears it")
    return faults


def _promise_breaks(old: Shape, new: Shape) -> list[str]:
    """The breaks of what a Request is: who may call it, and whether a repeat does nothing."""
    faults = [text for name, text in RIGHTS.items() if old.get(name) and not new.get(name)]
    if old.get("effect") != new.get("effect"):
        # It changes something that did not, or a repeated id gets the first reply no more.
        faults.append("effect changed")
    return faults


class _Use(NamedTuple):
    """Whether others send such fields to us, and whether they read them."""

    sent: bool
    read: bool


def _member_breaks(old: Shape, new: Shape, use: _Use, path: str = "") -> list[str]:
    faults = []
    for name, was in old.items():
        here = f"{path}.{name}".lstrip(".")
        if name not in new:
            faults.append(f"{here} is gone")
            continue
        now = new[name]
        faults += [f"{here}{fault}" for fault in _field_breaks(was, now, use)]
        faults += _member_breaks(was.get("members", {}), now.get("members", {}), use, here)
        if "of" in was and "of" in now:
            faults += _member_breaks({"of": was["of"]}, {"of": now["of"]}, use, here)
    if not use.sent:  # a further field in a reply hurts nobody
        return faults
    return faults + [
        f"{path}.{name} is new and required".lstrip(".")
        for name in new
        if name not in old and new[name]["required"]
    ]


def _field_breaks(was: Shape, now: Shape, use: _Use) -> Iterator[str]:
    """The breaks of one field; of ``required`` and ``null`` by who is hurt by which change."""
    if was["type"] != now["type"]:
        yield ": type changed"
    for word, stricter in (("required", True), ("null", False)):
        if was[word] != now[word] and (use.sent if now[word] is stricter else use.read):
            yield f": {word} changed"
    before, after = was.get("choices"), now.get("choices")
    if before is None and after is not None and use.sent:
        yield ": only some values are taken now"
    if before is not None and after is None and use.read:
        yield ": any value may come now"
    if before is not None and after is not None and set(before) - set(after):
        yield ": a choice is gone"
    for word, sign in (("least", -1), ("most", 1)):
        then, since = (sign * shape.get(word, sign * math.inf) for shape in (was, now))
        if then != since and (use.sent if since < then else use.read):
            yield f": {word} changed"
    if was.get("personal") and not now.get("personal"):
        yield " counts as personal no more"
