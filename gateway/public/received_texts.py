"""Texts that come in by SMS, as providers bring them; the address is printed by
`python -m gateway.public.sms_receipts PROVIDER --received`.

None of the providers signs what it brings: who knows the address is the provider. It is not taken
for proof of who wrote: a text opens, closes and discloses nothing.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.errors import NotFound
from bus.foreign.odd_texts import decoded, read_json
from bus.process import log
from bus.settings import Settings
from contracts.notify.received import TAKE_TEXT, TakeText, as_it_is_kept
from gateway.http import bodies
from gateway.http.facts import TRACEPARENT
from gateway.limits.guesses import Guesses
from gateway.public.sms_receipts import NUMBER_NAMES, RECEIVED, key_of
from gateway.public.text_parts import part_of

_log = log.get("received_texts")
# 17,085 Persian letters, each written as six bytes of a form.
LIMIT = 192 * 1024
REF = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
# By which names providers bring what, in small letters: Kavenegar's are fixed, those of the others
# are chosen in their panels, where these are the usual ones.
NAMES: Mapping[str, Sequence[str]] = {
    "sender": ("from", "sender", "originator", "mobile", "sendernumber", "source"),
    "line": ("to", "receptor", "receiver", "line", "linenumber", "destination"),
    "text": ("message", "text", "body", "messagetext", "content"),
    "ref": ("messageid", "id", "mid", "recid", "smsid", "messageidentifier"),
    "sent_at": ("date", "receivedate", "receivedatetime", "datetime", "time", "unixtime"),
}
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9_.+~*'()!\-])+")


def text_of(members: Mapping[str, str], provider: str) -> TakeText | None:
    """Return the text that these members bring, whatever case their names are in; None if there is
    no sender or no line among them.

    >>> text_of({"From": "0912", "to": "3000", "Message": "hi"}, "kavenegar").text
    'hi'
    """
    folded = {_folded(name): value for name, value in members.items()}
    brought = {
        part: next((folded[name] for name in names if name in folded), "")
        for part, names in NAMES.items()
    }
    sender, line = brought["sender"].strip(), brought["line"].strip()
    if not sender or not line:
        return None
    ref, sent_at = brought["ref"].strip(), brought["sent_at"].strip()
    return as_it_is_kept(
        TakeText(
            provider=provider,
            ref=ref if REF.fullmatch(ref) and ref != "0" else None,
            line=line,
            sender=sender,
            text=unescaped(brought["text"]),
            sent_at=sent_at,
            part=part_of(folded),
        )
    )


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def unescaped(text: str) -> str:
    """Return a text that was escaped twice on its way as it was written; any other as it is.

    >>> unescaped("%D8%B3%D9%84%D8%A7%D9%85"), unescaped("100% water"), unescaped("%FF")
    ('سلام', '100% water', '%FF')
    """
    if "%" not in text or not _ESCAPED.fullmatch(text):
        return text
    try:
        ((_, value),) = parse_qsl(f"t={text}", keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return text  # what somebody typed, such as %FF
    return value if not value.isascii() else text


def form_of(raw: bytes) -> dict[str, str]:
    """Return the first value of each name of a form or query, each in the encoding that fits it."""
    try:
        pairs = parse_qsl(
            raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=50
        )
    except ValueError:
        return {}
    return {name: decoded(value.encode("latin-1")) for name, value in reversed(pairs)}


class Received:
    """What the routes share."""

    def __init__(self, client: Client, secret: str, guesses: Guesses) -> None:
        self._client, self._secret, self._guesses = client, secret, guesses

    async def take(self, request: Request) -> Response:
        """GET or POST /callbacks/sms/{provider}/{key}/received: 200 once the text is kept."""
        provider, key = (request.path_params[name] for name in ("provider", "key"))
        right = key_of(self._secret, provider, RECEIVED)
        if provider not in NUMBER_NAMES or not hmac.compare_digest(right.encode(), key.encode()):
            self._guesses.take(request.client.host if request.client else "")
            raise NotFound("There is nothing at this path.", code="http.not_found")
        message = text_of(await _members_of(request), provider)
        if message is None:
            # Nothing that a repeat would mend; whoever runs the panel of the provider sees it here.
            _log.warning("text_unreadable", provider=provider)
            return PlainTextResponse("OK")
        await self._client.call(TAKE_TEXT, message, traceparent=TRACEPARENT.of(request))
        return PlainTextResponse("OK")


async def _members_of(request: Request) -> Mapping[str, str]:
    """Return the members of a text: of the query, a form or JSON, the body before the query."""
    members = form_of(request.scope["query_string"])
    if request.method == "GET":
        return members
    raw = await bodies.body(request, LIMIT)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        # What no reader knows is refused by the strict one, in its words.
        read = read_json(raw)
        read = read if isinstance(read, dict) else bodies.parse_object(raw)
        of_body = {name: str(value) for name, value in read.items()}
        return {**members, **of_body}
    return {**members, **form_of(raw)}


def routes(client: Client, settings: Settings, guesses: Guesses) -> list[Route]:
    """Return the route of texts that come in."""
    received = Received(client, settings.secret("PORTAL_KEY").reveal(), guesses)
    path = "/callbacks/sms/{provider}/{key}/received"
    return [Route(path, received.take, methods=["GET", "POST"])]
