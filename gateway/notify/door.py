"""Callers by the token of a key: authentication, rate, and the calls of the service for them."""

import uuid
from dataclasses import dataclass

from starlette.requests import Request

from bus.client import Client
from bus.messages import kinds
from bus.messages.kinds import M, R
from bus.messages.message import Wire
from contracts.notify.govnotify import AUTHENTICATE, Authenticated, Token
from contracts.notify.messages import SEND
from gateway.http.facts import AGENCY, CONTRACT, LIMITS, TRACEPARENT, Fact
from gateway.http.idempotency import MOST, idempotency_key, is_short_ascii
from gateway.notify.errors import bad, refused
from gateway.notify.limits import Buckets

LONGEST = 4096
UNREADABLE = "-"
NAMESPACE = uuid.UUID("6d697261-6200-5000-8000-000000000003")


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A service whose token was proven, and the kind of its key."""

    owner: str
    service: str
    key: str
    kind: str
    a_minute: int
    from_email: str

    @classmethod
    def of(cls, reply: Authenticated) -> "ApiClient":
        """The service of a token that was taken."""
        return cls(
            owner=reply.owner or "",
            service=reply.service or "",
            key=reply.key or "",
            kind=reply.kind or "",
            a_minute=reply.a_minute or 0,
            from_email=reply.from_email,
        )

    @property
    def caller(self) -> Wire:
        """The caller as the envelope carries it to the service."""
        return {
            "agency": self.owner,
            "service": self.service,
            "key": self.key,
            "kind": self.kind,
        }


# Who asks; the right that it needs for this; the id of what it has sent by it.
API_CLIENT = Fact[ApiClient]("api_client")
RIGHT = Fact[str | None]("right")
SENT = Fact[str]("sent")


class ApiDoor:
    """Lets services in by their keys."""

    def __init__(self, client: Client) -> None:
        self._client, self._buckets = client, Buckets()

    async def authenticate(
        self, request: Request, right: kinds.Request[M, R] | None = None
    ) -> ApiClient:
        """The caller by the token in Authorization, if the register gives them ``right``, the same
        act among the contracts of agencies. CallRefused AuthError names what is wrong with it.
        """
        client = await self._authenticate(request, right)
        LIMITS.set(request, {})  # reading is not limited, and each has its leaf
        return client

    async def _authenticate(self, request: Request, right: kinds.Request[M, R] | None) -> ApiClient:
        RIGHT.set(request, right.name if right else None)
        header = request.headers.get("authorization", "")
        if not header:
            raise refused(401, "AuthError", "Unauthorized: authentication token must be provided")
        if {"signature-input", "dpop"} & set(request.headers):
            raise refused(401, "AuthError", "Unauthorized: send the token alone, no second proof")
        if header[:7].title() != "Bearer ":
            raise refused(
                401, "AuthError", "Unauthorized: authentication bearer scheme must be used"
            )
        token = header[7:].strip()
        if not token.isascii() or not token.isprintable() or not 0 < len(token) <= LONGEST:
            token = UNREADABLE
        reply = await self._client.call(
            AUTHENTICATE,
            Token(
                token=token,
                right=right.name if right else None,
                address=request.client.host if request.client else None,
            ),
            caller={"face": "notify"},
            traceparent=TRACEPARENT.of(request),
        )
        client = ApiClient.of(reply)
        API_CLIENT.set(request, client)
        if reply.owner is not None:  # proven, if the act is its right or not
            AGENCY.set(request, reply.owner)
        if reply.refusal is not None:
            raise refused(403, "AuthError", reply.refusal)
        return client

    async def ask(
        self,
        request: Request,
        client: ApiClient,
        contract: kinds.Request[M, R],
        message: M,
        id: str | None = None,
    ) -> R:
        """The service's reply to a client; ``id`` repeats an earlier question."""
        CONTRACT.set(request, contract.name)
        return await self._client.call(
            contract,
            contract.checked(message),
            id=id,
            caller=client.caller,
            traceparent=TRACEPARENT.of(request),
        )

    async def authenticate_sender(self, request: Request) -> ApiClient:
        """As ``authenticate``, for what counts against the rate. CallRefused RateLimitError."""
        client = await self._authenticate(request, SEND)
        self._buckets.take(client.service, client.kind, client.a_minute)
        LIMITS.set(request, {})
        return client


def act_id(request: Request, client: ApiClient) -> str | None:
    """The id of the act: by the Idempotency-Key, if there is one. Notify has no such thing."""
    key = idempotency_key(request)
    if not key:
        return None
    if not is_short_ascii(key):
        raise bad(f"Idempotency-Key: up to {MOST} ASCII characters")
    return str(uuid.uuid5(NAMESPACE, f"{client.service} {client.kind} {key}"))
