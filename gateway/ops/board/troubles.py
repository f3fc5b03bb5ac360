"""What is wrong, each cause once: with its beginning, who is affected and what to do.

A cause shows at many checks: thirteen parts that do not run are one trouble, and what only waits
for the broker belongs to the broker. The gravest comes first, and a cause before what follows.
"""

import datetime as dt
import re
from collections import defaultdict
from typing import NamedTuple

from bus.messages.kinds import Request
from bus.process.monitor import Finding, Status
from contracts import catalogue
from gateway.ops.board.runbook import Section, section_of
from gateway.ops.board.words import AFFECTED, DELAYED, OTHER, RELAYED, SENTENCES, STYLES
from gateway.ops.health.checks import Check
from gateway.ops.health.concerns import PATIENCE
from gateway.ops.health.history import Since
from gateway.ops.health.survey import Survey

# A cause stands before what it causes; what is not named is between.
FIRST = ("clock.", "broker.", "agencies.away", "secret.", "database.", "part.", "folder.")
RELAY, NUMBER = "-relay", re.compile(r"-\d+$")
OF_THE_BUS = "bus"
SELF_CALL = "self-call"


class Trouble(NamedTuple):
    """One cause: the code of its findings, and the parts that have it."""

    code: str
    status: Status
    parts: tuple[str, ...]
    since: dt.datetime
    # The findings' own sentences, for engineers.
    details: tuple[str, ...]

    @property
    def style(self) -> str:
        return STYLES[self.status]

    @property
    def sentence(self) -> str:
        """What is wrong, in Persian."""
        return SENTENCES.get(self.code, OTHER)

    @property
    def section(self) -> Section:
        """What the runbook says of it."""
        return section_of(self.code)

    @property
    def key(self) -> str:
        """Its name on the page, which stays while it lasts."""
        return self.code.replace(".", "-")

    @property
    def affected(self) -> tuple[str, ...]:
        """Who notices it, in Persian; of what only warns few do, and no part is away for it."""
        if not self._fails:
            return (DELAYED[self.code],) if self.code in DELAYED else ()
        if "broker" in self.parts:
            return (AFFECTED["broker"],)
        sentences = (
            RELAYED if part.endswith(RELAY) else AFFECTED.get(part, "") for part in self._kinds
        )
        return tuple(dict.fromkeys(filter(None, sentences)))

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contracts that agencies may call and that it touches."""
        if not self._fails:
            return ()
        if {"broker", "agency", SELF_CALL} & set(self._kinds):
            return _OF_AGENCIES
        return tuple(name for name in _OF_AGENCIES if name.partition(".")[0] in self._kinds)

    @property
    def _fails(self) -> bool:
        return self.status is Status.FAIL

    @property
    def _kinds(self) -> tuple[str, ...]:
        """Its parts without the numbers of those that run more than once."""
        return tuple(NUMBER.sub("", part) for part in self.parts)


_OF_AGENCIES = tuple(
    sorted(
        name
        for name, contract in catalogue().items()
        if isinstance(contract, Request) and (contract.agency or contract.everyone)
    )
)


def troubles(survey: Survey, since: dict[str, Since]) -> list[Trouble]:
    """Return what is wrong, the gravest and the causes first."""
    by_code = defaultdict[str, list[Check]](list)
    for check in (*_causes(survey.checks), *survey.concerns):
        begun = since[check.name].at
        if (survey.at - begun).total_seconds() >= PATIENCE.get(check.finding.code, 0):
            by_code[_code(check)].append(check)
    wrong = [_trouble(code, checks, since) for code, checks in by_code.items()]
    return sorted(wrong, key=_order)


def part_of(name: str) -> str:
    """Return the part that a check or a concern is about: "inquiry" of "inquiry.database"."""
    return name.partition(":")[0].partition(".")[0]


def _causes(checks: tuple[Check, ...]) -> list[Check]:
    """The checks that are not well, without those that repeat another of their part: its summary,
    and that it does not answer over the bus.
    """
    bad = [check for check in checks if check.finding.status is not Status.PASS]
    inner = {part_of(check.name) for check in bad if "." in check.name and not _is_bus(check)}
    own = {check.name for check in bad if "." not in check.name}
    return [
        check
        for check in bad
        if not (check.name in inner and check.name in own)
        and not (_is_bus(check) and part_of(check.name) in own | inner)
    ]


def _is_bus(check: Check) -> bool:
    return check.name.endswith(f".{OF_THE_BUS}")


def _code(check: Check) -> str:
    """The code under which it is shown: all that the signed question may be told is one."""
    return SELF_CALL if check.name == SELF_CALL else check.finding.code


def _trouble(code: str, checks: list[Check], since: dict[str, Since]) -> Trouble:
    status = Status.FAIL if any(_fails(check.finding) for check in checks) else Status.WARN
    grave = [check for check in checks if check.finding.status is status]
    parts = dict.fromkeys(part_of(check.name) for check in sorted(checks, key=_fails_first))
    details = dict.fromkeys(f"{c.name.partition(':')[0]}: {c.finding.sentence}" for c in grave)
    begun = min(since[check.name].at for check in grave)
    return Trouble(code, status, tuple(parts), begun, tuple(details))


def _fails(finding: Finding) -> bool:
    return finding.status is Status.FAIL


def _fails_first(check: Check) -> bool:
    return not _fails(check.finding)


def _order(trouble: Trouble) -> tuple[bool, bool, int, dt.datetime]:
    place = next((n for n, begin in enumerate(FIRST) if trouble.code.startswith(begin)), len(FIRST))
    return trouble.status is not Status.FAIL, trouble.code == SELF_CALL, place, trouble.since
