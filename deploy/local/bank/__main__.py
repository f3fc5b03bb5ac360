"""`python -m deploy.local.bank`: one server that plays three banks' gateways and a bank's counter.

It speaks their real protocols, so that what is tried here is what production does; no money moves,
and every page says so. ``POST /play`` makes the next answers late, wrong or lost, for tests.
"""

import base64
import datetime as dt
import sys
from typing import Any
from xml.etree import ElementTree

import uvicorn
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from deploy.local.bank import pages
from deploy.local.bank.counter import Counter
from deploy.local.bank.returns import RETURNS
from deploy.local.bank.state import TERMINALS, Bank, Payment, instead, lost, wrong_trick
from iran.persian import TEHRAN

KEY = base64.b64decode("bWlyYWItcGxheWVkLWtleS0yNGJ5dGVz")
USER, PASSWORD = "mirab", "played"
MERCHANT = "000000140212149"
LONGEST = 16
WINDOW, TOKEN_LIFE = 1800, 1200
SOAP = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv='
    '"http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><ns1:{0}Response xmlns:ns1='
    '"http://interfaces.core.sw.bps.com/"><return>{1}</return></ns1:{0}Response></soapenv:Body>'
    "</soapenv:Envelope>"
)


class Gateways:
    """The three protocols and the browser's pages."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    # --- SEP ---

    async def sep_token(self, request: Request) -> Response:
        form, trick = await request.json(), await self.bank.trick("token")
        if (bad := instead(trick)) is not None:
            return bad
        order, amount = str(form.get("ResNum")), _rials(form.get("Amount"))
        good = form.get("action") == "token" and str(form.get("TerminalId")) == TERMINALS["sep"]
        if not (good and amount) or self.bank.known_order("sep", order):
            return JSONResponse({"status": -1, "errorCode": "5", "errorDesc": "played refusal"})
        payment = self.bank.open(
            "sep",
            order=order,
            amount=amount,
            callback=form["RedirectUrl"],
            terminal=TERMINALS["sep"],
        )
        return lost(trick, JSONResponse({"status": 1, "token": payment.token}))

    async def sep_act(self, request: Request) -> Response:
        act = request.path_params["act"]
        form = await request.json()
        trick = await self.bank.trick("verify" if act == "VerifyTransaction" else "reverse")
        if (bad := instead(trick)) is not None:
            return bad
        payment = self.bank.by_ref("sep", str(form.get("RefNum")))
        if str(form.get("TerminalNumber")) != TERMINALS["sep"]:
            code = -105
        elif payment is None:
            code = -2
        elif self.bank.late(payment):
            code = -6
        elif payment.state == "REVERSED":
            code = 2 if act == "ReverseTransaction" else 5
        elif act == "ReverseTransaction":
            self.bank.reverse(payment)
            code = 0
        else:
            code = 0 if payment.state == "PAID" else 2
            self.bank.note_verified(payment)
        detail = None
        if payment is not None and code in (0, 2):
            amount = int(trick.get("rials", payment.amount))
            detail = {
                "RRN": payment.ref[3:],
                "RefNum": payment.ref,
                "MaskedPan": "621986******0000",
                "HashedPan": "A" * 64,
                "TerminalNumber": int(payment.terminal),
                "OrginalAmount": amount,
                "AffectiveAmount": amount,
                "StraceNo": "1",
                "StraceDate": _tehran(payment.paid_at),
            }
        reply = {
            "TransactionDetail": detail,
            "ResultCode": code,
            "ResultDescription": "played",
            "Success": code in (0, 2),
        }
        return lost(trick, JSONResponse(reply))

    # --- Behpardakht ---

    async def soap(self, request: Request) -> Response:
        body = ElementTree.fromstring(await request.body())  # noqa: S314 - a toy on one machine
        call = next(iter(body[0]))
        act = call.tag.rpartition("}")[2]
        form = {child.tag: child.text or "" for child in call}
        names = {
            "bpPayRequest": "token",
            "bpVerifyRequest": "verify",
            "bpSettleRequest": "settle",
            "bpReversalRequest": "reverse",
        }
        trick = await self.bank.trick(names.get(act, act))
        if (bad := instead(trick)) is not None:
            return bad
        reply = SOAP.format(act, self._soap_code(act, form))
        return lost(trick, Response(reply, media_type="text/xml"))

    def _soap_code(self, act: str, form: dict[str, str]) -> str:
        merchant = (form["terminalId"], form["userName"], form["userPassword"])
        if merchant != (TERMINALS["behpardakht"], USER, PASSWORD):
            return "21"
        if act == "bpPayRequest":
            return self._soap_token(form)
        payment = self.bank.by_ref("behpardakht", form["saleReferenceId"])
        if payment is None or payment.order != form["saleOrderId"]:
            return "42"
        if self.bank.late(payment):
            return "415"
        return self._soap_move(act, payment)

    def _soap_token(self, form: dict[str, str]) -> str:
        if self.bank.known_order("behpardakht", form["orderId"]):
            return "41"
        if not (amount := _rials(form["amount"])):
            return "25"
        payment = self.bank.open(
            "behpardakht",
            order=form["orderId"],
            amount=amount,
            callback=form["callBackUrl"],
            terminal=form["terminalId"],
        )
        return f"0,{payment.token}"

    def _soap_move(self, act: str, payment: Payment) -> str:
        """Behpardakht's own rows: what an act says to a payment in a state, and what it makes."""
        if act == "bpVerifyRequest":
            code = {"PAID": "0", "VERIFIED": "43", "SETTLED": "43", "REVERSED": "48"}[payment.state]
            self.bank.note_verified(payment)
            return code
        if act == "bpSettleRequest":
            code = {"PAID": "44", "VERIFIED": "0", "SETTLED": "45", "REVERSED": "48"}[payment.state]
            payment.state = "SETTLED" if code == "0" else payment.state
            return code
        if act == "bpReversalRequest":
            code = {"PAID": "0", "VERIFIED": "0", "SETTLED": "45", "REVERSED": "48"}[payment.state]
            if code == "0":
                self.bank.reverse(payment)
            return code
        return {"PAID": "0", "VERIFIED": "43", "SETTLED": "45", "REVERSED": "48"}[payment.state]

    # --- Sadad ---

    async def sadad_token(self, request: Request) -> Response:
        form, trick = await request.json(), await self.bank.trick("token")
        if (bad := instead(trick)) is not None:
            return bad
        if (code := self._sadad_no(form)) is not None:
            return JSONResponse({"ResCode": code, "Token": "", "Description": "played refusal"})
        payment = self.bank.open(
            "sadad",
            order=str(form["OrderId"]),
            amount=_rials(form["Amount"]),
            callback=form["ReturnUrl"],
            terminal=str(form["TerminalId"]),
        )
        reply = {"ResCode": "0", "Token": payment.token, "Description": ""}
        return lost(trick, JSONResponse(reply))

    def _sadad_no(self, form: dict[str, Any]) -> str | None:  # JSON of a caller
        """Sadad's own code for why it gives no token."""
        if str(form["TerminalId"]) != TERMINALS["sadad"]:
            return "1028"
        if str(form["MerchantId"]) != MERCHANT:
            return "1027"
        if _plain(form["SignData"]) != f"{form['TerminalId']};{form['OrderId']};{form['Amount']}":
            return "1025"
        if not _rials(form["Amount"]):
            return "1101"
        return "1011" if self.bank.known_order("sadad", str(form["OrderId"])) else None

    async def sadad_verify(self, request: Request) -> Response:
        form, trick = await request.json(), await self.bank.trick("verify")
        if (bad := instead(trick)) is not None:
            return bad
        payment = self.bank.payments.get(str(form.get("Token")))
        if payment is None or payment.psp != "sadad" or _plain(form["SignData"]) != payment.token:
            return JSONResponse({"ResCode": "-1", "Description": "played"})
        if self.bank.late(payment):
            return JSONResponse({"ResCode": "101", "Description": "played"})
        if payment.state not in ("PAID", "VERIFIED"):
            return JSONResponse({"ResCode": "-1", "Description": "played"})
        self.bank.note_verified(payment)
        reply = {
            "ResCode": "0",
            "Amount": str(trick.get("rials", payment.amount)),
            "Description": "",
            "RetrivalRefNo": payment.ref,
            "SystemTraceNo": "1",
            "OrderId": payment.order,
        }
        return lost(trick, JSONResponse(reply))

    # --- the payer's browser ---

    async def page(self, request: Request) -> Response:
        form = {
            **request.query_params,
            **(await request.form() if request.method == "POST" else {}),
        }
        token = str(form.get("Token") or form.get("RefId") or "")
        payment = self.bank.payments.get(token)
        if payment is None:
            return HTMLResponse(pages.unknown(), 404)
        self.bank.let_expire(payment)
        if payment.state != "WAITING":
            return self._back(payment)
        return HTMLResponse(pages.pay(payment.token, payment.amount))

    async def decide(self, request: Request) -> Response:
        form = await request.form()
        payment = self.bank.payments.get(str(form["token"]))
        if payment is None:
            return HTMLResponse(pages.unknown(), 404)
        self.bank.let_expire(payment)
        if payment.state == "WAITING":
            if form["act"] == "pay":
                self.bank.pay(payment)
            else:
                payment.state = "CANCELLED" if form["act"] == "cancel" else "FAILED"
        return self._back(payment)

    def _back(self, payment: Payment) -> Response:
        """The same fields however often they are asked for: who has paid once, has paid."""
        outcome = "PAID" if payment.ref else "EXPIRED" if payment.expired else payment.state
        fields = RETURNS[payment.psp](payment, outcome)
        return HTMLResponse(pages.back(payment.callback, fields, outcome))

    # --- what tests ask for ---

    async def play(self, request: Request) -> Response:
        if request.method == "POST":
            trick = await request.json()
            if (wrong := wrong_trick(trick)) is not None:
                return PlainTextResponse(wrong, 422)
            self.bank.tricks.append(trick)
        return JSONResponse(
            {"payments": self.bank.payment_rows(), "tricks": list(self.bank.tricks)}
        )


def _tehran(at: float) -> str:
    return f"{dt.datetime.fromtimestamp(at, TEHRAN):%Y-%m-%d %H:%M:%S}"


def _rials(value: object) -> int:
    """A sum that can be paid; 0 if it is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST else 0


def _plain(signed: str) -> str:
    """What a Sadad signature holds."""
    try:
        decryptor = Cipher(TripleDES(KEY), modes.ECB()).decryptor()  # noqa: S305 - Sadad's own protocol
        padded = decryptor.update(base64.b64decode(signed)) + decryptor.finalize()
        unpadder = padding.PKCS7(64).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        return ""


def app(window: float, token_life: float = TOKEN_LIFE) -> Starlette:
    """The bank as an ASGI app."""
    bank = Bank(window, token_life)
    g, counter = Gateways(bank), Counter(bank)
    return Starlette(
        routes=[
            Route("/onlinepg/onlinepg", g.sep_token, methods=["POST"]),
            Route("/verifyTxnRandomSessionkey/ipg/{act}", g.sep_act, methods=["POST"]),
            Route("/pgwchannel/services/pgw", g.soap, methods=["POST"]),
            Route("/api/v0/Request/PaymentRequest", g.sadad_token, methods=["POST"]),
            Route("/api/v0/Advice/Verify", g.sadad_verify, methods=["POST"]),
            Route("/OnlinePG/OnlinePG", g.page, methods=["POST"]),
            Route("/pgwchannel/startpay.mellat", g.page, methods=["POST"]),
            Route("/Purchase", g.page),
            Route("/decide", g.decide, methods=["POST"]),
            Route("/bill", counter.page, methods=["GET", "POST"]),
            Route("/files/settlement.csv", counter.settlement),
            Route("/files/bills.txt", counter.bills),
            Route("/play", g.play, methods=["GET", "POST"]),
        ]
    )


def main() -> int:
    """Answers until SIGTERM."""
    settings = Settings()
    try:
        port, host = settings.whole("BANK_PORT"), settings.text("HOST", "127.0.0.1")
        bank = app(settings.whole("BANK_WINDOW", WINDOW), settings.whole("BANK_TOKEN", TOKEN_LIFE))
    except MissingSettings as error:
        print(f"The played bank cannot start: {error}", file=sys.stderr)
        return 1
    uvicorn.run(bank, host=host, port=port, log_level="warning")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
