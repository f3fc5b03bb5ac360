"""Bulk jobs of Mirab's own templates: a file is checked, seen, priced, and then started."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from contracts.notify import bulk as contracts
from contracts.notify import desk as notices_desk
from gateway.forms.fields import Fields, parse_whole
from gateway.forms.values import Values, value_of
from gateway.ops.notices.previews import Previews
from gateway.ops.notices.section import AT
from gateway.ops.notices.times import moment_of
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from iran.collation import collation_key

OURS = "mirab"
FILE_LIMIT = 16 * 1024 * 1024
SHOWN, FIRST_ROWS = 100, 3
# So many forms are read for the columns that their files need.
READ_MOST = 30
ACTS: dict[str, kinds.Request] = {"start": contracts.START_JOB, "cancel": contracts.CANCEL_JOB}


@dataclass(frozen=True, slots=True)
class JobView:
    """A job; before it starts also its first rows as their receivers will see them."""

    job: contracts.BulkJobProgress
    first_rows: tuple[contracts.PreviewedRow, ...] = ()


class Usable(NamedTuple):
    """A template that a bulk job can use, and the columns of values that its file needs."""

    code: str
    name: str
    columns: tuple[str, ...]


class Jobs:
    """The pages of bulk jobs."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    async def listed(self, request: Request) -> Response:
        """GET /desk/notices/jobs?before=ID"""
        before = request.query_params.get("before", "")[:36] or None
        reply = self._pages.ask(request, contracts.JOBS, contracts.ListJobs(before=before))
        return await self._pages.page(request, "jobs", reply=reply)

    async def new(self, request: Request) -> Response:
        """GET /desk/notices/jobs/new"""
        return await self._new(request, NO_SUBMISSION)

    async def _new(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "job_new", submission, usable=self._usable(request))

    async def _usable(self, request: Request) -> list[Usable]:
        """Our templates of the lane bulk that are in force, with the columns that they need."""
        query = notices_desk.ListForms(owner=OURS)
        reply = await self._pages.ask(request, notices_desk.FORMS, query)
        rows = [
            form
            for form in reply.forms
            if form.in_force and form.lane == "bulk" and not form.archived
        ]
        columns: dict[str, dict[str, None]] = {form.code: {} for form in rows}
        for form in await asyncio.gather(
            *(self._form(request, row.id) for row in rows[:READ_MOST])
        ):
            for version in form.versions:
                if version.version == form.in_force:
                    columns[form.code] |= dict.fromkeys(version.placeholders)
        names = {form.code: form.name for form in rows}
        usable = [Usable(code, name, tuple(columns[code])) for code, name in names.items()]
        return sorted(usable, key=lambda template: collation_key(template.name))

    async def _form(self, request: Request, id_: str) -> notices_desk.FormVersions:
        return await self._pages.ask(request, notices_desk.READ_FORM, notices_desk.OneForm(id=id_))

    async def submit(self, request: Request) -> Response:
        """POST /desk/notices/jobs/new: a CSV file; a form that is sent twice is one job."""
        typed: dict[str, str] = {"act": "submit"}
        try:
            form = await forms.read_form(request, files=1, fields_limit=FILE_LIMIT, as_text=True)
            names = ("name", "template", "language", "form")
            typed |= {name: value_of(form.values, name) for name in names}
            job = str(uuid.uuid5(uuid.NAMESPACE_OID, typed["form"] or str(uuid.uuid4())))
            await self._send(request, typed, job, form.values)
        except BusError as error:
            return await self._pages.refused(request, self._new, typed, error)
        return RedirectResponse(f"{AT}/jobs/{job}?done=submit", 303)

    async def _send(
        self, request: Request, typed: dict[str, str], job: str, values: Values
    ) -> None:
        """Send the file to the service, in parts that fit into a message of the bus."""
        text, size = value_of(values, "file"), contracts.PART_BYTES
        pieces = [text[i : i + size] for i in range(0, len(text), size)] or [""]
        for number, piece in enumerate(pieces):
            part = contracts.SubmitJob(
                job=job,
                name=typed["name"],
                template=typed["template"],
                language=typed["language"] or "fa",
                channels=tuple(values.get("channels", ())) or None,
                part=number,
                piece=piece,
                last=number == len(pieces) - 1,
            )
            form = f"{typed['form'] or job}-{number}"
            await self._pages.ask(request, contracts.SUBMIT_JOB, part, form=form)

    async def job(self, request: Request) -> Response:
        """GET /desk/notices/jobs/{job}?after=120: how it stands, and its rows that are wrong."""
        return await self._job(request, NO_SUBMISSION)

    async def _job(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "job", submission, view=self._view(request))

    async def _view(self, request: Request) -> JobView:
        id_, after = request.path_params["job"], parse_whole(request.query_params.get("after", ""))
        query = contracts.ReadJob(
            job=id_,
            after=after if isinstance(after, int) and after <= contracts.JOB_ROWS else 0,
            limit=SHOWN,
        )
        job = await self._pages.ask(request, contracts.JOB, query)
        if job.state != "CHECKED" or not job.good:
            return JobView(job)
        first = contracts.PreviewJob(job=id_, rows=FIRST_ROWS)
        preview = await self._pages.ask(request, contracts.JOB_PREVIEW, first)
        return JobView(job, preview.rows)

    async def move(self, request: Request) -> Response:
        """POST /desk/notices/jobs/{job}/{act}: start, now or at an hour; cancel."""
        name, job = request.path_params["act"], request.path_params["job"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await forms.read_form(request)).values
        values["act"] = [name]
        fields: Fields = {"job": job}
        if name == "start":
            fields["at"] = moment_of(value_of(values, "from_day"), value_of(values, "from_hour"))
        preview = self._previews.start if name == "start" else self._previews.cancel
        back = f"jobs/{job}?done={name}"
        return await self._pages.send(request, ACTS[name], self._job, back, values, fields, preview)

    def routes(self) -> list[Route]:
        """The routes of jobs."""
        return [
            Route(f"{AT}/jobs", self.listed),
            Route(f"{AT}/jobs/new", self.new, methods=["GET"]),
            Route(f"{AT}/jobs/new", self.submit, methods=["POST"]),
            Route(f"{AT}/jobs/{{job}}", self.job),
            Route(f"{AT}/jobs/{{job}}/{{act}}", self.move, methods=["POST"]),
        ]
