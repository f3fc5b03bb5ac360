"""What a parser under test is, and how one input is judged."""

import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
FINDINGS = Path(__file__).parent / "findings"
# Of the processor, under coverage, for an input of 64 KiB at most; without it a tenth of that.
SLOW_SECONDS = 5.0
LONGEST = 64 * 1024
# Whose branches guide, by the module here: ours, and libraries in Python that read what is sent.
GUIDED = {
    "http": (
        "bus.signatures",
        "gateway.agency",
        "gateway.forms",
        "gateway.http",
        "http_sf",
        "joserfc",
        "python_multipart",
    ),
    "evidence": ("bus.evidence", "bus.signatures", "gateway.public.proofs"),
    "mail": ("bus.foreign", "email", "html", "services.ticketing.mail"),
    "files": (
        "bus.foreign",
        "csv",
        "gateway.agency.files",
        "gateway.notify",
        "gateway.papers",
        "icalendar",
        "iran",
        "members",
        "pypdf",
        "services.billing.domain",
        "services.inquiry.domain",
        "services.inquiry.registry_import",
        "services.notify.domain",
        "services.ticketing.holidays",
        "tomllib",
        "zipfile",
    ),
    "words": ("gateway.notify", "gateway.public", "idna", "iran", "services.notify.domain"),
    "messages": (
        "bus.amqp",
        "bus.envelope",
        "bus.messages",
        "gateway.notify",
        "gateway.public",
        "iran",
        "marshmallow",
        "services.billing.psps",
    ),
}


@dataclass(frozen=True, slots=True)
class Parser:
    """One way in: ``reads`` takes any bytes and raises at most what it ``refuses`` by."""

    name: str
    reads: Callable[[bytes], object]
    refuses: tuple[type[BaseException], ...]
    seeds: Callable[[], list[bytes]]

    @property
    def about(self) -> str:
        """What a stranger sends there."""
        return (self.reads.__doc__ or "").split("\n")[0]

    def judge(self, raw: bytes) -> str | None:
        """What is wrong with how an input is taken, in one line that is the same for all inputs of
        one kind; None if nothing is.
        """
        began = time.process_time()
        try:
            self.reads(raw)
        except self.refuses:
            pass
        except Exception as error:
            return f"{type(error).__name__} at {_place_of(error)}"
        return "slow" if time.process_time() - began > SLOW_SECONDS else None


PARSERS: dict[str, Parser] = {}


def parser(
    name: str, *refuses: type[BaseException], seeds: Callable[[], list[bytes]]
) -> Callable[[Callable[[bytes], object]], Callable[[bytes], object]]:
    """Declare a function as a parser under test."""

    def declare(reads: Callable[[bytes], object]) -> Callable[[bytes], object]:
        PARSERS[name] = Parser(name, reads, refuses, seeds)
        return reads

    return declare


def rule(holds: bool, text: str) -> None:
    """A rule of a parser for whatever it took; a finding if it does not hold."""
    if not holds:
        raise AssertionError(text)


def _place_of(error: BaseException) -> str:
    """The innermost line of ours that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if str(CHECKOUT) in frame.filename] or list(frames)
    inner = [frame for frame in ours if ".venv" not in frame.filename] or ours
    frame = inner[-1]
    path = frame.filename.removeprefix(f"{CHECKOUT}/")
    return f"{path}:{frame.lineno}" + (f" ({error})" if isinstance(error, AssertionError) else "")


def findings() -> Iterator[tuple[str, Path]]:
    """The kept inputs, each with the name of its parser."""
    for folder in sorted(FINDINGS.iterdir()):
        if folder.is_dir():
            yield from ((folder.name, file) for file in sorted(folder.iterdir()))
