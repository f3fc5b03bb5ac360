"""What is wrong though every part answers: the states for which an alert rings.

Each concern is named as its alert in deploy/watch/alerts.yml, with the same threshold, so that the
board is red for what somebody is called for; the runbook has a heading of that name.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bus.health import Health
from bus.messages.values import Json
from bus.process.monitor import Finding, Status
from contracts.notify.measures.burns import ALERTS as BURNS
from contracts.notify.measures.burns import Burns
from contracts.notify.messages import Accounts
from contracts.ticketing.letters import MailFigures
from gateway.ops.health.checks import Check, usable

HOUR, DAY = 3600, 86_400
UNACKNOWLEDGED_SECONDS, LATE_SECONDS = 1800, 600
BOOK_DAYS = 90
# The state of a letter that came in → its alert, and the age from which it rings.
LETTERS = {
    "RECEIVED": ("LettersStuck", 600),
    "FLOOD": ("LettersHeld", 2 * HOUR),
    **dict.fromkeys(("FAILED", "NOBODY", "NO_UNIT", "NO_CATEGORY"), ("LettersUnread", HOUR)),
    "POSTMASTER": ("LettersUnread", DAY),
    **dict.fromkeys(("AUTOMATIC", "BOUNCE", "RECEIPT"), ("LettersUnread", 60 * DAY)),
}
WORRIES = {
    "rows_given_up": "RowsGivenUp",
    "chores_failing": "ChoresFailing",
    "tickets_without_due": "TicketsWithoutDue",
    "names_under_attack": "PasswordsGuessed",
    "sent_files_nearly_full": "SentFilesFull",
    "email_senders_critical": "EmailsComeBack",
    "email_senders_warned": "EmailsComeBackSoon",
}
WAITS = "waits_for_"
# So long it lasts before somebody is called, as `for` of the alert; who looks at the board sees a
# provider that is paused sooner.
PATIENCE = {
    "ProviderDown": 30,
    "MessagesUnclear": 900,
    "MessagesDiffer": 120,
    "MailsGivenUp": 60,
    "ChoreItemsFailed": 300,
    "ChoresFailing": 300,
    "StateWaits": 300,
    "TicketsWithoutDue": 60,
    "PasswordsGuessed": 60,
    "SentFilesFull": 300,
    "EmailsComeBack": 900,
    "EmailsComeBackSoon": 3600,
    "PromiseBurnsSlowly": 900,
}


class Figures(NamedTuple):
    """What the concerns are judged by; None where nobody answered, of which nothing is said."""

    healths: dict[str, Health]
    dead: dict[str, int] | None
    accounts: Accounts | None
    mail: MailFigures | None
    burns: Burns | None = None

    def unknown(self, name: str) -> bool:
        """Return True if nobody answered what the concern of that name is judged by."""
        about, _, alert = name.partition(":")
        service = about.partition(".")[0]
        if alert == "DeadLetters":
            return self.dead is None
        if alert in BURNS:
            return self.burns is None
        return (
            service not in self.healths
            or (service == "notify" and self.accounts is None)
            or (service == "ticketing" and self.mail is None)
        )


def concerns(figures: Figures) -> tuple[Check, ...]:
    """Return each concern that there is now; its name tells the alert and what it is about."""
    return (
        *_of_dead(figures.dead or {}),
        *(c for name, health in figures.healths.items() for c in _of_service(name, health)),
        *(_of_messages(figures.accounts) if figures.accounts else ()),
        *(_of_letters(figures.mail) if figures.mail else ()),
        *(_of_burns(figures.burns) if figures.burns else ()),
    )


def _concern(alert: str, about: str, sentence: str, status: Status = Status.WARN) -> Check:
    return Check(f"{about}:{alert}", Finding(status, alert, sentence))


def _of_dead(dead: dict[str, int]) -> Iterator[Check]:
    for service, count in dead.items():
        if count:
            yield _concern("DeadLetters", service, f"{count} dead letters of {service}.")


def _of_service(name: str, health: Health) -> Iterator[Check]:
    waits = health.unacknowledged_oldest_seconds
    if usable(health) and waits > UNACKNOWLEDGED_SECONDS:
        sentence = (
            f"{health.unacknowledged} messages not acknowledged, the oldest for {waits:.0f} s."
        )
        yield _concern("Unacknowledged", name, sentence)
    today = dt.datetime.fromisoformat(health.now).date()
    for book, day in health.book_ends.items():
        left = (dt.date.fromisoformat(day) - today).days
        if left < BOOK_DAYS:
            yield _concern("BookEnds", f"{name}.{book}", f"{book} ends in {left} days, on {day}.")
    for worry, count in health.worries.items():
        alert = "StateWaits" if worry.startswith(WAITS) else WORRIES.get(worry)
        if count and alert:
            yield _concern(alert, f"{name}.{worry}", f"{worry}: {count}.")


def _of_messages(accounts: Accounts) -> Iterator[Check]:
    if accounts.oldest_due_seconds > LATE_SECONDS:
        sentence = f"A message has been due for {accounts.oldest_due_seconds:.0f} s."
        yield _concern("MessagesLate", "notify", sentence)
    if accounts.unclear:
        sentence = f"{accounts.unclear} hand-overs of which nobody knows."
        yield _concern("MessagesUnclear", "notify", sentence)
    if accounts.difference:
        sentence = f"{accounts.difference} messages are unaccounted for."
        yield _concern("MessagesDiffer", "notify", sentence, Status.FAIL)
    for provider in accounts.providers:
        if provider["breaker"] != "CLOSED":
            code = provider["code"]
            yield _concern("ProviderDown", f"notify.{code}", f"{code} is paused after failures.")


def _of_letters(figures: MailFigures) -> Iterator[Check]:
    for row in _some(figures.letters):
        alert, seconds = LETTERS.get(row["state"], ("", 0))
        if alert and row["oldest_seconds"] > seconds:
            oldest = row["oldest_seconds"]
            sentence = f"{row['count']} letters are {row['state']}, one for {oldest:.0f} s."
            yield _concern(alert, f"ticketing.{row['state'].lower()}", sentence)
    for row in _some(figures.mails):
        if row["state"] == "GIVEN_UP":
            yield _concern("MailsGivenUp", "ticketing", f"{row['count']} e-mails were given up.")
    for row in figures.chores:
        if row["failed"]:
            sentence = f"{row['chore']} could not do {row['failed']} rows."
            yield _concern("ChoreItemsFailed", str(row["chore"]), sentence)


def _of_burns(burns: Burns) -> Iterator[Check]:
    for row in burns.promises:
        for alert in dict.fromkeys(alert.alert for alert in row.alerts if alert.rings):
            windows = [f"{a.long}/{a.short}" for a in row.alerts if a.rings and a.alert == alert]
            sentence = f"{row.promise} burns over {', '.join(windows)} minutes."
            yield _concern(alert, f"{row.component}.{row.promise}", sentence)


def _some(rows: Sequence[Json]) -> Iterator[Json]:
    return (row for row in rows if row["count"])
