"""Pages of the portal in the visitor's language, and the texts of their faults."""

import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError, TooMany, Unavailable
from gateway.html import rendering
from gateway.http.origin import own_path
from gateway.public.site import words
from gateway.public.site.facts import BANNER, TELEPHONE
from gateway.public.site.periods import when_of
from gateway.texts.files import FILES, Language

AT_PAGE, IN_PART = Markup(' aria-current="page"'), Markup(' aria-current="true"')
NEITHER = Markup("")
Endpoint = Callable[[Request], Awaitable[Response]]


class Faults(dict[str, str]):
    """What is wrong, by field; empty for a correct field."""

    def __missing__(self, _: str) -> str:
        return ""


def show(
    request: Request,
    template: str,
    status: int = 200,
    *,
    faults: Mapping[str, str] | None = None,
    **values: object,
) -> Response:
    """Show a page of the portal in the visitor's language; no cache keeps it."""
    lang = words.language(request)
    response = rendering.page(
        f"public/{template}.html",
        status,
        lang=lang,
        t=words.speaker(lang),
        none_wrong=Faults(),
        here=own_path(request),
        current=partial(current, own_path(request)),
        others=_other_languages(request, lang),
        banner=BANNER.get(request),
        telephone=TELEPHONE.get(request),
        when=partial(when_of, lang=lang),
        faults=Faults(faults or {}),
        **values,
    )
    response.headers["Cache-Control"] = "no-store"
    if words.chosen(request):
        response.set_cookie(
            words.COOKIE, lang.tag, max_age=365 * 86_400, samesite="lax", httponly=True
        )
    return response


# Pages inside a part that have a link of their own in the navigation.
OF_THEIR_OWN = ("/status/messages",)


def current(here: str, path: str) -> Markup:
    """Return what marks the link to the page that somebody is at, or to the part that it is in."""
    if here == path:
        return AT_PAGE
    if here in OF_THEIR_OWN:
        return NEITHER
    tracked = here.startswith(("/contact/track", "/lost"))
    part = "/contact/track" if tracked else "/" + here.split("/")[1]
    return IN_PART if path == part else NEITHER


class OtherLanguage(NamedTuple):
    """A language that a page can change to: its tag, its own name, the page's address in it."""

    tag: str
    name: str
    href: str


def _other_languages(request: Request, lang: Language) -> list[OtherLanguage]:
    """Return all languages but this one, with the address of this page, its whole query kept."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return [
        OtherLanguage(
            file.tag, file.name, f"{own_path(request)}?{urlencode([*query, ('lang', file.tag)])}"
        )
        for file in FILES.values()
        if file.tag != lang.tag
    ]


def faults_of(request: Request, error: BusError) -> dict[str, str]:
    """Return what is wrong by field, in the visitor's language; general faults under ``""``."""
    lang = words.language(request)
    if isinstance(error, TooMany):
        minutes = math.ceil(int(error.details.get("retry_after", 60)) / 60)
        return {"": words.error_text(lang, error.code, n=minutes)}
    if error.fields:
        return {fault.field: words.fault_text(lang, fault) for fault in error.fields}
    code = "unavailable" if isinstance(error, Unavailable) else error.code
    return {"": words.error_text(lang, code)}


def status_of(error: BusError) -> int:
    """Return the status of a page that shows a refusal beside what was typed."""
    return 503 if isinstance(error, Unavailable) else 429 if isinstance(error, TooMany) else 422


def leads_to(page: str) -> Endpoint:
    """Return a handler that redirects GET of a form's action to the page of the form, for
    visitors who reload it, come back to it or change the language there.
    """

    async def lead(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{page.format(**request.path_params)}{query}", 303)

    return lead
