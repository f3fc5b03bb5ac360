"""The holidays of our offices as a calendar that others subscribe to (iCalendar, RFC 5545)."""

import datetime as dt
from urllib.parse import urlsplit

from icalendar import Calendar, Event
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import RuleBroken
from contracts.ticketing.calendars.holidays import (
    PUBLIC_HOLIDAYS,
    PublicHoliday,
    PublicHolidays,
)
from gateway.http.origin import for_every_site
from gateway.http.problems import HttpError
from gateway.public.site import words
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

PATH = "/calendar/holidays.ics"
KIND = "text/calendar; charset=utf-8"
# Programs that poll may keep what they have for so long.
CACHE = "public, max-age=3600"
DAY = dt.timedelta(days=1)


def routes(services: Services, portal: str) -> list[Route]:
    """Return the route of the calendar; ``portal`` is our address without a slash at its end."""

    async def holidays(request: Request) -> Response:
        """GET /calendar/holidays.ics?county=dena: the closed days of a county, or of all."""
        county = request.query_params.get("county") or None
        try:
            message = PUBLIC_HOLIDAYS.load({"county": county} if county else {})
            reply = await services.ask_kept(request, PUBLIC_HOLIDAYS, message)
        except RuleBroken:
            raise HttpError("http.not_found", "There is no such county.") from None
        return Response(written(reply, portal), media_type=KIND)

    handler = for_every_site(same_for_all(holidays, CACHE, remembers=False))
    return [Route(PATH, handler)]


def written(reply: PublicHolidays, portal: str) -> bytes:
    """Write the calendar: each closed span of days is one event, with a UID of its own that stays.

    It has no METHOD: nobody is invited (RFC 5546, 3.2.1). A lunar day that is estimated is
    TENTATIVE; what was announced and is an open day again stays, as CANCELLED.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Mirab//Holidays//FA")
    calendar.add("version", "2.0")
    say = words.speaker("fa")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, f"{say('holidays_name')}، {say('brand')}")
    calendar.add("url", f"{portal}{PATH}")
    calendar.add("refresh-interval", DAY, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", "P1D")
    calendar.add("x-wr-timezone", "Asia/Tehran")
    host = urlsplit(portal).hostname
    for holiday in reply.holidays:
        calendar.add_component(_event(holiday, f"holiday-{holiday.id}@{host}"))
    return bytes(calendar.to_ical())


def _event(holiday: PublicHoliday, uid: str) -> Event:
    changed = dt.datetime.fromisoformat(holiday.changed_at).replace(microsecond=0)
    status = "TENTATIVE" if holiday.estimated else "CONFIRMED"
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("sequence", int(holiday.cancelled))
    event.add("status", "CANCELLED" if holiday.cancelled else status)
    event.add("summary", holiday.title or words.speaker("fa")("holidays_day"))
    event.add("dtstart", dt.date.fromisoformat(holiday.from_day))
    # The day after the last one (RFC 5545, 3.6.1).
    event.add("dtend", dt.date.fromisoformat(holiday.to_day) + DAY)
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["holiday"])
    return event
