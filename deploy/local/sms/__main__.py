"""`python -m deploy.local.sms`: one server that plays four providers of SMS and the telephones.

It speaks their real protocols, so that what is tried here is what production does; no message
leaves this machine. ``POST /play`` makes answers late, wrong or lost, and says what becomes of
messages; ``GET /taken`` tells what each provider took; ``/phone`` shows what arrived, and sends
texts to a line, which Kavenegar brings, and which the provider of the line gives to whoever asks.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote

import anyio
import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from deploy.local.sms import inboxes, pages, protocols
from deploy.local.sms.protocols import Answer
from deploy.local.sms.state import Player, SmsMessage

GET, POST = ["GET"], ["POST"]
CALLBACK_TRIES = 5
HALF = rb"\ud83d"
# path, methods, provider, kind of call, who answers
CALLS: tuple[tuple[str, list[str], str, str, Callable[..., Answer]], ...] = (
    ("/v1/{key}/sms/send.json", POST, "kavenegar", "send", protocols.kavenegar_send),
    ("/v1/{key}/sms/sendarray.json", POST, "kavenegar", "send", protocols.kavenegar_array),
    ("/v1/{key}/sms/status.json", POST, "kavenegar", "states", protocols.kavenegar_status),
    (
        "/v1/{key}/sms/statuslocalmessageid.json",
        POST,
        "kavenegar",
        "find",
        protocols.kavenegar_find,
    ),
    ("/v1/{key}/sms/receive.json", POST, "kavenegar", "receive", inboxes.kavenegar_receive),
    ("/v1/{key}/account/info.json", POST, "kavenegar", "credit", protocols.kavenegar_info),
    ("/api/http/sms/v2/send", POST, "magfa", "send", protocols.magfa_send),
    ("/api/http/sms/v2/statuses/{mids}", GET, "magfa", "states", protocols.magfa_statuses),
    ("/api/http/sms/v2/mid/{uid}", GET, "magfa", "find", protocols.magfa_mid),
    ("/api/http/sms/v2/messages/{count:int}", GET, "magfa", "receive", inboxes.magfa_messages),
    ("/api/http/sms/v2/balance", GET, "magfa", "credit", protocols.magfa_balance),
    ("/v1/send/likeToLike", POST, "smsir", "send", protocols.smsir_send),
    ("/v1/send/{id:int}", GET, "smsir", "states", protocols.smsir_report),
    ("/v1/receive/live", GET, "smsir", "receive", inboxes.smsir_live),
    ("/v1/receive/archive", GET, "smsir", "receive", inboxes.smsir_archive),
    ("/v1/credit", GET, "smsir", "credit", protocols.smsir_credit),
    ("/api/SendSMS/GetMessages", POST, "melipayamak", "receive", inboxes.melipayamak_messages),
    ("/api/SendSMS/{act}", POST, "melipayamak", "", protocols.melipayamak),
)
DAY_SECONDS = 86_400
MELIPAYAMAK = {"SendSMS": "send", "GetDeliveries2": "states", "GetCredit": "credit"}


class Cut(Response):
    """An answer that is lost: the connection ends before it is whole."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"64"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


class Telephones:
    """What people and tests see, and the receipts to who wants to be called back."""

    def __init__(self, player: Player, callback: str | None, received: str | None) -> None:
        self.player, self.callback, self.received = player, callback, received
        self._calling: set[asyncio.Task[None]] = set()

    def answering(
        self, provider: str, call: str, act: Callable[..., Answer]
    ) -> Callable[[Request], object]:
        """The act of a provider, as late, wrong or lost as a test wants it."""

        async def answer(request: Request) -> Response:
            kind = call or MELIPAYAMAK.get(request.path_params["act"], "send")
            body = await request.body()
            trick = await self.player.trick(provider, kind)
            do = trick["do"]
            if do in ("hang", "error"):
                await anyio.sleep(float(trick.get("seconds", 0)))
                return PlainTextResponse("played failure", 500)
            before = len(self.player.order)
            status, reply = act(self.player, request, body, do)
            self._call_back(self.player.order[before:])
            if do == "take_and_hang":
                await anyio.sleep(float(trick["seconds"]))
            if do == "drop":
                return Cut()
            if do == "garbage":
                return HTMLResponse("<!doctype html><title>maintenance</title>")
            if do == "odd":
                return _odd(reply, status)
            return JSONResponse(reply, status)

        return answer

    def _call_back(self, messages: list[SmsMessage]) -> None:
        """Kavenegar calls back with a message's number and state; the others are asked."""
        for message in messages:
            if self.callback and message.provider == "kavenegar":
                task = asyncio.get_running_loop().create_task(self._receipt(message))
                self._calling.add(task)
                task.add_done_callback(self._calling.discard)

    async def _receipt(self, message: SmsMessage) -> None:
        await anyio.sleep(self.player.delay)
        for _ in range(CALLBACK_TRIES):
            receipt = {
                "messageid": message.id,
                "status": protocols.code_of(self.player, message),
            }
            if await anyio.to_thread.run_sync(_posted, self.callback, receipt):
                return
            await anyio.sleep(1)

    async def phones(self, _request: Request) -> Response:
        return HTMLResponse(pages.phones(self.player.phones))

    async def phone(self, request: Request) -> Response:
        number = request.path_params["number"]
        outcome = request.query_params.get("sent", "")
        messages = self.player.phones.get(number, ())
        return HTMLResponse(pages.phone(number, messages, outcome))

    async def send(self, request: Request) -> Response:
        """POST /phone: a telephone sends a text to a line of ours, or did so many ``days`` ago."""
        fields = dict(parse_qsl((await request.body()).decode()))
        number, line = fields.get("from", "").strip(), fields.get("to", "").strip()
        if not number or not line:
            return PlainTextResponse("from and to are missing", 422)
        text = {
            "from": number,
            "to": line,
            "message": fields.get("message", ""),
            "messageid": next(self.player.numbers),
            "at": int(time.time()) - DAY_SECONDS * int(fields.get("days", "0")),
        }
        self.player.came_in.append(text)
        is_brought = bool(self.received) and await anyio.to_thread.run_sync(
            _posted, self.received, text
        )
        outcome = "yes" if is_brought else "no"
        return RedirectResponse(f"/phone/{quote(number, safe='')}?sent={outcome}", 303)

    async def messages(self, request: Request) -> Response:
        query = request.query_params
        report = self.player.report(query.get("provider"), query.get("to"), brief="brief" in query)
        return JSONResponse(report)

    async def play(self, request: Request) -> Response:
        wish = await request.json() if request.method == "POST" else None
        if wish is not None and (wrong := self.player.play(wish)) is not None:
            return PlainTextResponse(wrong, 422)
        return JSONResponse({"tricks": list(self.player.tricks), "outcomes": self.player.outcomes})


def _odd(reply: object, status: int) -> Response:
    """An answer whose texts were cut within a character where they have an ellipsis, as by lines
    that count in halves of characters.
    """
    body = JSONResponse(reply).body
    return Response(bytes(body).replace("…".encode(), HALF), status, media_type="application/json")


def _posted(url: str | None, fields: Mapping[str, object]) -> bool:
    try:
        return requests.post(url or "", data=fields, timeout=5).ok
    except requests.RequestException:
        return False


def app(player: Player, callback: str | None = None, received: str | None = None) -> Starlette:
    """The providers and the telephones as an ASGI app."""
    phones = Telephones(player, callback, received)
    return Starlette(
        routes=[
            *(
                Route(path, phones.answering(provider, call, act), methods=methods)
                for path, methods, provider, call, act in CALLS
            ),
            Route("/phone", phones.phones, methods=GET),
            Route("/phone", phones.send, methods=POST),
            Route("/phone/{number}", phones.phone),
            Route("/taken", phones.messages),
            Route("/play", phones.play, methods=["GET", "POST"]),
        ]
    )


def main() -> int:
    """Answers until SIGTERM."""
    settings = Settings()
    try:
        port, host = settings.whole("SMS_PORT"), settings.text("HOST", "127.0.0.1")
        file = settings.text("SMS_FILE", "")
        player = Player(settings.whole("SMS_DELAY", 2), Path(file) if file else None)
        urls = (settings.get("SMS_CALLBACK_URL"), settings.get("SMS_RECEIVED_URL"))
        played = app(player, *urls)
    except MissingSettings as error:
        print(f"The played providers of SMS cannot start: {error}", file=sys.stderr)
        return 1
    uvicorn.run(played, host=host, port=port, log_level="warning")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
