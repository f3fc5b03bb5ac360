"""Limits of senders and days of keeping: proposed by one editor, approved by another."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.notify.usage import limits as contracts
from gateway.forms.fields import Fields, parse_day, parse_form
from gateway.forms.values import text_of
from gateway.html import message_figures
from gateway.html.formats import day
from gateway.ops.notices import words
from gateway.ops.notices.section import AT
from gateway.ops.notices.usage import rule_words
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview


class Rules:
    """The page of rules of senders."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/notices/rules"""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.SENDER_RULES, contracts.ListSenderRules())
        codes = self._pages.agency_codes(request)
        return await self._pages.page(
            request,
            "rules",
            submission,
            reply=reply,
            codes=codes,
            rw=resolved(rule_words),
            today=resolved(message_figures.today().isoformat()),
        )

    async def propose(self, request: Request) -> Response:
        """POST /desk/notices/rules: one more, which another editor approves."""
        contract, values = contracts.PROPOSE_SENDER_RULE, (await forms.read_form(request)).values
        fields: Fields = parse_form(contract, values)
        fields |= {"from_day": parse_day(text_of(values, "from_day"))}
        target = "rules?done=propose_sender_rule"
        return await self._pages.send(request, contract, self._show, target, values, fields)

    async def approve(self, request: Request) -> Response:
        """POST /desk/notices/rules/{id}/approve: after a look at what will count."""
        return await self._pages.act(
            request,
            contracts.APPROVE_SENDER_RULE,
            self._show,
            "rules?done=approve_sender_rule",
            preview=self._approved,
            id=request.path_params["id"],
        )

    async def withdraw(self, request: Request) -> Response:
        """POST /desk/notices/rules/{id}/withdraw"""
        return await self._pages.act(
            request,
            contracts.WITHDRAW_SENDER_RULE,
            self._show,
            "rules?done=withdraw_sender_rule",
            preview=self._withdrawn,
            id=request.path_params["id"],
        )

    async def _approved(self, request: Request, message: contracts.OneSenderRule) -> Preview:
        rule = await self._rule(request, message.id)
        return Preview(
            title="این قاعده برقرار می‌شود",
            button="تأیید قاعده",
            facts=await self._facts(request, rule),
            leaves=(rule_words.EFFECTS[rule.rule],),
            danger=rule.rule == "keep_days",
        )

    async def _withdrawn(self, request: Request, message: contracts.WithdrawSenderRule) -> Preview:
        rule = await self._rule(request, message.id)
        own = self._pages.is_own(request, rule.proposed_by)
        return Preview(
            title="این قاعده برداشته می‌شود",
            button="برداشتن قاعده",
            facts=await self._facts(request, rule),
            leaves=("برای بازگرداندن، یک همکار پیشنهاد و همکار دیگری تأیید می‌کند.",),
            danger=True,
            again=False,
            asks_why=not own,
        )

    async def _rule(self, request: Request, id_: str) -> contracts.SenderRule:
        """The rule; NotFound if it is gone already."""
        question = contracts.ListSenderRules()
        reply = await self._pages.ask(request, contracts.SENDER_RULES, question)
        rule = next((rule for rule in reply.rules if rule.id == id_), None)
        if rule is None:
            raise NotFound("There is no such rule.", code="sender_rule.not_found")
        return rule

    async def _facts(self, request: Request, rule: contracts.SenderRule) -> tuple[Fact, ...]:
        return (
            Fact("دستگاه", (await self._pages.agency(request))(rule.owner)),
            Fact("راه", words.CHANNELS[rule.channel]),
            Fact("قاعده", rule_words.RULES[rule.rule]),
            Fact("مقدار", rule_words.NONE if rule.value is None else str(rule.value)),
            Fact("از روز", day(rule.from_day)),
            Fact("دلیل", rule.reason),
        )

    def routes(self) -> list[Route]:
        """The routes of rules."""
        return [
            Route(f"{AT}/rules", self.page, methods=["GET"]),
            Route(f"{AT}/rules", self.propose, methods=["POST"]),
            Route(f"{AT}/rules/{{id}}/approve", self.approve, methods=["POST"]),
            Route(f"{AT}/rules/{{id}}/withdraw", self.withdraw, methods=["POST"]),
        ]
