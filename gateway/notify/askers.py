"""What the log of receipts is told of a call of the Notify API: whose service, by which key."""

from hashlib import sha256

from starlette.requests import Request

from bus.call_leaves import Evidence
from gateway.http.facts import BODY_DIGEST
from gateway.notify.door import API_CLIENT, RIGHT, SENT
from gateway.receipts.promises import Question, call_of, request_line
from gateway.web import READING

WAY = "notify"


class ApiAsker:
    """Knows the services of the Notify API; the log names their calls by the contracts of agencies
    that are the same acts.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def contract(self, request: Request) -> str | None:
        """The act that the call is; None for a page of this face."""
        return RIGHT.get(request)

    def question(self, request: Request, contract: str) -> Question:
        """The agency of the service, and its key; a message that was sent is found by its id."""
        client = API_CLIENT.of(request)
        digest = BODY_DIGEST.get(request) or sha256(request_line(request)).digest()
        call = call_of(request)
        found_by = SENT.get(request, call)
        return Question(client.caller, Evidence(self._origin, WAY, digest, call=call), found_by)

    def is_repeatable(self, request: Request) -> bool:
        """Reading is; this API has no key by which a message that is sent again is the same."""
        return request.method in READING
