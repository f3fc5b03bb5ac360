"""The preview of an act of weight: one page between the form and the act, for every section.

The page says what will happen, what stays open and what ends; the form travels in it as it was
typed. The versions that the page showed travel too (``basis``), so that the service refuses an act
on something that another colleague changed meanwhile. Nothing is kept between the two pages: the
service judges at the act.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request

from bus.messages.kinds import M

LOOKED, AGAIN = "looked", "again"
NOT_CARRIED = frozenset({LOOKED, AGAIN})


class Fact(NamedTuple):
    """A line of a preview."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a colleague reads before an act: its question, its facts, what it leaves open or ends.

    ``again`` is false where there is no form to go back to; ``basis`` are fields of the contract
    that name the version on the page; ``text`` is a text as its reader will see it, and so are
    ``texts``, each under a title of its own. ``asks_why``: a second person may say why, in the
    field ``why`` of the contract, which the proposer reads.
    """

    title: str
    button: str
    facts: tuple[Fact, ...] = ()
    leaves: tuple[str, ...] = ()
    basis: Mapping[str, str | int] | None = None
    text: str = ""
    texts: tuple[Fact, ...] = ()
    danger: bool = False
    again: bool = True
    asks_why: bool = False


# Makes the preview of an act from its message.
Previewer = Callable[[Request, M], Awaitable[Preview]]


def wants_preview(values: Mapping[str, list[str]]) -> bool:
    """Return True until the form comes from the preview."""
    return values.get(LOOKED) != ["1"]


def wants_change(values: Mapping[str, list[str]]) -> bool:
    """Return True for a colleague who goes back from the preview to change the form."""
    return values.get(AGAIN) == ["1"]


def carried_fields(values: Mapping[str, list[str]], preview: Preview) -> list[tuple[str, str]]:
    """Return the hidden fields of the preview: the form as it was typed, and the basis."""
    basis = {name: str(value) for name, value in (preview.basis or {}).items()}
    typed = [
        (name, value)
        for name, texts in values.items()
        for value in texts
        if name not in NOT_CARRIED and name not in basis
    ]
    return [*typed, *basis.items()]
