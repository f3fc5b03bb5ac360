"""Blanking phrases of public reports: colleagues and who wrote it read all, everybody else not."""

from typing import NamedTuple

from bus.envelope import instant
from contracts.ticketing.civic.blanking import (
    AskPublicWords,
    Blank,
    BlankedPhrase,
    PublicWords,
    Unblank,
)
from contracts.ticketing.desk import Acted
from iran import phrases
from services.ticketing.context import Context
from services.ticketing.desk import standing, tickets
from services.ticketing.domain.reports import blanks
from services.ticketing.domain.ticket import PUBLIC
from services.ticketing.figures import reports
from services.ticketing.tickets import public_words
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.refusals import field_refusal

# More wait in no report; whoever needs so many takes the report out of the list.
BLANKS_MOST = 100
PROPOSED_MOST = 20


class _Words(NamedTuple):
    """What everybody may read of a report: its own text, and the words around it."""

    text: str
    others: tuple[str, ...]


def blank(context: Context, message: Blank) -> Acted:
    """Blank a phrase for everybody but colleagues and who wrote the report.

    RuleBroken ``field.wrong`` for a phrase that is not there, or is there no n-th time;
    ``ticket.move`` for what is not in the public list.
    """
    case = tickets.load(context, "blank", message)
    standing.require(context, case, "blank")
    if len(blanks.blanks(case.entries)) >= BLANKS_MOST:
        raise field_refusal(
            "phrase", f"{BLANKS_MOST} are hidden; take the report down instead.", "many"
        )
    _require_place(case, message)
    tickets.add(
        context, case, "blank", phrases=[message.phrase], nth=message.nth, text=message.text
    )
    public_words.keep(context, case)
    return tickets.finish(context, case)


def unblank(context: Context, message: Unblank) -> Acted:
    """Show again what an entry of the log blanked. RuleBroken ``field.wrong`` if nothing is."""
    case = tickets.load(context, "unblank", message)
    standing.require(context, case, "unblank")
    if all(item.entry != message.entry for item in blanks.blanks(case.entries)):
        raise field_refusal("entry", "This is not hidden any more; read the ticket again.")
    tickets.add(context, case, "unblank", entry=message.entry, text=message.text)
    public_words.keep(context, case)
    return tickets.finish(context, case)


def public_view(context: Context, message: AskPublicWords) -> PublicWords:
    """Return a report as everybody reads it, or would after an act; see AskPublicWords."""
    case = tickets.load_to_read(context, message)
    if not reports.is_public(case.row):
        return PublicWords(public=False)
    blanked = [item for item in blanks.blanks(case.entries) if item.entry != message.entry]
    wanted = blanks.Blank(0, (message.phrase,), message.nth, "", context.now, "")
    if message.phrase:
        blanked.append(wanted)
    return PublicWords(
        public=True,
        text=blanks.hide(case.row.text, blanked),
        address=blanks.hide_elsewhere(case.row.address, blanked),
        phrases=tuple(_view(item) for item in blanked if item is not wanted),
        proposed=tuple(_proposed(case, blanked)[:PROPOSED_MOST]),
        places=blanks.count(case.row.text, wanted),
    )


def _view(blanked: blanks.Blank) -> BlankedPhrase:
    return BlankedPhrase(
        entry=blanked.entry,
        phrases=blanked.phrases,
        nth=blanked.nth,
        actor=blanked.actor,
        at=instant(blanked.at),
        text=blanked.reason,
    )


def _proposed(case: Case, blanked: list[blanks.Blank]) -> list[str]:
    """Numbers and addresses of persons that everybody may still read."""
    words = _words(case)
    shown = [blanks.hide(words.text, blanked)]
    shown += [blanks.hide_elsewhere(text, blanked) for text in words.others]
    return phrases.personal_numbers("\n\n".join(shown))


def _words(case: Case) -> _Words:
    """What everybody may read: the text; the place and the unit's words, which apps show."""
    answers = (e.text for e in case.entries if e.by == "unit" and e.act in PUBLIC and e.text)
    return _Words(case.row.text, (case.row.address, *answers))


def _require_place(case: Case, message: Blank) -> None:
    if len(phrases.phrase_key(message.phrase)) < phrases.LEAST_LETTERS:
        sentence = "Give a word or a number, of two letters or digits at least."
        raise field_refusal("phrase", sentence, "short")
    words = _words(case)
    (places,) = phrases.places(words.text, [message.phrase])
    if message.nth is not None:
        if message.nth > len(places):
            sentence = f"It stands {len(places)} times in the report's text."
            raise field_refusal("nth", sentence, "absent")
        return
    elsewhere = (phrases.places(text, [message.phrase])[0] for text in words.others)
    if not places and not any(elsewhere):
        sentence = "This does not stand in what everybody may read."
        raise field_refusal("phrase", sentence, "absent")
