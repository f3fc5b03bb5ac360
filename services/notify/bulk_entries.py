"""The part of the notify service for bulk jobs and agencies' call-backs; see service.py."""

from typing import Any

from bus.endpoint import every, handle, serve
from contracts.billing.bills import BILL_REMINDED
from contracts.notify import bulk
from contracts.notify import callbacks as told
from members.rights import Members, Sender
from services.notify import (
    callbacks as endpoints,
)
from services.notify import (
    calling_back,
    deliveries,
    editors,
    job_checking,
    job_running,
    jobs,
    looking,
)
from services.notify.callbacks import Owner
from services.notify.office import sender_of
from services.notify.store import OURS
from services.notify.webhook_wire import Wire


class BulkEntries:
    """Entrypoints and chores of jobs and call-backs."""

    store: Any
    settings: Any
    keys: Any
    now: Any
    office: Any
    message: Any
    members: Members

    # --- jobs ---

    def sender(self, tx: Any) -> Sender:
        """Whose jobs they are: an agency's own; Mirab's, if an editor at the desk asks.
        Forbidden ``notices.not_an_editor``.
        """
        if "staff" in ((tx.message.caller if tx.message else None) or {}):
            editors.editor(tx.conn, tx.message)
            return Sender(OURS)
        return sender_of(tx.message)

    @serve(bulk.SUBMIT_JOB)
    def submit_job(self, tx, **asked):
        return jobs.submit(self.office(tx), self.sender(tx), asked)

    @serve(bulk.JOB)
    def job(self, tx, **asked):
        return jobs.standing(tx.conn, self.sender(tx).agency, asked)

    @serve(bulk.START_JOB)
    def start_job(self, tx, **asked):
        return jobs.start(self.office(tx), self.sender(tx).agency, asked)

    @serve(bulk.CANCEL_JOB)
    def cancel_job(self, tx, *, job):
        return jobs.cancel(self.office(tx), self.sender(tx).agency, job)

    @serve(bulk.JOBS)
    def jobs(self, tx, *, before, limit):
        return jobs.listed(tx.conn, self.sender(tx).agency, before, limit)

    @serve(bulk.JOB_PREVIEW)
    def job_preview(self, tx, *, job, rows):
        office, owner = self.office(tx), self.sender(tx).agency
        if owner == OURS:
            looking.note(office, editors.editor(tx.conn, tx.message), "job preview", {"job": job})
        return jobs.preview(office, owner, job, rows)

    @every(1)
    def check_jobs(self):
        while job_checking.check(self.store, self.office):
            pass

    @every(1)
    def run_jobs(self):
        job_running.begin(self.store, self.office)
        job_running.take(self.store, self.office)

    @every(5)
    def wind_down_jobs(self):
        job_running.wind_down(self.store, self.office)

    @every(3600)
    def forget_jobs(self):
        with self.store.transaction() as tx:
            job_running.forget(self.office(tx))

    # --- call-backs ---

    @property
    def sandbox(self) -> bool:
        """Whether agencies listen on this machine: loopback, http and every port are allowed."""
        return self.settings.get("CALLBACKS_SANDBOX") == "1"

    def endpoints_of(self, tx: Any, message: Any) -> Owner:
        sender = sender_of(message)
        return Owner(tx.conn, self.now(), self.keys, sender.agency, self.sandbox, sender.key)

    # A secret is shown in the answer: the inbox, which keeps answers, must not keep it.
    @serve(told.PUT_CALLBACK, outside=True)
    def put_callback(self, **asked):
        with self.store.transaction(self.message) as tx:
            return endpoints.put(self.endpoints_of(tx, self.message), self.message.id, asked)

    @serve(told.ROTATE_CALLBACK_SECRET, outside=True)
    def rotate_callback_secret(self, *, callback):
        with self.store.transaction(self.message) as tx:
            owner = self.endpoints_of(tx, self.message)
            return endpoints.rotate(owner, self.message.id, callback)

    @serve(told.DROP_CALLBACK)
    def drop_callback(self, tx, *, callback):
        return endpoints.drop(self.endpoints_of(tx, tx.message), callback)

    @serve(told.CALLBACKS)
    def callbacks(self, tx):
        return endpoints.listed(self.endpoints_of(tx, tx.message))

    @serve(told.CALLBACK_DELIVERIES)
    def callback_deliveries(self, tx, **asked):
        return deliveries.listed(self.endpoints_of(tx, tx.message), asked)

    @serve(told.REPLAY_CALLBACK)
    def replay_callback(self, tx, **asked):
        return deliveries.replay(self.endpoints_of(tx, tx.message), asked)

    @serve(told.TEST_CALLBACK)
    def test_callback(self, tx, *, callback):
        return deliveries.try_out(self.endpoints_of(tx, tx.message), callback)

    @handle(BILL_REMINDED)
    def bill_reminded(self, tx, **fact):
        if fact["agency"] is not None:
            deliveries.note_bill(tx.conn, fact, self.now())

    @handle(told.CALL_BACK)
    def call_back(self, tx, *, agency, type, id, data):
        deliveries.note(tx.conn, type, data, self.now(), agency, once=id)

    @every(1)
    def tell_endpoints(self):
        wire = Wire(self.sandbox, self.settings.get("CALLBACKS_CA_FILE"))
        calling_back.call_back(
            calling_back.Caller(self.store, self.now, self.keys, wire, self.members)
        )

    @every(3600)
    def forget_deliveries(self):
        with self.store.transaction() as tx:
            deliveries.forget(tx.conn, self.now())
