"""What the log of receipts is told of a request to this face: by whom, for what, by which right."""

from starlette.requests import Request

from bus import call_leaves
from bus.call_leaves import Evidence
from bus.errors import BusError
from bus.messages import kinds
from bus.wire import Wire
from contracts import catalogue
from gateway.agency.door.evidence import evidence_of, evidence_of_refused, request_digest
from gateway.agency.door.facts import CONSOLE_KEY, VISITOR
from gateway.agency.oauth.clients import TOKEN_PATH
from gateway.agency.oauth.introspection import INTROSPECTION_PATH, REVOCATION_PATH
from gateway.http.facts import AGENCY, CONTRACT, KEY, ROUTE, trace_id
from gateway.receipts.promises import Question, call_of

# What is asked for at the addresses of OAuth, which are no contracts.
OF_TOKENS = {
    TOKEN_PATH: "oauth.token",
    INTROSPECTION_PATH: "oauth.introspect",
    REVOCATION_PATH: "oauth.revoke",
}
# A page of the console is asked for as console.PAGE; those that read the log are no leaves of it.
CONSOLE, OVERVIEW = "console", "overview"
OF_THE_LOG = ("receipts", "receipt")


class AgencyAsker:
    """Knows the visitors of the agency face, the clients of its addresses of OAuth, and the
    browsers of its console.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def contract(self, request: Request) -> str | None:
        """The contract, the address of OAuth or the page of the console that was asked for; None
        if it has no leaf.
        """
        if (of_token := OF_TOKENS.get(ROUTE.of(request))) is not None:
            return of_token
        if CONSOLE_KEY.get(request) is not None:
            page = ROUTE.of(request).removeprefix(f"/{CONSOLE}").strip("/") or OVERVIEW
            return None if page in OF_THE_LOG else f"{CONSOLE}.{page.replace('-', '_')}"
        contract = catalogue().get(CONTRACT.get(request) or "")
        is_logged = isinstance(contract, kinds.Request) and call_leaves.is_logged(contract)
        return contract.name if contract is not None and is_logged else None

    def question(self, request: Request, contract: str) -> Question:
        """Who asked, how, and the id of the call."""
        visitor = VISITOR.get(request)
        caller: Wire
        if (console_key := CONSOLE_KEY.get(request)) is not None:
            caller = {"agency": AGENCY.of(request), "key": console_key}
            digest, call = request_digest(request), call_of(request)
            evidence = Evidence(self._origin, CONSOLE, digest, call=call)
            return Question(caller, evidence, trace_id(request))
        if visitor is None:
            caller = {"agency": AGENCY.of(request), "key": KEY.get(request)}
            evidence = evidence_of_refused(request, self._origin)
            return Question(caller, evidence, trace_id(request))
        of_catalogue = catalogue()[contract]
        try:
            assert isinstance(of_catalogue, kinds.Request)
            caller = visitor.caller(of_catalogue)
        except BusError:  # it has no right to it, which is why it was refused
            caller = {
                "agency": visitor.agency.code,
                "key": visitor.keyid,
                "on_behalf_of": visitor.on_behalf_of,
            }
        evidence = evidence_of(request, visitor, self._origin)
        return Question(caller, evidence, visitor.request_id(contract))

    def is_repeatable(self, request: Request) -> bool:
        """An act is known again by its Idempotency-Key; a token that nobody got ends by itself."""
        return True
