"""What the played providers of SMS remember, and the tricks that a test asks of them."""

import dataclasses
import itertools
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import orjson

PROVIDERS = ("kavenegar", "magfa", "smsir", "melipayamak")
# The service line and the advertising line of our account.
LINES = {
    "kavenegar": ("200046100", "100046111"),
    "magfa": ("300046100", "300046111"),
    "smsir": ("300077100", "300077111"),
    "melipayamak": ("500046100", "500046111"),
}
CALLS = ("send", "find", "states", "credit")
# hang: time out before taking; take_and_hang: after it; drop and garbage: taken, and the answer is
# lost or unreadable; error: HTTP 500, nothing taken; normal: no tricks any more.
TRICKS = ("delay", "hang", "take_and_hang", "error", "drop", "garbage", "busy", "no_credit")
STATES = ("accepted", "sent", "delivered", "undelivered", "failed", "rejected", "unknown")
NEEDS_SECONDS = ("delay", "hang", "take_and_hang")
PRICE, CREDIT = 1_200, 500_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that a provider took; ``ref`` is our number where the provider takes one."""

    provider: str
    id: int
    ref: str
    to: str
    line: str
    body: str
    at: float


class Player:
    """All that the providers remember: as long as the process lives, or in a file for longer.

    What was taken is delivered ``delay`` seconds later, unless ``deliver`` says otherwise.
    """

    def __init__(self, delay: float = 0.0, file: Path | None = None) -> None:
        self.delay = delay
        self.order: list[Taken] = []
        self.by_id: dict[tuple[str, int], Taken] = {}
        self.by_ref: dict[tuple[str, str], list[Taken]] = {}
        self.phones: dict[str, list[Taken]] = {}
        self.tricks: deque[dict[str, Any]] = deque()
        self.outcomes: dict[str, str] = {}
        self.blacklist: set[str] = set()
        self.blocked: set[str] = set()
        self._file = self._reopen(file) if file else None
        # Above all that was taken before, even by a life that ended within this second.
        newest = max((taken.id for taken in self.order), default=0)
        self.numbers = itertools.count(max(int(time.time()) * 1_000_000, newest + 1))

    def _reopen(self, file: Path) -> BinaryIO:
        # The last line may have been cut by a kill: then nobody was told that it was taken.
        whole = file.read_bytes().rpartition(b"\n")[0] if file.exists() else b""
        for line in whole.splitlines():
            self._keep(Taken(**orjson.loads(line)))
        opened = file.open("ab", buffering=0)
        opened.truncate(len(whole) + 1 if whole else 0)
        return opened

    def take(self, provider: str, ref: str, to: str, line: str, body: str) -> Taken:
        """Takes a message: from here on it counts, even if the process is killed."""
        taken = Taken(provider, next(self.numbers), ref, to, line, body, time.time())
        if self._file:
            self._file.write(orjson.dumps(dataclasses.asdict(taken)) + b"\n")
        self._keep(taken)
        return taken

    def _keep(self, taken: Taken) -> None:
        self.order.append(taken)
        self.by_id[taken.provider, taken.id] = taken
        if taken.ref:
            self.by_ref.setdefault((taken.provider, taken.ref), []).append(taken)
        self.phones.setdefault(taken.to, []).append(taken)

    def first(self, provider: str, ref: str) -> Taken | None:
        """The first message that a provider took under a number of ours."""
        return self.by_ref.get((provider, ref), [None])[0]  # type: ignore[list-item]

    def state(self, taken: Taken) -> str:
        """What has become of a message by now, in our words."""
        age = time.time() - taken.at
        outcome = self.outcomes.get(taken.to, self.outcomes.get("", "delivered"))
        if outcome == "accepted" or age < self.delay / 2:
            return "accepted"
        return "sent" if age < self.delay else outcome

    def refuses(self, provider: str, to: str, line: str) -> bool:
        """Whether a receiver gets nothing: opted out, or on the black list of advertising."""
        return to in self.blocked or (to in self.blacklist and line == LINES[provider][1])

    async def trick(self, provider: str, call: str) -> dict[str, Any]:
        """What a test wants of this call; it is used up by that, unless it holds on."""
        for told in list(self.tricks):
            if told["provider"] in (provider, "all") and told.get("call", "send") == call:
                if told.get("times", 1):
                    told["times"] = told.get("times", 1) - 1
                    if not told["times"]:
                        self.tricks.remove(told)
                if told["do"] == "delay":
                    await anyio.sleep(float(told["seconds"]))
                return told
        return {"do": ""}

    def told(self, provider: str | None, to: str | None, *, brief: bool) -> dict[str, Any]:
        """What was taken, by a provider or for a telephone: how many, which of our numbers more
        than once (for any), and each unless brief.
        """
        some = self.order if to is None else self.phones.get(to, [])
        rows = [t for t in some if provider in (None, t.provider)]
        doubles = [
            {"provider": code, "ref": ref, "times": len(taken)}
            for (code, ref), taken in self.by_ref.items()
            if len(taken) > 1 and provider in (None, code)
        ]
        told: dict[str, Any] = {"count": len(rows), "doubles": doubles}
        if not brief:
            told["taken"] = [{**dataclasses.asdict(t), "state": self.state(t)} for t in rows]
        return told

    def play(self, told: dict[str, Any]) -> str | None:
        """Does what a test asks for; says what is wrong with it, if it is no such thing."""
        if (wrong := wrong_play(told)) is not None:
            return wrong
        if "deliver" in told:
            self.outcomes[told.get("to", "")] = told["deliver"]
        elif told["do"] in ("blacklist", "block"):
            (self.blacklist if told["do"] == "blacklist" else self.blocked).add(told["to"])
        elif told["do"] == "normal":
            gone = [t for t in self.tricks if told["provider"] in ("all", t["provider"])]
            for trick in gone:
                self.tricks.remove(trick)
        else:
            self.tricks.append(dict(told))
        return None


def wrong_play(told: dict[str, Any]) -> str | None:
    """What is wrong with a wish; nobody shall wait for what never comes."""
    if "deliver" in told:
        return None if told["deliver"] in STATES else f"deliver is one of {', '.join(STATES)}"
    do = told.get("do")
    if do in ("blacklist", "block"):
        return None if told.get("to") else f"{do} needs to, a number"
    if do not in (*TRICKS, "normal"):
        return f"do is one of {', '.join((*TRICKS, 'normal', 'blacklist', 'block'))}"
    if told.get("provider") not in (*PROVIDERS, "all"):
        return f"provider is one of {', '.join(PROVIDERS)}, all"
    if told.get("call", "send") not in CALLS:
        return f"call is one of {', '.join(CALLS)}"
    return f"{do} needs seconds" if do in NEEDS_SECONDS and "seconds" not in told else None
