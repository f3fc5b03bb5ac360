"""Forms of colleagues in the types of contracts: numbers, hours and Jalali days as people write
them. Every page of the desk reads what was typed here, so that no field is forgotten.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields
from starlette.requests import Request

from bus.blobs import Blobs
from bus.fields import Day
from bus.foreign.filetypes import FILES_MOST
from bus.kinds import Request as Contract
from gateway.forms import uploads
from iran.hours import parse_hour
from iran.persian import Malformed, fold_code, fold_number, parse_jalali, without_marks

DIGITS_MOST = 18
# What people write in words: marks between its letters may be meant, and digits stay as they are.
PROSE = frozenset(
    {"text", "body_fa", "body_en", "text_fa", "text_en", "fa-body", "en-body", "fa-subject",
     "en-subject", "toml", "file", "password"}
)  # fmt: skip
# Words of one line: marks that came along when they were pasted are dropped, digits stay.
WORDS = frozenset(
    {"title", "title_fa", "title_en", "name", "name_fa", "source", "decree", "reason", "why",
     "note", "basis", "search"}
)  # fmt: skip
HOURS = frozenset({"opens", "closes", "from_hour", "to_hour"})


async def read(
    request: Request,
    blobs: Blobs | None = None,
    *,
    files: int = FILES_MOST,
    fields_limit: int = uploads.TEXT_FORM,
    as_text: bool = False,
) -> uploads.Form:
    """The form of a request with each value as it is meant; as it was typed it stays in the
    request's state, for the page of a problem.
    """
    form = await uploads.read_form(
        request, blobs, files=files, fields_limit=fields_limit, as_text=as_text
    )
    form.values = {
        name: [normalise(name, value) for value in values] for name, values in form.values.items()
    }
    return form


def normalise(name: str, value: str) -> str:
    """What somebody typed into the field of this name, without what he cannot see.

    >>> meant("file_no", "\u200f۱۲۳\u200c "), meant("opens", "۹"), meant("why", " بند ۳ ")
    ('123', '09:00', 'بند ۳')
    """
    if name in PROSE or name.startswith("value-") or "\n" in value:
        return value
    if name in WORDS:
        return without_marks(value).strip()
    return parse_hour_text(value) if name in HOURS else fold_code(value)


def query_value(request: Request, name: str, otherwise: str = "") -> str:
    """A field of a form that is sent by its address."""
    return normalise(name, request.query_params.get(name, "")) or otherwise


def page_number(request: Request) -> int:
    """The page of a list that is asked for; the first one for anything else."""
    number = parse_whole(query_value(request, "page", "1"))
    return number if isinstance(number, int) and 1 <= number <= 10_000 else 1  # noqa: PLR2004


def value_of(values: Mapping[str, list[str]], name: str) -> str:
    """The one value of a field; empty if it was not sent."""
    return values.get(name, [""])[0]


def parse_form(contract: Contract, values: Mapping[str, list[str]]) -> dict[str, Any]:
    """What a form says, in the types of a contract; an empty field was not filled in."""
    data: dict[str, Any] = {}
    for name, field in contract.schema.fields.items():
        filled = [value for value in values.get(name, []) if value.strip()]
        if isinstance(field, fields.List) and name != "attachments":
            data[name] = filled
        elif filled and isinstance(field, fields.Integer):
            data[name] = parse_whole(filled[0])
        elif filled and isinstance(field, fields.Boolean):
            data[name] = filled[0] == "1"
        elif filled and isinstance(field, Day):
            data[name] = parse_day(filled[0])
        elif filled:
            data[name] = filled[0]
    return data


def parse_whole(text: str) -> int | str:
    """A whole number as people write it; what is none is left for the contract to refuse.

    >>> whole_of("۱٬۷۵۵٬۰۰۰")
    1755000
    """
    bare = fold_number(text)
    return int(bare) if bare.isdecimal() and len(bare) <= DIGITS_MOST else text


def parse_day(text: str) -> str:
    """A Jalali day as the contract takes days; what is none is left for the contract to refuse."""
    try:
        return parse_jalali(text).isoformat()
    except Malformed:
        return text


def parse_hour_text(text: str) -> str:
    """An hour as the contract takes it; what is none is left for the contract to refuse."""
    try:
        return f"{parse_hour(text):%H:%M}"
    except Malformed:
        return text
