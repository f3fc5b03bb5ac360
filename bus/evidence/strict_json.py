"""JSON that has one meaning and one text: read strictly, written canonically (RFC 8785)."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from bus.evidence.errors import unreadable


def canonical_text(members: Mapping[str, str | int]) -> bytes:
    """An object with ASCII names, of texts and whole numbers, as RFC 8785 writes it."""
    return orjson.dumps(dict(members), option=orjson.OPT_SORT_KEYS)


def read_json(raw: bytes | str) -> Any:  # Any: a JSON value
    """A JSON text strictly: UTF-8, no name twice in an object, no NaN and no infinity (1e999),
    no half of a surrogate pair.

    EvidenceError says what is wrong.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # no UTF-8 of halves
    except _TwiceError:
        raise unreadable("A name stands twice in one object of this JSON.") from None
    except (ValueError, RecursionError):
        # The text of such an error quotes what was read, which may be personal.
        raise unreadable("This is no JSON that has one meaning.") from None
    return value


class _TwiceError(ValueError):
    """A name stands twice in one object."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _TwiceError
    return members


def _no_constant(_: str) -> object:
    raise ValueError
