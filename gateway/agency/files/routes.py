"""Contracts of which a question or an answer may be a file: each has its own way in and out."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from bus.messages import kinds
from contracts.billing.bills import STATEMENT
from contracts.inquiry.questions import READ_BATCH, SUBMIT_BATCH
from contracts.notify.bulk import SUBMIT_JOB
from gateway.agency.door.door import Door
from gateway.agency.files import batch_results, batch_upload, job_upload, statements

# All others are answered as JSON, and can be answered later. A v2 of one of these is a line here.
FILE_ROUTES: Mapping[kinds.Request, Callable[[Door, Request], Awaitable[Response]]] = {
    SUBMIT_BATCH: batch_upload.submit,
    SUBMIT_JOB: job_upload.submit,
    READ_BATCH: batch_results.read,
    STATEMENT: statements.read,
}
