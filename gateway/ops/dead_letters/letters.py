"""Which dead letters there are, filtered and counted; and what is done with those confirmed."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bus.amqp.dead_letters import MOST_AT_ONCE, DeadLetters, Fates
from bus.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from bus.wire import Wire
from contracts import health_contracts
from contracts.ticketing.dead_letters import Replay
from members.register import Register, current
from members.rights import AGENCY_MISSING

MISSING = "missing"
FILTERS = ("service", "type", "code", "search")


class DeadLetter(NamedTuple):
    """A dead letter without its content. ``code`` is the refusal's, or the broker's reason."""

    service: str
    id: str
    type: str
    code: str
    died_at: str
    source: str
    trace_id: str
    correlation: str
    bytes: int

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{self.service} {self.id}"

    @property
    def context(self) -> str:
        """Whose contract it follows."""
        return self.type.partition(".")[0]


def dead_letter(service: str, described: Wire) -> DeadLetter:
    """Return a letter as bus.amqp.dead_letters describes it."""
    return DeadLetter(
        service,
        str(described["id"] or ""),
        str(described["type"] or ""),
        str(described["code"] or described["reason"] or ""),
        str(described["died_at"] or ""),
        str(described["source"] or ""),
        str(described["trace_id"] or ""),
        str(described["correlation"] or ""),
        int(described["bytes"]),
    )


def all_letters(amqp_url: str) -> list[DeadLetter]:
    """Return the dead letters of all services, the newest first; up to 1000 of each service."""
    letters = []
    with DeadLetters(amqp_url) as dead:
        for service in health_contracts():
            try:
                described = dead.look(service, most=MOST_AT_ONCE)
            except NotFound:
                continue
            letters += [dead_letter(service, letter) for letter in described]
    return sorted(letters, key=lambda letter: letter.died_at, reverse=True)


def filtered(letters: Iterable[DeadLetter], filters: Mapping[str, str]) -> list[DeadLetter]:
    """Return the letters that fit: by service, type, code, and a part of an id or a trace."""
    wanted = filters.get("search", "")
    return [
        letter
        for letter in letters
        if filters.get("service", "") in ("", letter.service)
        and filters.get("type", "") in ("", letter.type)
        and filters.get("code", "") in ("", letter.code)
        and (not wanted or any(wanted in text for text in (letter.id, letter.trace_id)))
    ]


class Kind(NamedTuple):
    """How many letters died of one cause."""

    service: str
    type: str
    code: str
    number: int


def kinds(letters: Iterable[DeadLetter]) -> list[Kind]:
    """Return the letters by service, contract and cause, the most first."""
    counted = Counter((letter.service, letter.type, letter.code) for letter in letters)
    return [Kind(*key, count) for key, count in counted.most_common()]


class Judge:
    """Judges a letter again as it is sent: what an agency asked needs the agency's right of now.

    A Command that a service sent is judged by the service that does it.
    """

    def __init__(self, register: Register | None, ours: Mapping[str, object]) -> None:
        self._register, self._ours = register, (ours["agency"], ours["key"])

    def __call__(self, headers: Wire) -> str | None:
        """Narrow the caller of the headers to what holds now; return a code if nothing is left."""
        text = headers.get("ce-caller")
        try:
            caller = json.loads(text) if text else {}
        except (TypeError, ValueError):
            return "contract.broken"
        if not isinstance(caller, dict) or not caller.get("agency"):
            return None
        if (caller.get("agency"), caller.get("key")) == self._ours:
            return None
        if self._register is None:
            return AGENCY_MISSING
        try:
            now = current(self._register, caller, str(headers.get("ce-type")))
        except (Forbidden, Unauthenticated) as refusal:
            return refusal.code
        headers["ce-caller"] = json.dumps(now, ensure_ascii=False)
        return None


def done(amqp_url: str, replay: Replay, judge: Judge) -> dict[str, str]:
    """Do what was confirmed, and return what became of each letter."""
    ids = set(replay.letters)
    try:
        with DeadLetters(amqp_url) as dead:
            fates: Fates = (
                dead.drop(replay.service, ids)
                if replay.act == "drop"
                else dead.replay_judged(replay.service, ids, judge)
            )
    except Unavailable as error:
        return dict.fromkeys(replay.letters, error.code)
    return dict.fromkeys(replay.letters, MISSING) | dict(fates)


class Outcome(NamedTuple):
    """What became of a replay's letters so far, each fate with its number."""

    fates: list[tuple[str, int]]

    @property
    def died_again(self) -> int:
        return dict(self.fates).get("died_again", 0)


def outcome(replay: Replay, letters: Iterable[DeadLetter]) -> Outcome:
    """Return the fates of a replay, by what lies among the dead now."""
    dead = {letter.id: letter for letter in letters if letter.service == replay.service}
    counted: Counter[str] = Counter()
    for id_, fate in replay.fates.items():
        again = fate == "sent" and id_ in dead and _is_after(dead[id_], replay)
        counted["died_again" if again else fate] += 1
    return Outcome(counted.most_common())


def _is_after(letter: DeadLetter, replay: Replay) -> bool:
    """True if the letter died after the decision; the broker tells seconds only."""
    if not letter.died_at or replay.decided_at is None:
        return True
    decided = dt.datetime.fromisoformat(replay.decided_at).replace(microsecond=0)
    return dt.datetime.fromisoformat(letter.died_at) >= decided
