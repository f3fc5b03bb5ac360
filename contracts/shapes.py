"""The shape of each contract, as others rely on it; within a version it may only grow."""

from marshmallow import Schema, fields, validate

from bus.messages.annotations import AnyField
from bus.wire import Wire
from contracts import CATALOGUE, Contract, Event, Request

NEW_AND_REQUIRED = "is new and required"
Shape = Wire  # JSON, as tests/house/contracts.json keeps it


def shapes() -> dict[str, Shape]:
    """The shapes of all contracts, by name."""
    return {name: shape(contract) for name, contract in sorted(CATALOGUE.items())}


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
    """One field: its kind, whether it must be there, whether it may be null, what it may hold."""
    shape: Wire = {
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


def breaks(old: Shape, new: Shape) -> list[str]:
    """What in ``new`` breaks somebody who relies on ``old``, a sentence each."""
    faults = [] if old["kind"] == new["kind"] else ["the kind changed"]
    faults += _member_breaks(old["fields"], new["fields"], "")
    answers = _member_breaks(old.get("reply", {}), new.get("reply", {}), "reply")
    # Who asks reads an answer; a further field there, always given, hurts nobody.
    faults += [fault for fault in answers if not fault.endswith(NEW_AND_REQUIRED)]
    heard_then, heard_now = old.get("heard", {}), new.get("heard", {})
    if set(heard_then.get("fields", ())) - set(heard_now.get("fields", ())):
        faults.append("a field is heard no more")
    if heard_then and heard_then["owner"] != heard_now.get("owner"):
        faults.append("another field names who hears it")
    return faults


def _member_breaks(old: Shape, new: Shape, path: str) -> list[str]:
    faults = []
    for name, was in old.items():
        here = f"{path}.{name}".lstrip(".")
        if name not in new:
            faults.append(f"{here} is gone")
            continue
        faults += [
            f"{here}: {word} changed"
            for word in ("type", "null", "required")
            if was[word] != new[name][word]
        ]
        if set(was.get("choices", [])) - set(new[name].get("choices", [])):
            faults.append(f"{here}: a choice is gone")
        faults += _member_breaks(was.get("members", {}), new[name].get("members", {}), here)
        if "of" in was:
            faults += _member_breaks({"of": was["of"]}, {"of": new[name]["of"]}, here)
    return faults + [
        f"{path}.{name} {NEW_AND_REQUIRED}".lstrip(".")
        for name in new
        if name not in old and new[name]["required"]
    ]
