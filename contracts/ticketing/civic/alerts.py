"""Alerts by e-mail about public reports: asked for, proven by a link, kept for a year, ended."""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Choice, Float, Text, whole
from bus.messages.message import PERSONAL, check, message
from bus.messages.values import Day, Instant
from contracts.notify.messages import LANGUAGES
from contracts.ticketing.desk import Nothing
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

RADII = (3, 5, 10, 25)
STATES = ("PENDING", "ACTIVE", "ENDED")


@message
class Wishes:
    """What somebody wants to hear of: new reports of the list's filters, those near a place, or
    what comes of one report. ``state`` closed: reports of which the work has ended.
    """

    category: Annotated[str, Text(40, least=0)] = ""
    county: Annotated[str, Text(40, least=0)] = ""
    state: Annotated[str, Choice(("", "open", "closed"))] = ""
    report: Annotated[str | None, Checked(40, tracking.parse)] = None
    lat: Annotated[float | None, Float(), PERSONAL] = None
    long: Annotated[float | None, Float(), PERSONAL] = None
    radius_km: Annotated[int | None, whole(RADII[0], RADII[-1])] = None

    @check
    def _of_one_kind(self) -> None:
        place = (self.lat, self.long, self.radius_km)
        if any(part is None for part in place) and any(part is not None for part in place):
            raise ValidationError("required|Give a place and how far around it.", "radius_km")
        if self.report and (self.category or self.county or self.state or self.radius_km):
            raise ValidationError("unwanted|Of one report there is nothing to choose.", "report")


@message
class AskAlert(Wishes):
    """Asks for an alert at an address; it counts when the link that goes there was opened."""

    email: Annotated[str, Checked(200, identifiers.email, personal=True)]
    language: Annotated[str, Choice(LANGUAGES)] = "fa"


@message
class AlertReceipt:
    """The same whether the address has alerts or not."""

    valid_hours: int


@message
class AlertKey:
    """The key of an alert; it stands in each of its e-mails."""

    key: Annotated[str, Text(80, personal=True)]


@message
class Alert:
    """An alert. ``what_fa`` and ``what_en`` say what it is about; the address is forgotten when it
    has ended.
    """

    state: Annotated[str, Choice(STATES)]
    address: Annotated[str, Text(60, least=0, personal=True), "With most of it hidden"]
    what_fa: Annotated[str, Text(400, personal=True)]
    what_en: Annotated[str, Text(400, personal=True)]
    language: Annotated[str, Choice(LANGUAGES)]
    report: Annotated[str | None, Text(10)]
    until: Annotated[Instant | None, "When it ends by itself"]


@message
class AlertDay:
    """What happened on a day (Tehran)."""

    day: Day
    confirmed: int
    ended: int
    digests: int
    updates: int


@message
class AlertFigures:
    """How many alerts are in force, of which kind, and the last days, the newest first."""

    of_lists: int
    of_places: int
    of_reports: int
    pending: Annotated[int, "Asked for and not proven yet"]
    days: tuple[AlertDay, ...]


ASK_ALERT = internal_act(
    "ask_alert", AskAlert, AlertReceipt, "Asks for e-mails about public reports."
)
ALERT = internal_read("alert", AlertKey, Alert, "What an alert is about.")
CONFIRM_ALERT = internal_act(
    "confirm_alert", AlertKey, Alert, "The link came back: the alert counts, or goes on for a year."
)
END_ALERT = internal_act("end_alert", AlertKey, Alert, "Ends an alert.")
ALERT_FIGURES = internal_read(
    "alert_figures", Nothing, AlertFigures, "How many alerts there are and what was sent."
)
