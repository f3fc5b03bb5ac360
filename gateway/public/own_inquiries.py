"""Inquiries of people about their own sources: asked, paid, read."""

import contextlib
import datetime as dt
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.envelope import instant
from bus.errors import (
    BusError,
    Conflict,
    ContractError,
    NotFound,
    RuleBroken,
    Unavailable,
)
from bus.messages.message import to_wire
from bus.messages.values import Json
from contracts.billing.bills import LOOK_UP, QUOTE, Item, Pair, Quote
from contracts.inquiry import own as contracts
from contracts.inquiry.answer import Status
from contracts.inquiry.attestations import ATTEST_OWN, PAPER, AttestOwn
from contracts.inquiry.ratings import RATE_OWN
from gateway.forms.downloads import download_headers
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.papers import pdf
from gateway.public.site import words
from gateway.public.site.access import OWN, CodeProof, keep_open, with_proof
from gateway.public.site.one_press import parse_press
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.services import Services
from gateway.texts.files import DATA

WAIT_SECONDS = 3
SERVICE = "own_inquiry"


class OwnInquiryPages:
    """The pages of own inquiries; a sealed cookie holds code and secret for half an hour."""

    door = OWN

    def __init__(self, services: Services, portal: str) -> None:
        self.services, self._portal = services, portal

    async def page(self, request: Request) -> Response:
        """GET /inquiry: what it is, what it costs today, and the form."""
        return await self._form(request, {}, {})

    async def _form(
        self,
        request: Request,
        typed: dict[str, str],
        faults: dict[str, str],
        status: int = 200,
        form: str = "",
    ) -> Response:
        try:
            items = (Item(service=SERVICE),)
            price = await self.services.ask_kept(request, QUOTE, Quote(items=items))
        except BusError:
            price = None
        return show(
            request,
            "inquiry",
            status,
            typed=typed,
            faults=faults,
            price=price,
            form=form or self.services.acts.new_form(),
        )

    async def ask(self, request: Request) -> Response:
        """POST /inquiry: a form that is sent twice is one inquiry, with one secret."""
        values = await read_fields(request)
        typed = {name: text_of(values, name) for name in ("key", "file_no")}
        form = self.services.acts.form_or_new(text_of(values, "form"))
        if words.choose(request, values):
            typed |= {name: text_of(values, name) for name in ("mobile", "declared")}
            return await self._form(request, typed, {}, form=self.services.acts.seal(form))
        data = {
            "key_kind": text_of(values, "key_kind") or "national_id",
            **{name: value for name, value in typed.items() if value},
            "declared": text_of(values, "declared") == "1",
            "secret": form.secret,
            # Never shown again, like the ID: the next person at this computer must not read it.
            "mobile": text_of(values, "mobile") or None,
            "language": words.language(request),
        }
        try:
            reply = await self.services.ask_fields(request, contracts.ASK_OWN, data, id=form.id)
        except BusError as error:
            # A refusal was answered under this id: a corrected form is sent under another. What was
            # not answered is sent again under its own.
            typed["key"] = ""
            again = self.services.acts.seal(form) if isinstance(error, Unavailable) else ""
            faults = faults_of(request, error)
            return await self._form(request, typed, faults, status_of(error), again)
        response: Response = RedirectResponse("/inquiry/mine?new=1", 303)
        self._open(request, response, CodeProof(reply.code, form.secret))
        return response

    def _open(self, request: Request, response: Response, proof: CodeProof) -> None:
        keep_open(self.services, request, response, OWN, proof)

    @with_proof
    async def mine(self, request: Request, proof: CodeProof) -> Response:
        """GET /inquiry/mine: its state, its bill, and its answer when it is paid."""
        inquiry = await self._read(request, proof)
        response = show(
            request,
            "inquiry_mine",
            inquiry=inquiry,
            secret=proof.secret,
            new=request.query_params.get("new") == "1",
            done=request.query_params.get("done"),
            form=self.services.new_id(),
            explain=partial(explained, words.language(request)),
            now=instant(dt.datetime.now(dt.UTC)),
        )
        if inquiry.state == "CHARGING":
            response.headers["Refresh"] = str(WAIT_SECONDS)
        self._open(request, response, proof)
        return response

    @with_proof
    async def record_pdf(self, request: Request, proof: CodeProof) -> Response:
        """POST /inquiry/mine/record.pdf: code and secret as a paper to keep."""
        if not proof.secret.isdigit():  # opened from one's own matters, by a pass
            return RedirectResponse("/inquiry/mine", 303)
        inquiry, lang = await self._read(request, proof), str(words.language(request))
        shown = {**proof._asdict(), "registered_at": inquiry.asked_at, "unit": {}}
        make = partial(
            pdf.record,
            shown,
            lang,
            company=words.speaker(lang)("brand"),
            portal=self._portal,
            door="/inquiry/mine",
        )
        body = await self.services.paper(request, ["inquiry record", shown, lang], make)
        return Response(body, headers=download_headers("record.pdf"), media_type="application/pdf")

    @with_proof
    async def answer_pdf(self, request: Request, proof: CodeProof) -> Response:
        """GET /inquiry/mine/answer.pdf: the answer as a paper, with all that proves it."""
        inquiry = await self._read(request, proof)
        if inquiry.answer is None:
            raise NotFound("There is no answer yet.", code="http.not_found")
        lang = str(words.language(request))
        company = await self._company(request, inquiry.bill or {})
        signed = await self._signed(request, proof)
        make = partial(
            pdf.answer,
            inquiry.answer,
            lang,
            company=company,
            portal=self._portal,
            explain=partial(explained, lang),
            proof=signed,
        )
        content = ["answer", to_wire(inquiry), lang, company, signed]
        body = await self.services.paper(request, content, make)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": 'inline; filename="answer.pdf"',
        }
        return Response(body, headers=headers, media_type="application/pdf")

    async def _read(self, request: Request, proof: CodeProof) -> contracts.OwnInquiry:
        question = contracts.OwnProof(code=proof.code, secret=proof.secret)
        return await self.services.ask(request, contracts.READ_OWN, question)

    async def _signed(self, request: Request, proof: CodeProof) -> str:
        """What the paper says as a signed text; empty where this installation cannot sign."""
        question = AttestOwn(code=proof.code, secret=proof.secret, fields=PAPER)
        with contextlib.suppress(RuleBroken, Unavailable):
            return (await self.services.ask(request, ATTEST_OWN, question)).sd_jwt
        return ""

    async def _company(self, request: Request, bill: Json) -> Json:
        """The issuer of the bill, with address; without a bill the company's name alone."""
        bill_id, payment_id = bill.get("bill_id"), bill.get("payment_id")
        if bill_id and payment_id:
            question = Pair(bill_id=bill_id, payment_id=payment_id)
            with contextlib.suppress(BusError):
                return dict((await self.services.ask(request, LOOK_UP, question)).issuer)
        return {f"name_{lang}": words.speaker(lang)("brand") for lang in DATA}

    @with_proof
    async def rate(self, request: Request, proof: CodeProof) -> Response:
        """POST /inquiry/mine/rate: the person rates the answer."""
        values = await read_fields(request)
        if text_of(values, "of") not in ("", proof.code):  # another one was opened here since
            return RedirectResponse("/inquiry/mine", 303)
        press = parse_press(text_of(values, "press"))
        score, solved = press or (text_of(values, "score"), text_of(values, "solved"))
        data = {
            **proof._asdict(),
            "score": int(score) if score in "12345" and score else 0,
            "solved": solved == "1",
        }
        try:
            await self.services.ask_fields(request, RATE_OWN, data)
        except (Conflict, ContractError) as error:
            done = "rated" if isinstance(error, Conflict) else "choose"
            return RedirectResponse(f"/inquiry/mine?done={done}", 303)
        return RedirectResponse("/inquiry/mine?done=rated", 303)


def explained(lang: str, status: Status) -> list[str]:
    """Say what a status means and what to do next, why it is not known, and its flags."""
    reason = status.reason_en if lang == "en" else status.reason_fa
    sentences = [
        words.text_if_any(lang, f"means_{status.code}"),
        reason,
        *(words.text_if_any(lang, f"flag_{flag}") for flag in status.flags),
    ]
    return [sentence for sentence in sentences if sentence]


def routes(services: Services, portal: str) -> list[Route]:
    """The routes of own inquiries."""
    own = OwnInquiryPages(services, portal)
    return [
        Route("/inquiry", own.page, methods=["GET"]),
        Route("/inquiry", own.ask, methods=["POST"]),
        Route("/inquiry/mine", own.mine),
        Route("/inquiry/mine/rate", own.rate, methods=["POST"]),
        Route("/inquiry/mine/rate", leads_to("/inquiry/mine"), methods=["GET"]),
        Route("/inquiry/mine/answer.pdf", own.answer_pdf),
        Route("/inquiry/mine/record.pdf", own.record_pdf, methods=["POST"]),
        Route("/inquiry/mine/record.pdf", leads_to("/inquiry/mine"), methods=["GET"]),
    ]
