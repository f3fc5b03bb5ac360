"""Reads the persons in a row of an export: the ID decides, contact and names do not."""

from collections.abc import Callable

from iran import identifiers
from iran.persian import fold_code
from services.inquiry.domain.records import Holder
from services.inquiry.domain.registry import numbers, words
from services.inquiry.domain.registry.cells import Cells, name
from services.inquiry.domain.registry.columns import HOLDER_ID, MOBILE, POSTAL

kind = words.reader(words.PERSONS, "person")
_mobile = numbers.intact(identifiers.mobile)
_postal_code = numbers.intact(identifiers.postal_code)
_legal_id = numbers.intact(identifiers.legal_id)
_foreigner_id = numbers.intact(identifiers.foreigner_id)


def holder(cells: Cells) -> Holder:
    """Read the holder of a source; contact and names are left out where they cannot be read."""
    entered = cells.read("نوع شخص", kind)
    id_kind, reads = identified(entered, cells.raw(HOLDER_ID))
    postal = cells.aside(POSTAL, _postal_code)
    if postal and identifiers.suspect_postal_code(postal):
        cells.warn(POSTAL, "postal_code.suspect", "The postal code breaks the published habits.")
    mobile = cells.aside(MOBILE, _mobile)
    if not cells.raw(MOBILE):
        cells.warn(MOBILE, "mobile.missing", "There is no mobile number.")
    id_ = cells.need(HOLDER_ID, reads)
    warn_of_zeros(cells, HOLDER_ID, id_)
    return {
        "person": "legal" if id_kind == "legal_id" else "natural",
        "id_kind": id_kind,
        "id": id_,
        "name": full_name(cells),
        "father_name": cells.aside("نام پدر", name),
        "mobile": mobile,
        "postal_code": postal,
    }


def identified(person: str | None, entered: str) -> tuple[str, Callable[[str], str]]:
    """Find the kind of a person's ID and how it is read: by the row, else by its length."""
    length = len(fold_code(entered).removesuffix(".0"))
    if person == "legal" or (person is None and length == identifiers.LEGAL_LENGTH):
        return "legal_id", _legal_id
    if person == "foreigner" or (person is None and length == identifiers.FOREIGNER_LENGTH):
        return "foreigner_id", _foreigner_id
    return "national_id", _national_id


def _national_id(value: str) -> str:
    return identifiers.national_id(numbers.undone(value), pad=True)


def warn_of_zeros(cells: Cells, field: str, id_: str | None) -> None:
    """Warn of zeros that a spreadsheet ate from a national ID, and that were put back."""
    if id_ and id_[0] == "0" and len(numbers.undone(cells.raw(field))) < len(id_):
        cells.warn(field, "national_id.padded", "Zeros at its beginning were lost; they are back.")


def full_name(cells: Cells) -> str | None:
    """Join first and last name; None if neither can be read."""
    first, last = cells.aside("نام", name), cells.aside("نام خانوادگی", name)
    if not cells.raw("نام خانوادگی"):
        cells.leave_out("نام خانوادگی", "cell.missing", "This cell may not be empty.")
    return " ".join(part for part in (first, last) if part) or None
