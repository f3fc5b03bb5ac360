"""The promise of an answer: the hash of its leaf, in a header that the answer's signature covers.

A service that keeps its answer has made the leaf in its transaction. Of all else that is answered
to a proven agency (reads, refusals, files) the face makes it, and answers when the broker has it.
"""

import time
from collections.abc import Callable
from hashlib import sha256

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response

from bus import call_leaves
from bus.call_leaves import Evidence, Mark, Matter
from bus.errors import BusError
from bus.messages import kinds
from bus.signatures.digest import digest_header
from bus.signatures.keys import base64url, from_base64url
from contracts import CATALOGUE
from gateway.agency.door.door import Visitor
from gateway.agency.door.evidence import evidence_of, evidence_of_refused
from gateway.agency.door.grants import CallerFields
from gateway.agency.receipts.sender import LeafSender
from gateway.http.problems import AGAIN, counted

HEADER = "Mirab-Receipt"
# For each agency and minute, of refusals that take nothing of its rate: a flood of them must not
# fill the log. What comes from nobody in particular has no leaf at all.
MOST_EARLY, WINDOW_SECONDS = 10, 60.0
ACCEPTED, REFUSED_FROM, FAILED_FROM, TOO_MANY = 202, 400, 500, 429
# Nothing was done, and the same may be asked again.
UNANSWERED = (AGAIN - {TOO_MANY}) | {499}
SKIPPED = Counter(
    "mirab_receipts_skipped_total",
    "Refusals without a leaf: of an agency that used up those of this minute, or of a stranger",
    ["reason"],
)
for _reason in ("flood", "stranger"):
    SKIPPED.labels(_reason)

Problem = Callable[[Request, BusError], Response]


class Promises:
    """Promises a leaf with each answer to a proven agency; ValueError if no log can have that
    name.
    """

    def __init__(self, sender: LeafSender, origin: str) -> None:
        call_leaves.require_origin(origin)
        self._sender, self._origin = sender, origin
        self._counts: dict[str, int] = {}
        self._window = 0.0

    async def prove(self, request: Request, response: Response, problem: Problem) -> Response:
        """Put the promise into the answer; the problem ``receipts.unavailable`` in its place if the
        leaf cannot be kept now.
        """
        contract = _contract_of(request)
        if contract is None or counted(request.state, response.status_code) in UNANSWERED:
            return response
        if getattr(request.state, "agency", None) is None:
            SKIPPED.labels("stranger").inc()
            return response
        outcome, code, answer = _end(request, response)
        leaf = _marked(request, answer)
        if leaf is None:
            if not self._has_room(request):
                SKIPPED.labels("flood").inc()
                return response
            caller, evidence, call = self._asked(request, contract)
            purpose = getattr(request.state, "purpose", None)
            matter = Matter(contract.name, call, purpose, outcome, code, answer)
            statement = call_leaves.state(caller, evidence, matter)
            try:
                await self._sender.send(statement)
            except BusError as error:
                request.state.code = error.code
                return problem(request, error)
            leaf = statement.hash
        response.headers[HEADER] = base64url(leaf)
        return response

    def _asked(
        self, request: Request, contract: kinds.Request
    ) -> tuple[CallerFields, Evidence, str]:
        """Who asked, how, and the id of the call."""
        state = request.state
        visitor: Visitor | None = getattr(state, "visitor", None)
        if visitor is None:
            caller = {"agency": state.agency, "key": getattr(state, "key", None)}
            call = state.traceparent.split("-")[1]
            return caller, evidence_of_refused(request, self._origin), call
        try:
            caller = visitor.caller(contract)
        except BusError:  # it has no right to it, which is why it was refused
            caller = {"agency": visitor.agency.code, "key": visitor.keyid}
            caller["on_behalf_of"] = visitor.on_behalf_of
        evidence = evidence_of(request, visitor, self._origin)
        return caller, evidence, visitor.request_id(contract.name)

    def _has_room(self, request: Request) -> bool:
        if getattr(request.state, "visitor", None) is not None:
            return True
        now = time.monotonic()
        if now - self._window > WINDOW_SECONDS:
            self._window = now
            self._counts.clear()
        agency = request.state.agency
        self._counts[agency] = self._counts.get(agency, 0) + 1
        return self._counts[agency] <= MOST_EARLY


def _contract_of(request: Request) -> kinds.Request | None:
    contract = CATALOGUE.get(getattr(request.state, "contract", None) or "")
    is_logged = isinstance(contract, kinds.Request) and call_leaves.is_logged(contract)
    return contract if is_logged else None  # type: ignore[return-value]  # is_logged says it


def _end(request: Request, response: Response) -> tuple[str, str, bytes]:
    """How the call ended: outcome, code, and the digest of the answer."""
    status = counted(request.state, response.status_code)
    if status >= REFUSED_FROM:
        code = getattr(request.state, "code", None) or str(status)
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
    marks: list[Mark] = getattr(request.state, "marks", [])
    return next((mark.leaf for mark in reversed(marks) if mark.answer == answer), None)
