"""The four real HTTP APIs, as the adapters of services/notify know them.

Each function reads a call, takes messages and says the answer: an HTTP status and JSON.
"""

import base64
import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request

from deploy.local.sms.state import CREDIT, LINES, PRICE, Player, SmsMessage

KAVENEGAR_KEY, SMSIR_KEY = "played-kavenegar", "played-smsir"
MAGFA_USER, MAGFA_PASSWORD = "mirab/water", "played-magfa"
MELIPAYAMAK_USER, MELIPAYAMAK_PASSWORD = "mirab", "played-melipayamak"
MOBILE = re.compile("09[0-9]{9}")
TEXT_MOST = 900
Answer = tuple[int, object]
STATES = ("accepted", "sent", "delivered", "undelivered", "failed", "rejected", "unknown")
CODES: dict[str, dict[str, int | None]] = {
    provider: dict(zip(STATES, codes, strict=True))
    for provider, codes in {
        "kavenegar": (1, 5, 10, 11, 6, 14, 100),
        "magfa": (0, 8, 1, 2, 16, 2, -1),
        "smsir": (None, 5, 1, 2, 6, 7, 8),
        "melipayamak": (400, 8, 1, 2, 16, 35, 100),
    }.items()
}


def code_of(player: Player, message: SmsMessage) -> int | None:
    """A message's state in its provider's own number."""
    return CODES[message.provider][player.state(message)]


# --- Kavenegar ---


def kavenegar_answer(code: int, entries: object = None) -> Answer:
    return code, {"return": {"status": code, "message": "played"}, "entries": entries}


def kavenegar(act: Callable[..., Answer]) -> Callable[..., Answer]:
    """Only with the key, which stands in the path."""

    def keyed(player: Player, request: Request, body: bytes, do: str) -> Answer:
        if request.path_params["key"] != KAVENEGAR_KEY:
            return kavenegar_answer(403)
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        if do in ("busy", "no_credit"):
            return kavenegar_answer(409 if do == "busy" else 418)
        return act(player, form)

    return keyed


@kavenegar
def kavenegar_send(player: Player, form: dict[str, str]) -> Answer:
    to = form.get("receptor", "").split(",")
    refs = form["localid"].split(",") if form.get("localid") else [""] * len(to)
    lines, bodies = [form.get("sender", "")] * len(to), [form.get("message", "")] * len(to)
    return _kavenegar_take(player, to, refs, lines, bodies)


@kavenegar
def kavenegar_array(player: Player, form: dict[str, str]) -> Answer:
    names = ("receptor", "localmessageids", "sender", "message")
    try:
        columns = [[str(value) for value in orjson.loads(form.get(name, ""))] for name in names]
    except (orjson.JSONDecodeError, TypeError):
        return kavenegar_answer(400)
    return _kavenegar_take(player, *columns)


def _kavenegar_take(
    player: Player, to: list[str], refs: list[str], lines: list[str], bodies: list[str]
) -> Answer:
    if not len(to) == len(refs) == len(lines) == len(bodies):
        return kavenegar_answer(419)
    if len(to) > 200:  # noqa: PLR2004 - Kavenegar's own limit
        return kavenegar_answer(414)
    if not all(MOBILE.fullmatch(number) for number in to):
        return kavenegar_answer(411)
    if not all(line in LINES["kavenegar"] for line in lines):
        return kavenegar_answer(412)
    if not all(0 < len(body) <= TEXT_MOST for body in bodies):
        return kavenegar_answer(413)
    rows = zip(refs, to, lines, bodies, strict=True)
    return kavenegar_answer(200, [_kavenegar_entry(player, *row) for row in rows])


def _kavenegar_entry(player: Player, ref: str, to: str, line: str, body: str) -> dict[str, object]:
    """A repeated number of ours is answered with the first message, and not sent again."""
    refuses = player.refuses("kavenegar", to, line)
    first = player.first("kavenegar", ref) if ref else None
    number = next(player.numbers) if refuses else None
    message = None if refuses else first or player.take("kavenegar", ref, to, line, body)
    return {
        "messageid": message.id if message else number,
        "message": body,
        "sender": line,
        "receptor": to,
        "status": 14 if refuses else 1,
        "statustext": "played",
        "date": int(time.time()),
        "cost": 0 if refuses else PRICE,
    }


def _kavenegar_state(
    player: Player, id_: str, message: SmsMessage | None, ref: str = ""
) -> dict[str, object]:
    code = code_of(player, message) if message else CODES["kavenegar"]["unknown"]
    reply: dict[str, object] = {
        "messageid": message.id if message else int(id_),
        "status": code,
        "statustext": "played",
    }
    return {**reply, "localid": ref} if ref else reply


@kavenegar
def kavenegar_status(player: Player, form: dict[str, str]) -> Answer:
    ids = form.get("messageid", "").split(",")
    return kavenegar_answer(
        200, [_kavenegar_state(player, i, player.by_id.get(("kavenegar", int(i)))) for i in ids]
    )


@kavenegar
def kavenegar_find(player: Player, form: dict[str, str]) -> Answer:
    refs = form.get("localid", "").split(",")
    return kavenegar_answer(
        200, [_kavenegar_state(player, "0", player.first("kavenegar", r), r) for r in refs]
    )


@kavenegar
def kavenegar_info(_player: Player, _form: dict[str, str]) -> Answer:
    return kavenegar_answer(200, {"remaincredit": CREDIT, "expiredate": 0, "type": "Master"})


# --- Magfa ---


def magfa(act: Callable[[Player, Request, bytes], dict[str, object]]) -> Callable[..., Answer]:
    """Only with user/domain and password."""
    basic = base64.b64encode(f"{MAGFA_USER}:{MAGFA_PASSWORD}".encode()).decode()

    def signed_in(player: Player, request: Request, body: bytes, do: str) -> Answer:
        if request.headers.get("authorization") != f"Basic {basic}":
            return 200, {"status": 18}
        if do in ("busy", "no_credit"):
            return 200, {"status": 23 if do == "busy" else 14}
        return 200, act(player, request, body)

    return signed_in


@magfa
def magfa_send(player: Player, _request: Request, body: bytes) -> dict[str, object]:
    form = orjson.loads(body)
    to, texts = form.get("recipients") or [], form.get("messages") or []
    lines, refs = form.get("senders") or [], form.get("uids") or [0] * len(to)
    if not to or len(to) > 100:  # noqa: PLR2004 - Magfa's own limit
        return {"status": 107 if to else 106}
    for code, column in ((101, texts), (103, lines), (110, refs)):
        if len(column) != len(to):
            return {"status": code}
    rows = zip(refs, to, lines, texts, strict=True)
    return {"status": 0, "messages": [_magfa_take(player, *row) for row in rows]}


def _magfa_take(player: Player, ref: int, to: str, line: str, body: str) -> dict[str, object]:
    """A repeated number of ours is sent again, as Magfa does."""
    code = 0
    if not MOBILE.fullmatch(to):
        code = 1
    elif line not in LINES["magfa"]:
        code = 20
    elif not body:
        code = 13
    elif player.refuses("magfa", to, line):
        code = 33 if to in player.blocked else 27
    if code:
        return {"status": code, "userId": ref, "recipient": to}
    message = player.take("magfa", str(ref) if ref else "", to, line, body)
    return {
        "status": 0,
        "id": message.id,
        "userId": ref,
        "parts": 1,
        "tariff": PRICE,
        "alphabet": "DEFAULT" if body.isascii() else "UCS2",
        "recipient": to,
    }


@magfa
def magfa_statuses(player: Player, request: Request, _body: bytes) -> dict[str, object]:
    receipts = []
    for number in request.path_params["mids"].split(","):
        message = player.by_id.get(("magfa", int(number)))
        code = code_of(player, message) if message else CODES["magfa"]["unknown"]
        receipts.append({"mid": int(number), "status": code, "date": "2026-01-01 00:00:00"})
    return {"status": 0, "dlrs": receipts}


@magfa
def magfa_mid(player: Player, request: Request, _body: bytes) -> dict[str, object]:
    message = player.first("magfa", request.path_params["uid"])
    return {"status": 0, "mid": message.id if message else -1}


@magfa
def magfa_balance(_player: Player, _request: Request, _body: bytes) -> dict[str, object]:
    return {"status": 0, "balance": CREDIT}


# --- sms.ir ---


def smsir(act: Callable[..., Answer]) -> Callable[..., Answer]:
    """Only with the key, which stands in a header."""

    def keyed(player: Player, request: Request, body: bytes, do: str) -> Answer:
        if request.headers.get("x-api-key") != SMSIR_KEY:
            return 401, {"status": 10, "message": "played", "data": None}
        if do in ("busy", "no_credit"):
            status, code = (429, 20) if do == "busy" else (400, 102)
            return status, {"status": code, "message": "played", "data": None}
        code, data = act(player, request, body)
        return 200 if code == 1 else 400, {"status": code, "message": "played", "data": data}

    return keyed


@smsir
def smsir_send(player: Player, _request: Request, body: bytes) -> Answer:
    form = orjson.loads(body)
    to, texts = form.get("mobiles") or [], form.get("messageTexts") or []
    line = str(form.get("lineNumber"))
    if (code := _smsir_no(player, to, texts, line)) is not None:
        return code, None
    rows = [player.take("smsir", "", *row) for row in zip(to, [line] * len(to), texts, strict=True)]
    ids = [message.id for message in rows]
    return 1, {"packId": f"played-{ids[0]}", "messageIds": ids, "cost": float(len(ids))}


def _smsir_no(player: Player, to: list[str], texts: list[str], line: str) -> int | None:
    """sms.ir's own code for why it takes nothing of a call."""
    if not to or len(to) > 100:  # noqa: PLR2004 - sms.ir's own limit
        return 105 if to else 107
    wrong = (
        (110, len(to) != len(texts)),
        (101, line not in LINES["smsir"]),
        (104, not all(MOBILE.fullmatch(number) for number in to)),
        (103, not all(texts)),
        (115, any(player.refuses("smsir", number, line) for number in to)),
    )
    return next((code for code, it_is in wrong if it_is), None)


@smsir
def smsir_report(player: Player, request: Request, _body: bytes) -> Answer:
    message = player.by_id.get(("smsir", int(request.path_params["id"])))
    if message is None:
        return 111, None
    return 1, {
        "messageId": message.id,
        "mobile": int(message.to),
        "messageText": message.body,
        "sendDateTime": int(message.at),
        "lineNumber": int(message.line),
        "cost": 1.0,
        "deliveryState": code_of(player, message),
        "deliveryDateTime": None,
    }


@smsir
def smsir_credit(_player: Player, _request: Request, _body: bytes) -> Answer:
    return 1, CREDIT / PRICE


# --- Melipayamak ---


def _melipayamak(code: int, value: object = "") -> Answer:
    return 200, {"Value": str(value), "RetStatus": code, "StrRetStatus": "Ok" if code == 1 else "-"}


def melipayamak_no(form: dict[str, object], do: str) -> Answer | None:
    """Why it does nothing: another user, or as a test wants it."""
    if (form.get("username"), form.get("password")) != (MELIPAYAMAK_USER, MELIPAYAMAK_PASSWORD):
        return _melipayamak(0)
    if do in ("busy", "no_credit"):
        return _melipayamak(6 if do == "busy" else 2)
    return None


def melipayamak(player: Player, request: Request, body: bytes, do: str) -> Answer:
    """All acts; user and password stand in the body."""
    form = orjson.loads(body)
    if (no := melipayamak_no(form, do)) is not None:
        return no
    act = request.path_params["act"]
    if act == "GetCredit":
        return _melipayamak(1, float(CREDIT))
    if act == "GetDeliveries2":
        message = player.by_id.get(("melipayamak", int(form["recID"])))
        return _melipayamak(1, code_of(player, message) if message else 100)
    return _melipayamak_send(player, form) if act == "SendSMS" else (404, {})


def _melipayamak_send(player: Player, form: dict[str, object]) -> Answer:
    to, line, body = (str(form.get(name, "")) for name in ("to", "from", "text"))
    wrong = (
        (5, line not in LINES["melipayamak"]),
        (18, not MOBILE.fullmatch(to)),
        (17, not body),
        (35, player.refuses("melipayamak", to, line)),
    )
    code = next((code for code, it_is in wrong if it_is), None)
    if code is not None:
        return _melipayamak(code)
    return _melipayamak(1, player.take("melipayamak", "", to, line, body).id)
