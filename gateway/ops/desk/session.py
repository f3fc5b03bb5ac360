"""Who sits at the desk: a sealed cookie that names the colleague, and nothing that he may do.

The service looks up role and unit at each act, so a closed account ends at once.
"""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bus.client import Client
from bus.contracts.kinds import Request as Contract
from bus.errors import Unauthenticated
from bus.settings import Settings
from gateway.acts import Acts
from gateway.uploads import Seals

COOKIE = "mirab_desk"
SECONDS = 8 * 3600


class Desk:
    """The way from a colleague's browser to the ticketing service."""

    def __init__(self, client: Client, settings: Settings) -> None:
        key = settings.secret("DESK_KEY").reveal()
        self.client, self.acts, self.seals = client, Acts(key, "desk"), Seals(key, "desk")

    def who(self, request: Request) -> dict[str, Any]:
        """The colleague whom the cookie names. Unauthenticated ``desk.signed_out``."""
        told = self.seals.open(request.cookies.get(COOKIE, ""), SECONDS)
        if not told or "username" not in told:
            raise Unauthenticated("Sign in to the desk.", code="desk.signed_out")
        return told

    def sit(self, request: Request, response: Response, colleague: Mapping[str, Any]) -> None:
        """Lets the browser be the colleague's for eight hours."""
        sealed = self.seals.seal(
            {n: colleague[n] for n in ("username", "name", "role", "unit", "may")}
        )
        response.set_cookie(
            COOKIE,
            sealed,
            max_age=SECONDS,
            path="/desk",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    async def ask(
        self,
        request: Request,
        contract: Contract,
        data: Mapping[str, Any],
        *,
        id: str | None = None,
    ) -> dict[str, Any]:
        """Asks ticketing as the colleague; ``id`` makes a form that is sent twice one act."""
        request.state.contract, username = contract.name, self.who(request)["username"]
        return await self.client.call(
            contract,
            contract.load(dict(data)),
            id=self.acts.message_id(contract.name, username, id) if id else str(uuid.uuid4()),
            caller={"staff": username},
            traceparent=request.state.traceparent,
        )

    async def ask_as_desk(
        self, request: Request, contract: Contract, data: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Asks in the name of the desk itself, before anybody has signed in."""
        return await self.client.call(
            contract,
            contract.load(dict(data)),
            id=str(uuid.uuid4()),
            caller={"face": "ops"},
            traceparent=request.state.traceparent,
        )


def leave(response: Response) -> None:
    """The browser is nobody's any more."""
    response.delete_cookie(COOKIE, path="/desk")


def form_id() -> str:
    """The id of a form that is shown now."""
    return f"desk-{uuid.uuid4()}-{int(time.time())}"
