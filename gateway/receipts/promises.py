"""The promise of an answer: the hash of its leaf, in a header of the answer.

A service that keeps its answer has made the leaf in its transaction. Of all else that is answered
to a proven agency (reads, refusals, files, tokens) the face makes it, and answers when the broker
has it.
"""

import time
import uuid
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, Protocol

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response

from bus import call_leaves
from bus.call_leaves import Evidence, Matter
from bus.errors import BusError
from bus.messages.message import Wire
from bus.process import records
from bus.signatures.digest import digest_header
from bus.signatures.keys import base64url, from_base64url
from gateway.http.facts import AGENCY, CALL, CODE, LIMITS, MARKS, PURPOSE
from gateway.http.problems import AGAIN, counted
from gateway.receipts.sender import LeafSender

HEADER = "Mirab-Receipt"
# For each agency and minute, of refusals that take nothing of its rate: a flood of them must not
# fill the log. What comes from nobody in particular has no leaf at all.
MOST_EARLY, WINDOW_SECONDS = 10, 60.0
ACCEPTED, REFUSED_FROM, FAILED_FROM, TOO_MANY = 202, 400, 500, 429
# Nothing was done, and the same may be asked again.
UNANSWERED = (AGAIN - {TOO_MANY}) | {499}
SKIPPED = Counter(
    "mirab_receipts_skipped_total",
    "Answers without a leaf: refusals of an agency that used up those of this minute, or of a "
    "stranger, and acts that were done while no leaf could be kept",
    ["reason"],
)
for _reason in ("flood", "stranger", "act"):
    SKIPPED.labels(_reason)

Problem = Callable[[Request, BusError], Response]


class Question(NamedTuple):
    """Who asked for what, and how: ``caller`` as an envelope carries it, ``call`` the id by which
    the agency may know the call.
    """

    caller: Wire
    evidence: Evidence
    call: str


class Asker(Protocol):
    """How a face knows what was asked, and by whom."""

    def contract(self, request: Request) -> str | None:
        """The contract that was asked for; None if that has no leaf."""

    def question(self, request: Request, contract: str) -> Question:
        """By whom, for a request of which ``state.agency`` is known."""

    def is_repeatable(self, request: Request) -> bool:
        """True if who asks once more gets the same answer, and nothing is done twice."""


class Promises:
    """Promises a leaf with each answer to a proven agency; ValueError if no log can have that
    name.
    """

    def __init__(self, sender: LeafSender, origin: str, asker: Asker) -> None:
        call_leaves.require_origin(origin)
        self._sender, self._asker = sender, asker
        self._counts: dict[str, int] = {}
        self._window = 0.0

    async def prove(self, request: Request, response: Response, problem: Problem) -> Response:
        """Put the promise into the answer; the problem ``receipts.unavailable`` in its place if the
        leaf cannot be kept now. What was done and would be done once more is answered all the
        same, without a promise.
        """
        contract = self._asker.contract(request)
        if contract is None or counted(request, response.status_code) in UNANSWERED:
            return response
        if AGENCY.get(request) is None:
            SKIPPED.labels("stranger").inc()
            return response
        outcome, code, answer = _end(request, response)
        leaf = _marked(request, answer)
        if leaf is None:
            if not self._has_room(request):
                SKIPPED.labels("flood").inc()
                return response
            question = self._asker.question(request, contract)
            purpose = PURPOSE.get(request)
            matter = Matter(contract, question.call, purpose, outcome, code, answer)
            statement = call_leaves.state(question.caller, question.evidence, matter)
            try:
                await self._sender.send(statement)
            except BusError as error:
                if outcome == call_leaves.ANSWERED and not self._asker.is_repeatable(request):
                    SKIPPED.labels("act").inc()
                    return response
                CODE.set(request, error.code)
                return problem(request, error)
            leaf = statement.hash
        response.headers[HEADER] = promised = base64url(leaf)
        records.note_receipt(promised)
        return response

    def _has_room(self, request: Request) -> bool:
        """True for what took of the agency's rate, which bounds it."""
        if LIMITS.get(request) is not None:
            return True
        now = time.monotonic()
        if now - self._window > WINDOW_SECONDS:
            self._window = now
            self._counts.clear()
        agency = AGENCY.of(request)
        self._counts[agency] = self._counts.get(agency, 0) + 1
        return self._counts[agency] <= MOST_EARLY


def call_of(request: Request) -> str:
    """The id by which the log names the call of a request. It is random: one that followed from
    anything of the request would tell whoever guesses that whether, and when, it was asked.
    """
    call = CALL.get(request)
    if call is None:
        call = str(uuid.uuid4())
        CALL.set(request, call)
    return call


def request_line(request: Request) -> bytes:
    """What stands for a request without a body: the text ``METHOD target``."""
    path, query = request.scope["raw_path"].split(b"?")[0], request.scope["query_string"]
    line: bytes = request.method.encode() + b" " + path + (b"?" + query if query else b"")
    return line


def _end(request: Request, response: Response) -> tuple[str, str, bytes]:
    """How the call ended: outcome, code, and the digest of the answer."""
    status = counted(request, response.status_code)
    if status >= REFUSED_FROM:
        code = CODE.get(request) or str(status)
        outcome = call_leaves.FAILED if status >= FAILED_FROM else call_leaves.REFUSED
        return outcome, code, call_leaves.refusal_digest(code)
    header = response.headers.get("content-digest", "")
    if header:
        digest = from_base64url(header.removeprefix("sha-256=:").removesuffix(":"))
    else:
        digest = sha256(bytes(response.body)).digest()
        response.headers["content-digest"] = digest_header(digest)
    return call_leaves.ACCEPTED if status == ACCEPTED else call_leaves.ANSWERED, "", digest


def _marked(request: Request, answer: bytes) -> bytes | None:
    """The leaf that a service has made of this very answer; None if none has."""
    marks = MARKS.get(request, [])
    return next((mark.leaf for mark in reversed(marks) if mark.answer == answer), None)
