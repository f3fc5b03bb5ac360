"""Acts of weight are looked at first: one page between the form and the act, for every part.

The page tells what will happen, what it leaves hanging and what it ends; the form travels in it as
it was typed. What was looked at goes along (``seen``), so that the service refuses an act on what
somebody else changed meanwhile. Nothing is kept between the two: the service judges at the act.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.requests import Request

LOOKED, AGAIN = "looked", "again"
NOT_CARRIED = frozenset({LOOKED, AGAIN})


class Fact(NamedTuple):
    """A line of what will be done."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody sees before an act: its question, its facts, and what it leaves or ends.

    ``again`` is false where there is no form to go back to; ``seen`` are fields of the contract
    that say what was looked at; ``preview`` is a text as its reader will see it.
    """

    title: str
    button: str
    facts: tuple[Fact, ...] = ()
    leaves: tuple[str, ...] = ()
    seen: Mapping[str, str | int] | None = None
    preview: str = ""
    danger: bool = False
    again: bool = True


Looker = Callable[[Request, Mapping[str, Any]], Awaitable[Look]]


def wants_look(values: Mapping[str, list[str]]) -> bool:
    """True until the form comes from the page that shows what will be done."""
    return values.get(LOOKED) != ["1"]


def wants_form(values: Mapping[str, list[str]]) -> bool:
    """True for who looked and goes back to change what he typed."""
    return values.get(AGAIN) == ["1"]


def carried(values: Mapping[str, list[str]], look: Look) -> list[tuple[str, str]]:
    """The fields that the page carries to the act."""
    seen = {name: str(value) for name, value in (look.seen or {}).items()}
    typed = [
        (name, value)
        for name, texts in values.items()
        for value in texts
        if name not in NOT_CARRIED and name not in seen
    ]
    return [*typed, *seen.items()]
