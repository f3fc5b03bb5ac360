"""What we announce of ourselves: maintenance, incidents, ends of services, news; and the uptime.

Its owner is the team of services/notify. Everything here is public but drafts and addresses.
"""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.fields import Choice, Day, Instant, Pattern, Prose, Text, code_text, whole
from bus.kinds import NAME, Request

KINDS = ("maintenance", "incident", "end_of_service", "news")
COMPONENTS = ("portal", "inquiry", "ticketing", "billing", "notify", "agency-door")
IMPACTS = ("none", "degraded", "down")
STATES = (
    "DRAFT", "SCHEDULED", "IN_PROGRESS", "VERIFYING", "COMPLETED",
    "INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED", "POSTMORTEM",
    "ANNOUNCED", "ENDED", "PUBLISHED", "CANCELLED",
)  # fmt: skip
HEALTH = ("up", "degraded", "down", "maintenance", "unknown")
MEASURES = ("uptime", "announced", "elsewhere")
TITLE_MOST, TEXT_MOST = 150, 4000
PROBES_MOST = 50
NUMBER_MOST = 2**53
CONTRACT = Pattern(NAME.pattern, "format|Such as inquiry.ask.v1.")


class Title(Schema):
    fa = Text(TITLE_MOST, required=True)
    en = Text(TITLE_MOST, required=True)


class Words(Schema):
    fa = Prose(TEXT_MOST, required=True)
    en = Prose(TEXT_MOST, required=True)


class Span(Schema):
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)


class Draft(Schema):
    """What shall be announced; with ``id`` the draft of that number is written anew."""

    id = whole(1, NUMBER_MOST, load_default=None, allow_none=True)
    kind = Choice(KINDS, required=True)
    title = fields.Nested(Title, required=True)
    body = fields.Nested(Words, required=True)
    components = fields.List(
        Choice(COMPONENTS),
        load_default=list,
        validate=validate.Length(0, len(COMPONENTS), error="length|Name each component once."),
        metadata={"description": "What is affected"},
    )
    impact = Choice(
        IMPACTS, load_default="none",
        metadata={"description": "down: in a maintenance its pages and contracts answer 503"},
    )  # fmt: skip
    starts_at = Instant(load_default=None, allow_none=True)
    ends_at = Instant(load_default=None, allow_none=True)
    contracts = fields.List(
        Text(80, validate=CONTRACT),
        load_default=list,
        validate=validate.Length(0, 50, error="length|Name at most 50 contracts."),
        metadata={"description": "The contracts that end"},
    )
    sunset = Day(
        load_default=None, allow_none=True,
        metadata={"description": "The last day (in Iran) on which what ends is answered"},
    )  # fmt: skip

    @validates_schema(skip_on_field_errors=True)
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        kind = data["kind"]
        for name, wanted in (
            ("starts_at", kind == "maintenance"),
            ("ends_at", kind == "maintenance"),
            ("components", kind in ("maintenance", "incident")),
            ("sunset", kind == "end_of_service"),
        ):
            if wanted and not data[name]:
                raise ValidationError(f"required|A {kind} needs it.", name)
        for name, kinds in (
            ("ends_at", ("maintenance",)),
            ("contracts", ("end_of_service",)),
            ("sunset", ("end_of_service",)),
        ):
            if data[name] and kind not in kinds:
                raise ValidationError(f"unwanted|A {kind} has none.", name)
        check_span(data)
        data["components"] = list(dict.fromkeys(data["components"]))


def check_span(data: dict[str, Any]) -> None:
    """ValidationError unless a window ends after it starts."""
    if data["starts_at"] and data["ends_at"] and data["ends_at"] <= data["starts_at"]:
        raise ValidationError("order|It ends after it starts.", "ends_at")


class One(Schema):
    id = whole(1, NUMBER_MOST, required=True)


class Publish(One):
    """``tell`` says whether subscribers get it as a message too; feeds and pages always do."""

    tell = fields.Boolean(load_default=True)
    seen_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": "The updated_at that was looked at; refused if it is no more"},
    )


class Update(Publish):
    """A word on how it stands; the state may stay what it is."""

    state = Choice(STATES[1:], required=True)
    text = fields.Nested(Words, required=True)
    impact = Choice(IMPACTS, load_default=None, allow_none=True)


class Reschedule(Publish):
    """Another window; it counts as announced from now on."""

    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    text = fields.Nested(Words, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _order(self, data: dict[str, Any], **_: Any) -> None:
        check_span(data)


class Cancel(Publish):
    text = fields.Nested(Words, required=True)


class Updated(Schema):
    """One update, by our own clock; it is never changed."""

    id = fields.Integer(required=True)
    at = Instant(required=True)
    state = Choice(STATES, required=True)
    text = fields.Nested(Words, required=True)
    starts_at = Instant(required=True, allow_none=True)
    ends_at = Instant(required=True, allow_none=True)


class Announcement(Schema):
    """An announcement as it stands now, with its updates, oldest first."""

    id = fields.Integer(required=True)
    kind = Choice(KINDS, required=True)
    state = Choice(STATES, required=True)
    title = fields.Nested(Title, required=True)
    body = fields.Nested(Words, required=True)
    components = fields.List(Choice(COMPONENTS), required=True)
    impact = Choice(IMPACTS, required=True)
    starts_at = Instant(required=True, allow_none=True)
    ends_at = Instant(required=True, allow_none=True)
    contracts = fields.List(Text(80), required=True)
    sunset = Day(required=True, allow_none=True)
    drafted_at = Instant(required=True)
    published_at = Instant(required=True, allow_none=True)
    updated_at = Instant(required=True)
    open = fields.Boolean(
        required=True, metadata={"description": "It concerns people now or is still to come"}
    )
    in_time = fields.Boolean(
        required=True, allow_none=True,
        metadata={"description": "A maintenance: was the whole window announced in time"},
    )  # fmt: skip
    excluded = fields.List(
        fields.Nested(Span), required=True,
        metadata={"description": "What of it does not count against the service level"},
    )  # fmt: skip
    updates = fields.List(fields.Nested(Updated), required=True)


class ListAnnouncements(Schema):
    """Newest first; ``before`` is the ID of the last one seen. Drafts are for editors."""

    kinds = fields.List(Choice(KINDS), load_default=list)
    drafts = fields.Boolean(load_default=False)
    before = whole(1, NUMBER_MOST, load_default=None, allow_none=True)
    limit = whole(1, 100, load_default=30)


class Announcements(Schema):
    announcements = fields.List(fields.Nested(Announcement), required=True)
    next = fields.Integer(required=True, allow_none=True)


class Nothing(Schema):
    """No fields."""


class Contact(Schema):
    """Who is asked when the portal is closed."""

    fa = Text(200, required=True)
    en = Text(200, required=True)
    phone = Text(40, required=True)
    email = Text(200, required=True)


class SmsHours(Schema):
    """When an SMS of an announcement that is published now goes out."""

    goes_at = Instant(required=True)
    waits = fields.Boolean(required=True, metadata={"description": "True in the quiet hours"})


class Current(Schema):
    """What concerns people now or soon, the most urgent first, and which contracts end."""

    announcements = fields.List(fields.Nested(Announcement), required=True)
    banner_hours = fields.Integer(
        required=True, metadata={"description": "How long before its start a page tells it"}
    )
    contact = fields.Nested(Contact, required=True)


class DayOf(Schema):
    """A day of a component, in minutes; ``uptime`` in hundredths of a percent."""

    day = Day(required=True)
    measured = fields.Integer(required=True)
    down = fields.Integer(required=True)
    excluded = fields.Integer(required=True)
    excluded_down = fields.Integer(required=True)
    uptime = fields.Integer(
        required=True, allow_none=True, metadata={"description": "None: too little was measured"}
    )


class Component(Schema):
    code = Choice(COMPONENTS, required=True)
    fa = Text(100, required=True)
    en = Text(100, required=True)
    state = Choice(HEALTH, required=True)
    uptime = fields.Integer(required=True, allow_none=True)
    days = fields.List(fields.Nested(DayOf), required=True)


class Promise(Schema):
    """A clause of the agreement and how it was kept; by its weakest component."""

    code = code_text(required=True)
    clause = Text(20, required=True)
    fa = Text(300, required=True)
    en = Text(300, required=True)
    how_fa = Text(300, required=True)
    how_en = Text(300, required=True)
    measure = Choice(MEASURES, required=True)
    components = fields.List(Choice(COMPONENTS), required=True)
    target = fields.Integer(required=True, allow_none=True)
    value = fields.Integer(
        required=True, allow_none=True,
        metadata={"description": "Hundredths of a percent; None: too little was measured"},
    )  # fmt: skip
    of = fields.Integer(
        required=True, metadata={"description": "Of how many minutes, or of how many events"}
    )
    missed = fields.Integer(required=True)
    budget_left = fields.Integer(
        required=True, allow_none=True,
        metadata={"description": "Minutes that it may still be down; below 0: broken"},
    )  # fmt: skip


class Status(Schema):
    now = Instant(required=True)
    from_day = Day(required=True)
    announce_hours_before = fields.Integer(required=True)
    components = fields.List(fields.Nested(Component), required=True)
    promises = fields.List(fields.Nested(Promise), required=True)


class Probe(Schema):
    component = Choice(COMPONENTS, required=True)
    minute = Instant(required=True)
    up = fields.Boolean(required=True)


class NoteProbes(Schema):
    probes = fields.List(
        fields.Nested(Probe), required=True,
        validate=validate.Length(1, PROBES_MOST, error=f"length|At most {PROBES_MOST}."),
    )  # fmt: skip


class Counted(Schema):
    noted = fields.Integer(required=True)


def ours(name: str, schema: Schema, doc: str, reply: Schema, *, effect: bool = True) -> Request:
    """A Request of pages and editors; no agency is granted it."""
    # A page that only reads does not wait long: it has what it knew last.
    deadline = 10.0 if effect else 5.0
    return Request(
        f"notify.{name}.v1", schema, doc, reply=reply, effect=effect, agency=False,
        deadline=deadline,
    )  # fmt: skip


DRAFT_ANNOUNCEMENT = ours(
    "draft_announcement", Draft(), "Drafts an announcement, or writes a draft anew.", Announcement()
)
PUBLISH_ANNOUNCEMENT = ours(
    "publish_announcement", Publish(), "Publishes a draft: from now on it counts.", Announcement()
)
UPDATE_ANNOUNCEMENT = ours(
    "update_announcement", Update(), "Adds a word on how it stands.", Announcement()
)
RESCHEDULE_ANNOUNCEMENT = ours(
    "reschedule_announcement", Reschedule(), "Moves a maintenance.", Announcement()
)
CANCEL_ANNOUNCEMENT = ours(
    "cancel_announcement", Cancel(), "Cancels what was announced or drafted.", Announcement()
)
ANNOUNCEMENT = ours(
    "announcement", One(), "One announcement with its updates.", Announcement(), effect=False
)
ANNOUNCEMENTS = ours(
    "announcements", ListAnnouncements(), "Announcements, newest first.", Announcements(),
    effect=False,
)  # fmt: skip
CURRENT = ours("current", Nothing(), "What is announced for now and soon.", Current(), effect=False)
SMS_HOURS = ours(
    "sms_hours", Nothing(), "When an SMS of an announcement goes out now.", SmsHours(),
    effect=False,
)  # fmt: skip
STATUS = ours(
    "status", Nothing(), "How each component stands and how promises were kept.", Status(),
    effect=False,
)  # fmt: skip
NOTE_PROBES = ours(
    "note_probes", NoteProbes(), "Notes which components answered in a minute.", Counted()
)
