"""Announcements: written, seen as people will see them, published, and followed to their end."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from contracts.notify import announcements as contracts
from gateway.forms.fields import NUMBER_MOST, Fields, before, parse_day, parse_whole
from gateway.forms.values import typed_of
from gateway.ops.notices.previews import Previews, is_late
from gateway.ops.notices.section import AT
from gateway.ops.notices.times import day_and_hour, moment_of
from gateway.ops.staff import forms
from gateway.ops.staff.pages import (
    NO_SUBMISSION,
    StaffPages,
    Submission,
    resolved,
)
from gateway.ops.staff.previews import Preview

ACTS: dict[str, kinds.Request] = {
    "publish": contracts.PUBLISH_ANNOUNCEMENT,
    "update": contracts.UPDATE_ANNOUNCEMENT,
    "reschedule": contracts.RESCHEDULE_ANNOUNCEMENT,
    "cancel": contracts.CANCEL_ANNOUNCEMENT,
}
LANGUAGES = ("fa", "en")


@dataclass(frozen=True, slots=True)
class AnnouncementView:
    """An announcement, and what an editor decides by: ``in_time`` is False for a maintenance
    that would be late (less than ``hours`` before its start) if it were published now;
    ``window`` is the window as a form has it, ``sms_wait`` a sentence in the quiet hours.
    """

    announcement: contracts.Announcement
    in_time: bool
    hours: int
    window: Mapping[str, str]
    banner_hours: int
    sms_wait: str


class Announcements:
    """The pages of announcements."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    async def listed(self, request: Request) -> Response:
        """GET /desk/notices/announcements?before=12: newest first, drafts too."""
        query = contracts.ListAnnouncements(drafts=True, before=before(request))
        reply = self._pages.ask(request, contracts.ANNOUNCEMENTS, query)
        return await self._pages.page(request, "announcements", reply=reply)

    # --- writing ---

    async def new(self, request: Request) -> Response:
        """GET /desk/notices/announcements/new, with ?draft=12 for a draft that is written anew."""
        number = request.query_params.get("draft", "")
        if not number:
            return await self._new(request, Submission("write"), ())
        draft = await self._read(request, number)
        return await self._new(request, Submission("write", _typed(draft)), draft.components)

    async def _new(
        self, request: Request, submission: Submission, components: Sequence[str]
    ) -> Response:
        return await self._pages.page(
            request, "announcement_new", submission, chosen=resolved(components)
        )

    async def write(self, request: Request) -> Response:
        """POST /desk/notices/announcements/new: on to the page to check before it is published."""
        values = (await forms.read_form(request)).values
        typed = {**typed_of(values), "act": "write"}
        components = values.get("components", [])
        try:
            draft = contracts.DRAFT_ANNOUNCEMENT.load(_draft_fields(typed, components))
            announcement = await self._pages.ask(
                request, contracts.DRAFT_ANNOUNCEMENT, draft, form=typed.get("form") or None
            )
        except BusError as error:
            return await self._pages.refused(
                request, lambda r, submission: self._new(r, submission, components), typed, error
            )
        return RedirectResponse(f"{AT}/announcements/{announcement.id}?done=written", 303)

    # --- one ---

    async def announcement(self, request: Request) -> Response:
        """GET /desk/notices/announcements/{id}: a draft as people will see it, or how it stands."""
        return await self._announcement(request, NO_SUBMISSION)

    async def _announcement(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "announcement", submission, view=self._view(request))

    async def _view(self, request: Request) -> AnnouncementView:
        announcement, status, current, sms_wait = await asyncio.gather(
            self._read(request, str(request.path_params["id"])),
            self._pages.ask(request, contracts.STATUS, contracts.Nothing()),
            self._pages.ask(request, contracts.CURRENT, contracts.Nothing()),
            self._previews.sms_wait(request),
        )
        hours = status.announce_hours_before
        return AnnouncementView(
            announcement=announcement,
            in_time=not is_late(announcement.kind, announcement.starts_at, hours),
            hours=hours,
            window=_window(announcement),
            banner_hours=current.banner_hours,
            sms_wait=sms_wait,
        )

    async def _read(self, request: Request, id_: str) -> contracts.Announcement:
        number = parse_whole(id_)
        if not isinstance(number, int) or number >= NUMBER_MOST:
            raise NotFound("There is no such announcement.", code="announcement.not_found")
        query = contracts.OneAnnouncement(id=number)
        return await self._pages.ask(request, contracts.ANNOUNCEMENT, query)

    async def move(self, request: Request) -> Response:
        """POST /desk/notices/announcements/{id}/{act}: publish, update, reschedule, cancel."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await forms.read_form(request)).values
        values["act"] = [name]
        fields = {"id": id_, **_move_fields(name, typed_of(values))}

        async def preview(request: Request, message: contracts.Publish) -> Preview:
            return await self._previews.announcement(request, name, message)

        back = f"announcements/{id_}?done={name}"
        return await self._pages.send(
            request, ACTS[name], self._announcement, back, values, fields, preview
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


def _move_fields(name: str, typed: Mapping[str, str]) -> Fields:
    """The fields of the contract of an act, as the form says them."""
    fields: Fields = {"tell": typed.get("tell") == "1"}
    if typed.get("seen_at"):
        fields["seen_at"] = typed["seen_at"]
    if name != "publish":
        fields["text"] = _words(typed, "text")
    if name == "update":
        fields |= {"state": typed.get("state", ""), "impact": typed.get("impact") or None}
    if name == "reschedule":
        fields |= _moments(typed)
    return fields


def _words(typed: Mapping[str, str], name: str) -> dict[str, str]:
    return {language: typed.get(f"{name}_{language}", "").strip() for language in LANGUAGES}


def _moments(typed: Mapping[str, str]) -> dict[str, str | None]:
    return {
        f"{name}s_at": moment_of(typed.get(f"{at}_day", ""), typed.get(f"{at}_hour", ""))
        for name, at in (("start", "from"), ("end", "to"))
    }


def _draft_fields(typed: Mapping[str, str], components: list[str]) -> Fields:
    """The fields of a Draft, as the form says them; those of another kind stay out."""
    kind = typed.get("kind", "")
    fields: Fields = {
        "kind": kind,
        "title": _words(typed, "title"),
        "body": _words(typed, "body"),
        "components": components,
    }
    if typed.get("id"):
        fields["id"] = parse_whole(typed["id"])
    if kind in ("maintenance", "incident"):
        fields |= {**_moments(typed), "impact": typed.get("impact") or "none"}
    if kind == "end_of_service":
        fields["contracts"] = typed.get("contracts", "").split()
        fields["sunset"] = parse_day(typed["sunset"]) if typed.get("sunset", "").strip() else None
    return fields


def _typed(draft: contracts.Announcement) -> dict[str, str]:
    """A draft as the form has it."""
    noon = f"{draft.sunset}T12:00:00Z" if draft.sunset else None
    return {
        "id": str(draft.id),
        "kind": draft.kind,
        "impact": draft.impact,
        "title_fa": draft.title.fa,
        "title_en": draft.title.en,
        "body_fa": draft.body.fa,
        "body_en": draft.body.en,
        **_window(draft),
        "contracts": "\n".join(draft.contracts),
        "sunset": day_and_hour(noon)[0],
    }


def _window(announcement: contracts.Announcement) -> dict[str, str]:
    """The window in Jalali days and Tehran's hours."""
    begin, end = day_and_hour(announcement.starts_at), day_and_hour(announcement.ends_at)
    return {"from_day": begin[0], "from_hour": begin[1], "to_day": end[0], "to_hour": end[1]}
