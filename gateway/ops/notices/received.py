"""Texts (SMS) that came in on our own lines and that no rule could file; names of senders."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.notify import received as contracts
from contracts.notify import senders as of_senders
from gateway.forms.fields import parse_form
from gateway.forms.values import text_of
from gateway.ops.notices import words
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Fact, Preview
from iran.persian import ungrouped_code

MOST = 50


class Received:
    """The page of texts; whoever opens it has looked, and that is written down."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/notices/texts: the oldest that wait."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        wanted = contracts.ListOpenTexts(limit=MOST)
        reply = self._pages.ask(request, contracts.OPEN_TEXTS, wanted)
        return await self._pages.page(request, "texts", submission, reply=reply)

    async def settle(self, request: Request) -> Response:
        """POST /desk/notices/texts: the ticket of a text, or that nothing is to be done."""
        return await self._pages.act(
            request, contracts.SETTLE_TEXT, self._show, "texts?done=settle_text"
        )

    def routes(self) -> list[Route]:
        """The routes of texts."""
        return [
            Route(f"{AT}/texts", self.page, methods=["GET"]),
            Route(f"{AT}/texts", self.settle, methods=["POST"]),
        ]


class Senders:
    """The page of names under which agencies write: proposed by one, approved by another."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/notices/senders: all that were not withdrawn, and a form for a new one."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, of_senders.SENDERS, of_senders.ListSenders())
        codes = self._pages.agency_codes(request)
        return await self._pages.page(request, "senders", submission, reply=reply, codes=codes)

    async def propose(self, request: Request) -> Response:
        """POST /desk/notices/senders: one more, which another editor approves; a line in digits of
        any kind, with blanks or without.
        """
        contract, values = of_senders.PROPOSE_SENDER, (await forms.read_form(request)).values
        fields = parse_form(contract, values)
        if text_of(values, "channel") == "sms":
            fields |= {"text": ungrouped_code(text_of(values, "text"))}
        target = "senders?done=propose_sender"
        return await self._pages.send(request, contract, self._show, target, values, fields)

    async def approve(self, request: Request) -> Response:
        """POST /desk/notices/senders/{id}/approve"""
        return await self._pages.act(
            request,
            of_senders.APPROVE_SENDER,
            self._show,
            "senders?done=approve_sender",
            id=request.path_params["id"],
        )

    async def withdraw(self, request: Request) -> Response:
        """POST /desk/notices/senders/{id}/withdraw: after a look at what ends."""
        return await self._pages.act(
            request,
            of_senders.WITHDRAW_SENDER,
            self._show,
            "senders?done=withdraw_sender",
            preview=self._preview,
            id=request.path_params["id"],
        )

    async def _preview(self, request: Request, message: of_senders.OneSender) -> Preview:
        """Two colleagues are needed to have it back; NotFound if it is gone already."""
        reply = await self._pages.ask(request, of_senders.SENDERS, of_senders.ListSenders())
        for sender in reply.senders:
            if sender.id == message.id:
                own = self._pages.is_own(request, sender.proposed_by)
                refused = sender.state == "PROPOSED" and not own
                return Preview(
                    title=f"این فرستنده {'پذیرفته نمی‌شود' if refused else 'پس گرفته می‌شود'}",
                    button=f"{'نپذیرفتن' if refused else 'پس گرفتن'} فرستنده",
                    facts=(
                        Fact("دستگاه", (await self._pages.agency(request))(sender.owner)),
                        Fact("راه", words.CHANNELS[sender.channel]),
                        Fact("فرستنده", sender.text),
                    ),
                    leaves=(
                        "پیام تازه‌ای از این فرستنده پذیرفته نمی‌شود.",
                        "برای بازگرداندن، یک همکار پیشنهاد و همکار دیگری تأیید می‌کند.",
                    ),
                    danger=True,
                    again=False,
                    asks_why=not own,
                )
        raise NotFound("There is no such sender.", code="sender.not_found")

    def routes(self) -> list[Route]:
        """The routes of senders."""
        return [
            Route(f"{AT}/senders", self.page, methods=["GET"]),
            Route(f"{AT}/senders", self.propose, methods=["POST"]),
            Route(f"{AT}/senders/{{id}}/approve", self.approve, methods=["POST"]),
            Route(f"{AT}/senders/{{id}}/withdraw", self.withdraw, methods=["POST"]),
        ]
