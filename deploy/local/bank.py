"""`python -m deploy.local.bank`: one server that plays three banks' gateways and a bank's counter.

It speaks their real protocols, so that what is tried here is what production does; no money moves,
and every page says so. ``POST /play`` makes the next answers late, wrong or lost, for tests.
"""

import base64
import csv
import datetime as dt
import io
import os
from xml.etree import ElementTree

import uvicorn
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bus.persian import TEHRAN, jalali
from deploy.local import bank_pages
from deploy.local.bank_state import Bank, Payment, spoilt
from services.billing.domain import bill_ids

KEY = base64.b64decode("bWlyYWItcGxheWVkLWtleS0yNGJ5dGVz")
USER, PASSWORD = "mirab", "played"
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
        told, trick = await request.json(), await self.bank.trick("token")
        if (bad := spoilt(trick)) is not None:
            return bad
        if not str(told.get("TerminalId")).isdigit() or self.bank.known_order(
            "sep", told["ResNum"]
        ):
            return JSONResponse({"status": -1, "errorCode": "5", "errorDesc": "played refusal"})
        payment = self.bank.open(
            psp="sep", order=told["ResNum"], amount=int(told["Amount"]),
            callback=told["RedirectUrl"], terminal=str(told["TerminalId"]),
        )  # fmt: skip
        return JSONResponse({"status": 1, "token": payment.token})

    async def sep_act(self, request: Request) -> Response:
        act = request.path_params["act"]
        told = await request.json()
        trick = await self.bank.trick("verify" if act == "VerifyTransaction" else "reverse")
        if trick["do"] in ("error", "garbage"):
            return spoilt(trick) or Response()
        payment = self.bank.by_ref(str(told.get("RefNum")))
        if payment is None or payment.terminal != str(told.get("TerminalNumber")):
            code = -2
        elif self.bank.late(payment):
            code = -6
        elif payment.state == "REVERSED":
            code = 2 if act == "ReverseTransaction" else 5
        elif act == "ReverseTransaction":
            payment.state, code = "REVERSED", 0
        else:
            code = 0 if payment.state == "PAID" else 2
            self.bank.note_verified(payment)
        if trick["do"] == "drop":
            return spoilt(trick) or Response()
        detail = None
        if payment is not None and code in (0, 2):
            amount = int(trick.get("rials", payment.amount))
            detail = {
                "RRN": payment.ref[3:], "RefNum": payment.ref, "MaskedPan": "621986******0000",
                "HashedPan": "A" * 64, "TerminalNumber": int(payment.terminal),
                "OrginalAmount": amount, "AffectiveAmount": amount, "StraceNo": "1",
            }  # fmt: skip
        return JSONResponse(
            {"TransactionDetail": detail, "ResultCode": code, "ResultDescription": "played",
             "Success": code in (0, 2)}
        )  # fmt: skip

    # --- Behpardakht ---

    async def soap(self, request: Request) -> Response:
        body = ElementTree.fromstring(await request.body())  # noqa: S314 - a toy on one machine
        call = next(iter(body[0]))
        act = call.tag.rpartition("}")[2]
        told = {child.tag: child.text or "" for child in call}
        names = {"bpPayRequest": "token", "bpVerifyRequest": "verify", "bpSettleRequest": "settle",
                 "bpReversalRequest": "reverse"}  # fmt: skip
        trick = await self.bank.trick(names.get(act, act))
        if trick["do"] in ("error", "garbage"):
            return spoilt(trick) or Response()
        code = self._soap_code(act, told)
        return spoilt(trick) or Response(SOAP.format(act, code), media_type="text/xml")

    def _soap_code(self, act: str, told: dict[str, str]) -> str:
        if (told["userName"], told["userPassword"]) != (USER, PASSWORD):
            return "21"
        if act == "bpPayRequest":
            if self.bank.known_order("behpardakht", told["orderId"]):
                return "41"
            payment = self.bank.open(
                psp="behpardakht", order=told["orderId"], amount=int(told["amount"]),
                callback=told["callBackUrl"], terminal=told["terminalId"],
            )  # fmt: skip
            return f"0,{payment.token}"
        found = self.bank.by_ref(told["saleReferenceId"])
        if found is None or found.order != told["saleOrderId"]:
            return "42"
        if self.bank.late(found):
            return "415"
        return self._soap_move(act, found)

    def _soap_move(self, act: str, found: Payment) -> str:
        """Behpardakht's own rows: what an act says to a payment in a state, and what it makes."""
        if act == "bpVerifyRequest":
            code = {"PAID": "0", "VERIFIED": "43", "SETTLED": "43", "REVERSED": "48"}[found.state]
            self.bank.note_verified(found)
            return code
        if act == "bpSettleRequest":
            code = {"PAID": "44", "VERIFIED": "0", "SETTLED": "45", "REVERSED": "48"}[found.state]
            found.state = "SETTLED" if code == "0" else found.state
            return code
        if act == "bpReversalRequest":
            code = {"PAID": "0", "VERIFIED": "0", "SETTLED": "45", "REVERSED": "48"}[found.state]
            found.state = "REVERSED" if code == "0" else found.state
            return code
        return {"PAID": "0", "VERIFIED": "43", "SETTLED": "45", "REVERSED": "48"}[found.state]

    # --- Sadad ---

    async def sadad_token(self, request: Request) -> Response:
        told, trick = await request.json(), await self.bank.trick("token")
        if (bad := spoilt(trick)) is not None:
            return bad
        signed = f"{told['TerminalId']};{told['OrderId']};{told['Amount']}"
        if _plain(told["SignData"]) != signed:
            return JSONResponse({"ResCode": "1006", "Token": "", "Description": "played refusal"})
        payment = self.bank.open(
            psp="sadad", order=str(told["OrderId"]), amount=int(told["Amount"]),
            callback=told["ReturnUrl"], terminal=str(told["TerminalId"]),
        )  # fmt: skip
        return JSONResponse({"ResCode": "0", "Token": payment.token, "Description": ""})

    async def sadad_verify(self, request: Request) -> Response:
        told, trick = await request.json(), await self.bank.trick("verify")
        if trick["do"] in ("error", "garbage"):
            return spoilt(trick) or Response()
        found = self.bank.payments.get(str(told.get("Token")))
        if found is None or _plain(told["SignData"]) != found.token:
            return JSONResponse({"ResCode": "-1", "Description": "played"})
        if self.bank.late(found):
            return JSONResponse({"ResCode": "101", "Description": "played"})
        if found.state not in ("PAID", "VERIFIED"):
            return JSONResponse({"ResCode": "-1", "Description": "played"})
        self.bank.note_verified(found)
        if (bad := spoilt(trick)) is not None:
            return bad
        return JSONResponse(
            {"ResCode": "0", "Amount": str(trick.get("rials", found.amount)), "Description": "",
             "RetrivalRefNo": found.ref, "SystemTraceNo": "1", "OrderId": found.order}
        )  # fmt: skip

    # --- the payer's browser ---

    async def page(self, request: Request) -> Response:
        told = {
            **request.query_params,
            **(await request.form() if request.method == "POST" else {}),
        }
        token = str(told.get("Token") or told.get("RefId") or "")
        payment = self.bank.payments.get(token)
        if payment is None:
            return HTMLResponse(bank_pages.unknown(), 404)
        return HTMLResponse(bank_pages.pay(payment.token, payment.amount))

    async def decide(self, request: Request) -> Response:
        form = await request.form()
        payment = self.bank.payments.get(str(form["token"]))
        if payment is None:
            return HTMLResponse(bank_pages.unknown(), 404)
        if payment.state == "WAITING":
            if form["act"] == "pay":
                self.bank.pay(payment)
            else:
                payment.state = "CANCELLED" if form["act"] == "cancel" else "FAILED"
        fields = RETURNS[payment.psp](payment)
        return HTMLResponse(bank_pages.back(payment.callback, fields, payment.state))

    # --- a bank's counter ---

    async def counter(self, request: Request) -> Response:
        if request.method == "GET":
            return HTMLResponse(bank_pages.counter(dict(request.query_params)))
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        pair = bill_ids.read(form.get("bill_id", ""), form.get("payment_id", ""))
        if pair is None:
            return HTMLResponse(bank_pages.counter(form, "شناسه‌ها با هم نمی‌خوانند."), 422)
        now = dt.datetime.now(TEHRAN)
        trace = next(self.bank.numbers) % 10**12
        self.bank.bills.append(
            {"bill_id": form["bill_id"].lstrip("0"), "payment_id": form["payment_id"].lstrip("0"),
             "rials": pair.units * 1000, "company": pair.company, "at": now, "trace": trace}
        )  # fmt: skip
        return HTMLResponse(bank_pages.paid(pair.units * 1000, trace))

    # --- files and play ---

    async def settlement(self, request: Request) -> Response:
        psp, day = request.query_params["psp"], request.query_params["day"]
        out = io.StringIO()
        write = csv.writer(out, lineterminator="\n").writerow
        write(
            [
                "psp",
                "terminal",
                "order_id",
                "ref",
                "rrn",
                "kind",
                "amount_rials",
                "fee_rials",
                "paid_at",
            ]
        )
        total = count = 0
        for p in self.bank.payments.values():
            states = ("SETTLED",) if psp == "behpardakht" else ("VERIFIED", "SETTLED")
            if p.psp != psp or p.settled_on != day or p.state not in (*states, "REVERSED"):
                continue
            at = dt.datetime.fromtimestamp(p.paid_at, dt.UTC).isoformat(timespec="seconds")
            for kind in ("sale", "reversal") if p.state == "REVERSED" else ("sale",):
                write([psp, p.terminal, p.order, p.ref, p.ref[3:], kind, p.amount, 0, at])
                total += p.amount if kind == "sale" else -p.amount
                count += 1
        write(["TOTAL", count, total])
        return PlainTextResponse(out.getvalue(), media_type="text/csv")

    async def bills(self, request: Request) -> Response:
        day = dt.date.fromisoformat(request.query_params["day"])
        rows = [bill for bill in self.bank.bills if bill["at"].date() == day]
        stamp = jalali(day).replace("-", "")
        lines = [f"H{request.query_params.get('company', '461')}{stamp}0001"]
        lines += [
            f"D{r['bill_id']:0>13}{r['payment_id']:0>13}{r['rials']:015}{stamp}"
            f"{r['at']:%H%M%S}01202{r['trace']:012}"
            for r in rows
        ]
        lines += [f"T{len(rows):08}{sum(r['rials'] for r in rows):018}"]
        return PlainTextResponse("\r\n".join(lines) + "\r\n")

    async def play(self, request: Request) -> Response:
        if request.method == "POST":
            self.bank.tricks.append(await request.json())
        return JSONResponse({"payments": [vars(p) for p in self.bank.payments.values()],
                             "tricks": list(self.bank.tricks)})  # fmt: skip


def _plain(signed: str) -> str:
    """What a Sadad signature holds."""
    try:
        decryptor = Cipher(TripleDES(KEY), modes.ECB()).decryptor()  # noqa: S305 - Sadad's own protocol
        padded = decryptor.update(base64.b64decode(signed)) + decryptor.finalize()
        unpadder = padding.PKCS7(64).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        return ""


def _sep_fields(p: Payment) -> dict[str, str]:
    state, status = {"PAID": ("OK", "2"), "CANCELLED": ("CanceledByUser", "1")}.get(
        p.state, ("Failed", "3")
    )
    return {
        "MID": p.terminal, "TerminalId": p.terminal, "State": state, "Status": status,
        "RRN": p.ref[3:], "RefNum": p.ref, "ResNum": p.order, "TraceNo": "1",
        "Amount": str(p.amount), "SecurePan": "621986******0000", "HashedCardNumber": "A" * 64,
    }  # fmt: skip


def _behpardakht_fields(p: Payment) -> dict[str, str]:
    code = {"PAID": "0", "CANCELLED": "17"}.get(p.state, "11")
    return {
        "RefId": p.token, "ResCode": code, "SaleOrderId": p.order, "SaleReferenceId": p.ref,
        "CardHolderInfo": "A" * 64, "CardHolderPan": "610433******0000",
        "FinalAmount": str(p.amount),
    }  # fmt: skip


def _sadad_fields(p: Payment) -> dict[str, str]:
    return {"OrderId": p.order, "token": p.token, "ResCode": "0" if p.state == "PAID" else "-1"}


RETURNS = {"sep": _sep_fields, "behpardakht": _behpardakht_fields, "sadad": _sadad_fields}


def app(window: float) -> Starlette:
    """The bank as an ASGI app."""
    g = Gateways(Bank(window))
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
            Route("/bill", g.counter, methods=["GET", "POST"]),
            Route("/files/settlement.csv", g.settlement),
            Route("/files/bills.txt", g.bills),
            Route("/play", g.play, methods=["GET", "POST"]),
        ]
    )


def main() -> None:
    uvicorn.run(
        app(float(os.environ.get("BANK_WINDOW", "1800"))),
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ["BANK_PORT"]),
        log_level="warning",
    )


if __name__ == "__main__":
    main()
