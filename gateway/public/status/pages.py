"""How we stand and what is announced: status, news, feeds; and the way to subscribe to it."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.errors import BusError, ContractError, FieldError, NotFound, Unavailable
from bus.messages.message import to_wire
from contracts.notify import announcements as contracts
from contracts.notify import subscriptions
from gateway.forms.fields import before
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.http.origin import Handler, for_every_site, from_other_sites
from gateway.limits.guesses import Guesses, neighbourhood
from gateway.public.about.satisfaction import satisfaction
from gateway.public.site import words
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.prose import prose
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services, address_of
from gateway.public.status import feeds
from gateway.public.status.feeds import Feed
from gateway.texts.files import DATA

IN_FEEDS, ON_A_PAGE = 50, 20
KEEP_SECONDS, FIRST_SECONDS = 60, 5
# Programs that poll may keep what they have for so long.
FEED_CACHE, STATUS_CACHE = "public, max-age=60", "public, max-age=15"
# Codes that one address has sent to one receiver: fewer than a receiver gets of all.
CODES_OF_ADDRESS, HOUR = 3, 3600
# How long a reader waits for news of now, when older ones can be shown.
PATIENCE = 3.0
FORMS: dict[str, tuple[Callable[[Feed], bytes], str]] = {
    "rss": (feeds.rss, "application/rss+xml; charset=utf-8"),
    "atom": (feeds.atom, "application/atom+xml; charset=utf-8"),
    "json": (feeds.json_feed, "application/feed+json; charset=utf-8"),
    "ics": (feeds.calendar, "text/calendar; charset=utf-8"),
}
WAYS = {"sms": "mobile", "email": "email", "inbox": "inbox"}


class News:
    """What the routes share. The last known status is shown while notify is away."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal
        self._codes = Guesses(CODES_OF_ADDRESS, HOUR)
        self._last: tuple[contracts.Status, contracts.Current] | None = None

    # --- how we stand ---

    async def _stand(self, request: Request) -> tuple[contracts.Status, contracts.Current, bool]:
        """Return the status and the current announcements, and whether they are of now.

        In an outage the last known ones come soon.
        """
        try:
            async with asyncio.timeout(PATIENCE if self._last else None):
                status, current = await asyncio.gather(
                    self._services.ask(request, contracts.STATUS, contracts.Nothing()),
                    self._services.ask(request, contracts.CURRENT, contracts.Nothing()),
                )
        except (Unavailable, TimeoutError):
            if self._last is None:
                raise
            return (*self._last, False)
        self._last = status, current
        return (*self._last, True)

    async def keep(self, client: Client) -> None:
        """Learns once a minute how we stand, so that it is known when notify falls away."""
        while True:
            with contextlib.suppress(BusError):
                self._last = (
                    await client.call(contracts.STATUS, contracts.Nothing()),
                    await client.call(contracts.CURRENT, contracts.Nothing()),
                )
            await asyncio.sleep(KEEP_SECONDS if self._last else FIRST_SECONDS)

    async def status(self, request: Request) -> Response:
        """GET /status: each component, what is announced, 90 days, and each promise."""
        (status, current, fresh), rows = await asyncio.gather(
            self._stand(request), satisfaction(self._services, request)
        )
        open_ = [announcement for announcement in current.announcements if announcement.open]
        return show(request, "status", health=status, open=open_, fresh=fresh, satisfaction=rows)

    async def status_json(self, request: Request) -> Response:
        """GET /status.json: the same for machines."""
        status, current, fresh = await self._stand(request)
        components = [
            {
                **{"code": c.code, "fa": c.fa, "en": c.en, "state": c.state, "uptime": c.uptime},
                "windows": [to_wire(window) for window in c.windows],
            }
            for c in status.components
        ]
        document = {
            "page": f"{self._portal}/status",
            "now": status.now,
            "fresh": fresh,
            "components": components,
            "promises": [to_wire(promise) for promise in status.promises],
            "announcements": [to_wire(a) for a in current.announcements if a.open],
        }
        return Response(orjson.dumps(document), media_type="application/json")

    async def announcement(self, request: Request) -> Response:
        """GET /status/{id}: one announcement with its updates."""
        question = contracts.OneAnnouncement(id=request.path_params["id"])
        try:
            announcement = await self._services.ask(request, contracts.ANNOUNCEMENT, question)
        except (ContractError, NotFound):
            raise NotFound("There is nothing at this path.", code="http.not_found") from None
        return show(request, "announcement", announcement=announcement, prose=prose)

    async def news(self, request: Request) -> Response:
        """GET /news?before=12: all announcements, newest first."""
        question = contracts.ListAnnouncements(limit=ON_A_PAGE, before=before(request))
        reply = await self._services.ask(request, contracts.ANNOUNCEMENTS, question)
        return show(request, "news", reply=reply)

    def feed_of(self, form: str) -> Handler:
        """Return the handler of the news in one form."""
        return partial(self._feed, form=form)

    async def _feed(self, request: Request, form: str) -> Response:
        """GET /news.{rss,atom,json,ics}?lang=: the same as a feed."""
        make, kind = FORMS[form]
        question = contracts.ListAnnouncements(limit=IN_FEEDS)
        reply = await self._services.ask(request, contracts.ANNOUNCEMENTS, question)
        lang = request.query_params.get("lang", "fa")
        lang = lang if lang in DATA else "fa"
        return Response(make(Feed(self._portal, lang, reply.announcements)), media_type=kind)

    # --- subscribing ---

    async def subscribe_page(self, request: Request) -> Response:
        """GET /subscribe"""
        return self._subscribe(request, {"way": "sms"}, [], {})

    def _subscribe(
        self,
        request: Request,
        typed: dict[str, str],
        topics: list[str],
        faults: dict[str, str],
        status: int = 200,
    ) -> Response:
        form = typed.get("form") or self._services.new_id()
        return show(
            request,
            "subscribe",
            status,
            typed=typed,
            topics=topics,
            faults=faults,
            form=form,
            components=contracts.COMPONENTS,
        )

    async def subscribe(self, request: Request) -> Response:
        """POST /subscribe: a code goes to the address; an error is shown beside what was typed."""
        values = await read_fields(request)
        typed = {name: text_of(values, name) for name in ("way", "address", "news", "form")}
        topics = values.get("topics", [])
        if words.choose(request, values):
            return self._subscribe(request, typed, topics, {})
        field = WAYS.get(typed["way"], "mobile")
        if not typed["address"]:
            missing = words.fault_text(words.language(request), FieldError(field, "required", ""))
            return self._subscribe(request, typed, topics, {"address": missing}, 422)
        wire = {
            field: typed["address"],
            "topics": topics,
            "news": typed["news"] == "1",
            "language": words.language(request),
        }
        try:
            self._codes.take(f"{neighbourhood(address_of(request))} {typed['address']}")
            question = subscriptions.SUBSCRIBE.load(wire)
            reply = await self._services.ask(
                request, subscriptions.SUBSCRIBE, question, id=typed["form"] or None
            )
        except BusError as error:
            faults = {
                "address" if name in ("mobile", "email", "inbox") else name: fault
                for name, fault in faults_of(request, error).items()
            }
            return self._subscribe(request, typed, topics, faults, status_of(error))
        return RedirectResponse(f"/subscribe/confirm/{reply.id}", 303)

    async def confirm_page(self, request: Request) -> Response:
        """GET /subscribe/confirm/{id}: a form for the code."""
        return show(request, "subscribe_confirm", typed={}, faults={})

    async def confirm(self, request: Request) -> Response:
        """POST /subscribe/confirm/{id}: the code came back."""
        values = await read_fields(request)
        pin = text_of(values, "pin")
        if words.choose(request, values):
            return show(request, "subscribe_confirm", typed={"pin": pin}, faults={})
        wire = {"id": request.path_params["id"], **({"pin": pin} if pin else {})}
        try:
            question = subscriptions.CONFIRM_SUBSCRIPTION.load(wire)
            reply = await self._services.ask(request, subscriptions.CONFIRM_SUBSCRIPTION, question)
        except BusError as error:
            faults = {name or "pin": text for name, text in faults_of(request, error).items()}
            return show(request, "subscribe_confirm", status_of(error), typed={}, faults=faults)
        return RedirectResponse(f"/u/{reply.token}?did=confirmed", 303)

    async def subscription(self, request: Request) -> Response:
        """GET /u/{token}: what somebody is subscribed to; the link stands in each message."""
        question = subscriptions.SubscriptionKey(token=request.path_params["token"])
        subscription = await self._services.ask(request, subscriptions.SUBSCRIPTION, question)
        return self._subscription(request, subscription, request.query_params.get("did", ""))

    def _subscription(
        self, request: Request, subscription: subscriptions.Subscription, did: str
    ) -> Response:
        done = did if did in ("confirmed", "changed") else ""
        return show(
            request,
            "subscription",
            subscription=subscription,
            did=done,
            components=contracts.COMPONENTS,
        )

    async def change(self, request: Request) -> Response:
        """POST /u/{token}/change: other components, news or not."""
        values = await read_fields(request)
        token = request.path_params["token"]
        question = subscriptions.Change(
            token=token,
            topics=tuple(values.get("topics", [])),
            news=text_of(values, "news") == "1",
            language=words.language(request),
        )
        await self._services.ask(request, subscriptions.CHANGE_SUBSCRIPTION, question)
        return RedirectResponse(f"/u/{token}?did=changed", 303)

    async def end(self, request: Request) -> Response:
        """POST /u/{token}: ends the subscription, for our own button and for the mail programs'
        one click (RFC 8058), which comes from elsewhere: who holds the token may end it.
        """
        question = subscriptions.SubscriptionKey(token=request.path_params["token"])
        subscription = await self._services.ask(request, subscriptions.UNSUBSCRIBE, question)
        return self._subscription(request, subscription, "")


def routes(n: News) -> list[Route]:
    """The routes of status, news and subscriptions."""
    return [
        Route("/status", same_for_all(n.status)),
        Route("/status.json", for_every_site(same_for_all(n.status_json, STATUS_CACHE))),
        Route("/status/{id:int}", same_for_all(n.announcement)),
        Route("/news", same_for_all(n.news)),
        *(
            Route(
                f"/news.{form}",
                for_every_site(same_for_all(n.feed_of(form), FEED_CACHE, remembers=False)),
            )
            for form in FORMS
        ),
        Route("/subscribe", n.subscribe_page, methods=["GET"]),
        Route("/subscribe", n.subscribe, methods=["POST"]),
        Route("/subscribe/confirm/{id}", n.confirm_page, methods=["GET"]),
        Route("/subscribe/confirm/{id}", n.confirm, methods=["POST"]),
        Route("/u/{token}", n.subscription, methods=["GET"]),
        Route("/u/{token}", from_other_sites(n.end), methods=["POST"]),
        Route("/u/{token}/change", n.change, methods=["POST"]),
        Route("/u/{token}/change", leads_to("/u/{token}"), methods=["GET"]),
    ]
