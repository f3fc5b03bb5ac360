"""Forms of colleagues: read here by every page of the desk, each value as it is meant; fields.py of
gateway/forms makes of them the fields of a contract.
"""

from starlette.requests import Request

from bus.blobs import Blobs
from bus.foreign.filetypes import FILES_MOST
from gateway.forms import multipart
from gateway.forms.fields import parse_hour_text
from gateway.forms.multipart import TEXT_FORM, SubmittedForm
from iran.persian import fold_code, without_marks

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
        "fa",
        "en",
        "group_fa",
        "group_en",
        "hint_fa",
        "hint_en",
        "address_fa",
        "address_en",
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
