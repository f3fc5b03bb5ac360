"""A play: people and programs at work, one fault after another, and how soon all is well again."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.chaos.faults import Fault
from deploy.chaos.installation import Installation
from deploy.chaos.load import agencies, payers, people
from deploy.chaos.load.acts import Journal, User
from deploy.local import demo

RECOVER_SECONDS, LAST_ACTS_SECONDS = 180.0, 240.0
# So long `/health/ready` is waited for once everybody is served: a busy machine may fail its limits
# of seconds again and again.
READY_SECONDS = 30.0
# What was on its way when the fault ended proves nothing.
AFTER_SECONDS, LOOK_SECONDS = 0.3, 0.5
GRACE_SECONDS = 20.0
KINDS: tuple[type[User], ...] = (
    agencies.Asker,
    agencies.LaterAsker,
    agencies.BatchUploader,
    agencies.Notary,
    agencies.Sender,
    people.Citizen,
    people.Correspondent,
    payers.Payer,
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a fault: seconds from its end until everybody is served again (None: not all
    were within three minutes), who was served last, until `/health/ready` passes too, and how many
    tries were repeated.
    """

    fault: Fault
    seconds: float | None
    last: str
    ready: float | None
    tries: int


class Play:
    """Users at work on an installation."""

    def __init__(self, installation: Installation, seed: int, say: Callable[[str], None]) -> None:
        self.installation, self.say, self.journal = installation, say, Journal()
        password = demo.password(installation.state)
        clerk = people.Clerk(self.journal, seed, password)
        self.users: list[User] = [*(kind(self.journal, seed) for kind in KINDS), clerk]

    def begin(self) -> None:
        """Let all users begin; return when each was served once. SystemExit if one never is."""
        for user in self.users:
            user.start()
        recovery = self._served(time.monotonic())
        if recovery[0] is None:
            raise SystemExit(f"Not all users are served before any fault: {recovery[1]}")

    def run(self, fault: Fault) -> Recovery:
        """Make a fault, end it, and wait until all are served."""
        tries = sum(self.journal.tries.values())
        self.journal.excuse(fault.excuses)
        try:
            with fault.make(self.installation):
                time.sleep(fault.seconds)
            seconds, last, ready = self._served(time.monotonic())
        finally:
            self.journal.excuse("", after=GRACE_SECONDS)
        met = sum(self.journal.tries.values()) - tries
        return Recovery(fault, seconds, last, ready, met)

    def end(self) -> list[str]:
        """Let each user bring its last act to an end; the names of those who could not."""
        for user in self.users:
            user.ending.set()
        end = time.monotonic() + LAST_ACTS_SECONDS
        for user in self.users:
            user.join(max(end - time.monotonic(), 0))
        late = [user.name for user in self.users if user.is_alive()]
        for user in self.users:
            user.giving_up.set()
        return late

    def _served(self, since: float) -> tuple[float | None, str, float | None]:
        """After how many seconds everybody was served, who was last, and all parts are well."""
        kinds = {user.kind for user in self.users}
        served: dict[str, float] = {}
        ready = None
        while time.monotonic() - since < RECOVER_SECONDS:
            if ready is None and not self.installation.missing():
                ready = time.monotonic() - since
            served = self.journal.served_since(since + AFTER_SECONDS)
            if kinds == served.keys() and (ready or time.monotonic() - since > READY_SECONDS):
                last = max(served, key=lambda kind: served[kind])
                return served[last] - since, last, ready
            time.sleep(LOOK_SECONDS)
        if kinds == served.keys():
            return max(served.values()) - since, "", ready
        return None, ", ".join(sorted(kinds - served.keys())), ready


def play_all(
    play: Play, faults: Sequence[Fault], say: Callable[[str], None], end: float | None = None
) -> list[Recovery]:
    """Make each fault in turn, and say how soon all was well again. After the moment ``end`` no
    further one is made, so that what was played is counted before somebody breaks it off.
    """
    recoveries = []
    for number, fault in enumerate(faults, 1):
        if end is not None and time.monotonic() > end:
            say(f"the time is over: {len(faults) - number + 1} faults are not made")
            break
        say(f"[{number}/{len(faults)}] {fault.title}")
        recovery = play.run(fault)
        recoveries.append(recovery)
        after = "not back" if recovery.seconds is None else f"back after {recovery.seconds:.1f} s"
        ready = "not ready" if recovery.ready is None else f"ready after {recovery.ready:.1f} s"
        last = f" (last: {recovery.last})" if recovery.last else ""
        say(f"      {after}{last}, {ready}, {recovery.tries} tries were repeated")
    with contextlib.suppress(OSError):
        say(f"answered so far: {len(play.journal.accepted)}")
    return recoveries
