"""Acts that are repeated under one id until they are answered, and what was answered."""

import math
import re
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import requests

from bus.errors import SignatureError
from connector.outcomes import Refused, Unreachable

# Answers by which a caller knows that he may ask again under the same id.
PASSING = (429, 502, 503, 504)
PAUSE_SECONDS, LONGEST_PAUSE = 0.3, 2.0
T = TypeVar("T")


class Again(Exception):
    """Not answered now; the same may be asked again."""


class Surprise(Exception):
    """An answer that no fault explains."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was answered: the kind of act, its own id, what we were answered and when (seconds of
    the monotonic clock).
    """

    kind: str
    key: str
    answer: str
    began: float
    ended: float


@dataclass
class Journal:
    """What all users together have begun, what was answered, and what surprised them."""

    accepted: list[Accepted] = field(default_factory=list)
    begun: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tries: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    excused: str = ""
    excused_until: float = math.inf

    def excuse(self, pattern: str, *, after: float = 0.0) -> None:
        """Refusals that match are explained by the fault of now; without a pattern none is, so
        many seconds later.
        """
        if pattern:
            self.excused, self.excused_until = pattern, math.inf
        else:
            self.excused_until = time.monotonic() + after

    def excuses(self, sentence: str) -> bool:
        """True if the fault of now explains this refusal."""
        now = time.monotonic() < self.excused_until
        return bool(now and self.excused and re.search(self.excused, sentence))

    def begin(self, kind: str, key: str) -> None:
        """Note an act before its first try."""
        with self.lock:
            self.begun[kind].add(key)

    def accept(self, kind: str, key: str, answer: str, began: float) -> None:
        """Note what was answered."""
        with self.lock:
            self.accepted.append(Accepted(kind, key, answer, began, time.monotonic()))

    def surprise(self, kind: str, sentence: str) -> None:
        """Note an answer that no fault explains."""
        with self.lock:
            self.surprises.append(f"{kind}: {sentence}")

    def of(self, kind: str) -> dict[str, str]:
        """The answers to all acts of a kind, by the id of the act."""
        with self.lock:
            return {row.key: row.answer for row in self.accepted if row.kind == kind}

    def served_since(self, moment: float) -> dict[str, float]:
        """When the first act of each kind ended after a moment."""
        first: dict[str, float] = {}
        with self.lock:
            for row in self.accepted:
                if row.ended >= moment:
                    first[row.kind] = min(first.get(row.kind, row.ended), row.ended)
        return first


class User(threading.Thread, ABC):
    """Does one act after another until the play ends, and brings the last one to its end."""

    kind = ""
    pause = 0.5

    def __init__(self, journal: Journal, seed: int) -> None:
        super().__init__(daemon=True, name=f"{self.kind}-{seed}")
        self.journal, self.random = journal, Random(f"{self.kind} {seed}")  # noqa: S311 - a play
        self.ending = threading.Event()
        self.giving_up = threading.Event()

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                self.act()
            except Surprise as surprise:
                self.journal.surprise(self.kind, str(surprise))
            except Again:
                return  # the play ends and this act was never answered
            except Exception as error:  # a thread that ends in silence would use nothing any more
                self.journal.surprise(self.kind, repr(error))
            self.ending.wait(self.random.uniform(0.5, 1.5) * self.pause)

    @abstractmethod
    def act(self) -> None:
        """One act, from its first try to its answer."""

    def key(self) -> str:
        """A new id, the same in every play of a seed."""
        return f"{self.random.getrandbits(128):032x}"

    def until_answered(self, act: Callable[[], T]) -> T:
        """The answer of an act that is tried until it is answered. Again if the play gives up."""
        pause = PAUSE_SECONDS
        while True:
            try:
                return act()
            except (Again, requests.RequestException, Unreachable, OSError):
                pass
            except (Refused, SignatureError, Surprise) as refusal:
                passing = isinstance(refusal, Refused) and refusal.again
                if not passing and not self.journal.excuses(str(refusal)):
                    raise Surprise(str(refusal)) from None
            self.journal.tries[self.kind] += 1
            if self.giving_up.wait(pause):
                raise Again
            pause = min(pause * 2, LONGEST_PAUSE)


def checked(reply: requests.Response, *good: int) -> requests.Response:
    """The reply; Again for one that says so, Surprise for one that is neither."""
    if reply.status_code in PASSING:
        raise Again
    if reply.status_code not in (good or (200,)):
        raise Surprise(f"{reply.request.method} {reply.url}: {reply.status_code} {brief(reply)}")
    return reply


def brief(reply: requests.Response) -> str:
    """The code of a refusal, or the first words of a page."""
    try:
        return str(reply.json().get("code"))
    except (ValueError, AttributeError):
        return " ".join(reply.text.split())[:80]
