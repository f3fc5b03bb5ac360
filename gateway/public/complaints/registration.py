"""Registration, one question a page: the answers travel in the form, with sealed files."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError, Unavailable
from bus.messages.values import Json
from contracts.ticketing.citizens import KINDS, REGISTER, FormData
from contracts.ticketing.files import ATTACHMENTS
from contracts.ticketing.public import NEARBY
from gateway.forms.acts import FORM_SECONDS, FormToken
from gateway.forms.multipart import TEXT_FORM, SubmittedForm, read_form
from gateway.forms.values import text_of
from gateway.limits import budgets
from gateway.public.complaints import confirmation
from gateway.public.reports.pages import ReportPages
from gateway.public.reports.places import parse_place
from gateway.public.site import words
from gateway.public.site.access import TICKET, CodeProof, keep_open
from gateway.public.site.pages import faults_of, show, status_of
from gateway.public.site.services import Services
from iran.persian import without_direction_marks
from iran.phrases import personal_numbers

# By what reports like the new one are found, and how many seconds its page waits for them.
LIKE, PATIENCE = ("category", "county", "text", "lat", "long"), 2.0
STEPS = ("kind", "category", "text", "who", "check")
# What is asked on which page; the first page with a fault is shown again.
FIELDS: dict[str, tuple[str, ...]] = {
    "kind": ("kind",),
    "category": ("category", "county", "about_kind", "about_ref"),
    "text": ("text", "address", "place", "attachments", "external_system", "external_code"),
    "who": ("privacy", "name", "mobile", "email", "national_id"),
    "check": ("declared", "public"),
}
FLAGS = ("declared", "public")
# The button that joins a report that is there already, before a code.
TOO = "too:"
# What is asked on other pages stands in as if it were well, so that rules of several fields hold.
STAND_INS = {"kind": "request", "category": "other", "text": "....."}
# Faults of a place are shown where it was written.
PLACE = {"lat": "place", "long": "place"}
TEXTS = tuple(name for names in FIELDS.values() for name in names if name not in FLAGS)


@dataclass
class Draft:
    """The answers so far, as they were typed, and the files that were kept."""

    form: FormToken
    values: dict[str, str]
    claims: list[Mapping[str, object]] = field(default_factory=list)
    # The answers were on the page that checks them: one that is changed leads back there.
    checked: bool = False
    expired: bool = False

    def data(self, lang: str) -> Json:
        """Return the answers as the contract takes them; empty fields are left out."""
        texts: Json = {n: v for n, v in self.values.items() if v and n in TEXTS and n != "place"}
        if (place := parse_place(self.values.get("place", ""))) is not None:
            texts |= place._asdict()
        flags = {name: self.values.get(name) == "1" for name in FLAGS}
        files = [dict(claim) for claim in self.claims]
        return {**texts, **flags, "attachments": files, "channel": "portal", "language": lang}


class Register:
    """The pages of registration."""

    def __init__(self, services: Services) -> None:
        self._services, self._reports = services, ReportPages(services)

    async def begin(self, request: Request) -> Response:
        """GET /contact/new: the first page, with an id that makes the whole one act.

        Unavailable while nobody can take it.
        """
        await self._services.form(request)  # nothing is typed yet: who cannot go on is told so
        kind = request.query_params.get("kind", "")
        draft = Draft(FormToken.new(), {"kind": kind if kind in KINDS else ""})
        return await self._page(request, "kind", draft)

    async def begin_with(self, request: Request, answers: Mapping[str, str]) -> Response:
        """Show the page of the text with answers that are known already: an objection's."""
        draft = Draft(FormToken.new(), {name: answers.get(name, "") for name in (*TEXTS, *FLAGS)})
        return await self._page(request, "text", draft)

    async def go_on(self, request: Request) -> Response:
        """POST /contact/new: judge the page that was filled in, show the next or send."""
        form = await read_form(
            request,
            self._services.blobs_of(request),
            files=ATTACHMENTS,
            fields_limit=TEXT_FORM,
            shrinks=True,
        )
        draft = self._draft(form)
        step, go = text_of(form.values, "step"), text_of(form.values, "go")
        step = step if step in STEPS else "kind"
        draft.checked = step == "check" or text_of(form.values, "checked") == "1"
        if draft.expired:
            faults = {"": words.speaker(words.language(request))("form_expired")}
            return await self._page(request, step, draft, faults, 422)
        if go.startswith(TOO):
            return await self._reports.join(request, go.removeprefix(TOO))
        drop = go.removeprefix("drop:") if go.startswith("drop:") else ""
        draft.claims = [claim for claim in draft.claims if claim["sha256"] != drop]
        if words.choose(request, form.values) or drop or go in STEPS:
            return await self._page(request, go if go in STEPS else step, draft)
        faults = self._faults(request, step, draft, form.problems)
        faults |= words.refused_files(words.language(request), form.refused)
        if faults:
            status = budgets.status_of(form.problems) or 422
            return await self._page(request, step, draft, faults, status)
        if step != "check":
            return await self._page(request, await self._next(request, step, draft), draft)
        return await self._send(request, draft)

    async def _next(self, request: Request, step: str, draft: Draft) -> str:
        """Return the step after a correct one: the next, or the final check if that was reached
        before and all other answers are still correct.
        """
        if not draft.checked:
            return STEPS[STEPS.index(step) + 1]
        if step == "kind" and not await self._category_fits(request, draft):
            return "category"
        rest = STEPS[STEPS.index(step) + 1 : -1]
        return next((name for name in rest if self._faults(request, name, draft, [])), "check")

    async def _category_fits(self, request: Request, draft: Draft) -> bool:
        """Return True if the category takes tickets of this kind."""
        try:
            categories = (await self._services.form(request)).categories
        except Unavailable:
            return True
        kind, code = draft.values["kind"], draft.values["category"]
        return any(c["code"] == code and kind in c["kinds"] for c in categories)

    def _draft(self, form: SubmittedForm) -> Draft:
        """Return the answers so far, on a fresh form if theirs is foreign or a day old."""
        own = self._services.acts.form(text_of(form.values, "form"))
        opened = [
            self._services.seals.open(text, FORM_SECONDS) for text in form.values.get("claim", [])
        ]
        claims: list[Mapping[str, object]] = [claim for claim in opened if claim is not None]
        for new in form.claims:
            if len(claims) < ATTACHMENTS:
                claims.append(new.attachment())
            else:
                form.problems.append(FieldError("files", "attachment.too_many", ""))
        # As the contract will take them: what is checked is what is kept.
        values = {
            name: without_direction_marks(text_of(form.values, name)) for name in (*TEXTS, *FLAGS)
        }
        return Draft(own or FormToken.new(), values, claims, expired=own is None)

    def _faults(
        self, request: Request, step: str, draft: Draft, problems: list[FieldError]
    ) -> dict[str, str]:
        """Return the faults of the page that was filled in, judged by the contract."""
        yet_to_come = {name: text for name, text in STAND_INS.items() if name not in FIELDS[step]}
        data: Json = yet_to_come | draft.data("fa") | {"secret": "0" * 20}
        if step != "check":
            data["declared"] = True
        lang = words.language(request)
        faults = {p.field: words.fault_text(lang, p) for p in problems}
        try:
            REGISTER.load_data(data)
        except ContractError as error:
            wrong = faults_of(request, error)
            faults |= {name: text for name, text in wrong.items() if name in FIELDS[step]}
        place = draft.values.get("place", "")
        if step == "text" and place and parse_place(place) is None:
            faults["place"] = words.error_text(lang, "place.unread")
        return faults

    async def _send(self, request: Request, draft: Draft) -> Response:
        lang = words.language(request)
        try:
            reply = await self._services.register(request, draft.data(lang), *draft.form)
        except Unavailable:
            faults = {"": words.speaker(lang)("not_now")}
            return await self._page(request, "check", draft, faults, 503)
        except BusError as error:
            # The refusal was answered under this id: a corrected form is sent under another.
            draft.form = FormToken.new()
            faults = {
                PLACE.get(name, name): text for name, text in faults_of(request, error).items()
            }
            step = next((s for s in STEPS for f in FIELDS[s] if f in faults), "check")
            return await self._page(request, step, draft, faults, status_of(error))
        response = confirmation.lead_there(self._services, request, reply, draft.form.secret)
        keep_open(
            self._services, request, response, TICKET, CodeProof(reply.code, draft.form.secret)
        )
        return response

    async def _page(
        self,
        request: Request,
        step: str,
        draft: Draft,
        faults: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        try:
            form = await self._services.form(request)
        except Unavailable:
            # Nothing that was typed is lost: it goes on with the page that needs no answer.
            form = FormData(categories=(), counties=(), units=(), hours_fa="", hours_en="")
            step, status = "check", 503
            faults = {"": words.speaker(words.language(request))("not_now")}
        nearby = await self._nearby(request, draft) if step == "check" and not faults else ()
        response = show(
            request,
            f"new_{step}",
            status,
            draft=draft,
            form_seal=self._services.acts.seal(draft.form),
            claims=[(c, self._services.seals.seal(c)) for c in draft.claims],
            form=form,
            faults=faults or {},
            step=step,
            steps=STEPS,
            nearby=nearby,
            numbers=_numbers(draft) if step == "check" else [],
            carried=[name for name in (*TEXTS, *FLAGS) if name not in FIELDS[step]],
        )
        # With no-store the browser's own way back would end at an error page.
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    async def _nearby(self, request: Request, draft: Draft) -> Sequence[Json]:
        """Return public reports that may say the same; none if nobody answers at once."""
        data = draft.data("fa")
        fields = {name: data[name] for name in LIKE if name in data}
        try:
            async with asyncio.timeout(PATIENCE):
                return (await self._services.ask_fields(request, NEARBY, fields)).tickets
        except (BusError, TimeoutError):
            return ()


def _numbers(draft: Draft) -> list[str]:
    """What is hidden from everybody if the report becomes public; see ticketing's public words."""
    return personal_numbers("\n".join(draft.values.get(name, "") for name in ("text", "address")))


def routes(services: Services) -> list[Route]:
    """Return the routes of registration."""
    register = Register(services)
    return [
        Route("/contact/new", register.begin, methods=["GET"]),
        Route("/contact/new", register.go_on, methods=["POST"]),
    ]
