"""Sadad (Melli): signed requests; a payment is verified by its token."""

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from iran.persian import TEHRAN
from services.billing.psps.http import ask_json, order_in, text_of, unreadable, whole
from services.billing.psps.port import Attempt, Declined, Order, Redirect, Returned, Verified

OK, NOT_PAID, TOO_LATE = 0, -1, 101
BLOCK = 64


@dataclass(frozen=True, slots=True)
class Sadad:
    """The gateway of a terminal at ``base``; ``key`` signs (Triple DES, ECB, as Sadad asks)."""

    base: str
    terminal: str
    merchant: str
    key: bytes = field(repr=False)
    timeout: float = 10.0
    window: dt.timedelta = dt.timedelta(minutes=15)
    code: str = field(default="sadad", init=False)
    finds_orphans: bool = field(default=True, init=False)

    def start(self, order: Order) -> Redirect:
        answer = ask_json(
            self.code,
            f"{self.base}/api/v0/Request/PaymentRequest",
            {
                "TerminalId": self.terminal,
                "MerchantId": self.merchant,
                "Amount": order.amount,
                "OrderId": order.order_id,
                "LocalDateTime": f"{order.at.astimezone(TEHRAN):%m/%d/%Y %-I:%M:%S %p}",
                "ReturnUrl": order.callback,
                "SignData": self._sign(f"{self.terminal};{order.order_id};{order.amount}"),
            },
            self.timeout,
        )
        token, code = answer.get("Token"), whole(answer.get("ResCode"))
        if code != OK:
            raise Declined("The gateway gives no token.", psp_code=str(code))
        if not isinstance(token, str) or not token:
            raise unreadable("no token")
        url = f"{self.base}/Purchase?{urlencode({'Token': token})}"
        return Redirect(token, "GET", url, {})

    def returned(self, form: Mapping[str, str]) -> Returned:
        code = form.get("ResCode", "")
        return Returned(
            order_in(form.get("OrderId")),
            form.get("token") or form.get("Token") or None,
            None,
            code == "0",
            code[:20],
        )

    def verify(self, attempt: Attempt) -> Verified:
        answer = ask_json(
            self.code,
            f"{self.base}/api/v0/Advice/Verify",
            {"Token": attempt.token, "SignData": self._sign(attempt.token)},
            self.timeout,
        )
        code = whole(answer.get("ResCode"))
        if code in (NOT_PAID, TOO_LATE):
            raise Declined("The bank says no.", psp_code=str(code))
        ref = text_of(answer.get("RetrivalRefNo")) if code == OK else ""
        if not ref:
            # An unknown code is no answer about the payment, and we ask again.
            raise unreadable(f"result {code}")
        return Verified(
            order_id=whole(answer.get("OrderId")),
            amount=whole(answer.get("Amount")),
            ref=ref,
            rrn=ref,
            trace=text_of(answer.get("SystemTraceNo")),
            card="",
            card_hash="",
            terminal=self.terminal,
        )

    def settle(self, attempt: Attempt) -> None:
        """Sadad asks for no step after verify."""

    def reverse(self, attempt: Attempt) -> None:
        raise Declined("Sadad has no call that gives back.", code="psp.no_reversal")

    def _sign(self, text: str) -> str:
        padder = padding.PKCS7(BLOCK).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        encryptor = Cipher(TripleDES(self.key), modes.ECB()).encryptor()  # noqa: S305 - the bank's own protocol
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
