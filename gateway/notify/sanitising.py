"""Values that people write into forms lose their links, and their marks of markup are escaped, if
the service asks for it.

Notify sends the escaped text through its markup, which takes the marks away again. Here no value is
ever read as markup (services/notify, domain/markup): what is sent has no marks, and the answer
shows the escaped text, as clients expect.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from contracts.notify.receiver import VALUE_MOST
from gateway.notify.recipients import folded

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"()\[\]]+"
    r"|(?<![\w@.-])(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}(?:[/?#][^\s<>\"()\[\]]*)?"
)
_BARE = re.compile(r"[a-zA-Z0-9.-]+")
_MARK = re.compile(r"[`*_()\\{}\[\]<>#+\-.!|]")
Changed: TypeAlias = dict[str, dict[str, str]]


def sanitised(values: Mapping[str, Any], names: Sequence[Any]) -> tuple[dict[str, Any], Changed]:
    """The values, with links of those named gone, and what was changed, as the answer shows it.

    A bare ``name.ir`` may stand there by accident: it is broken up. Anything longer goes.

    >>> sanitised({"name": "Ali-Reza http://evil.example/x", "city": "a.b"}, ["Name"])
    ({'name': 'Ali-Reza ', 'city': 'a.b'}, {'name': {'unsanitised': 'Ali-Reza \
http://evil.example/x', 'sanitised': 'Ali\\\\-Reza '}})
    """
    wanted = {folded(name) for name in names if isinstance(name, str)}
    cleaned = {
        name: _clean(value) if folded(name) in wanted and _short(value) else value
        for name, value in values.items()
    }
    shown = {
        name: escaped(cleaned[name])
        for name, value in values.items()
        if folded(name) in wanted and _short(value)
    }
    changed = {
        name: {"unsanitised": values[name], "sanitised": text}
        for name, text in shown.items()
        if text != values[name]
    }
    return cleaned, changed


def escaped(text: str) -> str:
    """The text with a backslash before each mark that Notify's markup knows.

    >>> escaped("[a](b)-c")
    '\\\\[a\\\\]\\\\(b\\\\)\\\\-c'
    """
    return _MARK.sub(lambda match: f"\\{match[0]}", text)


def _short(value: Any) -> bool:
    """Longer values are refused by the service; nobody should make us search them."""
    return isinstance(value, str) and len(value) <= VALUE_MOST


def _clean(value: str) -> str:
    return _LINK.sub(lambda match: _broken(match[0]), value)


def _broken(link: str) -> str:
    return link.replace(".", ". ") if _BARE.fullmatch(link) else ""
