"""Announcements: written, seen as people will see them, published, and followed to their end."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts import Request as Asked
from contracts.notify import announcements as contracts
from gateway.forms.values import value_of
from gateway.ops.notices.looks import Looks
from gateway.ops.notices.section import AT
from gateway.ops.notices.times import day_and_hour, moment_of
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_day, parse_whole
from gateway.ops.staff.pages import (
    MOST_NUMBER,
    NO_SUBMISSION,
    StaffPages,
    Submission,
    before,
    resolved,
)
from gateway.ops.staff.previews import Preview

ACTS: dict[str, Asked] = {
    "publish": contracts.PUBLISH_ANNOUNCEMENT,
    "update": contracts.UPDATE_ANNOUNCEMENT,
    "reschedule": contracts.RESCHEDULE_ANNOUNCEMENT,
    "cancel": contracts.CANCEL_ANNOUNCEMENT,
}
WORDS = ("title_fa", "title_en", "body_fa", "body_en")


class Announcements:
    """The pages of announcements."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._looks = pages, Looks(pages)

    async def listed(self, request: Request) -> Response:
        """GET /desk/notices/announcements?before=12: newest first, drafts too."""
        announcements = self._pages.ask(
            request, contracts.ANNOUNCEMENTS, drafts=True, **before(request)
        )
        return await self._pages.page(request, "announcements", told=announcements)

    # --- writing ---

    async def new(self, request: Request) -> Response:
        """GET /desk/notices/announcements/new, with ?draft=12 for a draft that is written anew."""
        typed: dict[str, str] = {}
        components: list[str] = []
        draft = request.query_params.get("draft", "")
        if draft:
            draft_ = await self._read(request, draft)
            typed, components = _typed(draft_), draft_["components"]
        return await self._new(request, Submission("write", typed), components)

    async def _new(
        self, request: Request, submission: Submission, components: list[str]
    ) -> Response:
        return await self._pages.page(
            request, "announcement_new", submission, chosen=resolved(components)
        )

    async def write(self, request: Request) -> Response:
        """POST /desk/notices/announcements/new: on to the page to check before it is published."""
        values = (await forms.read_form(request)).values
        typed = {**{name: value_of(values, name) for name in values}, "act": "write"}
        components = values.get("components", [])
        try:
            announcement = await self._pages.ask(
                request,
                contracts.DRAFT_ANNOUNCEMENT,
                form=typed.get("form") or None,
                **_draft(typed, components),
            )
        except BusError as error:
            return await self._pages.refused(
                request, lambda r, submission: self._new(r, submission, components), typed, error
            )
        return RedirectResponse(f"{AT}/announcements/{announcement['id']}?done=written", 303)

    # --- one ---

    async def announcement(self, request: Request) -> Response:
        """GET /desk/notices/announcements/{id}: a draft as people will see it, or how it stands."""
        return await self._announcement(request, NO_SUBMISSION)

    async def _announcement(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(
            request, "announcement", submission, told=self._judged(request)
        )

    async def _judged(self, request: Request) -> dict[str, Any]:
        """The announcement, and whether it would be in time if it were published now."""
        announcement, status, current, sms_wait = await asyncio.gather(
            self._read(request, str(request.path_params["id"])),
            self._pages.ask(request, contracts.STATUS),
            self._pages.ask(request, contracts.CURRENT),
            self._looks.sms_wait(request),
        )
        hours = status["announce_hours_before"]
        in_time = None
        if announcement["kind"] == "maintenance" and announcement["starts_at"]:
            starts = dt.datetime.fromisoformat(announcement["starts_at"])
            in_time = starts - dt.timedelta(hours=hours) >= dt.datetime.now(dt.UTC)
        return {
            "a": announcement,
            "hours": hours,
            "in_time": in_time,
            "when": _when(announcement),
            "banner_hours": current["banner_hours"],
            "sms_wait": sms_wait,
        }

    async def _read(self, request: Request, id_: str) -> dict[str, Any]:
        number = parse_whole(id_)
        if not isinstance(number, int) or number >= MOST_NUMBER:
            raise NotFound("There is no such announcement.", code="announcement.not_found")
        return await self._pages.ask(request, contracts.ANNOUNCEMENT, id=number)

    async def move(self, request: Request) -> Response:
        """POST /desk/notices/announcements/{id}/{act}: publish, update, reschedule, cancel."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await forms.read_form(request)).values
        values["act"] = [name]
        typed = {n: value_of(values, n) for n in values}
        data: dict[str, Any] = {"id": id_, "tell": typed.get("tell") == "1"}
        if typed.get("seen_at"):
            data["seen_at"] = typed["seen_at"]
        if name != "publish":
            data["text"] = _words(typed, "text")
        if name == "update":
            data |= {"state": typed.get("state", ""), "impact": typed.get("impact") or None}
        if name == "reschedule":
            data |= _window(typed)

        async def preview(request: Request, data: Mapping[str, Any]) -> Preview:
            return await self._looks.announcement(request, name, id_, data)

        back = f"announcements/{id_}?done={name}"
        return await self._pages.send(
            request, ACTS[name], self._announcement, back, values, data, preview
        )

    def routes(self) -> list[Route]:
        """The routes of announcements."""
        at = f"{AT}/announcements"
        return [
            Route(at, self.listed),
            Route(f"{at}/new", self.new, methods=["GET"]),
            Route(f"{at}/new", self.write, methods=["POST"]),
            Route(f"{at}/{{id:int}}", self.announcement),
            Route(f"{at}/{{id:int}}/{{act}}", self.move, methods=["POST"]),
        ]


def _words(typed: Mapping[str, str], name: str) -> dict[str, str]:
    return {language: typed.get(f"{name}_{language}", "").strip() for language in ("fa", "en")}


def _window(typed: Mapping[str, str]) -> dict[str, str | None]:
    return {
        f"{name}s_at": moment_of(typed.get(f"{at}_day", ""), typed.get(f"{at}_hour", ""))
        for name, at in (("start", "from"), ("end", "to"))
    }


def _draft(typed: Mapping[str, str], components: list[str]) -> dict[str, Any]:
    """A Draft of contracts/notify/announcements.py; what does not belong to its kind stays out."""
    kind = typed.get("kind", "")
    data: dict[str, Any] = {
        "kind": kind,
        "title": _words(typed, "title"),
        "body": _words(typed, "body"),
        "components": components,
    }
    if typed.get("id"):
        data["id"] = parse_whole(typed["id"])
    if kind in ("maintenance", "incident"):
        data |= {**_window(typed), "impact": typed.get("impact") or "none"}
    if kind == "end_of_service":
        data["contracts"] = typed.get("contracts", "").split()
        data["sunset"] = parse_day(typed["sunset"]) if typed.get("sunset", "").strip() else None
    return data


def _typed(announcement: Mapping[str, Any]) -> dict[str, str]:
    """A draft as the form has it."""
    typed = {
        "id": str(announcement["id"]),
        "kind": announcement["kind"],
        "impact": announcement["impact"],
    }
    typed |= {name: announcement[name[:-3]][name[-2:]] for name in WORDS}
    typed |= _when(announcement)
    typed["contracts"] = "\n".join(announcement["contracts"])
    typed["sunset"] = (
        day_and_hour(f"{announcement['sunset']}T12:00:00Z")[0] if announcement["sunset"] else ""
    )
    return typed


def _when(announcement: Mapping[str, Any]) -> dict[str, str]:
    """The window in Jalali days and Tehran's hours."""
    begin, end = day_and_hour(announcement["starts_at"]), day_and_hour(announcement["ends_at"])
    return {"from_day": begin[0], "from_hour": begin[1], "to_day": end[0], "to_hour": end[1]}
