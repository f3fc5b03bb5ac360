"""The way from visitors to the services: requests in nobody's name, counted by address."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict, cast

import orjson
from starlette.requests import Request

from bus.blobs import Blobs
from bus.client import Client
from bus.errors import BusError
from bus.messages import kinds
from bus.messages.kinds import M, R
from bus.messages.message import to_wire
from bus.messages.values import Json
from bus.settings import Settings
from contracts.billing.bills import START_PAYMENT
from contracts.inquiry.own import ASK_OWN
from contracts.inquiry.persons import BEGIN_SIGN_IN
from contracts.notify.inbox import MAKE_INBOX
from contracts.notify.subscriptions import SUBSCRIBE
from contracts.ticketing.citizens import FORM, REGISTER, AskForm, FormData, Registered
from contracts.ticketing.civic.alerts import ASK_ALERT
from contracts.ticketing.lost_secrets import ASK_NEW_SECRET, ASK_NEW_SECRET_OF_OWN
from contracts.ticketing.public import ME_TOO, RATE_FORM
from gateway.forms.acts import Acts
from gateway.forms.seals import Seals
from gateway.http.facts import CONTRACT, TRACEPARENT
from gateway.http.kept import Kept
from gateway.limits.budgets import BudgetedBlobs, Uploads
from gateway.limits.guesses import Guesses
from gateway.papers.queue import PrintQueue
from gateway.public.site.facts import CIVIC_APP

# An address may ask so many times as often as it may guess.
REQUESTS_PER_GUESS = 20
# What costs money, rows or somebody's patience: of how many parts of ACTS_AN_HOUR, of one address.
COSTLY = (
    (REGISTER.name, 1),
    (ASK_OWN.name, 1),
    (START_PAYMENT.name, 1),
    (MAKE_INBOX.name, 1),
    (ME_TOO.name, 5),
    (RATE_FORM.name, 20),
    (SUBSCRIBE.name, 10),
    (ASK_ALERT.name, 10),
    (ASK_NEW_SECRET.name, 10),
    (ASK_NEW_SECRET_OF_OWN.name, 10),
    (BEGIN_SIGN_IN.name, 10),
)
HOUR = 3600
NOT_OPENED = (
    "ticket.not_opened",
    "ticket.locked",
    "bill.not_found",
    "payment.not_found",
    "own.no_match",
    "own.locked",
    "own.not_opened",
    "inbox.not_opened",
    "inbox.locked",
    "file.not_found",
    "file.address",
    "secret_code.wrong",
    "secret_code.gone",
    "follow_up.not_found",
    "subscription.not_found",
    "alert.not_found",
    "subscription.pin_wrong",
)


def address_of(request: Request) -> str:
    """Return the address of the client, for counts alone."""
    return request.client.host if request.client else ""


def guesses_a_minute(settings: Settings) -> int | None:
    """Return how many wrong codes an address may send in a minute; None for the default."""
    return settings.whole("GUESSES_A_MINUTE", 0) or None


class Envelope(TypedDict):
    """What stands on a request of a visitor."""

    id: str
    caller: Json
    traceparent: str


class Services:
    """Asks services for anonymous people; their proof travels with each request."""

    def __init__(self, client: Client, settings: Settings, guesses: Guesses) -> None:
        key = settings.secret("PORTAL_KEY").reveal()
        self._client, self.acts, self.guesses = client, Acts(key, "portal"), guesses
        self._floods = Guesses(guesses_a_minute(settings), times=REQUESTS_PER_GUESS)
        self.blobs, self.uploads = Blobs(Path(settings.text("BLOBS_DIR"))), Uploads(settings)
        self._kept = Kept[object]()
        self.printer = PrintQueue(settings.whole("DOCUMENTS_WAITING", 20))
        most = settings.whole("ACTS_AN_HOUR", 600)
        self._costly = {name: Guesses(most // part, HOUR) for name, part in COSTLY}
        self.seals, self.cookies, self.bookmarks = (
            Seals(key, purpose) for purpose in ("claim", "cookie", "bookmark")
        )

    async def ask(
        self,
        request: Request,
        contract: kinds.Request[M, R],
        message: M,
        *,
        id: str | None = None,
        counted: bool = True,
    ) -> R:
        """Check a message by the contract (ContractError names each wrong field) and ask.

        ``id``, the sender's name of an act, makes a repeat the same act. Only wrong guesses are
        counted, so that a right proof passes whatever others at the address guessed; TooMany after
        too many of them. A request that is not ``counted`` was counted before.
        """
        return await self.ask_fields(request, contract, to_wire(message), id=id, counted=counted)

    async def ask_kept(self, request: Request, contract: kinds.Request[M, R], message: M) -> R:
        """Do what ``ask`` does for a question to which everybody gets the same reply: the reply is
        kept (gateway/http/kept.py), and nobody may change it.
        """
        key = contract.name, orjson.dumps(to_wire(message))
        return cast(R, await self._kept.get(key, lambda: self.ask(request, contract, message)))

    async def ask_fields(
        self,
        request: Request,
        contract: kinds.Request[M, R],
        fields: Mapping[str, object],
        *,
        id: str | None = None,
        counted: bool = True,
    ) -> R:
        """Do what ``ask`` does with the fields of a message, as a visitor sent them."""
        return contract.reply_of(
            await self.ask_json(request, contract, fields, id=id, counted=counted)
        )

    async def ask_json(
        self,
        request: Request,
        contract: kinds.Request,
        fields: Mapping[str, object],
        *,
        id: str | None = None,
        counted: bool = True,
    ) -> Json:
        """Do what ``ask_fields`` does for a program, which gets the reply as the service wrote
        it.
        """
        with self._counting(request, contract.name, counted):
            return await self._client.call_json(
                contract,
                contract.load_data(dict(fields)),
                **self._envelope(request, contract.name, id),
            )

    @contextmanager
    def _counting(self, request: Request, contract: str, counted: bool) -> Iterator[None]:
        """Count a request and what it costs before, and a wrong guess after it."""
        address = address_of(request)
        CONTRACT.set(request, contract)
        self._floods.take(address)
        if contract in self._costly:
            self._costly[contract].take(address)
        try:
            yield
        except BusError as error:
            if counted and error.code in NOT_OPENED:
                self.guesses.take(address)
            raise

    def _envelope(self, request: Request, contract: str, id_: str | None) -> Envelope:
        caller = {"face": "public", "asker": self.acts.asker(address_of(request))}
        if app := CIVIC_APP.get(request, ""):
            caller["app"] = app
        return {
            "id": self.acts.message_id(contract, id_) if id_ else str(uuid.uuid4()),
            "caller": caller,
            "traceparent": TRACEPARENT.of(request),
        }

    async def register(
        self, request: Request, fields: Mapping[str, object], id: str, secret: str
    ) -> Registered:
        """Register a ticket that ``secret`` opens; ``id`` makes a repeat the same ticket."""
        return await self.ask_fields(request, REGISTER, {**fields, "secret": secret}, id=id)

    async def paper(
        self, request: Request, content: Sequence[object], make: Callable[[], bytes]
    ) -> bytes:
        """Return the PDF of this content; see ``PrintQueue.paper``."""
        return await self.printer.paper(address_of(request), orjson.dumps(content), make)

    def blobs_of(self, request: Request) -> BudgetedBlobs:
        """Return the store of files within the budgets of the visitor's address."""
        return self.uploads.of(address_of(request))

    @staticmethod
    def new_id() -> str:
        """Return the id of a form that is shown now; sent twice it is one act."""
        return str(uuid.uuid4())

    async def form(self, request: Request) -> FormData:
        """Return categories, counties and units."""
        return await self.ask_kept(request, FORM, AskForm())
