"""The entrypoints and chores of bulk jobs."""

from typing import Any

from bus.endpoint import every, serve
from contracts.notify import bulk
from members.rights import Sender
from services.notify.bulk import checks, jobs, runs
from services.notify.context import sender_of
from services.notify.domain.template import OURS
from services.notify.editors import looks, roles


class BulkEntrypoints:
    """Bulk jobs: submitted, started, cancelled, shown; and the chores that check and run them."""

    store: Any
    office: Any

    def sender(self, tx: Any) -> Sender:
        """Whose jobs they are: an agency's own; Mirab's, if an editor at the desk asks.
        Forbidden ``notices.not_an_editor``.
        """
        if "staff" in ((tx.envelope.caller if tx.envelope else None) or {}):
            roles.editor(tx.conn, tx.envelope)
            return Sender(OURS)
        return sender_of(tx.envelope)

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
            looks.note(office, roles.editor(tx.conn, tx.envelope), "job preview", {"job": job})
        return jobs.preview(office, owner, job, rows)

    @every(1)
    def check_jobs(self):
        while checks.check(self.store, self.office):
            pass

    @every(1)
    def run_jobs(self):
        runs.begin(self.store, self.office)
        runs.take(self.store, self.office)

    @every(5)
    def wind_down_jobs(self):
        runs.wind_down(self.store, self.office)

    @every(3600)
    def forget_jobs(self):
        with self.store.transaction() as tx:
            runs.forget(self.office(tx))
