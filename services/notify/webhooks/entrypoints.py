"""The entrypoints of agencies' webhook endpoints, and the chores that deliver to them."""

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from contracts.billing.reminders import BILL_REMINDED, Reminder
from contracts.notify import callbacks as contracts
from services.notify.context import Entrypoints
from services.notify.webhooks import delivery, endpoints, rows
from services.notify.webhooks.http import Client


class WebhookEntrypoints(Entrypoints):
    """Webhook endpoints: registered, tested, called."""

    # A secret is shown in the reply: the inbox, which keeps replies, must not keep it.
    @serve(contracts.PUT_CALLBACK, outside=True)
    def put_callback(self, message: contracts.PutCallback) -> contracts.CallbackWithSecret:
        with self.store.transaction(self.envelope) as tx:
            return endpoints.put(self.context(tx), self.envelope.id, message)

    @serve(contracts.ROTATE_CALLBACK_SECRET, outside=True)
    def rotate_callback_secret(self, message: contracts.CallbackOf) -> contracts.CallbackWithSecret:
        with self.store.transaction(self.envelope) as tx:
            return endpoints.rotate(self.context(tx), self.envelope.id, message.callback)

    @serve(contracts.DROP_CALLBACK)
    def drop_callback(self, tx: Tx, message: contracts.CallbackOf) -> contracts.Callbacks:
        return endpoints.drop(self.context(tx), message.callback)

    @serve(contracts.CALLBACKS)
    def callbacks(self, tx: Tx, message: contracts.AllCallbacks) -> contracts.Callbacks:
        return endpoints.list_all(self.context(tx))

    @serve(contracts.CALLBACK_DELIVERIES)
    def callback_deliveries(
        self, tx: Tx, message: contracts.ReadDeliveries
    ) -> contracts.Deliveries:
        return rows.page(self.context(tx), message)

    @serve(contracts.REPLAY_CALLBACK)
    def replay_callback(self, tx: Tx, message: contracts.Replay) -> contracts.ReplayCount:
        return rows.replay(self.context(tx), message)

    @serve(contracts.TEST_CALLBACK)
    def test_callback(self, tx: Tx, message: contracts.CallbackOf) -> contracts.ReplayCount:
        return rows.test(self.context(tx), message.callback)

    @handle(BILL_REMINDED)
    def bill_reminded(self, tx: Tx, message: Reminder) -> None:
        if message.agency is not None:
            rows.note_bill(tx.conn, message, self.context(tx).now)

    @handle(contracts.CALL_BACK)
    def call_back(self, tx: Tx, message: contracts.CallBack) -> None:
        now, data = self.context(tx).now, message.data
        rows.note(tx.conn, message.type, data, now, message.agency, once=message.id)

    @every(1)
    def tell_endpoints(self) -> None:
        sandbox = self.settings.get("CALLBACKS_SANDBOX") == "1"
        client = Client(sandbox, self.settings.get("CALLBACKS_CA_FILE"))
        delivery.deliver(
            delivery.Dependencies(
                self.store, self.context, client, self.now, self.keys, self.members
            )
        )

    @every(3600)
    def forget_deliveries(self) -> None:
        with self.store.transaction() as tx:
            rows.delete_old(tx.conn, self.context(tx).now)
