"""Values of forms and addresses in the types of contracts: numbers, hours and Jalali days as people
write them. What cannot be read stays as it is, for the contract to refuse.
"""

from marshmallow import fields
from starlette.requests import Request

from bus.messages import kinds
from bus.messages.fields import Day
from gateway.forms.values import Values
from iran.hours import parse_hour
from iran.persian import Malformed, fold_number, parse_jalali

# The values of a form in the types of a contract's fields, by the names of the fields.
Fields = dict[str, object]
DIGITS_MOST, PAGES_MOST, NUMBER_MOST = 18, 10_000, 2**31


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


def whole_or_none(text: str) -> int | None:
    """Return a whole number as people write it; None for any other text, or one without end."""
    number = parse_whole(text)
    return number if isinstance(number, int) else None


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


def page_number(request: Request) -> int:
    """Return the number of ``?page=`` of a list; 1 for anything that is no such number."""
    number = parse_whole(request.query_params.get("page", "1"))
    return number if isinstance(number, int) and 1 <= number <= PAGES_MOST else 1


def before(request: Request) -> int | None:
    """Return the number of ``?before=120`` from which a list goes on; None without one."""
    number = parse_whole(request.query_params.get("before", ""))
    return number if isinstance(number, int) and 0 < number < NUMBER_MOST else None
