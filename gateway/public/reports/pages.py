"""The pages of public reports: list and map, feeds, one report, and «me too»."""

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound, RuleBroken
from bus.messages.values import Json
from contracts.ticketing import public as contracts
from gateway.forms.fields import page_number
from gateway.http.origin import Handler, for_every_site
from gateway.public.reports import feeds, maps
from gateway.public.reports.feeds import Feed
from gateway.public.site import words
from gateway.public.site.pages import leads_to, show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services
from gateway.texts.files import FIRST, Language, translated
from people import tracking

ON_A_PAGE, IN_FEEDS = 20, 50
# Programs that poll may keep what they have for so long.
FEED_CACHE = "public, max-age=60"
FORMS: dict[str, tuple[Callable[[Feed], bytes], str]] = {
    "atom": (feeds.atom, "application/atom+xml; charset=utf-8"),
    "json": (feeds.json_feed, "application/feed+json; charset=utf-8"),
}
STATES = ("open", "closed")
# A browser that said «me too» is known by a random number, for a year; nobody else reads it.
BROWSER, BROWSER_SECONDS = "mirab_browser", 365 * 86_400


class Filters(NamedTuple):
    """What somebody wants to see of the list; empty for all."""

    category: str
    county: str
    state: str

    @classmethod
    def of(cls, request: Request) -> "Filters":
        """Read the filters of an address; a state that there is not is none."""
        values = request.query_params
        state = values.get("state", "")
        return cls(
            values.get("category", "")[:40],
            values.get("county", "")[:40],
            state if state in STATES else "",
        )

    def query(self) -> dict[str, str]:
        """The filters that are set, for addresses."""
        return {name: value for name, value in self._asdict().items() if value}

    def question(self, page: int, page_size: int) -> contracts.ListPublic:
        """What to ask for a page of the list."""
        return contracts.ListPublic(
            categories=(self.category,) if self.category else None,
            counties=(self.county,) if self.county else None,
            states=(self.state,) if self.state else None,
            page=page,
            page_size=page_size,
        )


class ReportPages:
    """The handlers; whoever reads them has no account."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def reports(self, request: Request) -> Response:
        """GET /reports?category=&county=&state=&page=: the newest first, and where they are."""
        filters, page = Filters.of(request), page_number(request)
        lang = words.language(request)
        form = await self._services.form(request)
        categories, counties = (
            {c["code"] for c in form.categories},
            {c["code"] for c in form.counties},
        )
        filters = filters._replace(
            category=filters.category if filters.category in categories else "",
            county=filters.county if filters.county in counties else "",
        )
        where = contracts.AskMap(category=filters.category or None, state=filters.state or None)
        listed, reply = await asyncio.gather(
            self._services.ask(request, contracts.LIST_PUBLIC, filters.question(page, ON_A_PAGE)),
            self._services.ask_kept(request, contracts.PUBLIC_MAP, where),
        )
        query = filters.query()
        others = {name: value for name, value in query.items() if name != "county"}
        return show(
            request,
            "reports",
            rows=listed.tickets,
            page=page,
            more=len(listed.tickets) == ON_A_PAGE,
            filters=filters,
            query=query,
            form=form,
            reply=reply,
            feeds={made: feeds.address(made, query, lang) for made in FORMS},
            map=maps.draw(reply, others, lang, words.speaker(lang)("map_title")),
        )

    async def report(self, request: Request) -> Response:
        """GET /reports/{code}: one of them."""
        did = request.query_params.get("did", "")
        row = await self._row(request)
        return show(request, "report", row=row, did=did if did in ("too", "again") else "")

    async def _row(self, request: Request) -> Json:
        """Return the public report of an address. NotFound ``http.not_found``."""
        question = contracts.ListPublic(codes=(_code(request.path_params["code"]),))
        rows = (await self._services.ask(request, contracts.LIST_PUBLIC, question)).tickets
        if not rows:
            raise _not_found()
        return rows[0]

    async def me_too(self, request: Request) -> Response:
        """POST /reports/{code}/too: the visitor has the same trouble; a repeat counts nothing."""
        return await self.join(request, request.path_params["code"])

    async def join(self, request: Request, written: str) -> Response:
        """Count the visitor's browser for a report, and lead to the report."""
        code = _code(written)
        kept = self._services.cookies.open(request.cookies.get(BROWSER, ""), BROWSER_SECONDS)
        browser = str((kept or {}).get("browser", "")) or str(uuid.uuid4())
        question = contracts.MeToo(
            code=code, supporter=self._services.acts.supporter(browser, code)
        )
        try:
            reply = await self._services.ask(request, contracts.ME_TOO, question)
        except (NotFound, RuleBroken):
            return RedirectResponse(f"/reports/{code}", 303)
        response = RedirectResponse(
            f"/reports/{code}?did={'too' if reply.counted else 'again'}", 303
        )
        response.set_cookie(
            BROWSER,
            self._services.cookies.seal({"browser": browser}),
            max_age=BROWSER_SECONDS,
            path="/",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response


class ReportFeeds:
    """The list as feeds; ``portal`` has no slash at its end."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    def handler(self, made: str) -> Handler:
        """Return the handler of the newest reports in one form."""
        return partial(self._feed, made=made)

    async def _feed(self, request: Request, made: str) -> Response:
        """GET /reports.{atom,json}?category=&county=&state=&lang=: the newest of the list.

        NotFound ``http.not_found`` for a filter that there is not, or no more: who subscribed to
        one subject must not get all of them one day.
        """
        write, kind = FORMS[made]
        filters, form = Filters.of(request), await self._services.form(request)
        lang = Language(words.chosen(request) or FIRST)
        names = {
            "category": {c["code"]: translated(c[lang], lang) for c in form.categories},
            "county": {c["code"]: translated(c[lang], lang) for c in form.counties},
            "state": {state: words.speaker(lang)(f"reports_{state}") for state in STATES},
        }
        typed = {name: request.query_params.get(name, "") for name in names}
        if any(code and code not in names[name] for name, code in typed.items()):
            raise NotFound("There is no such feed of reports.", code="http.not_found")
        question = filters.question(1, IN_FEEDS)
        rows = (await self._services.ask(request, contracts.LIST_PUBLIC, question)).tickets
        chosen = [names[name][code] for name, code in typed.items() if code]
        return Response(
            write(Feed(self._portal, lang, filters.query(), chosen, rows)), media_type=kind
        )


def _code(written: str) -> str:
    """Return a code as it was written. NotFound ``http.not_found`` for what is none."""
    try:
        return tracking.parse(written)
    except ValueError:  # Malformed among them
        raise _not_found() from None


def _not_found() -> BusError:
    return NotFound("There is no public report with this code.", code="http.not_found")


def routes(services: Services, portal: str) -> list[Route]:
    """Return the routes of public reports."""
    reports, lists = ReportPages(services), ReportFeeds(services, portal)
    return [
        Route("/reports", same_for_all(reports.reports)),
        *(
            Route(
                f"/reports.{made}",
                for_every_site(same_for_all(lists.handler(made), FEED_CACHE, remembers=False)),
            )
            for made in FORMS
        ),
        Route("/reports/{code}", same_for_all(reports.report)),
        Route("/reports/{code}/too", reports.me_too, methods=["POST"]),
        Route("/reports/{code}/too", leads_to("/reports/{code}"), methods=["GET"]),
    ]
