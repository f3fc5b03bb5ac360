"""The outside of the world: gateways where payers pay, and telephones that messages reach."""

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from bus.database.store import Tx
from bus.endpoint import every
from deploy.local.state import CHECKOUT
from services.billing.psps.port import (
    Attempt,
    Declined,
    Order,
    Psp,
    Redirect,
    Returned,
    Verified,
)
from services.billing.service import Billing
from services.notify.providers import channels
from services.notify.providers.channels import ChannelProvider, OutgoingMessage
from services.notify.providers.sms import DeliveryState, HandoverResult, Sms
from services.notify.service import Notify
from services.ticketing.chores import mail_sending
from services.ticketing.context import Context
from services.ticketing.service import Ticketing

PAYMENT_PAGE = "https://bank.example/pay"
PRICE_OF_PART = 1180  # rials


class Paid(NamedTuple):
    """A payment as the bank has it."""

    order: int
    amount: int
    ref: str


class PlayedGateway:
    """A bank's gateway: it knows what was paid, and answers when it is asked."""

    finds_orphans = False
    window = dt.timedelta(minutes=15)

    def __init__(self, code: str) -> None:
        self.code = code
        self.orders: dict[int, Order] = {}
        self.paid: dict[str, Paid] = {}
        self.silent = False

    def start(self, order: Order) -> Redirect:
        self.orders[order.order_id] = order
        token = f"{self.code}{order.order_id}"
        return Redirect(token, "POST", PAYMENT_PAGE, {"Token": token})

    def pay(self, order: int) -> dict[str, str]:
        """The payer pays; what the browser brings back."""
        ref = f"{self.code[:3].upper()}{order:09}"
        self.paid[ref] = Paid(order, self.orders[order].amount, ref)
        return {"order": str(order), "ref": ref, "ok": "1"}

    def returned(self, form: Mapping[str, str]) -> Returned:
        order, ok = form.get("order"), form.get("ok") == "1"
        code = "" if ok else "-1"
        return Returned(int(order) if order else None, None, form.get("ref"), ok, code)

    def _payment(self, attempt: Attempt) -> Paid:
        payment = self.paid.get(attempt.ref or "")
        if payment is None:
            raise Declined("There is no such payment.", psp_code="-2")
        return payment

    def verify(self, attempt: Attempt) -> Verified:
        payment = self._payment(attempt)
        return Verified(
            attempt.order_id,
            payment.amount,
            payment.ref,
            payment.ref[3:],
            str(payment.order),
            "603799******1234",
            "h",
            "13400001",
        )

    def settle(self, attempt: Attempt) -> None:
        self._payment(attempt)

    def reverse(self, attempt: Attempt) -> None:
        self._payment(attempt)


class WorldBilling(Billing):
    """Billing with the banks of the world."""

    banks: Mapping[str, PlayedGateway]

    @property
    def psps(self) -> dict[str, Psp]:
        """The gateways, by code."""
        return dict(self.banks)


class PlayedSms:
    """A provider of SMS whose telephones are mostly reached; the number says which are not."""

    most, finds = 100, True

    def __init__(self, code: str, inboxes: dict[str, str]) -> None:
        self.code, self._inboxes = code, inboxes
        self._sent: dict[str, str] = {}

    def send(self, messages: Sequence[Sms]) -> list[HandoverResult]:
        results = []
        for sms in messages:
            ref = f"{self.code}-{sms.ref}"
            self._sent[ref] = sms.to
            self._inboxes[sms.to] = sms.body
            parts = 1 + len(sms.body) // 70
            results.append(
                HandoverResult(sms.ref, DeliveryState.ACCEPTED, ref, parts * PRICE_OF_PART)
            )
        return results

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        return {ref: name if (name := f"{self.code}-{ref}") in self._sent else None for ref in refs}

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[DeliveryState, str]]:
        return {ref: _fate_of(self._sent[ref]) for ref in provider_refs if ref in self._sent}

    def credit(self) -> int | None:
        return 48_250_000


def _fate_of(mobile: str) -> tuple[DeliveryState, str]:
    """A telephone ending with 13 is off, one with 27 on the operators' black list."""
    ends = {"13": (DeliveryState.UNDELIVERED, "16"), "27": (DeliveryState.REJECTED, "27")}
    return ends.get(mobile[-2:], (DeliveryState.DELIVERED, ""))


class PlayedMail:
    """The organisation's mail server: it takes everything."""

    def send(self, messages: Sequence[OutgoingMessage]) -> list[HandoverResult]:
        return [
            HandoverResult(message.ref, DeliveryState.ACCEPTED, f"mail-{message.ref}")
            for message in messages
        ]


class PlayedPost:
    """The same for e-mails of units."""

    def send(self, sender: str, recipient: str, raw: bytes) -> None:
        """Take it."""


class WorldTicketing(Ticketing):
    """Ticketing whose e-mails go nowhere, and whose book and calendar stand still, so that they
    are read once.
    """

    def context(self, tx: Tx) -> Context:
        """The context of an act, with the book and the calendar of the first one."""
        first: Context | None = self.__dict__.get("first")
        if first is None:
            first = self.__dict__["first"] = super().context(tx)
        return replace(first, tx=tx, now=self.now())

    @every(2)
    def send_mails(self) -> None:
        mail_sending.send_mails(self.store, PlayedPost())  # type: ignore[arg-type]


class WorldNotify(Notify):
    """Notify with the telephones of the world."""

    telephones: Sequence[ChannelProvider]

    def channel_providers(self) -> list[ChannelProvider]:
        return list(self.telephones)


def telephones(inboxes: dict[str, str]) -> list[ChannelProvider]:
    """The providers of the demo by their shares, and the mail server; ``inboxes`` gets the last
    message of each mobile.
    """
    rows = tomllib.loads((CHECKOUT / "deploy/notify/providers.toml").read_text("utf-8"))
    sms = [channels.for_sms(PlayedSms(code, inboxes), rows[code]["weight"]) for code in rows]
    return [*sms, ChannelProvider("smtp", "email", 1, 1, PlayedMail().send)]


def gateways() -> dict[str, PlayedGateway]:
    """The gateways of the demo."""
    rows = tomllib.loads((CHECKOUT / "deploy/billing/psps.toml").read_text("utf-8"))
    return {code: PlayedGateway(code) for code in rows}
