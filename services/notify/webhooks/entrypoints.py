"""The entrypoints of agencies' webhook endpoints, and the chores that deliver to them."""

from typing import Any

from bus.endpoint import every, handle, serve
from contracts.billing.bills import BILL_REMINDED
from contracts.notify import callbacks as contracts
from members.rights import Members
from services.notify.context import sender_of
from services.notify.webhooks import delivery, endpoints, rows
from services.notify.webhooks.endpoints import Owner
from services.notify.webhooks.http import Wire


class WebhookEntrypoints:
    """Webhook endpoints: registered, tested, called."""

    store: Any
    settings: Any
    keys: Any
    now: Any
    message: Any
    members: Members

    @property
    def sandbox(self) -> bool:
        """Whether agencies listen on this machine: loopback, http and every port are allowed."""
        return self.settings.get("CALLBACKS_SANDBOX") == "1"

    def endpoints_of(self, tx: Any, message: Any) -> Owner:
        sender = sender_of(message)
        return Owner(tx.conn, self.now(), self.keys, sender.agency, self.sandbox, sender.key)

    # A secret is shown in the answer: the inbox, which keeps answers, must not keep it.
    @serve(contracts.PUT_CALLBACK, outside=True)
    def put_callback(self, **asked):
        with self.store.transaction(self.envelope) as tx:
            return endpoints.put(self.endpoints_of(tx, self.envelope), self.envelope.id, asked)

    @serve(contracts.ROTATE_CALLBACK_SECRET, outside=True)
    def rotate_callback_secret(self, *, callback):
        with self.store.transaction(self.envelope) as tx:
            owner = self.endpoints_of(tx, self.envelope)
            return endpoints.rotate(owner, self.envelope.id, callback)

    @serve(contracts.DROP_CALLBACK)
    def drop_callback(self, tx, *, callback):
        return endpoints.drop(self.endpoints_of(tx, tx.envelope), callback)

    @serve(contracts.CALLBACKS)
    def callbacks(self, tx):
        return endpoints.listed(self.endpoints_of(tx, tx.envelope))

    @serve(contracts.CALLBACK_DELIVERIES)
    def callback_deliveries(self, tx, **asked):
        return rows.listed(self.endpoints_of(tx, tx.envelope), asked)

    @serve(contracts.REPLAY_CALLBACK)
    def replay_callback(self, tx, **asked):
        return rows.replay(self.endpoints_of(tx, tx.envelope), asked)

    @serve(contracts.TEST_CALLBACK)
    def test_callback(self, tx, *, callback):
        return rows.try_out(self.endpoints_of(tx, tx.envelope), callback)

    @handle(BILL_REMINDED)
    def bill_reminded(self, tx, **fact):
        if fact["agency"] is not None:
            rows.note_bill(tx.conn, fact, self.now())

    @handle(contracts.CALL_BACK)
    def call_back(self, tx, *, agency, type, id, data):
        rows.note(tx.conn, type, data, self.now(), agency, once=id)

    @every(1)
    def tell_endpoints(self):
        wire = Wire(self.sandbox, self.settings.get("CALLBACKS_CA_FILE"))
        delivery.call_back(delivery.Caller(self.store, self.now, self.keys, wire, self.members))

    @every(3600)
    def forget_deliveries(self):
        with self.store.transaction() as tx:
            rows.forget(tx.conn, self.now())
