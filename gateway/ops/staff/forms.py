"""Forms of colleagues in the types of contracts: numbers, hours and Jalali days as people write
them. Every page of the desk reads its forms here, so that no field stays unread.
"""

from marshmallow import fields
from starlette.requests import Request

from bus.blobs import Blobs
from bus.foreign.filetypes import FILES_MOST
from bus.messages import kinds
from bus.messages.fields import Day
from gateway.forms import multipart
from gateway.forms.multipart import TEXT_FORM, SubmittedForm
from gateway.forms.values import Values
from iran.hours import parse_hour
from iran.persian import Malformed, fold_code, fold_number, parse_jalali, without_marks

# The values of a form in the types of a contract's fields, by the names of the fields.
Fields = dict[str, object]
DIGITS_MOST, PAGES_MOST = 18, 10_000
# Prose: marks between its letters may be meant, and digits stay as they are.
PROSE = frozenset(
    {
        "text",
        "body_fa",
        "body_en",
        "text_fa",
        "text_en",
        "fa-body",
        "en-body",
        "fa-subject",
        "en-subject",
        "toml",
        "file",
        "password",
    }
)
# Text of one line: marks that came along with pasted text are dropped, digits stay.
WORDS = frozenset(
    {
        "title",
        "title_fa",
        "title_en",
        "name",
        "name_fa",
        "source",
        "decree",
        "reason",
        "why",
        "note",
        "basis",
        "search",
    }
)
HOURS = frozenset({"opens", "closes", "from_hour", "to_hour"})


async def read_form(
    request: Request,
    blobs: Blobs | None = None,
    *,
    files: int = FILES_MOST,
    fields_limit: int = TEXT_FORM,
    as_text: bool = False,
) -> SubmittedForm:
    """Read the form of a request and normalise each value; as it was typed it stays in the state
    of the request, for the page of a problem. Arguments and errors: gateway.forms.multipart.
    """
    form = await multipart.read_form(
        request, blobs, files=files, fields_limit=fields_limit, as_text=as_text
    )
    form.values = {
        name: [normalise(name, value) for value in values] for name, values in form.values.items()
    }
    return form


def normalise(name: str, value: str) -> str:
    """Return the value of the field of this name without invisible marks, its digits in ASCII.

    >>> normalise("file_no", "\u200f۱۲۳\u200c "), normalise("opens", "۹"), normalise("why", " ۳ ")
    ('123', '09:00', '۳')
    """
    if name in PROSE or name.startswith("value-") or "\n" in value:
        return value
    if name in WORDS:
        return without_marks(value).strip()
    return parse_hour_text(value) if name in HOURS else fold_code(value)


def query_value(request: Request, name: str, otherwise: str = "") -> str:
    """Return a field of a form that was sent by GET; ``otherwise`` if it is empty."""
    return normalise(name, request.query_params.get(name, "")) or otherwise


def page_number(request: Request) -> int:
    """Return the number of ``?page=`` of a list; 1 for anything that is no such number."""
    number = parse_whole(query_value(request, "page", "1"))
    return number if isinstance(number, int) and 1 <= number <= PAGES_MOST else 1


def parse_form(contract: kinds.Request, values: Values) -> Fields:
    """Return the values of a form in the types of a contract; empty fields are left out."""
    data: Fields = {}
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
    """Return a whole number as people write it; other text stays for the contract to refuse.

    >>> parse_whole("۱٬۷۵۵٬۰۰۰")
    1755000
    """
    bare = fold_number(text)
    return int(bare) if bare.isdecimal() and len(bare) <= DIGITS_MOST else text


def parse_day(text: str) -> str:
    """Return a Jalali day as ISO 8601; other text stays for the contract to refuse."""
    try:
        return parse_jalali(text).isoformat()
    except Malformed:
        return text


def parse_hour_text(text: str) -> str:
    """Return an hour as HH:MM; other text stays for the contract to refuse."""
    try:
        return f"{parse_hour(text):%H:%M}"
    except Malformed:
        return text
