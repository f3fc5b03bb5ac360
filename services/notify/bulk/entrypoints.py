"""The entrypoints and chores of bulk jobs."""

from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.notify import bulk
from members.rights import Sender
from services.notify.bulk import checks, jobs, runs
from services.notify.context import Entrypoints, sender_of
from services.notify.domain.template import OURS
from services.notify.editors import looks, roles


class BulkEntrypoints(Entrypoints):
    """Bulk jobs: submitted, started, cancelled, shown; and the chores that check and run them."""

    def job_owner(self, tx: Tx) -> Sender:
        """The owner of jobs: the agency that asks; Mirab, if an editor at the desk asks. Forbidden
        ``notices.not_an_editor``.
        """
        if "staff" in ((tx.envelope.caller if tx.envelope else None) or {}):
            roles.editor(tx.conn, tx.envelope)
            return Sender(OURS)
        return sender_of(tx.envelope)

    @serve(bulk.SUBMIT_JOB)
    def submit_job(self, tx: Tx, message: bulk.SubmitJob) -> bulk.BulkJob:
        return jobs.submit(self.context(tx), self.job_owner(tx), message)

    @serve(bulk.JOB)
    def job(self, tx: Tx, message: bulk.ReadJob) -> bulk.BulkJobProgress:
        return jobs.standing(self.context(tx), self.job_owner(tx).agency, message)

    @serve(bulk.START_JOB)
    def start_job(self, tx: Tx, message: bulk.StartJob) -> bulk.BulkJob:
        return jobs.start(self.context(tx), self.job_owner(tx).agency, message)

    @serve(bulk.CANCEL_JOB)
    def cancel_job(self, tx: Tx, message: bulk.JobOf) -> bulk.BulkJob:
        return jobs.cancel(self.context(tx), self.job_owner(tx).agency, message.job)

    @serve(bulk.JOBS)
    def jobs(self, tx: Tx, message: bulk.ListJobs) -> bulk.Jobs:
        owner = self.job_owner(tx).agency
        return jobs.list_jobs(self.context(tx), owner, message.before, message.limit)

    @serve(bulk.JOB_PREVIEW)
    def job_preview(self, tx: Tx, message: bulk.PreviewJob) -> bulk.JobPreview:
        context, owner = self.context(tx), self.job_owner(tx).agency
        if owner == OURS:
            editor = roles.editor(tx.conn, tx.envelope)
            looks.note(context, editor, "job preview", {"job": message.job})
        return jobs.preview(context, owner, message.job, message.rows)

    @every(1)
    def check_jobs(self) -> None:
        while checks.check(self.store, self.context):
            pass

    @every(1)
    def run_jobs(self) -> None:
        runs.begin(self.store, self.context)
        runs.send_rows(self.store, self.context)

    @every(5)
    def wind_down_jobs(self) -> None:
        runs.wind_down(self.store, self.context)

    @every(3600)
    def forget_jobs(self) -> None:
        with self.store.transaction() as tx:
            runs.forget(self.context(tx))
