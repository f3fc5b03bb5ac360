"""The four real HTTP APIs, as the adapters of services/notify know them.

Each function reads a call, takes messages and says the answer: an HTTP status and JSON.
"""

import base64
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request

from deploy.local.sms_state import CREDIT, LINES, PRICE, Player, Taken

KAVENEGAR_KEY, SMSIR_KEY = "played-kavenegar", "played-smsir"
MAGFA_USER, MAGFA_PASSWORD = "mirab/water", "played-magfa"
MELIPAYAMAK_USER, MELIPAYAMAK_PASSWORD = "mirab", "played-melipayamak"
MOBILE = re.compile("09[0-9]{9}")
TEXT_MOST = 900
Answer = tuple[int, Any]
CODES: dict[str, dict[str, int | None]] = {
    "kavenegar": {
        "accepted": 1, "sent": 5, "delivered": 10, "undelivered": 11, "failed": 6, "rejected": 14,
        "unknown": 100,
    },
    "magfa": {
        "accepted": 0, "sent": 8, "delivered": 1, "undelivered": 2, "failed": 16, "rejected": 2,
        "unknown": -1,
    },
    "smsir": {
        "accepted": None, "sent": 5, "delivered": 1, "undelivered": 2, "failed": 6, "rejected": 7,
        "unknown": 8,
    },
    "melipayamak": {
        "accepted": 400, "sent": 8, "delivered": 1, "undelivered": 2, "failed": 16, "rejected": 35,
        "unknown": 100,
    },
}  # fmt: skip


def code_of(player: Player, taken: Taken) -> int | None:
    """A message's state in its provider's own number."""
    return CODES[taken.provider][player.state(taken)]


# --- Kavenegar ---


def _kavenegar(code: int, entries: Any = None) -> Answer:
    return code, {"return": {"status": code, "message": "played"}, "entries": entries}


def kavenegar(act: Callable[..., Answer]) -> Callable[..., Answer]:
    """Only with the key, which stands in the path."""

    def keyed(player: Player, request: Request, body: bytes, do: str) -> Answer:
        if request.path_params["key"] != KAVENEGAR_KEY:
            return _kavenegar(403)
        form = {name: told[-1] for name, told in parse_qs(body.decode()).items()}
        if do in ("busy", "no_credit"):
            return _kavenegar(409 if do == "busy" else 418)
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
        columns = [[str(one) for one in orjson.loads(form.get(name, ""))] for name in names]
    except (orjson.JSONDecodeError, TypeError):
        return _kavenegar(400)
    return _kavenegar_take(player, *columns)


def _kavenegar_take(
    player: Player, to: list[str], refs: list[str], lines: list[str], bodies: list[str]
) -> Answer:
    if not len(to) == len(refs) == len(lines) == len(bodies):
        return _kavenegar(419)
    if len(to) > 200:  # noqa: PLR2004 - Kavenegar's own limit
        return _kavenegar(414)
    if not all(MOBILE.fullmatch(one) for one in to):
        return _kavenegar(411)
    if not all(line in LINES["kavenegar"] for line in lines):
        return _kavenegar(412)
    if not all(0 < len(body) <= TEXT_MOST for body in bodies):
        return _kavenegar(413)
    rows = zip(refs, to, lines, bodies, strict=True)
    return _kavenegar(200, [_kavenegar_entry(player, *row) for row in rows])


def _kavenegar_entry(player: Player, ref: str, to: str, line: str, body: str) -> dict[str, Any]:
    """A repeated number of ours is answered with the first message, and not sent again."""
    refuses = player.refuses("kavenegar", to, line)
    first = player.first("kavenegar", ref) if ref else None
    number = next(player.numbers) if refuses else None
    taken = None if refuses else first or player.take("kavenegar", ref, to, line, body)
    return {
        "messageid": taken.id if taken else number, "message": body, "sender": line, "receptor": to,
        "status": 14 if refuses else 1, "statustext": "played", "date": int(time.time()),
        "cost": 0 if refuses else PRICE,
    }  # fmt: skip


def _kavenegar_told(player: Player, id_: str, taken: Taken | None, ref: str = "") -> dict[str, Any]:
    code = code_of(player, taken) if taken else CODES["kavenegar"]["unknown"]
    told = {"messageid": taken.id if taken else int(id_), "status": code, "statustext": "played"}
    return {**told, "localid": ref} if ref else told


@kavenegar
def kavenegar_status(player: Player, form: dict[str, str]) -> Answer:
    ids = form.get("messageid", "").split(",")
    return _kavenegar(
        200, [_kavenegar_told(player, i, player.by_id.get(("kavenegar", int(i)))) for i in ids]
    )


@kavenegar
def kavenegar_find(player: Player, form: dict[str, str]) -> Answer:
    refs = form.get("localid", "").split(",")
    return _kavenegar(
        200, [_kavenegar_told(player, "0", player.first("kavenegar", r), r) for r in refs]
    )


@kavenegar
def kavenegar_info(_player: Player, _form: dict[str, str]) -> Answer:
    return _kavenegar(200, {"remaincredit": CREDIT, "expiredate": 0, "type": "Master"})


# --- Magfa ---


def magfa(act: Callable[..., Answer]) -> Callable[..., Answer]:
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
def magfa_send(player: Player, _request: Request, body: bytes) -> dict[str, Any]:
    told = orjson.loads(body)
    to, texts = told.get("recipients") or [], told.get("messages") or []
    lines, refs = told.get("senders") or [], told.get("uids") or [0] * len(to)
    if not to or len(to) > 100:  # noqa: PLR2004 - Magfa's own limit
        return {"status": 107 if to else 106}
    for code, column in ((101, texts), (103, lines), (110, refs)):
        if len(column) != len(to):
            return {"status": code}
    rows = zip(refs, to, lines, texts, strict=True)
    return {"status": 0, "messages": [_magfa_take(player, *row) for row in rows]}


def _magfa_take(player: Player, ref: int, to: str, line: str, body: str) -> dict[str, Any]:
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
    taken = player.take("magfa", str(ref) if ref else "", to, line, body)
    return {
        "status": 0, "id": taken.id, "userId": ref, "parts": 1, "tariff": PRICE,
        "alphabet": "DEFAULT" if body.isascii() else "UCS2", "recipient": to,
    }  # fmt: skip


@magfa
def magfa_statuses(player: Player, request: Request, _body: bytes) -> dict[str, Any]:
    receipts = []
    for told in request.path_params["mids"].split(","):
        taken = player.by_id.get(("magfa", int(told)))
        code = code_of(player, taken) if taken else CODES["magfa"]["unknown"]
        receipts.append({"mid": int(told), "status": code, "date": "2026-01-01 00:00:00"})
    return {"status": 0, "dlrs": receipts}


@magfa
def magfa_mid(player: Player, request: Request, _body: bytes) -> dict[str, Any]:
    taken = player.first("magfa", request.path_params["uid"])
    return {"status": 0, "mid": taken.id if taken else -1}


@magfa
def magfa_balance(_player: Player, _request: Request, _body: bytes) -> dict[str, Any]:
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
    told = orjson.loads(body)
    to, texts = told.get("mobiles") or [], told.get("messageTexts") or []
    line = str(told.get("lineNumber"))
    if (code := _smsir_no(player, to, texts, line)) is not None:
        return code, None
    rows = [player.take("smsir", "", *row) for row in zip(to, [line] * len(to), texts, strict=True)]
    ids = [taken.id for taken in rows]
    return 1, {"packId": f"played-{ids[0]}", "messageIds": ids, "cost": float(len(ids))}


def _smsir_no(player: Player, to: list[str], texts: list[str], line: str) -> int | None:
    """sms.ir's own code for why it takes nothing of a call."""
    if not to or len(to) > 100:  # noqa: PLR2004 - sms.ir's own limit
        return 105 if to else 107
    wrong = (
        (110, len(to) != len(texts)),
        (101, line not in LINES["smsir"]),
        (104, not all(MOBILE.fullmatch(one) for one in to)),
        (103, not all(texts)),
        (115, any(player.refuses("smsir", one, line) for one in to)),
    )
    return next((code for code, it_is in wrong if it_is), None)


@smsir
def smsir_report(player: Player, request: Request, _body: bytes) -> Answer:
    taken = player.by_id.get(("smsir", int(request.path_params["id"])))
    if taken is None:
        return 111, None
    return 1, {
        "messageId": taken.id, "mobile": int(taken.to), "messageText": taken.body,
        "sendDateTime": int(taken.at), "lineNumber": int(taken.line), "cost": 1.0,
        "deliveryState": code_of(player, taken), "deliveryDateTime": None,
    }  # fmt: skip


@smsir
def smsir_credit(_player: Player, _request: Request, _body: bytes) -> Answer:
    return 1, CREDIT / PRICE


# --- Melipayamak ---


def _melipayamak(code: int, value: object = "") -> Answer:
    return 200, {"Value": str(value), "RetStatus": code, "StrRetStatus": "Ok" if code == 1 else "-"}


def melipayamak(player: Player, request: Request, body: bytes, do: str) -> Answer:
    """All acts; user and password stand in the body."""
    told = orjson.loads(body)
    if (told.get("username"), told.get("password")) != (MELIPAYAMAK_USER, MELIPAYAMAK_PASSWORD):
        return _melipayamak(0)
    if do in ("busy", "no_credit"):
        return _melipayamak(6 if do == "busy" else 2)
    act = request.path_params["act"]
    if act == "GetCredit":
        return _melipayamak(1, float(CREDIT))
    if act == "GetDeliveries2":
        taken = player.by_id.get(("melipayamak", int(told["recID"])))
        return _melipayamak(1, code_of(player, taken) if taken else 100)
    return _melipayamak_send(player, told) if act == "SendSMS" else (404, {})


def _melipayamak_send(player: Player, told: dict[str, Any]) -> Answer:
    to, line, body = (str(told.get(name, "")) for name in ("to", "from", "text"))
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
