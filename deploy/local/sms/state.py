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
CALLS = ("send", "find", "states", "credit", "receive")
# hang: time out before taking; take_and_hang: after it; drop and garbage: taken, and the answer is
# lost or unreadable; odd: taken, and texts of the answer are cut within a character; error: HTTP
# 500, nothing taken; normal: no tricks any more.
TRICKS = ("delay", "hang", "take_and_hang", "error", "drop", "garbage", "odd", "busy", "no_credit")
STATES = ("accepted", "sent", "delivered", "undelivered", "failed", "rejected", "unknown")
NEEDS_SECONDS = ("delay", "hang", "take_and_hang")
Trick = dict[str, Any]  # JSON of a test; `wrong_play` judges it
PRICE, CREDIT = 1_200, 500_000_000


@dataclass(frozen=True, slots=True)
class SmsMessage:
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
        self.order: list[SmsMessage] = []
        self.by_id: dict[tuple[str, int], SmsMessage] = {}
        self.by_ref: dict[tuple[str, str], list[SmsMessage]] = {}
        self.phones: dict[str, list[SmsMessage]] = {}
        self.tricks: deque[Trick] = deque()
        self.outcomes: dict[str, str] = {}
        # Texts that telephones sent, and those of them that Kavenegar or Magfa has given.
        self.came_in: list[dict[str, object]] = []
        self.read: set[object] = set()
        self.blacklist: set[str] = set()
        self.blocked: set[str] = set()
        self._file = self._reopen(file) if file else None
        # Above all that was taken before, even by a life that ended within this second.
        newest = max((message.id for message in self.order), default=0)
        self.numbers = itertools.count(max(int(time.time()) * 1_000_000, newest + 1))

    def _reopen(self, file: Path) -> BinaryIO:
        # The last line may have been cut by a kill: then nobody was told that it was taken.
        whole = file.read_bytes().rpartition(b"\n")[0] if file.exists() else b""
        for line in whole.splitlines():
            self._keep(SmsMessage(**orjson.loads(line)))
        opened = file.open("ab", buffering=0)
        opened.truncate(len(whole) + 1 if whole else 0)
        return opened

    def take(self, provider: str, ref: str, to: str, line: str, body: str) -> SmsMessage:
        """Takes a message: from here on it counts, even if the process is killed."""
        message = SmsMessage(provider, next(self.numbers), ref, to, line, body, time.time())
        if self._file:
            self._file.write(orjson.dumps(dataclasses.asdict(message)) + b"\n")
        self._keep(message)
        return message

    def _keep(self, message: SmsMessage) -> None:
        self.order.append(message)
        self.by_id[message.provider, message.id] = message
        if message.ref:
            self.by_ref.setdefault((message.provider, message.ref), []).append(message)
        self.phones.setdefault(message.to, []).append(message)

    def first(self, provider: str, ref: str) -> SmsMessage | None:
        """The first message that a provider took under a number of ours."""
        return self.by_ref.get((provider, ref), [None])[0]  # type: ignore[list-item]

    def state(self, message: SmsMessage) -> str:
        """What has become of a message by now, in our words."""
        age = time.time() - message.at
        outcome = self.outcomes.get(message.to, self.outcomes.get("", "delivered"))
        if outcome == "accepted" or age < self.delay / 2:
            return "accepted"
        return "sent" if age < self.delay else outcome

    def refuses(self, provider: str, to: str, line: str) -> bool:
        """Whether a receiver gets nothing: opted out, or on the black list of advertising."""
        return to in self.blocked or (to in self.blacklist and line == LINES[provider][1])

    def texts(self, provider: str) -> list[dict[str, object]]:
        """What came in at a provider's lines, oldest first."""
        return [text for text in self.came_in if text["to"] in LINES[provider]]

    def unread(self, provider: str) -> list[dict[str, object]]:
        """Those of them that it has not given yet."""
        return [text for text in self.texts(provider) if text["messageid"] not in self.read]

    async def trick(self, provider: str, call: str) -> Trick:
        """What a test wants of this call; it is used up by that, unless it holds on."""
        for trick in list(self.tricks):
            if trick["provider"] in (provider, "all") and trick.get("call", "send") == call:
                if trick.get("times", 1):
                    trick["times"] = trick.get("times", 1) - 1
                    if not trick["times"]:
                        self.tricks.remove(trick)
                if trick["do"] == "delay":
                    await anyio.sleep(float(trick["seconds"]))
                return trick
        return {"do": ""}

    def report(self, provider: str | None, to: str | None, *, brief: bool) -> dict[str, object]:
        """What was taken, by a provider or for a telephone: how many, which of our numbers more
        than once (for any), and each unless brief.
        """
        candidates = self.order if to is None else self.phones.get(to, [])
        rows = [t for t in candidates if provider in (None, t.provider)]
        doubles = [
            {"provider": code, "ref": ref, "times": len(message)}
            for (code, ref), message in self.by_ref.items()
            if len(message) > 1 and provider in (None, code)
        ]
        report: dict[str, object] = {"count": len(rows), "doubles": doubles}
        if not brief:
            report["taken"] = [{**dataclasses.asdict(t), "state": self.state(t)} for t in rows]
        return report

    def play(self, wish: Trick) -> str | None:
        """Does what a test asks for; says what is wrong with it, if it is no such thing."""
        if (wrong := wrong_play(wish)) is not None:
            return wrong
        if "deliver" in wish:
            self.outcomes[wish.get("to", "")] = wish["deliver"]
        elif wish["do"] in ("blacklist", "block"):
            (self.blacklist if wish["do"] == "blacklist" else self.blocked).add(wish["to"])
        elif wish["do"] == "normal":
            gone = [t for t in self.tricks if wish["provider"] in ("all", t["provider"])]
            for trick in gone:
                self.tricks.remove(trick)
        else:
            self.tricks.append(dict(wish))
        return None


def wrong_play(wish: Trick) -> str | None:
    """What is wrong with a wish; nobody shall wait for what never comes."""
    if "deliver" in wish:
        return None if wish["deliver"] in STATES else f"deliver is one of {', '.join(STATES)}"
    do = wish.get("do")
    if do in ("blacklist", "block"):
        return None if wish.get("to") else f"{do} needs to, a number"
    if do not in (*TRICKS, "normal"):
        return f"do is one of {', '.join((*TRICKS, 'normal', 'blacklist', 'block'))}"
    if wish.get("provider") not in (*PROVIDERS, "all"):
        return f"provider is one of {', '.join(PROVIDERS)}, all"
    if wish.get("call", "send") not in CALLS:
        return f"call is one of {', '.join(CALLS)}"
    return f"{do} needs seconds" if do in NEEDS_SECONDS and "seconds" not in wish else None
