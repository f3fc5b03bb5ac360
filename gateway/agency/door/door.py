"""The door: who asks, may they, is it well formed, call, answer. The same for every contract."""

from typing import Any, overload

from starlette.requests import Request
from starlette.responses import Response

from bus.client import Client
from bus.kinds import M, R
from bus.signatures.digest import content_digest
from bus.signatures.keys import SigningKey
from bus.signatures.signing import Message, sign_response
from contracts import Request as Contract
from gateway import web
from gateway.agency.door.identity import NAMESPACE, Identities, Visitor
from gateway.http import bodies
from gateway.http.address import Address
from gateway.http.hosts import bare
from gateway.http.problems import HttpError

__all__ = ["JSON", "NAMESPACE", "Door", "Visitor"]

JSON = "application/json"


class Door:
    """Lets agencies in and signs what goes out."""

    def __init__(
        self, identities: Identities, client: Client, key: SigningKey, address: Address
    ) -> None:
        self._identities, self.client, self._key = identities, client, key
        # Scheme and host by which agencies reach this face.
        self.base, self._authority = str(address), address.authority

    def identify(self, request: Request) -> Visitor:
        """Who asks, by the headers; the body is compared with its digest later."""
        self.check_authority(request)
        return self._identities.identify(request, self.message(request), self.base)

    def check_authority(self, request: Request) -> None:
        """HttpError if our name is asked for at another port: that is another server's address,
        and what is signed for ours is none of its (RFC 9110, section 7.4).
        """
        host = request.headers.get("host", "")
        if bare(host) == bare(self._authority) and not self._is_own(host):
            raise HttpError("http.host", f"This is {self._authority}, not {host}.")

    def _is_own(self, host: str) -> bool:
        default = ":443" if self.base.startswith("https:") else ":80"
        return _plain(host, default) == _plain(self._authority, default)

    async def question(
        self, request: Request, contract: Contract, *forms: str
    ) -> tuple[Visitor, bytes, str]:
        """Who asks, the JSON body as it was signed, and in which of ``forms`` the answer goes."""
        request.state.contract = contract.name
        visitor = self.identify(request)
        bodies.media_type(request, JSON)
        form = bodies.answer_type(request, *forms)
        raw = await bodies.body(request)
        visitor.check_body(raw)
        return visitor, raw, form

    async def admit(self, request: Request, contract: Contract) -> Response:
        """The whole way of a JSON request to a contract."""
        visitor, raw, _ = await self.question(request, contract, JSON)
        data = contract.load_data(bodies.parse_object(raw))
        return web.json_response(await self.call(request, visitor, contract, data))

    @overload
    async def call(
        self,
        request: Request,
        visitor: Visitor,
        contract: Contract[M, R],
        data: dict[str, Any],
        *,
        id: str | None = None,
        deadline: float | None = None,
    ) -> dict[str, Any]: ...
    @overload
    async def call(
        self,
        request: Request,
        visitor: Visitor,
        contract: Contract[M, R],
        data: M,
        *,
        id: str | None = None,
        deadline: float | None = None,
    ) -> R: ...
    async def call(  # noqa: PLR0913 - what stands on an envelope
        self,
        request: Request,
        visitor: Visitor,
        contract: Contract,
        data: Any,
        *,
        id: str | None = None,
        deadline: float | None = None,
    ) -> Any:
        """Asks the service for a visitor, who has ``deadline`` seconds or those of the contract."""
        visitor.require_right(contract)
        return await self.client.call(
            contract,
            data,
            id=id or visitor.request_id(contract.name),
            caller=visitor.caller(contract),
            traceparent=request.state.traceparent,
            deadline=deadline,
        )

    def finish(self, request: Request, response: Response) -> Response:
        """Adds the rate limit and signs the answer, be it good or a problem."""
        for name, value in getattr(request.state, "limits", {}).items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("content-type", "application/octet-stream")
        if "content-digest" not in response.headers:
            response.headers["content-digest"] = content_digest(bytes(response.body))
        signed = sign_response(
            self._key, response.status_code, dict(response.headers), self.message(request)
        )
        response.headers.update(signed)
        return response

    def message(self, request: Request) -> Message:
        """The request as signatures cover it; a header given twice is joined (RFC 9421)."""
        known: Message | None = getattr(request.state, "message", None)
        if known is not None:
            return known
        headers: dict[str, str] = {}
        for name, value in request.scope["headers"]:
            lower, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
            headers[lower] = f"{headers[lower]}, {text}" if lower in headers else text
        query = request.scope["query_string"].decode("latin-1")
        target = request.scope["raw_path"].decode("latin-1").split("?")[0]
        url = f"{self.base}{target}" + (f"?{query}" if query else "")
        request.state.message = Message(headers, request.method, url)
        return request.state.message  # type: ignore[no-any-return]


def _plain(authority: str, default: str) -> str:
    """A host and port without the port of the scheme and the dot of the root."""
    name, colon, port = authority.lower().removesuffix(default).partition(":")
    return name.rstrip(".") + colon + port
