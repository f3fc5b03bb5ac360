"""What is blanked in a public report, as its log says; pure.

A phrase is blanked wherever it stands (text, place, words of the unit, also those that come later),
or at one of its places in the report's own text.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iran import phrases
from services.ticketing.domain.ticket import Entry


@dataclass(frozen=True, slots=True)
class Blank:
    """Phrases that one entry of the log blanked, by whom and why; ``nth`` is the place in the
    report's text, from 1, or None for everywhere.
    """

    entry: int
    phrases: tuple[str, ...]
    nth: int | None
    actor: str
    at: dt.datetime
    reason: str


def blanks(entries: Iterable[Entry]) -> list[Blank]:
    """List what is blanked by a log; what was undone, or emptied with the ticket, is not."""
    in_force: dict[int, Blank] = {}
    for entry in entries:
        if entry.act == "blank":
            words = tuple(entry.data.get("phrases", ()))
            if words:
                nth = entry.data.get("nth") or None
                in_force[entry.seq] = Blank(
                    entry.seq, words, nth, entry.actor, entry.at, entry.text
                )
        elif entry.act == "unblank":
            in_force.pop(entry.data.get("entry", 0), None)
    return list(in_force.values())


def hide(text: str, blanked: Sequence[Blank]) -> str:
    """The report's own text as everybody reads it."""
    return _hide(text, blanked, is_own_text=True)


def hide_elsewhere(text: str, blanked: Sequence[Blank]) -> str:
    """Its place, or words about it, as everybody reads them: one place of the text is not there."""
    return _hide(text, blanked, is_own_text=False)


def count(text: str, blank: Blank) -> int:
    """How many places of a report's own text are blanked."""
    return len(_spans(text, [blank], is_own_text=True))


def _hide(text: str, blanked: Sequence[Blank], *, is_own_text: bool) -> str:
    if not text or not blanked:
        return text
    return phrases.hide(text, _spans(text, blanked, is_own_text=is_own_text))


def _spans(text: str, blanked: Sequence[Blank], *, is_own_text: bool) -> list[phrases.Span]:
    chosen = [blank for blank in blanked if is_own_text or blank.nth is None]
    wanted = [(blank, phrase) for blank in chosen for phrase in blank.phrases]
    spans: list[phrases.Span] = []
    for (blank, _), places in zip(
        wanted, phrases.places(text, (phrase for _, phrase in wanted)), strict=True
    ):
        spans += places if blank.nth is None else places[blank.nth - 1 : blank.nth]
    return spans
