"""Registration of a ticket, by whatever way it comes."""

import secrets
from dataclasses import dataclass

from bus.envelope import instant
from bus.errors import FieldError, RuleBroken
from contracts.ticketing.citizens import TICKET_REGISTERED, Register, TicketRegistered
from contracts.ticketing.files import Attachment
from iran.persian import search_key, tehran_day
from people import tracking
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain.book import Area
from services.ticketing.domain.promises import Promise
from services.ticketing.domain.ticket import Ticket
from services.ticketing.notifications import limits
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import acts, public_words, rows
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.promise_rows import StoredPromise
from services.ticketing.tickets.rows import ExternalCode, NewTicket, Person

CITIZEN = "citizen"


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A ticket to be registered; an e-mail says no more than the first fields.

    ``subject`` is that of the e-mail; ``secret`` opens the ticket.
    """

    kind: str
    category: str
    text: str
    language: str
    secret: str
    name: str = ""
    email: str | None = None
    attachments: tuple[Attachment, ...] = ()
    subject: str = ""
    channel: str = "mail"
    county: str = ""
    privacy: str = "private"
    mobile: str | None = None
    national_id: str | None = None
    about_kind: str | None = None
    about_ref: str | None = None
    external: ExternalCode | None = None
    address: str = ""
    lat: float | None = None
    long: float | None = None
    attributes: dict[str, str] | None = None
    public: bool = False

    @classmethod
    def of(cls, message: Register) -> "NewCase":
        """Read a registration on a form or over the interface."""
        external = None
        if message.external_system and message.external_code:
            external = ExternalCode(message.external_system, message.external_code)
        return cls(
            kind=message.kind,
            category=message.category,
            text=message.text,
            language=message.language,
            secret=message.secret,
            name=message.name,
            email=message.email,
            attachments=message.attachments,
            channel=message.channel,
            county=message.county,
            privacy=message.privacy,
            mobile=message.mobile,
            national_id=message.national_id,
            about_kind=message.about_kind,
            about_ref=message.about_ref,
            external=external,
            address=message.address,
            lat=message.lat,
            long=message.long,
            attributes=dict(message.attributes),
            public=message.public,
        )


def register(
    context: Context,
    new: NewCase,
    *,
    actor: str = CITIZEN,
    not_taken: str = "",
    acknowledge: bool = True,
) -> Case:
    """Add a ticket with its first entry. RuleBroken ``field.wrong`` if the book has no such place.

    ``not_taken`` lists the parts of an e-mail that were not taken.
    """
    check(context, new)
    unit = context.book.unit_of(new.category, new.county)
    promise = context.book.promise(new.category, new.kind, tehran_day(context.now))
    case = Case(_add_row(context, new, unit, promise), [], Ticket())
    if new.privacy != "anonymous":
        person = Person(new.name, new.mobile, new.email, new.national_id)
        rows.add_person(context.conn, case.id, person, context.keys)
    if new.external is not None:
        rows.add_external(context.conn, case.id, new.external)
    acts.add(
        context,
        case,
        "register",
        by="citizen",
        actor=actor,
        files=new.attachments,
        unit=unit,
        channel=new.channel,
    )
    public_words.blank_numbers(context, case)
    if not_taken:
        acts.add(context, case, "not_taken", by="system", actor=SYSTEM, text=not_taken)
    withheld = _withhold(context, case, new) if acknowledge else frozenset()
    acts.project(context, case)
    _publish(context, case)
    notifications.notify(context, case, acknowledge=acknowledge, withheld=withheld)
    return case


def _publish(context: Context, case: Case) -> None:
    row = case.row
    context.tx.publish(
        TICKET_REGISTERED,
        TicketRegistered(
            ticket=row.id,
            kind=row.kind,
            category=row.category,
            unit=row.unit,
            county=row.county,
            channel=row.channel,
            at=instant(context.now),
        ),
    )


def _withhold(context: Context, case: Case, new: NewCase) -> frozenset[str]:
    """Note in the log over which channels no acknowledgement goes."""
    # The author of an e-mail has limits of its own; a colleague is no stranger.
    if context.signed_in is not None or new.channel == "mail" or new.privacy == "anonymous":
        return frozenset()
    withheld = limits.withheld(context, email=new.email, mobile=new.mobile)
    if withheld:
        channels = sorted(withheld)
        acts.add(context, case, "withheld", by="system", actor=SYSTEM, channels=channels)
    return withheld


def check(context: Context, new: NewCase) -> None:
    """RuleBroken ``field.wrong`` if the book does not know the category, kind, county or place."""
    faults = _sort_faults(context, new.kind, new.category, new.county)
    _refuse(faults + _place_faults(context.book.area, new))


def check_sort(context: Context, kind: str, category: str, county: str) -> None:
    """RuleBroken ``field.wrong`` if the book does not know the category, kind or county."""
    _refuse(_sort_faults(context, kind, category, county))


def _sort_faults(context: Context, kind: str, code: str, county: str) -> list[FieldError]:
    category = context.book.categories.get(code)
    faults = []
    if category is None:
        faults.append(FieldError("category", "choice", "There is no such category; see the form."))
    elif kind not in category.kinds:
        kinds = ", ".join(category.kinds)
        faults.append(FieldError("kind", "choice", f"This category takes: {kinds}."))
    if county and county not in context.book.counties:
        faults.append(FieldError("county", "choice", "There is no such county; see the form."))
    return faults


def _refuse(faults: list[FieldError]) -> None:
    if faults:
        raise RuleBroken(
            "; ".join(f"{f.field}: {f.message}" for f in faults),
            code="field.wrong",
            fields=faults,
        )


def _place_faults(area: Area | None, new: NewCase) -> list[FieldError]:
    """Refuse a place outside of the company's area: nobody here could go there."""
    if area is None or new.lat is None or new.long is None or area.holds(new.lat, new.long):
        return []
    return [
        FieldError(
            "lat",
            "place.outside",
            f"{new.lat:g}, {new.long:g} is not in {area.en}, where this company works; compare lat "
            "and long, or report it to the company of that place.",
        )
    ]


def _add_row(context: Context, new: NewCase, unit: str, promise: Promise) -> rows.TicketRow:
    ticket = None
    while ticket is None:
        # One in a billion codes meets one that is taken.
        ticket = rows.add_ticket(context.conn, **_columns(context, new, unit, promise))
    row = rows.by_id(context.conn, ticket)
    assert row is not None
    return row


def _columns(context: Context, new: NewCase, unit: str, promise: Promise) -> NewTicket:
    open311 = context.book.categories[new.category].open311 or {}
    batch = new.channel == "open311" and open311.get("type") == "batch"
    code = tracking.new()
    external = new.external.code if new.external is not None else ""
    searched = (new.text, external, new.address)
    return {
        "code": code,
        "secret_hash": context.keys.secret_hash(code, new.secret),
        "token": secrets.token_urlsafe(12) if batch else None,
        "kind": new.kind,
        "category": new.category,
        "county": new.county,
        "unit": unit,
        "privacy": new.privacy,
        "language": new.language,
        "channel": new.channel,
        "state": "NEW",
        "version": 0,
        "text": new.text,
        "subject": new.subject,
        "about_kind": new.about_kind,
        "about_ref": new.about_ref,
        "public": new.public,
        "address": new.address,
        "lat": new.lat,
        "long": new.long,
        "attributes": new.attributes or {},
        "search": " ".join(search_key(part) for part in searched if part),
        "registered_at": context.now,
        "updated_at": context.now,
        "promise": stored(promise),
        "calendar_version": context.calendar_version,
    }


def stored(promise: Promise) -> StoredPromise:
    """Return a promise as the ticket's row keeps it."""
    spans = promise.spans.items()
    return {
        "spans": {name: {"minutes": s.minutes, "days": s.days} for name, s in spans},
        "source": promise.source,
    }
