"""The pages of the desk; every form is one Request, and works without JavaScript."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.contracts import desk as contracts
from bus.contracts.kinds import Request as Contract
from bus.contracts.ticketing import FORM, REGISTER
from bus.errors import BusError, ContractError, NotFound, RuleBroken, Unauthenticated
from bus.tracking import grouped, grouped_secret
from gateway import pages, uploads
from gateway.ops.desk import words
from gateway.ops.desk.letters import LetterPages, status_shown
from gateway.ops.desk.session import Desk, form_id
from gateway.ops.forms import day_of, one, taken
from gateway.origin import same_origin

# address of the form → what it asks, and what the form does not say by itself
ACTS: dict[str, tuple[Contract, Mapping[str, Any]]] = {
    "say": (contracts.ANSWER, {"final": False}),
    "answer": (contracts.ANSWER, {"final": True}),
    "note": (contracts.NOTE, {}),
    "assign": (contracts.ASSIGN, {}),
    "pause": (contracts.PAUSE, {}),
    "resume": (contracts.RESUME, {}),
    "invite": (contracts.INVITE, {}),
    "visit": (contracts.VISITED, {}),
    "merge": (contracts.MERGE, {}),
    "unmerge": (contracts.UNMERGE, {}),
    "close": (contracts.CLOSE, {}),
    "take_up": (contracts.TAKE_UP, {}),
    "new_secret": (contracts.SEND_NEW_SECRET, {}),
}
FILES = frozenset({"say", "answer"})


class DeskPages:
    """What the routes of the desk share."""

    def __init__(self, desk: Desk, blobs: Blobs, portal: str) -> None:
        self.desk, self._blobs, self._portal = desk, blobs, portal

    # --- tickets ---

    async def queue(self, request: Request) -> Response:
        """GET /desk: the unit's tickets by due time."""
        query = request.query_params
        asked = {
            "state": query.get("state") or "WORK",
            "search": query.get("search", "")[:100],
            "mine": query.get("mine") == "1",
            "late": query.get("late") == "1",
            "unit": query.get("unit") or None,
            "page": int(page) if (page := query.get("page", "1")).isdecimal() else 1,
        }
        told = await self.desk.ask(request, contracts.QUEUE, asked)
        return self._page(request, "queue", told=told, asked=asked)

    async def ticket(self, request: Request) -> Response:
        """GET /desk/tickets/{code}"""
        return await self._ticket(request, None)

    async def _ticket(self, request: Request, error: BusError | None, **typed: str) -> Response:
        code = request.path_params["code"]
        told = await self.desk.ask(request, contracts.READ, {"code": code})
        status = status_shown(error)
        return self._page(
            request, "ticket", status, told=told, error=error, typed=typed, done=done(request),
            portal=self._portal,
        )  # fmt: skip

    async def act(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/{act}: one act; an error is shown beside what was typed."""
        same_origin(request)
        name, code = request.path_params["act"], request.path_params["code"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        contract, fixed = ACTS[name]
        form = await uploads.read_form(request, self._blobs_of(request, name))
        typed = {field: one(form.values, field) for field in form.values}
        try:
            if form.problems:
                raise ContractError("The files cannot be taken.", fields=form.problems)
            data = {**taken(contract, form.values), **fixed, "code": code}
            if name in FILES:
                data["attachments"] = [claim.told() for claim in form.claims]
            await self.desk.ask(request, contract, data, id=typed.get("form"))
        except (Unauthenticated, NotFound):
            raise
        except BusError as error:
            return await self._ticket(request, error, **{**typed, "act": name})
        return RedirectResponse(f"/desk/tickets/{code}?done={name}", 303)

    def _blobs_of(self, request: Request, name: str) -> Blobs | None:
        """Where files of the act are kept; nowhere for who is not signed in."""
        try:
            self.desk.who(request)
        except Unauthenticated:
            return None
        return self._blobs if name in FILES else None

    async def file(self, request: Request) -> Response:
        """GET /desk/tickets/{code}/files/{file}"""
        params = request.path_params
        asked = {"code": params["code"], "attachment": params["file"]}
        told = await self.desk.ask(request, contracts.OPEN_FILE, asked)
        return uploads.file_response(
            self._blobs, sha256=told["sha256"], type=told["type"], name=told["name"]
        )

    async def telephone(self, request: Request) -> Response:
        """GET and POST /desk/telephone: a clerk writes down what a citizen says."""
        if request.method == "GET":
            form = await self.desk.ask_as_desk(request, FORM, {})
            fresh = self.desk.acts.new_form()
            return self._page(request, "telephone", form=form, act=fresh, typed={}, error=None)
        same_origin(request)
        values = (await uploads.read_form(request, None, fields_limit=uploads.TEXT_FORM)).values
        form = await self.desk.ask_as_desk(request, FORM, {})
        typed = {field: one(values, field) for field in values}
        act = self.desk.acts.form_or_new(typed.get("form", ""))
        data = {
            **{n: typed.get(n, "") for n in ("kind", "category", "county", "text", "name")},
            **{n: typed.get(n) or None for n in ("mobile", "email", "national_id")},
            "privacy": typed.get("privacy") or "private",
            "channel": "telephone",
            "declared": typed.get("declared") == "1",
            "secret": act.secret,
        }
        try:
            told = await self.desk.ask(request, REGISTER, data, id=act.id)
        except (ContractError, RuleBroken) as error:
            again = self.desk.acts.seal(act)
            return self._page(
                request, "telephone", 422, form=form, act=again, typed=typed, error=error
            )
        return self._page(
            request, "telephone_done", told=told, code=grouped(told["code"]),
            secret=grouped_secret(act.secret),
        )  # fmt: skip

    # --- calendar and figures ---

    async def calendar(self, request: Request) -> Response:
        """GET /desk/calendar"""
        return await self._calendar(request, None)

    async def _calendar(self, request: Request, error: BusError | None, **typed: str) -> Response:
        told = await self.desk.ask(request, contracts.CALENDAR, {})
        status = status_shown(error)
        return self._page(
            request, "calendar", status, told=told, error=error, typed=typed, done=done(request),
        )  # fmt: skip

    async def change(self, request: Request) -> Response:
        """POST /desk/calendar/{what}: add a row, take one back, open times for visits."""
        same_origin(request)
        what = request.path_params["what"]
        changes = {
            "row": contracts.CHANGE_CALENDAR,
            "withdraw": contracts.WITHDRAW_ROW,
            "slots": contracts.ADD_SLOTS,
        }
        if what not in changes:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await uploads.read_form(request, None)).values
        typed = {field: one(values, field) for field in values}
        try:
            data = taken(changes[what], values)
            await self.desk.ask(request, changes[what], data, id=typed.get("form"))
        except (Unauthenticated, NotFound):
            raise
        except BusError as error:
            return await self._calendar(request, error, **{**typed, "act": what})
        return RedirectResponse(f"/desk/calendar?done={what}", 303)

    async def report(self, request: Request) -> Response:
        """GET /desk/figures"""
        query = request.query_params
        asked = {n: day_of(query[n]) if query.get(n) else None for n in ("from_day", "to_day")}
        told = await self.desk.ask(request, contracts.REPORT, asked)
        return self._page(request, "report", told=told)

    def _page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        response = pages.page(
            f"desk/{name}.html",
            status,
            who=self.desk.who(request),
            form_id=form_id(),
            w=words,
            **values,
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def routes(self) -> list[Route]:
        """All routes of the desk."""
        return [
            Route("/desk", self.queue),
            Route("/desk/telephone", self.telephone, methods=["GET", "POST"]),
            Route("/desk/calendar", self.calendar),
            Route("/desk/calendar/{what}", self.change, methods=["POST"]),
            Route("/desk/figures", self.report),
            *LetterPages(self.desk, self._blobs).routes(),
            Route("/desk/tickets/{code}", self.ticket),
            Route("/desk/tickets/{code}/files/{file:int}", self.file),
            Route("/desk/tickets/{code}/{act}", self.act, methods=["POST"]),
        ]


def done(request: Request) -> str:
    """The name of the act that led here, if it is one of ours."""
    told = request.query_params.get("done", "")
    return told if told in (*ACTS, "row", "withdraw", "slots") else ""
