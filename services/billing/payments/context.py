"""The context of work at the banks' gateways, which spans several transactions."""

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bus.database.store import Store
from bus.errors import NotFound
from bus.signatures.keys import base64url
from services.billing.context import Context
from services.billing.psps.port import Psp


@dataclass(frozen=True, slots=True)
class PaymentContext:
    """Database, moment (UTC), gateways by code, the portal's address and the key of addresses."""

    store: Store
    now: dt.datetime
    psps: Mapping[str, Psp]
    portal: str
    key: str = field(repr=False)

    @contextmanager
    def transaction(self) -> Iterator[Context]:
        """A transaction, which commits if the body ends well."""
        with self.store.transaction() as tx:
            yield Context(tx, self.now)

    def key_of(self, order_id: int) -> str:
        """The part of an attempt's addresses that nobody can guess."""
        mac = hmac.new(self.key.encode(), f"order {order_id}".encode(), hashlib.sha256).digest()
        return base64url(mac[:16])

    def require_key(self, order_id: int, key: str) -> None:
        """Raise NotFound ``payment.not_found`` unless the key belongs to the order."""
        if not hmac.compare_digest(self.key_of(order_id).encode(), key.encode()):
            raise no_payment()

    def callback(self, order_id: int) -> str:
        """The address to which the bank sends the browser back."""
        return f"{self.portal}/pay/return/{order_id}/{self.key_of(order_id)}"

    def result(self, order_id: int) -> str:
        """The address of the page that says how an attempt stands."""
        return f"{self.portal}/pay/{order_id}/{self.key_of(order_id)}"


def no_payment() -> NotFound:
    """The refusal of an order that does not exist, or is not this asker's."""
    return NotFound("There is no such payment; look the bill up.", code="payment.not_found")
