"""The head of a request of X-Road: its headers, and the hash by which an answer names it.

The hash is that of X-Road 7.8 (RestRequest.toByteArray, RestResponse): SHA-512 in base64 of the
digests of head and body, of the head's alone where there is no body. The head is the method, the
address as it was written, and each header that is kept, in the order in which they came; their
names are in small letters, as HTTP/2 sends them.
"""

import base64
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Message, Receive

from gateway.agency.door.ways import XRoadAsker
from gateway.agency.xroad.names import House, client_of, decoded, party_of
from gateway.http.problems import HttpError
from members.register import XRoadName

CLIENT, ID, USER, ISSUE = "x-road-client", "x-road-id", "x-road-userid", "x-road-issue"
PARTY, SERVER = "x-road-represented-party", "x-road-security-server"
REQUEST_ID, REQUEST_HASH = "x-road-request-id", "x-road-request-hash"
# What is of one connection alone, or of the server before us (RestMessage.SKIPPED_HEADERS).
SKIPPED = frozenset(
    {
        "transfer-encoding",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "upgrade",
        "connection",
        "user-agent",
        "host",
        "content-length",
        "server",
        "expect",
    }
)
# What our own edge writes (deploy/edge), which its caller cannot know.
OF_THE_EDGE = frozenset(
    {
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "forwarded",
        "x-real-ip",
        "http2-settings",
    }
)
LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class Head:
    """What a request of X-Road says in its headers; ``request_id`` is ours, new for each."""

    client_header: str
    instance: str
    client: XRoadName
    id: str
    request_id: str
    asker: XRoadAsker
    canonical: bytes


def read_head(request: Request, house: House) -> Head:
    """The head of a request; HttpError ``xroad.*`` for what a header has wrong.

    Of several headers of a name the last one counts, as X-Road has it.
    """
    headers = [(name.decode("latin-1"), value) for name, value in request.scope["headers"]]
    last = {name: _text(name, value) for name, value in headers if name.startswith("x-road-")}
    if not last.get(CLIENT):
        raise HttpError("xroad.client_missing", "The header X-Road-Client is missing.")
    instance, client = client_of(last[CLIENT])
    _require_own_server(last.get(SERVER), house)
    party = party_of(last[PARTY], client[0]) if last.get(PARTY) else None
    made = not last.get(ID)
    message_id = f"{house.instance}-{uuid.uuid4()}" if made else last[ID]
    if len(message_id) > LONGEST_ID or not message_id.isprintable():
        raise HttpError("xroad.id", f"X-Road-Id has at most {LONGEST_ID} printable characters.")
    request_id = str(uuid.uuid4())
    stated = {"operator": last.get(USER, ""), "case_number": last.get(ISSUE, "")}
    added = [(REQUEST_ID, request_id), *([(ID, message_id)] if made else [])]
    return Head(
        last[CLIENT],
        instance,
        client,
        message_id,
        request_id,
        XRoadAsker(client, party, {name: text for name, text in stated.items() if text}),
        _canonical(request, [h for h in headers if h[0] != house.cert_header], added),
    )


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        raise HttpError("xroad.header", f"{name} is not UTF-8.") from None


def _require_own_server(header: str | None, house: House) -> None:
    if not header:
        return
    parts = tuple(decoded(part, "xroad.security_server") for part in header.split("/"))
    if parts != house.server_id:
        raise HttpError(
            "xroad.security_server",
            f"There is one server: {'/'.join(house.server_id)}. Leave the header out.",
        )


def _canonical(
    request: Request, headers: Iterable[tuple[str, bytes]], added: Iterable[tuple[str, str]]
) -> bytes:
    query = request.scope["query_string"]
    target = request.scope["raw_path"].split(b"?")[0] + (b"?" + query if query else b"")
    lines = [request.method.encode(), target]
    lines += [
        name.encode() + b":" + value.strip()
        for name, value in headers
        if name not in SKIPPED
        and name not in OF_THE_EDGE
        and name not in (REQUEST_ID, REQUEST_HASH)
    ]
    lines += [f"{name}:{value}".encode() for name, value in added]
    return b"".join(line + b"\r\n" for line in lines)


class HashedBody:
    """Digests the body of a request while it is read; ``whole`` once all of it was."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._digest = receive, hashlib.sha512()
        self._length, self.whole = 0, False

    async def receive(self) -> Message:
        """The next message of the request (ASGI)."""
        message = await self._receive()
        if message["type"] == "http.request":
            body = message.get("body", b"")
            self._digest.update(body)
            self._length += len(body)
            self.whole = not message.get("more_body", False)
        return message

    def hash_with(self, canonical: bytes) -> str:
        """The hash of the request: X-Road-Request-Hash."""
        whole = hashlib.sha512(canonical).digest()
        if self._length:
            whole += self._digest.digest()
            return base64.b64encode(hashlib.sha512(whole).digest()).decode()
        return base64.b64encode(whole).decode()
