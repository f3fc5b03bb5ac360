"""One message by hand: an editor fills an approved template in, sees it, sends it, follows it."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.notify import desk as notices_desk
from contracts.notify.editors import by_hand as contracts
from gateway.forms.fields import Fields
from gateway.forms.values import value_of
from gateway.ops.notices import words
from gateway.ops.notices.section import AT
from gateway.ops.staff import by_hand, forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Fact, Preview
from iran.identifiers import as_dialled

BY_HAND_AT = f"{AT}/by-hand"
OF_FORM = ("form_of", "language", "mobile", "email", "address", "why")


@dataclass(frozen=True, slots=True)
class NewMessage:
    """The page of a new message: all forms, and the chosen one with its language."""

    forms: tuple[contracts.HandForm, ...]
    form: contracts.HandForm | None
    language: str


class ByHand:
    """The pages of messages by hand."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def listed(self, request: Request) -> Response:
        """GET /desk/notices/by-hand?before=ID: who sent what, what for, and how it stands."""
        before = request.query_params.get("before", "")[:36] or None
        query = contracts.ListHandMessages(before=before)
        reply = self._pages.ask(request, contracts.HAND_MESSAGES, query)
        return await self._pages.page(request, "by_hand", reply=reply)

    async def new(self, request: Request) -> Response:
        """GET /desk/notices/by-hand/new?form_of=ID&language=fa: choose a template, then fill it."""
        return await self._new(request, NO_SUBMISSION)

    async def _new(self, request: Request, submission: Submission) -> Response:
        view = self._view(request, submission)
        return await self._pages.page(request, "by_hand_new", submission, view=view)

    async def _view(self, request: Request, submission: Submission) -> NewMessage:
        reply = await self._pages.ask(request, contracts.HAND_FORMS, notices_desk.Nothing())
        typed = {name: forms.query_value(request, name) for name in ("form_of", "language")}
        typed |= submission.typed
        form = by_hand.chosen_form(reply.forms, typed["form_of"])
        language = by_hand.language_of(form, typed["language"]) if form else "fa"
        return NewMessage(reply.forms, form, language)

    async def send(self, request: Request) -> Response:
        """POST /desk/notices/by-hand/new: on to the message, whose page says how it stands."""
        values = (await forms.read_form(request)).values
        values["act"] = ["by_hand"]
        fields: Fields = {
            "form": value_of(values, "form_of"),
            "values": by_hand.values_of(values),
            **{name: text for name in OF_FORM[1:] if (text := value_of(values, name).strip())},
        }
        return await self._pages.send(
            request,
            contracts.SEND_BY_HAND,
            self._new,
            lambda reply: f"messages/{reply.id}?done=by_hand",
            values,
            fields,
            self._preview,
        )

    async def _preview(self, request: Request, message: contracts.SendByHand) -> Preview:
        question = contracts.PreviewByHand(
            form=message.form, language=message.language, values=message.values
        )
        preview = await self._pages.ask(request, contracts.PREVIEW_BY_HAND, question)
        receiver = as_dialled(message.mobile or "") or message.email or message.address or ""
        return Preview(
            title="این پیام فرستاده می‌شود",
            button="فرستادن پیام",
            facts=(
                Fact("گیرنده", receiver),
                Fact("راه", words.CHANNELS[preview.channel]),
                *by_hand.facts_of(preview),
                Fact("برای چه", message.why),
            ),
            text=preview.body,
            leaves=("نام شما و دلیل در سابقه می‌ماند؛ پیام پس از فرستادن برنمی‌گردد.",),
        )

    def routes(self) -> list[Route]:
        """The routes of messages by hand."""
        return [
            Route(BY_HAND_AT, self.listed),
            Route(f"{BY_HAND_AT}/new", self.new, methods=["GET"]),
            Route(f"{BY_HAND_AT}/new", self.send, methods=["POST"]),
        ]
