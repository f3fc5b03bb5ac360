"""Colleagues who are mentioned in a note: `@` and a user name."""

import re
from collections.abc import Callable

_MENTION = re.compile(r"(?:^|(?<=[\s(«،,:;]))@([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


def mentioned(text: str) -> list[str]:
    """List the user names that a text mentions, in small letters and each once.

    >>> mentioned("@Karim ببین؛ a@b.example نه، (@mina).")
    ['karim', 'mina']
    """
    return list(dict.fromkeys(name.lower() for name in _MENTION.findall(text)))


def with_names(text: str, name_of: Callable[[str], str]) -> str:
    """The text as people read it, with names for user names that ``name_of`` knows.

    >>> names = {"karim": "کریم"}
    >>> with_names("@Karim ببین، @nobody هم.", lambda account: names.get(account, account))
    '@کریم ببین، @nobody هم.'
    """

    def named(match: re.Match[str]) -> str:
        account = match[1].lower()
        name = name_of(account)
        return f"@{match[1] if name == account else name}"

    return _MENTION.sub(named, text)
