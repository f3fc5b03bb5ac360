"""Links that people write into forms are taken out of e-mails, if the service asks for it.

Notify also escapes markup; here no value is ever read as markup (services/notify, domain/markup).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.notify.receiver import VALUE_MOST
from gateway.notify.recipients import folded

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]+|(?<![\w@.-])(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}(?:[/?#][^\s<>\"]*)?"
)
_BARE = re.compile(r"[a-zA-Z0-9.-]+")


def sanitised(
    values: Mapping[str, Any], names: Sequence[Any]
) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """The values, with links of those named gone, and what was changed.

    A bare ``name.ir`` may stand there by accident: it is broken up. Anything longer goes.

    >>> sanitised({"name": "Ali http://evil.example/x", "city": "a.b"}, ["Name"])[0]
    {'name': 'Ali ', 'city': 'a.b'}
    """
    wanted = {folded(name) for name in names if isinstance(name, str)}
    cleaned = {
        name: _clean(value) if folded(name) in wanted and _short(value) else value
        for name, value in values.items()
    }
    changed = {
        name: {"unsanitised": value, "sanitised": cleaned[name]}
        for name, value in values.items()
        if cleaned[name] != value
    }
    return cleaned, changed


def _short(value: Any) -> bool:
    """Longer values are refused by the service; nobody should make us search them."""
    return isinstance(value, str) and len(value) <= VALUE_MOST


def _clean(value: str) -> str:
    return _LINK.sub(lambda match: _broken(match[0]), value)


def _broken(link: str) -> str:
    return link.replace(".", ". ") if _BARE.fullmatch(link) else ""
