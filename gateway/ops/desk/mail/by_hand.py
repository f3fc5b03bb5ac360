"""A word to a ticket's citizen by SMS: an approved template, filled in, seen, sent, followed."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.notify.desk import Nothing
from contracts.notify.editors import by_hand as contracts
from contracts.notify.messages import MessagePreview
from contracts.ticketing import desk as of_desk
from contracts.ticketing.answers import TEXT_PERSON, TextPerson
from gateway.forms.fields import Fields, whole_or_none
from gateway.forms.values import Values, typed_of, value_of
from gateway.ops.desk.section import AT
from gateway.ops.staff import by_hand, forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Preview

CODE_AT = f"{AT}/tickets/{{code}}/sms"


@dataclass(frozen=True, slots=True)
class TextView:
    """The page: the ticket, the forms of SMS, the chosen one, and what was sent before."""

    ticket: of_desk.DeskTicket
    forms: tuple[contracts.HandForm, ...]
    form: contracts.HandForm | None
    language: str
    sent: tuple[contracts.HandMessageFate, ...]


class TextPages:
    """The page of SMS by hand of a ticket."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/tickets/{code}/sms?form_of=ID&language=fa"""
        return await self._page(request, NO_SUBMISSION)

    async def _page(self, request: Request, submission: Submission) -> Response:
        view = await self._view(request, submission)
        return await self._pages.page(request, "by_hand", submission, view=resolved(view))

    async def _view(self, request: Request, submission: Submission) -> TextView:
        # Whether the colleague may read the ticket is judged first.
        ticket = await self._ticket(request)
        listed, fates = await asyncio.gather(
            self._forms(request),
            self._pages.ask(request, contracts.HAND_FATES, contracts.HandFates(ticket=ticket.code)),
        )
        typed = {name: forms.query_value(request, name) for name in ("form_of", "language")}
        typed |= submission.typed
        form = by_hand.chosen_form(listed, typed["form_of"])
        language = (
            by_hand.language_of(form, typed["language"] or ticket.language or "") if form else "fa"
        )
        return TextView(ticket, listed, form, language, fates.messages)

    async def _ticket(self, request: Request) -> of_desk.DeskTicket:
        question = of_desk.OneTicket(code=request.path_params["code"])
        return await self._pages.ask(request, of_desk.READ, question)

    async def _forms(self, request: Request) -> tuple[contracts.HandForm, ...]:
        reply = await self._pages.ask(request, contracts.HAND_FORMS, Nothing())
        return tuple(form for form in reply.forms if form.channel == "sms")

    async def send(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/sms: seen first, then sent and kept in the ticket's log."""
        values = (await forms.read_form(request)).values
        values["act"] = ["text_person"]
        code = request.path_params["code"]
        form = by_hand.chosen_form(await self._forms(request), value_of(values, "form_of"))
        if form is None:
            raise NotFound("There is no such template.", code="template.not_found")
        try:
            reading = await self._preview(request, form, values)
        except BusError as error:
            return await self._pages.refused(request, self._page, typed_of(values), error)
        fields: Fields = {
            "code": code,
            "version": whole_or_none(value_of(values, "version")),
            "template": form.code,
            "language": by_hand.language_of(form, value_of(values, "language")),
            "values": by_hand.values_of(values),
            "text": reading.body,
        }

        async def preview(_: Request, message: TextPerson) -> Preview:
            return _shown(reading)

        target = f"tickets/{code}/sms?done=text_person"
        return await self._pages.send(
            request, TEXT_PERSON, self._page, target, values, fields, preview
        )

    async def _preview(
        self, request: Request, form: contracts.HandForm, values: Values
    ) -> MessagePreview:
        question = contracts.PREVIEW_BY_HAND.load(
            {
                "form": form.id,
                "language": by_hand.language_of(form, value_of(values, "language")),
                "values": by_hand.values_of(values),
            }
        )
        return await self._pages.ask(request, contracts.PREVIEW_BY_HAND, question)

    def routes(self) -> list[Route]:
        """The routes of SMS by hand."""
        return [
            Route(CODE_AT, self.page, methods=["GET"]),
            Route(CODE_AT, self.send, methods=["POST"]),
        ]


def _shown(reading: MessagePreview) -> Preview:
    return Preview(
        title="این پیامک فرستاده می‌شود",
        button="فرستادن پیامک",
        facts=by_hand.facts_of(reading),
        text=reading.body,
        leaves=(
            "به شماره‌ای می‌رود که شهروند با کد تأیید کرده است، و همین متن در تاریخچه می‌ماند؛ "
            "اگر نشانی پست الکترونیک داده است، نامه‌ای با همین متن هم می‌رود.",
        ),
    )
