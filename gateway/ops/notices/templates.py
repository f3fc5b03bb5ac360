"""Templates: written by one editor, seen as their receiver will see them, approved by another."""

import asyncio
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from contracts.notify import desk as contracts
from contracts.notify.messages import LANGUAGES, DraftTemplate, MessagePreview
from contracts.notify.messages import Texts as Text
from gateway.forms.fields import whole_or_none
from gateway.forms.values import typed_of
from gateway.ops.notices import words
from gateway.ops.notices.previews import Previews
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Preview

ACTS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE_VERSION,
    "withdraw": contracts.WITHDRAW_VERSION,
    "archive": contracts.ARCHIVE_FORM,
}
# The fields of a template that its form has beside the texts.
OF_FORM = ("code", "channel", "name", "lane", "consent")
VALUE = "value-"
# An e-mail stands in a frame: it has styles of its own and can neither run nor fetch anything.
FRAME = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; "
    "frame-ancestors 'self'",
    "Cache-Control": "no-store",
}
WITH_FRAMES = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# A placeholder where the address of a link stands, and an address to look at such a text with.
LINKED = re.compile(r"\]\(\(\(([^()?]{1,64})\)\)")
EXAMPLE = "https://example.ir/"
# The texts of a version, by language.
Texts = Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class VersionPreview:
    """A version in one language as its receiver sees it; ``refusal`` says why it cannot be filled
    in, and is empty where there is a message.
    """

    language: str
    message: MessagePreview | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A text that two versions have differently: its pieces, each ``same``, ``gone`` or ``new``."""

    language: str
    part: str
    pieces: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A form, the version to judge with values for its placeholders, how it looks, how it differs
    from the version in force, and whether brackets of a placeholder seem to be missing.
    """

    form: contracts.FormVersions
    version: contracts.Version
    values: Mapping[str, str]
    previews: list[VersionPreview]
    differences: list[Difference]
    unclosed: bool


class Templates:
    """The pages of templates."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    async def listed(self, request: Request) -> Response:
        """GET /desk/notices/templates: all owners' forms; ?drafts=1 those that wait."""
        owner = forms.query_value(request, "owner")[:64] or None
        query = contracts.ListForms(owner=owner, drafts=forms.query_value(request, "drafts") == "1")
        reply = self._pages.ask(request, contracts.FORMS, query)
        return await self._pages.page(
            request,
            "templates",
            reply=reply,
            query=resolved(query),
            owners=self._pages.agency_codes(request),
        )

    # --- one form ---

    async def form(self, request: Request) -> Response:
        """GET /desk/notices/templates/{id}?version=3: the newest version if none is told."""
        return await self._form(request, NO_SUBMISSION)

    async def try_values(self, request: Request) -> Response:
        """POST /desk/notices/templates/{id}/values: the same page with values of one's own."""
        values = (await forms.read_form(request)).values
        return await self._form(request, Submission("values", typed_of(values)))

    async def _form(self, request: Request, submission: Submission) -> Response:
        response = await self._pages.page(
            request, "template", submission, view=self._view(request, submission.typed)
        )
        response.headers["Content-Security-Policy"] = WITH_FRAMES
        return response

    async def _read(self, request: Request, id_: str) -> contracts.FormVersions:
        return await self._pages.ask(request, contracts.READ_FORM, contracts.OneForm(id=id_))

    async def _view(self, request: Request, typed: Mapping[str, str]) -> TemplateView:
        form = await self._read(request, request.path_params["id"])
        number = typed.get("version") or request.query_params.get("version", "")
        version = _version(form, whole_or_none(number) or form.version)
        values = {name: typed.get(VALUE + name, value) for name, value in samples(version).items()}
        previews = await asyncio.gather(
            *(
                self._preview(request, form.id, version.version, language, values)
                for language in LANGUAGES
                if language in version.texts
            )
        )
        in_force = next((v for v in form.versions if v.version == form.in_force), version)
        return TemplateView(
            form,
            version,
            values,
            previews,
            differences(in_force.texts, version.texts),
            any(text.body.count("((") != text.body.count("))") for text in version.texts.values()),
        )

    async def _preview(
        self, request: Request, id_: str, version: int, language: str, values: Mapping[str, str]
    ) -> VersionPreview:
        message = contracts.PreviewVersion(
            id=id_, version=version, language=language, personalisation=values
        )
        try:
            preview = await self._pages.ask(request, contracts.PREVIEW_VERSION, message)
        except BusError as error:
            if error.kind == "Unavailable":
                raise
            return VersionPreview(language, refusal=words.sentence(error))
        return VersionPreview(language, preview)

    async def frame(self, request: Request) -> Response:
        """GET /desk/notices/templates/{id}/versions/{version}/{language}: an e-mail alone."""
        params = request.path_params
        form = await self._read(request, params["id"])
        version = _version(form, params["version"])
        values = samples(version)
        preview = await self._preview(request, form.id, version.version, params["language"], values)
        html = preview.message.html if preview.message else None
        if not html:
            raise NotFound("This has no HTML.", code="http.not_found")
        return Response(html, headers=FRAME, media_type="text/html; charset=utf-8")

    async def move(self, request: Request) -> Response:
        """POST /desk/notices/templates/{id}/{act}: approve, withdraw, archive."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"templates/{id_}?done={name}"

        async def preview(request: Request, message: contracts.OneForm) -> Preview:
            return await self._previews.version(request, name, message)

        return await self._pages.act(request, ACTS[name], self._form, back, preview=preview, id=id_)

    # --- a new one ---

    async def new(self, request: Request) -> Response:
        """GET /desk/notices/templates/new?like=ID: filled with the newest version of that form."""
        like = request.query_params.get("like", "")
        typed: dict[str, str] = {}
        if like:
            form = await self._read(request, like[:36])
            typed = {name: getattr(form, name) for name in OF_FORM}
            typed["unsubscribe"] = "1" if form.versions[0].unsubscribe else ""
            for language, text in form.versions[0].texts.items():
                typed |= {f"{language}-subject": text.subject or "", f"{language}-body": text.body}
        return await self._new(request, Submission("draft", typed))

    async def _new(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "template_new", submission)

    async def draft(self, request: Request) -> Response:
        """POST /desk/notices/templates/new: on to the draft."""
        values = (await forms.read_form(request)).values
        typed = {**typed_of(values), "act": "draft"}
        draft = DraftTemplate(
            **{name: typed.get(name, "") for name in OF_FORM},
            texts=texts_of(typed),
            unsubscribe=typed.get("unsubscribe") == "1",
        )
        try:
            form = await self._pages.ask(
                request, contracts.DRAFT_FORM, draft, form=typed.get("form") or None
            )
        except BusError as error:
            return await self._pages.refused(request, self._new, typed, error)
        return RedirectResponse(f"{AT}/templates/{form.id}?done=draft", 303)

    def routes(self) -> list[Route]:
        """The routes of templates."""
        at = f"{AT}/templates"
        return [
            Route(at, self.listed),
            Route(f"{at}/new", self.new, methods=["GET"]),
            Route(f"{at}/new", self.draft, methods=["POST"]),
            Route(f"{at}/{{id}}", self.form),
            Route(f"{at}/{{id}}/values", self.try_values, methods=["POST"]),
            Route(f"{at}/{{id}}/versions/{{version:int}}/{{language}}", self.frame),
            Route(f"{at}/{{id}}/{{act}}", self.move, methods=["POST"]),
        ]


def _version(form: contracts.FormVersions, number: int) -> contracts.Version:
    """That version of a form. NotFound ``template.not_found``."""
    for version in form.versions:
        if version.version == number:
            return version
    raise NotFound("The template has no such version.", code="template.not_found")


def samples(version: contracts.Version) -> dict[str, str]:
    """What each placeholder is looked at with: its name, or an address where it is a link's."""
    links = {name.strip() for text in version.texts.values() for name in LINKED.findall(text.body)}
    return {name: EXAMPLE if name in links else f"«{name}»" for name in version.placeholders}


def texts_of(typed: Mapping[str, str]) -> Texts:
    """The texts by language that a form says; a language with nothing written is left out."""
    texts = {}
    for language in LANGUAGES:
        subject, body = (
            typed.get(f"{language}-{part}", "").strip() for part in ("subject", "body")
        )
        if subject or body:
            texts[language] = Text(subject=subject or None, body=body)
    return texts


def differences(before: Texts, after: Texts) -> list[Difference]:
    """The subjects and bodies that differ between two versions."""
    differing = []
    for language in LANGUAGES:
        for part in ("subject", "body"):
            old, new = (_part(texts, language, part) for texts in (before, after))
            if old != new:
                differing.append(Difference(language, part, pieces(old, new)))
    return differing


def _part(texts: Texts, language: str, part: str) -> str:
    """The subject or body in a language; empty where there is none."""
    return getattr(texts.get(language), part, None) or ""


def pieces(was: str, now: str) -> list[tuple[str, str]]:
    """What stayed, went and came between two texts, word by word.

    >>> pieces("آب قطع است", "آب وصل است")
    [('same', 'آب '), ('gone', 'قطع'), ('new', 'وصل'), ('same', ' است')]
    """
    old, new = (re.findall(r"\s+|\S+", text) for text in (was, now))
    parts = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(("same", "".join(old[a:b])))
            continue
        parts += [("gone", "".join(old[a:b]))] * (b > a) + [("new", "".join(new[c:d]))] * (d > c)
    return parts
