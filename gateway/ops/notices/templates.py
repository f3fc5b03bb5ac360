"""Templates: written by one editor, seen as their receiver will see them, approved by another."""

import asyncio
import difflib
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts import Request as Asked
from contracts.notify import desk as contracts
from contracts.notify.messages import LANGUAGES
from gateway.forms.values import value_of
from gateway.ops.notices import words
from gateway.ops.notices.looks import Looks
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Preview

ACTS: dict[str, Asked] = {
    "approve": contracts.APPROVE_VERSION,
    "withdraw": contracts.WITHDRAW_VERSION,
    "archive": contracts.ARCHIVE_FORM,
}
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


class Templates:
    """The pages of templates."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._looks = pages, Looks(pages)

    async def listed(self, request: Request) -> Response:
        """GET /desk/notices/templates: all owners' forms; ?drafts=1 those that wait."""
        owner = forms.query_value(request, "owner")[:64] or None
        filters: dict[str, Any] = {
            "owner": owner,
            "drafts": forms.query_value(request, "drafts") == "1",
        }
        return await self._pages.page(
            request,
            "templates",
            told=self._pages.ask(request, contracts.FORMS, **filters),
            asked=resolved(filters),
        )

    # --- one form ---

    async def form(self, request: Request) -> Response:
        """GET /desk/notices/templates/{id}?version=3: the newest version if none is told."""
        return await self._form(request, NO_SUBMISSION)

    async def try_values(self, request: Request) -> Response:
        """POST /desk/notices/templates/{id}/values: the same page with values of one's own."""
        values = (await forms.read_form(request)).values
        return await self._form(
            request, Submission("values", {n: value_of(values, n) for n in values})
        )

    async def _form(self, request: Request, submission: Submission) -> Response:
        response = await self._pages.page(
            request, "template", submission, told=self._read(request, submission.typed)
        )
        response.headers["Content-Security-Policy"] = WITH_FRAMES
        return response

    async def _read(self, request: Request, typed: Mapping[str, str]) -> dict[str, Any]:
        """The form, the version to judge, how it looks, and what it changes of what is in force."""
        form = await self._pages.ask(request, contracts.READ_FORM, id=request.path_params["id"])
        number = typed.get("version") or request.query_params.get("version", "")
        version = _version(form, int(number) if number.isdecimal() else form["version"])
        values = {name: typed.get(VALUE + name, f"«{name}»") for name in version["placeholders"]}
        looks = await asyncio.gather(
            *(
                self._preview(request, form["id"], version["version"], language, values)
                for language in LANGUAGES
                if language in version["texts"]
            )
        )
        before = next((v for v in form["versions"] if v["version"] == form["in_force"]), None)
        same = before is None or before["version"] == version["version"]
        return {
            "form": form,
            "version": version,
            "values": values,
            "looks": looks,
            "changes": [] if same or before is None else changes(before["texts"], version["texts"]),
        }

    async def _preview(
        self, request: Request, id_: str, version: int, language: str, values: dict[str, str]
    ) -> dict[str, Any]:
        """A version as its receiver sees it; ``refused`` says why it cannot be filled in."""
        try:
            preview = await self._pages.ask(
                request,
                contracts.PREVIEW_VERSION,
                id=id_,
                version=version,
                language=language,
                personalisation=values,
            )
        except BusError as error:
            if error.kind == "Unavailable":
                raise
            return {"language": language, "refused": words.sentence(error)}
        return {**preview, "language": language, "refused": ""}

    async def frame(self, request: Request) -> Response:
        """GET /desk/notices/templates/{id}/versions/{version}/{language}: an e-mail alone."""
        params = request.path_params
        form = await self._pages.ask(request, contracts.READ_FORM, id=params["id"])
        version = _version(form, params["version"])
        preview = await self._preview(
            request,
            params["id"],
            params["version"],
            params["language"],
            {name: f"«{name}»" for name in version["placeholders"]},
        )
        if not preview.get("html"):
            raise NotFound("This has no HTML.", code="http.not_found")
        return Response(preview["html"], headers=FRAME, media_type="text/html; charset=utf-8")

    async def move(self, request: Request) -> Response:
        """POST /desk/notices/templates/{id}/{act}: approve, withdraw, archive."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"templates/{id_}?done={name}"

        async def preview(request: Request, data: Mapping[str, Any]) -> Preview:
            return await self._looks.version(request, name, id_, data)

        return await self._pages.act(request, ACTS[name], self._form, back, preview=preview, id=id_)

    # --- a new one ---

    async def new(self, request: Request) -> Response:
        """GET /desk/notices/templates/new?like=ID: filled with the newest version of that form."""
        like = request.query_params.get("like", "")
        typed: dict[str, str] = {}
        if like:
            form = await self._pages.ask(request, contracts.READ_FORM, id=like[:36])
            typed = {n: form[n] for n in ("code", "channel", "name", "lane", "consent")}
            for language, text in form["versions"][0]["texts"].items():
                typed |= {f"{language}-{part}": text[part] or "" for part in ("subject", "body")}
        return await self._new(request, Submission("draft", typed))

    async def _new(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "template_new", submission)

    async def draft(self, request: Request) -> Response:
        """POST /desk/notices/templates/new: on to the draft."""
        values = (await forms.read_form(request)).values
        typed = {**{name: value_of(values, name) for name in values}, "act": "draft"}
        data: dict[str, Any] = {
            name: typed.get(name, "") for name in ("code", "channel", "name", "lane", "consent")
        }
        data["texts"] = texts_of(typed)
        try:
            form = await self._pages.ask(
                request, contracts.DRAFT_FORM, form=typed.get("form") or None, **data
            )
        except BusError as error:
            return await self._pages.refused(request, self._new, typed, error)
        return RedirectResponse(f"{AT}/templates/{form['id']}?done=draft", 303)

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


def _version(form: Mapping[str, Any], number: int) -> dict[str, Any]:
    """That version of a form. NotFound ``template.not_found``."""
    for version in form["versions"]:
        if version["version"] == number:
            version_: dict[str, Any] = version
            return version_
    raise NotFound("The template has no such version.", code="template.not_found")


def texts_of(typed: Mapping[str, str]) -> dict[str, dict[str, str | None]]:
    """The texts by language that a form says; a language with nothing written is left out."""
    texts: dict[str, dict[str, str | None]] = {}
    for language in LANGUAGES:
        subject, body = (
            typed.get(f"{language}-{part}", "").strip() for part in ("subject", "body")
        )
        if subject or body:
            texts[language] = {"subject": subject or None, "body": body}
    return texts


def changes(
    before: Mapping[str, Mapping[str, str | None]], after: Mapping[str, Mapping[str, str | None]]
) -> list[dict[str, Any]]:
    """For each language and part that differs: its pieces, each ``same``, ``gone`` or ``new``."""
    differences = []
    for language in LANGUAGES:
        for part in ("subject", "body"):
            was = before.get(language, {}).get(part) or ""
            now = after.get(language, {}).get(part) or ""
            if was != now:
                differences.append({"language": language, "part": part, "pieces": pieces(was, now)})
    return differences


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
