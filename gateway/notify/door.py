"""Who asks, by the token of a key; how often he may; and how the service is asked for him."""

import uuid
from dataclasses import dataclass, fields
from typing import Any, overload

from starlette.requests import Request

from bus.client import Client
from bus.kinds import M, R
from contracts import Request as Contract
from contracts.notify.govnotify import AUTHENTICATE
from contracts.notify.messages import SEND
from gateway.notify.errors import bad, refused
from gateway.notify.limits import Buckets

MOST_KEY = 128
LONGEST = 4096
UNREADABLE = "-"
NAMESPACE = uuid.UUID("6d697261-6200-5000-8000-000000000003")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A service whose token was proven, and the kind of its key."""

    owner: str
    service: str
    key: str
    kind: str
    a_minute: int
    from_email: str

    @property
    def caller(self) -> dict[str, Any]:
        """Who asks, as the envelope tells the service."""
        return {
            "agency": self.owner, "service": self.service, "key": self.key, "kind": self.kind,
        }  # fmt: skip


class Door:
    """Lets services in by their keys."""

    def __init__(self, client: Client) -> None:
        self._client, self._buckets = client, Buckets()

    async def visitor(self, request: Request, right: Contract | None = None) -> Visitor:
        """Whose token stands in Authorization, if the register gives him ``right``, the same act
        among the contracts of agencies. Refused AuthError says what is wrong with it.
        """
        given = request.headers.get("authorization", "")
        if not given:
            raise refused(401, "AuthError", "Unauthorized: authentication token must be provided")
        if {"signature-input", "dpop"} & set(request.headers):
            raise refused(401, "AuthError", "Unauthorized: send the token alone, no second proof")
        if given[:7].title() != "Bearer ":
            raise refused(
                401, "AuthError", "Unauthorized: authentication bearer scheme must be used"
            )
        token = given[7:].strip()
        if not token.isascii() or not token.isprintable() or not 0 < len(token) <= LONGEST:
            token = UNREADABLE
        asked = AUTHENTICATE.load_data(
            {
                "token": token,
                "right": right.name if right else None,
                "address": request.client.host if request.client else None,
            }
        )
        told = await self._client.call(
            AUTHENTICATE, asked, caller={"face": "notify"}, traceparent=request.state.traceparent
        )
        if told["refusal"] is not None:
            raise refused(403, "AuthError", told["refusal"])
        request.state.agency = told["owner"]
        return Visitor(**{field.name: told[field.name] for field in fields(Visitor)})

    @overload
    async def ask(
        self,
        request: Request,
        visitor: Visitor,
        contract: Contract[M, R],
        data: dict[str, Any],
        id: str | None = None,
    ) -> dict[str, Any]: ...
    @overload
    async def ask(
        self,
        request: Request,
        visitor: Visitor,
        contract: Contract[M, R],
        data: M,
        id: str | None = None,
    ) -> R: ...
    async def ask(
        self,
        request: Request,
        visitor: Visitor,
        contract: Contract,
        data: Any,
        id: str | None = None,
    ) -> Any:
        """The service's reply to a visitor; ``id`` repeats an earlier question."""
        request.state.contract = contract.name
        return await self._client.call(
            contract,
            contract.checked(data),
            id=id,
            caller=visitor.caller,
            traceparent=request.state.traceparent,
        )

    async def sender(self, request: Request) -> Visitor:
        """As ``visitor``, for what counts against the rate. Refused RateLimitError."""
        visitor = await self.visitor(request, SEND)
        self._buckets.take(visitor.service, visitor.kind, visitor.a_minute)
        return visitor


def act_id(request: Request, visitor: Visitor) -> str | None:
    """The id of the act: by the Idempotency-Key, if there is one. Notify has no such thing."""
    told = request.headers.get("idempotency-key", "").strip().strip('"')
    if not told:
        return None
    if len(told) > MOST_KEY or not (told.isascii() and told.isprintable()):
        raise bad(f"Idempotency-Key: up to {MOST_KEY} ASCII characters")
    return str(uuid.uuid5(NAMESPACE, f"{visitor.service} {visitor.kind} {told}"))
