"""Whether Mirab is ready on this machine: what is awaited, for how long, and how each part is."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import requests

from bus.settings import MissingSettings, Settings
from deploy.local.stores import CannotStart

OPS_URL = "http://127.0.0.1:8002"
ANSWER_SECONDS = 10
# So long nothing may move before a start is given up; on a slow machine set READY_SECONDS.
PATIENCE = 120
LOOK_SECONDS, TELL_SECONDS, REPEAT_SECONDS = 0.5, 5.0, 30.0
MOST_NAMED = 6
# What is no part of Mirab's own is looked at by a part.
CHECK_OF = {"rabbitmq": "broker", "clamd": "ticketing.scanner", "mailbox": "ticketing.mail"}


class NotReady(Exception):
    """Mirab is up, but not all of it; says what is missing and what to do."""


class PartHealth(NamedTuple):
    """The status of a check of `/health/ready`, and its sentence."""

    status: str
    sentence: str


def patience(settings: Settings | None = None) -> int:
    """READY_SECONDS; CannotStart if it is no number of seconds."""
    settings = settings or Settings()
    try:
        seconds = settings.whole("READY_SECONDS", PATIENCE)
    except MissingSettings as error:
        raise CannotStart(str(error)) from None
    if seconds < 1:
        raise CannotStart("READY_SECONDS must be 1 at least.")
    return seconds


def health() -> dict[str, PartHealth] | None:
    """What the ops face says of each check; None if it does not answer."""
    try:
        reply = requests.get(f"{OPS_URL}/health/ready", timeout=ANSWER_SECONDS).json()
        return {
            name: PartHealth(check["status"], check["output"])
            for name, (check,) in reply["checks"].items()
        }
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return None


def awaited(checks: dict[str, PartHealth] | None) -> dict[str, str]:
    """What is not ready yet, with why; a part stands for its own checks."""
    if checks is None:
        return {"ops": "the ops face does not answer yet"}
    failing = {name: check.sentence for name, check in checks.items() if check.status == "fail"}
    return {
        name: sentence
        for name, sentence in failing.items()
        if "." not in name or name.split(".")[0] not in failing
    }


def wait_ready(
    say: Callable[[str], None], look: Callable[[], dict[str, PartHealth] | None]
) -> None:
    """Returns when nothing fails any more. Waits as long as things move: NotReady names what is
    missing when nothing has moved for READY_SECONDS.
    """
    seconds = patience()
    moved = time.monotonic()
    reported_at = moved - TELL_SECONDS
    before: dict[str, str] = {}
    while missing := awaited(look()):
        now = time.monotonic()
        if set(missing) != set(before):
            before, moved = missing, now
        if now - moved > seconds:
            raise NotReady(still_missing(missing, seconds))
        if now - reported_at > TELL_SECONDS and (
            moved == now or now - reported_at > REPEAT_SECONDS
        ):
            reported_at = now
            say(f"waiting for {names(missing)}")
        time.sleep(LOOK_SECONDS)


def names(missing: dict[str, str]) -> str:
    """The names of what is missing, not all if there are many."""
    more = len(missing) - MOST_NAMED
    return ", ".join(list(missing)[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def still_missing(missing: dict[str, str], seconds: int) -> str:
    """What to do when a start does not come to its end; what is up stays up."""
    lines = "".join(f"\n    {name}: {sentence}" for name, sentence in missing.items())
    return (
        f"nothing has moved for {seconds} s, and this is not ready:{lines}\n"
        "  What is up stays up. `make logs` shows why; `make up` goes on (READY_SECONDS=600 waits\n"
        "  longer); `make down` stops all."
    )


def word_of(process: str, checks: dict[str, PartHealth] | None) -> str:
    """How a process says that it is; empty where nobody asks it."""
    health = (checks or {}).get(CHECK_OF.get(process, process))
    if process == "ops" and checks is not None:
        return "pass"
    if health is None:
        return ""
    return health.status if health.status == "pass" else f"{health.status}: {health.sentence}"


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows as columns that are as wide as their longest word."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(f"  {line}".rstrip() for line in lines)
