"""Delivery receipts of SMS providers; `python -m gateway.public.sms_receipts` prints their address.

A receipt is only a hint: the service asks the provider itself for the state of the message, so that
nobody who learns the address can change the state of a message.
"""

import argparse
import hmac
import re
import sys
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.errors import NotFound
from bus.process.private import own_files_only
from bus.sealing import derived
from bus.settings import MissingSettings, Settings
from bus.signatures.keys import base64url
from contracts.notify.receipts import RECEIPT, Receipt
from gateway.forms.multipart import read_form
from gateway.http import bodies
from gateway.http.facts import TRACEPARENT
from gateway.limits.guesses import Guesses

# How each provider names its number of a message, in small letters. A new one that calls back is
# one line here.
NUMBER_NAMES: Mapping[str, str] = {
    "kavenegar": "messageid",
    "magfa": "mid",
    "melipayamak": "recid",
    "smsir": "messageid",
}
REF = re.compile("[0-9A-Za-z-]{1,64}")
LIMIT = 16 * 1024
RECEIPTS, RECEIVED = "sms receipts", "sms received"


def key_of(secret: str, provider: str, purpose: str = RECEIPTS) -> str:
    """Return the part of a provider's address that nobody can guess; one opens no other."""
    key = derived(secret, f"mirab.portal.{purpose}")
    return base64url(hmac.digest(key, provider.encode(), "sha256")[:18])


def address_of(settings: Settings, provider: str, *, received: bool = False) -> str:
    """Return the whole address of a provider's receipts, or of the texts that it brings. KeyError
    if none of its come in here.
    """
    if provider not in NUMBER_NAMES:
        raise KeyError(provider)
    portal = settings.text("PORTAL_URL").rstrip("/")
    secret = settings.secret("PORTAL_KEY").reveal()
    if received:
        return f"{portal}/callbacks/sms/{provider}/{key_of(secret, provider, RECEIVED)}/received"
    return f"{portal}/callbacks/sms/{provider}/{key_of(secret, provider)}"


def ref_in(members: Mapping[str, object], provider: str) -> str | None:
    """Return the provider's number of a message in its receipt, whatever case its name is in."""
    for name, value in members.items():
        if name.lower() == NUMBER_NAMES[provider] and REF.fullmatch(str(value).strip()):
            return str(value).strip()
    return None


class Receipts:
    """What the routes share."""

    def __init__(self, client: Client, secret: str, guesses: Guesses) -> None:
        self._client, self._secret, self._guesses = client, secret, guesses

    async def take(self, request: Request) -> Response:
        """GET or POST /callbacks/sms/{provider}/{key}: 200 for any number, known or not, so that
        nobody learns from here which ones there are.
        """
        provider, key = (request.path_params[name] for name in ("provider", "key"))
        is_right = hmac.compare_digest(key_of(self._secret, provider).encode(), key.encode())
        if provider not in NUMBER_NAMES or not is_right:
            self._guesses.take(request.client.host if request.client else "")
            raise NotFound("There is nothing at this path.", code="http.not_found")
        ref = ref_in(await _members_of(request), provider)
        if ref is not None:
            receipt = RECEIPT.checked(Receipt(provider=provider, provider_ref=ref))
            await self._client.call(RECEIPT, receipt, traceparent=TRACEPARENT.of(request))
        return PlainTextResponse("OK")


async def _members_of(request: Request) -> Mapping[str, object]:
    """Return the members of a receipt: of the query, a form or JSON."""
    if request.method == "GET":
        return request.query_params
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        return bodies.parse_object(await bodies.body(request, LIMIT))
    form = await read_form(request, None, fields_limit=LIMIT)
    return {name: values[0] for name, values in form.values.items()}


def routes(client: Client, settings: Settings, guesses: Guesses) -> list[Route]:
    """Return the route of receipts."""
    receipts = Receipts(client, settings.secret("PORTAL_KEY").reveal(), guesses)
    return [Route("/callbacks/sms/{provider}/{key}", receipts.take, methods=["GET", "POST"])]


def main(argv: list[str] | None = None) -> int:
    """Print the address for a provider; it needs PORTAL_URL and PORTAL_KEY."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway.public.sms_receipts", description=__doc__
    )
    parser.add_argument("provider", help="its code", choices=NUMBER_NAMES)
    parser.add_argument(
        "--received", action="store_true", help="the address for texts that come in"
    )
    arguments = parser.parse_args(argv)
    try:
        print(address_of(Settings(), arguments.provider, received=arguments.received))
    except MissingSettings as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
