"""What we announce of ourselves: maintenance, incidents, ends of services, news; and the uptime.

Its owner is the team of services/notify. Everything here is public but drafts and addresses.
"""

from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Choice, Pattern, Prose, Text, whole
from bus.messages.kinds import NAME, M, R, Request
from bus.messages.message import OPTIONAL, Wire, canonical, check, message
from bus.messages.values import Code, Day, Instant, Tick
from contracts.notify.uptime import DayOf, UptimeOver

KINDS = ("maintenance", "incident", "end_of_service", "news")
COMPONENTS = ("portal", "inquiry", "ticketing", "billing", "notify", "agency-door")
IMPACTS = ("none", "degraded", "partial", "down")
_OF_MAINTENANCE = ("DRAFT", "SCHEDULED", "IN_PROGRESS", "VERIFYING", "COMPLETED")
_OF_INCIDENTS = ("INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED", "POSTMORTEM")
STATES = (*_OF_MAINTENANCE, *_OF_INCIDENTS, "ANNOUNCED", "ENDED", "PUBLISHED", "CANCELLED")
# partial: a part of it fails (one of its processes, one provider of a channel), the rest works.
HEALTH = ("up", "degraded", "partial", "down", "maintenance", "unknown")
MEASURES = ("uptime", "announced", "elsewhere")
# What others count and a promise may have a target for: the share of answers that came on time.
FIGURES = ("on_time",)
TITLE_MOST, TEXT_MOST = 150, 4000
PROBES_MOST = 50
NUMBER_MOST = 2**53
CONTRACT = Pattern(NAME.pattern, "format|Such as inquiry.ask.v1.")


@message
class Title:
    fa: Annotated[str, Text(TITLE_MOST)]
    en: Annotated[str, Text(TITLE_MOST)]


@message
class Words:
    fa: Annotated[str, Prose(TEXT_MOST)]
    en: Annotated[str, Prose(TEXT_MOST)]


@message
class Span:
    starts_at: Instant
    ends_at: Instant


@message
class Draft:
    """What shall be announced; with ``id`` the draft of that number is written anew."""

    id: Annotated[int | None, whole(1, NUMBER_MOST)] = None
    kind: Annotated[str, Choice(KINDS)]
    title: Title
    body: Words
    components: Annotated[
        tuple[Annotated[str, Choice(COMPONENTS)], ...],
        validate.Length(0, len(COMPONENTS), error="length|Name each component once."),
        "What is affected",
    ] = ()
    impact: Annotated[
        str, Choice(IMPACTS), "down: in a maintenance its pages and contracts answer 503"
    ] = "none"
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    contracts: Annotated[
        tuple[Annotated[str, Text(80, validate=CONTRACT)], ...],
        validate.Length(0, 50, error="length|Name at most 50 contracts."),
        "The contracts that end",
    ] = ()
    sunset: Annotated[Day | None, "The last day (in Iran) on which what ends is answered"] = None

    @staticmethod
    @canonical
    def _components_once(data: Wire) -> None:
        data["components"] = list(dict.fromkeys(data["components"]))

    @check
    def _fits_its_kind(self) -> None:
        for name, wanted in (
            ("starts_at", self.kind == "maintenance"),
            ("ends_at", self.kind == "maintenance"),
            ("components", self.kind in ("maintenance", "incident")),
            ("sunset", self.kind == "end_of_service"),
        ):
            if wanted and not getattr(self, name):
                raise ValidationError(f"required|A {self.kind} needs it.", name)
        for name, kinds in (
            ("ends_at", ("maintenance",)),
            ("contracts", ("end_of_service",)),
            ("sunset", ("end_of_service",)),
        ):
            if getattr(self, name) and self.kind not in kinds:
                raise ValidationError(f"unwanted|A {self.kind} has none.", name)
        check_span(self.starts_at, self.ends_at)


def check_span(starts_at: str | None, ends_at: str | None) -> None:
    """ValidationError unless a window ends after it starts."""
    if starts_at and ends_at and ends_at <= starts_at:
        raise ValidationError("order|It ends after it starts.", "ends_at")


@message
class OneAnnouncement:
    id: Annotated[int, whole(1, NUMBER_MOST)]


@message
class Publish(OneAnnouncement):
    """``tell`` says whether subscribers get it as a message too; feeds and pages always do."""

    tell: Tick = True
    seen_at: Annotated[
        Instant | None, "The updated_at that was looked at; refused if it is no more"
    ] = None


@message
class Update(Publish):
    """A word on how it stands; the state may stay what it is."""

    state: Annotated[str, Choice(STATES[1:])]
    text: Words
    impact: Annotated[str | None, Choice(IMPACTS)] = None


@message
class Reschedule(Publish):
    """Another window; it counts as announced from now on."""

    starts_at: Instant
    ends_at: Instant
    text: Words

    @check
    def _in_order(self) -> None:
        check_span(self.starts_at, self.ends_at)


@message
class Cancel(Publish):
    text: Words


@message(name="Updated")
class AnnouncementUpdate:
    """One update, by our own clock; it is never changed."""

    id: int
    at: Instant
    state: Annotated[str, Choice(STATES)]
    text: Words
    starts_at: Instant | None
    ends_at: Instant | None


@message
class Announcement:
    """An announcement as it stands now, with its updates, oldest first."""

    id: int
    kind: Annotated[str, Choice(KINDS)]
    state: Annotated[str, Choice(STATES)]
    title: Title
    body: Words
    components: tuple[Annotated[str, Choice(COMPONENTS)], ...]
    impact: Annotated[str, Choice(IMPACTS)]
    starts_at: Instant | None
    ends_at: Instant | None
    contracts: tuple[Annotated[str, Text(80)], ...]
    sunset: Day | None
    drafted_at: Instant
    published_at: Instant | None
    updated_at: Instant
    open: Annotated[bool, "It concerns people now or is still to come"]
    in_time: Annotated[bool | None, "A maintenance: was the whole window announced in time"]
    excluded: Annotated[tuple[Span, ...], "What of it does not count against the service level"]
    updates: tuple[AnnouncementUpdate, ...]


@message
class ListAnnouncements:
    """Newest first; ``before`` is the ID of the last one seen. Drafts are for editors."""

    kinds: tuple[Annotated[str, Choice(KINDS)], ...] = ()
    drafts: Tick = False
    before: Annotated[int | None, whole(1, NUMBER_MOST)] = None
    limit: Annotated[int, whole(1, 100)] = 30


@message
class Announcements:
    announcements: tuple[Announcement, ...]
    next: int | None


@message
class Nothing:
    """No fields."""


@message
class Contact:
    """Who is asked when the portal is closed."""

    fa: Annotated[str, Text(200)]
    en: Annotated[str, Text(200)]
    phone: Annotated[str, Text(40)]
    email: Annotated[str, Text(200)]


@message
class SmsHours:
    """When an SMS of an announcement that is published now goes out."""

    goes_at: Instant
    waits: Annotated[bool, "True in the quiet hours"]


@message
class Current:
    """What concerns people now or soon, the most urgent first, and which contracts end."""

    announcements: tuple[Announcement, ...]
    banner_hours: Annotated[int, "How long before its start a page tells it"]
    contact: Contact


@message
class Component:
    code: Annotated[str, Choice(COMPONENTS)]
    fa: Annotated[str, Text(100)]
    en: Annotated[str, Text(100)]
    state: Annotated[str, Choice(HEALTH)]
    uptime: int | None
    days: tuple[DayOf, ...]
    windows: tuple[UptimeOver, ...] = ()


@message
class Promise:
    """A clause of the agreement and how it was kept; by its weakest component."""

    code: Code
    clause: Annotated[str, Text(20)]
    fa: Annotated[str, Text(300)]
    en: Annotated[str, Text(300)]
    how_fa: Annotated[str, Text(300)]
    how_en: Annotated[str, Text(300)]
    measure: Annotated[str, Choice(MEASURES)]
    components: tuple[Annotated[str, Choice(COMPONENTS)], ...]
    target: int | None
    value: Annotated[int | None, "Hundredths of a percent; None: too little was measured"]
    of: Annotated[int, "Of how many minutes, or of how many events"]
    missed: int
    budget_left: Annotated[int | None, "Minutes that it may still be down; below 0: broken"]
    figure: Annotated[
        str | None, "What another context counts, if its target is a share of that", OPTIONAL
    ] = None


@message
class Status:
    now: Instant
    from_day: Day
    announce_hours_before: int
    components: tuple[Component, ...]
    promises: tuple[Promise, ...]


@message
class Probe:
    component: Annotated[str, Choice(COMPONENTS)]
    minute: Instant
    up: Tick
    partial: Annotated[Tick, "It answers, and one of its parts does not"] = False


@message
class NoteProbes:
    probes: Annotated[
        tuple[Probe, ...], validate.Length(1, PROBES_MOST, error=f"length|At most {PROBES_MOST}.")
    ]


@message(name="Counted")
class ProbeCount:
    noted: int


def ours(
    name: str, message: type[M], doc: str, reply: type[R], *, effect: bool = True
) -> Request[M, R]:
    """A Request of pages and editors; no agency is granted it."""
    # A page that only reads does not wait long: it has what it knew last.
    deadline = 10.0 if effect else 5.0
    return Request(
        f"notify.{name}.v1",
        message,
        doc,
        reply=reply,
        effect=effect,
        agency=False,
        deadline=deadline,
    )


DRAFT_ANNOUNCEMENT = ours(
    "draft_announcement", Draft, "Drafts an announcement, or writes a draft anew.", Announcement
)
PUBLISH_ANNOUNCEMENT = ours(
    "publish_announcement", Publish, "Publishes a draft: from now on it counts.", Announcement
)
UPDATE_ANNOUNCEMENT = ours(
    "update_announcement", Update, "Adds a word on how it stands.", Announcement
)
RESCHEDULE_ANNOUNCEMENT = ours(
    "reschedule_announcement", Reschedule, "Moves a maintenance.", Announcement
)
CANCEL_ANNOUNCEMENT = ours(
    "cancel_announcement", Cancel, "Cancels what was announced or drafted.", Announcement
)
ANNOUNCEMENT = ours(
    "announcement",
    OneAnnouncement,
    "One announcement with its updates.",
    Announcement,
    effect=False,
)
ANNOUNCEMENTS = ours(
    "announcements", ListAnnouncements, "Announcements, newest first.", Announcements, effect=False
)
CURRENT = ours("current", Nothing, "What is announced for now and soon.", Current, effect=False)
SMS_HOURS = ours(
    "sms_hours", Nothing, "When an SMS of an announcement goes out now.", SmsHours, effect=False
)
STATUS = ours(
    "status", Nothing, "How each component stands and how promises were kept.", Status, effect=False
)
NOTE_PROBES = ours(
    "note_probes", NoteProbes, "Notes which components answered in a minute.", ProbeCount
)
