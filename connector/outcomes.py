"""Outcomes of a call: an Answer, Refused by Mirab, or Unreachable."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bus.wire import Wire

if TYPE_CHECKING:  # whoever only waits for these outcomes needs nothing of HTTP
    import requests

    from connector.evidence import Evidence

AGAIN_STATUS = frozenset({429, 502, 503, 504})
AGAIN_CODE = "signature.before_start"  # the face was started a moment ago; a new signature helps


class Refused(Exception):
    """Mirab said no; ``code`` is for programs, the text tells what to do next.

    ``errors`` names the fields that are wrong; ``evidence`` is there if the refusal was signed.
    """

    def __init__(
        self,
        problem: Wire,
        status: int,
        *,
        retry_after: str = "",
        evidence: "Evidence | None" = None,
    ) -> None:
        self.status = status
        self.code = str(problem.get("code", f"http.{status}"))
        self.errors: list[dict[str, str]] = problem.get("errors", [])
        self.trace_id = problem.get("trace_id")
        self.problem, self.evidence = problem, evidence
        self.again = status in AGAIN_STATUS or self.code == AGAIN_CODE
        number = retry_after.isascii() and retry_after.isdecimal()
        self.retry_after = float(retry_after) if number else None
        advice = problem.get("what_to_do")
        detail = sentence(str(problem.get("detail") or "No detail"))
        super().__init__(f"{self.code}: {detail}" + (f" {advice}" if advice else ""))


def sentence(text: str) -> str:
    """The text with an end, so that another sentence may follow.

    >>> sentence("The first line must be key_kind,key"), sentence("Ask again!")
    ('The first line must be key_kind,key.', 'Ask again!')
    """
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


class Unreachable(Exception):
    """No usable answer within the time given; asking again with the same key is safe."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again, self.retry_after = again, None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and the proof of it."""

    data: Wire
    evidence: "Evidence"
    headers: dict[str, str]


def refusal(answer: "requests.Response", evidence: "Evidence | None" = None) -> Refused:
    """The problem that an answer tells, or at least its status."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    problem = content if isinstance(content, dict) else {"detail": f"HTTP {answer.status_code}"}
    after = answer.headers.get("retry-after", "")
    return Refused(problem, answer.status_code, retry_after=after, evidence=evidence)
