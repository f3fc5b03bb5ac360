"""How the four real HTTP APIs give the texts that came in, as the adapters ask for them."""

import datetime as dt
import time
from collections.abc import Callable

import orjson
from starlette.requests import Request

from deploy.local.sms import protocols
from deploy.local.sms.protocols import Answer, kavenegar, kavenegar_answer, magfa, smsir
from deploy.local.sms.state import Player
from iran.persian import tehran_day


@kavenegar
def kavenegar_receive(player: Player, form: dict[str, str]) -> Answer:
    """The last hundred texts of a line: those not read yet, which are read then, or the others."""
    of_line = [text for text in player.came_in if text["to"] == form.get("linenumber")]
    wants_read = form.get("isread") == "1"
    chosen = [t for t in of_line if (t["messageid"] in player.read) == wants_read][-100:]
    player.read.update(text["messageid"] for text in chosen)
    entries = [
        {
            "messageid": text["messageid"],
            "message": text["message"],
            "sender": text["from"],
            "receptor": text["to"],
            "date": text["at"],
        }
        for text in chosen
    ]
    return kavenegar_answer(200, entries or None)


@magfa
def magfa_messages(player: Player, request: Request, _body: bytes) -> dict[str, object]:
    """Texts that were not given yet: each is given once."""
    chosen = player.unread("magfa")[: int(request.path_params["count"])]
    player.read.update(text["messageid"] for text in chosen)
    rows = [
        {
            "body": text["message"],
            "senderNumber": text["from"],
            "recipientNumber": text["to"],
            "date": "2026-01-01 00:00:00",
        }
        for text in chosen
    ]
    return {"status": 0, "messages": rows}


@smsir
def smsir_live(player: Player, request: Request, _body: bytes) -> Answer:
    """The texts of today, newest first, a page of them."""
    return 1, _page(player, request, lambda at: _day(at) == _day(time.time()))


@smsir
def smsir_archive(player: Player, request: Request, _body: bytes) -> Answer:
    """The texts of days before, as far as they are wanted, oldest first, a page of them."""
    begin, end = (int(request.query_params[name]) for name in ("fromDate", "toDate"))
    rows = _page(player, request, lambda at: begin <= at < end and _day(at) < _day(time.time()), 1)
    return 1, rows


def _page(
    player: Player, request: Request, wanted: Callable[[int], bool], order: int = -1
) -> list[dict[str, object]]:
    size, page = (int(request.query_params[name]) for name in ("pageSize", "pageNumber"))
    texts = [text for text in player.texts("smsir")[::order] if wanted(_at(text))]
    return [
        {
            # Only the archive has a number. One text stands in both lists: nobody may need it.
            **({"receiveReturnId": text["messageid"]} if order == 1 else {}),
            "messageText": text["message"],
            "number": int(str(text["to"])),
            "mobile": int(str(text["from"])),
            "receivedDateTime": _at(text),
        }
        for text in texts[size * (page - 1) : size * page]
    ]


def _at(text: dict[str, object]) -> int:
    return int(str(text["at"]))


def _day(at: float) -> dt.date:
    return tehran_day(dt.datetime.fromtimestamp(at, dt.UTC))


def melipayamak_messages(player: Player, _request: Request, body: bytes, do: str) -> Answer:
    """The texts of the account, newest first, as many as are wanted."""
    form = orjson.loads(body)
    if (no := protocols.melipayamak_no(form, do)) is not None:
        return no
    index, count = int(form["index"]), int(form["count"])
    rows = [
        {
            "MsgID": text["messageid"],
            "Body": text["message"],
            "Sender": text["from"],
            "Receiver": text["to"],
            "SendDate": f"/Date({_at(text) * 1000}+0330)/",
        }
        for text in player.texts("melipayamak")[::-1][index : index + count]
    ]
    return 200, {"MyBase": {"Value": "", "RetStatus": 1, "StrRetStatus": "Ok"}, "Data": rows}
