"""What portal, JSON API and Open311 share: the way to the ticketing service."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request

from bus.blobs import Blobs
from bus.client import Client
from bus.contracts.kinds import Request as Contract
from bus.contracts.ticketing import FORM, REGISTER
from bus.errors import BusError
from bus.settings import Settings
from gateway.guesses import Guesses
from gateway.uploads import Seals, derived_secret

MOST_REQUESTS = 1200
NOT_OPENED = (
    "ticket.not_opened", "ticket.locked", "bill.not_found", "payment.not_found", "own.no_match",
    "own.locked", "own.not_opened", "inbox.not_opened", "inbox.locked",
    "subscription.not_found", "subscription.pin_wrong",
)  # fmt: skip


class Tickets:
    """Asks ticketing for anonymous people; what opens a ticket travels with each question."""

    def __init__(self, client: Client, settings: Settings, guesses: Guesses) -> None:
        key = settings.secret("PORTAL_KEY").reveal()
        self._client, self._key, self.guesses = client, key, guesses
        self._floods = Guesses(MOST_REQUESTS)
        self.blobs = Blobs(Path(settings.text("BLOBS_DIR")))
        self.seals, self.cookies, self.forms = (
            Seals(key, purpose) for purpose in ("claim", "cookie", "form")
        )

    async def ask(
        self,
        request: Request,
        contract: Contract,
        data: Mapping[str, Any],
        *,
        id: str | None = None,
    ) -> dict[str, Any]:
        """Loads ``data`` by the contract (ContractError names each wrong field) and asks.

        ``id`` makes a repeated act the same act; a fresh one is made if none is given.
        """
        address = request.client.host if request.client else ""
        request.state.contract = contract.name
        self._floods.take(address)
        self.guesses.check(address)
        try:
            return await self._client.call(
                contract,
                contract.load(dict(data)),
                id=id or str(uuid.uuid4()),
                caller={"face": "public"},
                traceparent=request.state.traceparent,
            )
        except BusError as error:
            if error.code in NOT_OPENED:
                self.guesses.take(address)
            raise

    async def register(
        self, request: Request, data: Mapping[str, Any], id: str
    ) -> tuple[dict[str, Any], str]:
        """Registers a ticket: the service's answer, and the secret that opens it.

        The secret follows from ``id``: a form that is sent twice is shown the same one, and no
        database has to keep it. ``id`` must be impossible to guess.
        """
        secret = self.secret_of(id)
        told = await self.ask(request, REGISTER, {**data, "secret": secret}, id=id)
        return told, secret

    def secret_of(self, id: str) -> str:
        """The 20 digits that open the ticket registered under ``id``."""
        return derived_secret(self._key, id)

    @staticmethod
    def new_id() -> str:
        """The id of a form that is shown now; what is sent with it is one act."""
        return str(uuid.uuid4())

    async def form(self, request: Request) -> dict[str, Any]:
        """Categories, counties and units (FormData of bus/contracts/ticketing.py)."""
        return await self.ask(request, FORM, {})
