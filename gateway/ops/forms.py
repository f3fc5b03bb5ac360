"""Forms of colleagues in the types of contracts: numbers and Jalali days as people write them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from bus.contracts.fields import Day
from bus.contracts.kinds import Request as Contract
from bus.persian import Malformed, fold_number, parse_jalali

DIGITS_MOST = 18


def one(values: Mapping[str, list[str]], name: str) -> str:
    """The one value of a field; empty if it was not sent."""
    return values.get(name, [""])[0]


def taken(contract: Contract, values: Mapping[str, list[str]]) -> dict[str, Any]:
    """What a form says, in the types of a contract; an empty field was not filled in."""
    data: dict[str, Any] = {}
    for name, field in contract.schema.fields.items():
        told = [value for value in values.get(name, []) if value.strip()]
        if isinstance(field, fields.List) and name != "attachments":
            data[name] = told
        elif told and isinstance(field, fields.Integer):
            data[name] = whole_of(told[0])
        elif told and isinstance(field, fields.Boolean):
            data[name] = told[0] == "1"
        elif told and isinstance(field, Day):
            data[name] = day_of(told[0])
        elif told:
            data[name] = told[0]
    return data


def whole_of(told: str) -> int | str:
    """A whole number as people write it; what is none is left for the contract to refuse.

    >>> whole_of("۱٬۷۵۵٬۰۰۰")
    1755000
    """
    bare = fold_number(told)
    return int(bare) if bare.isdecimal() and len(bare) <= DIGITS_MOST else told


def day_of(told: str) -> str:
    """A Jalali day as the contract takes days; what is none is left for the contract to refuse."""
    try:
        return parse_jalali(told).isoformat()
    except Malformed:
        return told
