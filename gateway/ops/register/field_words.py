"""How forms of the register name parts of a document, and what a part needs that is wrong."""

import re

from bus.errors import BusError

# How forms name what the document has, where that is not the same.
_NAMES = {
    ("keys", "id"): "key_id",
    ("keys", "until"): "key_until",
    ("grants", "until"): "grant_until",
    ("exceptions", "until"): "exception_until",
    ("exceptions", "basis"): "exception_basis",
    ("key_sets", "until"): "key_set_until",
    ("key_sets", "basis"): "key_set_basis",
}


def field_of(path: str) -> str:
    """The name in our forms of a part of the document.

    >>> field_of("document.keys.2.until"), field_of("document.code"), field_of("reason")
    ('key_until', 'code', 'reason')
    """
    parts = re.sub(r"\.\d+", "", path.removeprefix("document.")).split(".")
    return _NAMES.get((parts[0], parts[-1]), parts[1] if len(parts) > 1 else parts[0])


# What is said of a field whose text cannot be what it should be.
_INVALID = {
    "code": "تنها حروف کوچک لاتین، رقم و خط تیره (-) بنویسید.",
    "key_id": "تنها حروف لاتین، رقم و خط تیره (-) بنویسید.",
    "public_key": "کلید عمومی Ed25519 نیست (Base64 از 32 بایت)؛ آن را از دستگاه دوباره بگیرید.",
}
_CODES = ("invalid", "format")


def invalid(error: BusError) -> dict[str, str]:
    """What the fields need that hold anything else, where the general sentence does not say it."""
    names = [field_of(fault.field) for fault in error.fields if fault.code in _CODES]
    return {name: _INVALID[name] for name in names if name in _INVALID}
