"""Keeps the broker in line with the register while it runs; watch.py starts it.

Does what `deploy.broker.apply` does whenever the register changes, within a second: who lost a
right loses the broker's user, and with it the connections. A queue that nobody may read any more
stays with what is in it; `deploy.broker.apply` deletes it. While the register holds no agency at
all (a folder that was not filled yet) nothing is changed.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator

from bus.process import log, monitor
from bus.settings import MissingSettings, Settings
from deploy.broker import metrics
from deploy.broker.api import CannotApply
from deploy.broker.apply import NEEDED, Brokers
from deploy.broker.connected import connected, impossible, register_of
from deploy.broker.steps import Step
from deploy.broker.warden import Warden
from members.register import Register

LOOK_SECONDS, GUARD_SECONDS, AGAIN_SECONDS, WHOLE_SECONDS = 0.5, 2.0, 5.0, 300.0
TURNS = monitor.Turns(60.0)
AWAY = monitor.fail("agencies.away", "The agencies' broker does not answer: what they get waits.")
BEHIND = monitor.fail(
    "broker.rights", "The broker is not in line with the register of agencies; the log says why."
)


def main(argv: list[str] | None = None) -> int:
    """2: it cannot begin, and stderr says why; else it does not end."""
    argparse.ArgumentParser(prog="python -m deploy.broker.watch", description=__doc__).parse_args(
        argv
    )
    log.configure("broker", level="ERROR")  # what differs alone is told
    try:
        settings = Settings().require(*NEEDED)
        register = register_of(settings)
        monitor.watch("register", TURNS.check)
        monitor.serve("agency-rights", settings)
    except (CannotApply, MissingSettings, OSError) as error:
        print(f"The broker is not kept in line: {error}", file=sys.stderr)
        return 2
    keeper = Keeper(settings, register)
    while True:
        keeper.keep()


class Keeper:
    """Keeps the brokers in line, each time with the newest register."""

    def __init__(self, settings: Settings, register: Register) -> None:
        self._settings, self._register, self._warden = settings, register, Warden()
        self._parts_at = 0.0  # when our own parts, which no register changes, are looked at again

    def keep(self) -> None:
        """Brings them in line, and waits for the next change; what fails is tried again."""
        looked = time.monotonic()
        agencies = self._register.agencies()
        for wrong in impossible(self._register):
            print(wrong, file=sys.stderr, flush=True)
        with Brokers(self._settings) as brokers:
            in_line = self._bring_in_line(brokers, agencies, looked)
            metrics.BEHIND.set(not in_line)
            if in_line:
                self._wait(brokers, agencies, looked + WHOLE_SECONDS)
            else:
                self._parts_at = 0.0
                TURNS.turned(BEHIND)
                time.sleep(AGAIN_SECONDS)

    def _bring_in_line(self, brokers: Brokers, agencies: object, now: float) -> bool:
        """False if something could not be brought into line, which keeps no right elsewhere. A
        register without any agency changes nothing.
        """
        groups = brokers.agencies(connected(self._register)) if agencies else []
        done = [bring_in_line(group) for group in groups]
        if now >= self._parts_at:
            self._parts_at = now + WHOLE_SECONDS
            done.append(bring_in_line(self._until_change(brokers.parts(), agencies)))
        return all(done)

    def _until_change(self, group: Iterable[Step], agencies: object) -> Iterator[Step]:
        """Our own parts can wait for an agency that is to be cut off now."""
        for step in group:
            yield step
            if self._register.agencies() != agencies:
                self._parts_at = 0.0
                return

    def _wait(self, brokers: Brokers, agencies: object, end: float) -> None:
        guarded, finding = 0.0, monitor.WELL
        while self._register.agencies() == agencies and time.monotonic() < end:
            if time.monotonic() - guarded > GUARD_SECONDS:
                finding = guard(brokers, self._warden)
                guarded = time.monotonic()
                metrics.AWAY.set(finding is AWAY)
            TURNS.turned(finding)
            time.sleep(LOOK_SECONDS)


def guard(brokers: Brokers, warden: Warden) -> monitor.Finding:
    """Lets no agency keep the agencies' broker full; what becomes of looking at it."""
    try:
        for sentence in warden.look(brokers.outside.api):
            print(sentence, file=sys.stderr, flush=True)
    except (CannotApply, OSError) as error:
        print(f"The agencies' broker was not looked at: {error}", file=sys.stderr, flush=True)
        return AWAY
    return monitor.WELL


def bring_in_line(group: Iterable[Step]) -> bool:
    """Ends all that differs but what would lose messages; False if it cannot be ended."""
    try:
        for step in group:
            if not step.loses:
                print(step.description, flush=True)
                step.act()
    except (CannotApply, OSError) as error:
        print(f"The broker was not brought into line: {error}", file=sys.stderr, flush=True)
        return False
    return True
