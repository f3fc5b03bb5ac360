"""Behpardakht (Mellat): SOAP; a payment is verified, and then settled as a step of its own."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from iran.persian import TEHRAN
from services.billing.psps.http import order_in, post, unreadable
from services.billing.psps.port import Attempt, Declined, Order, Redirect, Returned, Verified

SPACE = "http://interfaces.core.sw.bps.com/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OK, VERIFIED_BEFORE, SETTLED_BEFORE, GIVEN_BACK = "0", "43", "45", "48"
# Final answers about a payment. No other code is one: that our sign-in is wrong (21) or the bank's
# records are busy (416) leaves a payment that was made as it is. Its state is unknown, and we ask
# again.
FINAL = frozenset({"11", "12", "17", "42", "44", "48", "51", "54", "55", "415"})


@dataclass(frozen=True, slots=True)
class Behpardakht:
    """The gateway of a terminal at ``base``."""

    base: str
    terminal: str
    user: str
    password: str = field(repr=False)
    timeout: float = 10.0
    window: dt.timedelta = dt.timedelta(minutes=15)
    code: str = field(default="behpardakht", init=False)
    finds_orphans: bool = field(default=False, init=False)

    def start(self, order: Order) -> Redirect:
        local = order.at.astimezone(TEHRAN)
        answer = self._ask(
            "bpPayRequest",
            orderId=str(order.order_id),
            amount=str(order.amount),
            localDate=f"{local:%Y%m%d}",
            localTime=f"{local:%H%M%S}",
            additionalData="",
            callBackUrl=order.callback,
            payerId="0",
        )
        code, _, token = (part.strip() for part in answer.partition(","))
        if not (code.isascii() and code.isdigit()) or (code == OK and not token):
            raise unreadable("no code or no RefId")
        if code == OK:
            url = f"{self.base}/pgwchannel/startpay.mellat"
            return Redirect(token, "POST", url, {"RefId": token})
        raise Declined("The gateway gives no token.", psp_code=code[:20])

    def returned(self, form: Mapping[str, str]) -> Returned:
        code = form.get("ResCode", "")
        return Returned(
            order_in(form.get("SaleOrderId")),
            form.get("RefId") or None,
            form.get("SaleReferenceId") or None,
            code == OK,
            code[:20],
        )

    def verify(self, attempt: Attempt) -> Verified:
        """Verify a payment; the bank says no amount, which the RefId binds."""
        self._judge("bpVerifyRequest", attempt, VERIFIED_BEFORE)
        return Verified(
            order_id=attempt.order_id,
            amount=None,
            ref=attempt.ref or "",
            rrn=attempt.ref or "",
            trace="",
            card="",
            card_hash="",
            terminal=self.terminal,
        )

    def settle(self, attempt: Attempt) -> None:
        self._judge("bpSettleRequest", attempt, SETTLED_BEFORE)

    def reverse(self, attempt: Attempt) -> None:
        # A settled payment stays with us: that, too, is a final answer.
        self._judge("bpReversalRequest", attempt, GIVEN_BACK, FINAL | {SETTLED_BEFORE})

    def _judge(
        self, act: str, attempt: Attempt, before: str, final: frozenset[str] = FINAL
    ) -> None:
        """Return if the bank did it now or ``before``. Raises Declined for a code of ``final``."""
        order = str(attempt.order_id)
        code = self._ask(
            act, orderId=order, saleOrderId=order, saleReferenceId=attempt.ref or ""
        ).strip()
        if code in (OK, before):
            return
        if code in final:
            raise Declined("The bank says no.", psp_code=code)
        raise unreadable(f"result {code[:20]}")

    def _ask(self, act: str, **fields: str) -> str:
        """Call an operation; the text of the answer's <return>."""
        parameters = {
            "terminalId": self.terminal,
            "userName": self.user,
            "userPassword": self.password,
            **fields,
        }
        envelope = ElementTree.Element(f"{{{SOAP}}}Envelope")
        body = ElementTree.SubElement(envelope, f"{{{SOAP}}}Body")
        call = ElementTree.SubElement(body, f"{{{SPACE}}}{act}")
        for name, value in parameters.items():
            ElementTree.SubElement(call, name).text = value
        answer = post(
            self.code,
            f"{self.base}/pgwchannel/services/pgw",
            ElementTree.tostring(envelope, encoding="utf-8", xml_declaration=True),
            "text/xml; charset=utf-8",
            self.timeout,
        )
        return _return_of(answer)


def _return_of(answer: bytes) -> str:
    try:
        # As text: in another encoding a DTD would not be seen, and yet be read.
        text = answer.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unreadable("no UTF-8") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise unreadable("a DTD")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - a DTD was refused above
    except ElementTree.ParseError:
        raise unreadable("no XML") from None
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "return" and element.text:
            return element.text
    raise unreadable("no return")
