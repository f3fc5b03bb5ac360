"""What people do with their tickets: register, read, write, object, choose a visit, rate."""

import datetime as dt
import math
import secrets
from collections.abc import Mapping
from typing import Any

from bus.envelope import instant
from bus.errors import BusError, FieldError, NotFound, RuleBroken, TooMany
from contracts.ticketing.citizens import TICKET_REGISTERED
from iran.persian import search_key, tehran_day
from people import tracking
from services.ticketing.accounts import attempts
from services.ticketing.citizens import messages
from services.ticketing.domain.book import Area
from services.ticketing.domain.promises import Promise
from services.ticketing.domain.ticket import Ticket, citizen_may
from services.ticketing.notifications import limits as receivers
from services.ticketing.notifications import tickets as notices
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import rows as store
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Case, Desk
from services.ticketing.tickets.keys import is_link

FAILURES = 5
FIRST_LOCK = dt.timedelta(minutes=15)
LONGEST_LOCK = dt.timedelta(days=1)
NOBODY = b"\0" * 32


# What a letter does not say.
BY_LETTER: dict[str, Any] = {
    "county": "", "privacy": "private", "mobile": None, "national_id": None, "channel": "mail",
    "about_kind": None, "about_ref": None, "external_system": None, "external_code": None,
    "address": "", "lat": None, "long": None, "attributes": {}, "public": False,
}  # fmt: skip


def register(
    desk: Desk,
    data: dict[str, Any],
    *,
    actor: str = "citizen",
    not_taken: str = "",
    acknowledge: bool = True,
) -> Case:
    """A new ticket with its first entry. RuleBroken if category or county do not fit.

    ``not_taken`` names what of a letter was not taken.
    """
    check(desk, data)
    unit = desk.book.unit_of(data["category"], data["county"])
    promise = desk.book.promise(data["category"], data["kind"], tehran_day(desk.now))
    row = _row(desk, data, unit, promise)
    case = Case(row, [], Ticket())
    if data["privacy"] != "anonymous":
        store.add_person(
            desk.conn, case.id, {n: data[n] for n in ("name", "mobile", "email", "national_id")}
        )
    if data["external_system"]:
        store.add_external(desk.conn, case.id, data["external_system"], data["external_code"])
    acting.add(
        desk,
        case,
        "register",
        by="citizen",
        actor=actor,
        files=data["attachments"],
        unit=unit,
        channel=data["channel"],
    )
    if not_taken:
        acting.add(desk, case, "not_taken", by="system", actor="mirab", text=not_taken)
    withheld = _withhold(desk, case, data) if acknowledge else frozenset()
    acting.project(desk, case)
    desk.tx.publish(
        TICKET_REGISTERED,
        ticket=case.id,
        kind=row.kind,
        category=row.category,
        unit=unit,
        county=row.county,
        channel=row.channel,
        at=instant(desk.now),
    )
    notices.tell(desk, case, acknowledge=acknowledge, withheld=withheld)
    return case


def _withhold(desk: Desk, case: Case, data: dict[str, Any]) -> frozenset[str]:
    """Notes in the log over which channels no acknowledgement goes."""
    withheld = receivers.withheld(desk, data)
    if withheld:
        acting.add(desk, case, "withheld", by="system", actor="mirab", channels=sorted(withheld))
    return withheld


def check(desk: Desk, data: dict[str, Any]) -> None:
    """RuleBroken ``field.wrong`` if the book does not know the category or the county."""
    category = desk.book.categories.get(data["category"])
    faults = []
    if category is None:
        faults.append(FieldError("category", "choice", "There is no such category; see the form."))
    elif data["kind"] not in category["kinds"]:
        told = ", ".join(category["kinds"])
        faults.append(FieldError("kind", "choice", f"This category takes: {told}."))
    if data["county"] and data["county"] not in desk.book.counties:
        faults.append(FieldError("county", "choice", "There is no such county; see the form."))
    faults += _place_faults(desk.book.area, data)
    if faults:
        raise RuleBroken(
            "; ".join(f"{f.field}: {f.message}" for f in faults),
            code="field.wrong",
            fields=faults,
        )


def _place_faults(area: Area | None, data: Mapping[str, Any]) -> list[FieldError]:
    """A place outside of the company's area: nobody here could go there."""
    lat, long = data["lat"], data["long"]
    if area is None or lat is None or area.holds(lat, long):
        return []
    return [
        FieldError(
            "lat",
            "place.outside",
            f"{lat:g}, {long:g} is not in {area.en}, where this company works; compare lat and "
            "long, or report it to the company of that place.",
        )
    ]


def _row(desk: Desk, data: dict[str, Any], unit: str, promise: Promise) -> Any:
    open311 = desk.book.categories[data["category"]].get("open311") or {}
    batch = data["channel"] == "open311" and open311.get("type") == "batch"
    said = (data["text"], data["name"], data["external_code"] or "", data["address"])
    values = {
        **{
            n: data[n]
            for n in (
                "kind", "category", "county", "privacy", "language", "channel", "text",
                "about_kind", "about_ref", "public", "address", "lat", "long", "attributes",
            )
        },
        "subject": data.get("subject", ""),
        "token": secrets.token_urlsafe(12) if batch else None,
        "unit": unit,
        "state": "NEW",
        "version": 0,
        "search": " ".join(search_key(each) for each in said if each),
        "registered_at": desk.now,
        "updated_at": desk.now,
        "promise": {
            "spans": {
                n: {"minutes": s.minutes, "days": s.days} for n, s in promise.spans.items()
            },
            "source": promise.source,
        },
        "calendar_version": desk.calendar_version,
    }  # fmt: skip
    while True:
        code = tracking.new()
        values |= {"code": code, "secret_hash": desk.keys.secret_hash(code, data["secret"])}
        # One in a billion codes meets one that is taken.
        if (id_ := store.add_ticket(desk.conn, values)) is not None:
            return store.ticket(desk.conn, id=id_)


def opened(desk: Desk, code: str, secret: str, *, lock: bool = False) -> Case | BusError:
    """The ticket, if ``secret`` opens it; else a refusal to be returned, so that it is counted.

    What opens is judged first and always passes: 20 digits cannot be guessed, and wrong guesses of
    others must not shut out who has them. Whoever guesses learns nothing: a code that does not
    exist is counted and refused by the same steps and words as a wrong secret.
    """
    row = store.ticket(desk.conn, lock=lock, code=code)
    until = attempts.locked_until(desk.conn, code)
    good = desk.keys.opens(
        code,
        secret,
        bytes(row.secret_hash) if row else NOBODY,
        row.link_generation if row else 0,
    )
    if row is None or not good:
        return _refusal(desk, code, until, link=is_link(secret))
    if until is not None:
        attempts.forget_failures(desk.conn, code)
    return acting.take(desk, lock=lock, id=row.id)


def _refusal(desk: Desk, code: str, until: dt.datetime | None, *, link: bool) -> BusError:
    """What a wrong proof is told: who goes on guessing waits longer and longer."""
    if not link and until is not None and until > desk.now:
        return _locked(until - desk.now)
    if not link:
        _count_failure(desk, code)
    return NotFound(
        "Code and secret do not belong together; compare both with what you were given.",
        code="ticket.not_opened",
    )


def _count_failure(desk: Desk, code: str) -> None:
    failures = attempts.note_failure(desk.conn, code, desk.now)
    if failures >= FAILURES:
        span = FIRST_LOCK * 2 ** min(failures - FAILURES, 10)
        attempts.lock_out(desk.conn, code, desk.now + min(span, LONGEST_LOCK))


def _locked(left: dt.timedelta) -> TooMany:
    wait = math.ceil(left.total_seconds())
    return TooMany(
        "Code and secret do not belong together, and too many wrong secrets were tried for this "
        "code. Compare both with what you were given: the right secret opens at any time.",
        code="ticket.locked",
        retry_after=wait,
    )


def do(
    desk: Desk, act: str, code: str, secret: str, files: Any = (), **data: Any
) -> dict[str, Any] | BusError:
    """One act of the citizen; the state that it led to, or a refusal."""
    case = opened(desk, code, secret, lock=True)
    if isinstance(case, BusError):
        return case
    if act not in citizen_may(case.ticket):
        return RuleBroken(
            "This cannot be done with the ticket now; read it again.",
            code="ticket.move",
            state=case.ticket.state,
            act=act,
        )
    if act == "choose_slot":
        data = _take_slot(desk, case, data["slot"])
    elif act == "leave_slot" or (act == "withdraw" and case.ticket.appointment):
        store.leave(desk.conn, case.id)
    if act == "write":
        messages.write(desk, case, messages.Words(data["text"], files))
        return {"code": case.row.code, "state": case.ticket.state}
    if act == "withdraw":
        data["reason"] = "withdrawn"
    acting.add(desk, case, act, by="citizen", actor="citizen", files=files, **data)
    told = acting.project(desk, case)
    notices.tell(desk, case)
    return {"code": told["code"], "state": told["state"]}


def _take_slot(desk: Desk, case: Case, slot: int) -> dict[str, Any]:
    office = (case.ticket.appointment or {})["office"]
    row = store.book(desk.conn, case.id, slot, office, desk.now)
    return {"slot": row.id, "starts": instant(row.starts_at), "ends": instant(row.ends_at)}


def track(desk: Desk, code: str, secret: str) -> dict[str, Any] | BusError:
    """The ticket as its citizen sees it, or a refusal."""
    case = opened(desk, code, secret)
    return case if isinstance(case, BusError) else views.for_citizen(desk, case)


def invitation(desk: Desk, code: str, secret: str) -> dict[str, Any] | BusError:
    """The visit that was chosen, as an iCalendar file. NotFound ``visit.not_booked``."""
    case = opened(desk, code, secret)
    if isinstance(case, BusError):
        return case
    if (case.ticket.appointment or {}).get("state") != "BOOKED":
        return NotFound("No visit is booked for this ticket.", code="visit.not_booked")
    return {"ics": notices.invitation(desk, case).decode()}


def form(desk: Desk) -> dict[str, Any]:
    """What a form needs, from the book; and today's office hours."""
    book, today = desk.book, tehran_day(desk.now)
    day = desk.calendar.day(today, "")
    return {
        "categories": [_category(desk, each, today) for each in book.categories.values()],
        "counties": views.by_name(book.counties),
        "units": views.by_name(book.units),
        "hours_fa": day.why_fa,
        "hours_en": day.why_en,
    }


def _category(desk: Desk, category: dict[str, Any], today: dt.date) -> dict[str, Any]:
    promise = desk.book.promise(category["code"], category["kinds"][0], today)
    told = {n: category.get(n) for n in ("code", "fa", "en", "kinds", "open311")}
    told |= {n: category.get(n) or "" for n in ("group_fa", "group_en", "hint_fa", "hint_en")}
    span = promise.spans.get("solution")
    fa = en = ""
    if span is not None and span.days:
        fa, en = f"{span.days} روز", f"{span.days} days"
    elif span is not None:
        hours = span.minutes // 60
        fa, en = f"{hours} ساعت کاری", f"{hours} office hours"
    return {
        **told,
        "unit": views.named(desk.book.units, category["unit"]),
        "days_fa": fa,
        "days_en": en,
    }
