"""What everybody may see of tickets: figures, and reports that their writers made public."""

from typing import Annotated

from bus.messages.fields import Checked, Choice, Float, Prose, Text, whole
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Block, Code, Instant
from contracts.ticketing.citizens import Done, TicketProof
from contracts.ticketing.desk import Nothing
from contracts.ticketing.requests import internal_act, internal_read
from people import tracking

# What somebody has just done on the portal when asked how it was.
FORMS = ("complaint", "inquiry", "payment")
MEASURES = ("registered", "answered", "on_time")
# Each is part of the one before it.
FOLLOW_UP_MEASURES = ("asked", "answered", "mended")


@message
class AskStatistics:
    """Counts for everybody; the newest months of the Jalali calendar, of twelve at most."""

    months: Annotated[int, whole(1, 36)] = 12


@message
class Period:
    """A count of one month, or of some together where each alone could point at somebody."""

    measure: Annotated[str, Choice(MEASURES)]
    first: Annotated[str, Text(10)]
    last: Annotated[str, Text(10)]
    count: int


@message
class Subjects:
    """A count of one category, or of some together."""

    measure: Annotated[str, Choice(MEASURES)]
    categories: tuple[Block, ...]
    count: int


@message
class FollowUpPeriod:
    """Questions weeks after the end, of one month in which they were asked or of some together."""

    measure: Annotated[str, Choice(FOLLOW_UP_MEASURES)]
    first: Annotated[str, Text(10)]
    last: Annotated[str, Text(10)]
    count: int


@message
class FollowUpUnits:
    """Questions weeks after the end about the tickets of one unit, or of some together."""

    measure: Annotated[str, Choice(FOLLOW_UP_MEASURES)]
    units: tuple[Block, ...]
    count: int


@message
class FollowUps:
    """What citizens said weeks after the end. ``total``: asked, answered, mended, not_mended,
    unknown, first_time, not_first, unsaid; null where a small count would show.
    """

    periods: tuple[FollowUpPeriod, ...]
    units: tuple[FollowUpUnits, ...]
    total: Block


@message
class Statistics:
    """Counts below five are never shown, nor to be computed: what is too small is counted together
    with its neighbours, in ``periods`` and ``subjects``. In ``months`` and ``categories`` it is
    null.
    """

    from_day: Annotated[str, Text(10)]
    smallest: int
    months: tuple[Block, ...]
    categories: tuple[Block, ...]
    total: Block
    ratings: Annotated[
        Block | None, "rated, mean_hundredths, solved; null where fewer than five rated", OPTIONAL
    ] = None
    to_day: Annotated[str | None, Text(10), "The last day that is counted", OPTIONAL] = None
    periods: tuple[Period, ...] = ()
    subjects: tuple[Subjects, ...] = ()
    follow_ups: Annotated[FollowUps | None, "None while too few were asked", OPTIONAL] = None


@message
class ListPublic:
    """Tickets that their writers let everybody see (Open311 GET requests)."""

    codes: tuple[Annotated[str, Text(10)], ...] | None = None
    categories: tuple[Code, ...] | None = None
    counties: tuple[Code, ...] | None = None
    since: Instant | None = None
    until: Instant | None = None
    updated_since: Instant | None = None
    updated_until: Instant | None = None
    states: tuple[Annotated[str, Choice(("open", "closed"))], ...] | None = None
    page: Annotated[int, whole(1, 100_000)] = 1
    page_size: Annotated[int, whole(1, 1000)] = 1000


@message
class PublicTickets:
    tickets: tuple[Block, ...]


@message
class AskMap:
    """Where public reports are; all categories and states without a choice."""

    category: Code | None = None
    state: Annotated[str | None, Choice(("open", "closed"))] = None


@message
class ReportsOfCounty:
    """Public reports of a county, and where its seat lies; those without a county stand under the
    empty code.
    """

    county: Annotated[str, Text(40, least=0)]
    fa: Annotated[str, Text(100, least=0)]
    en: Annotated[str, Text(100, least=0)]
    lat: Annotated[float | None, Float()]
    long: Annotated[float | None, Float()]
    open: int
    closed: int


@message
class ReportsOfPlace:
    """Public reports of one square of the coarse grid; its middle in degrees (WGS84)."""

    lat: Annotated[float, Float()]
    long: Annotated[float, Float()]
    open: int
    closed: int


@message
class PublicMap:
    """The counties by their names, and the places; ``area`` is the box of the map."""

    area: Annotated[Block | None, "south, north, west, east in degrees"]
    counties: tuple[ReportsOfCounty, ...]
    places: tuple[ReportsOfPlace, ...]


@message
class AskHeat:
    """Where public reports are many: of one category or of one Jalali month, or of all. Never of
    both: what is small would show through.
    """

    category: Code | None = None
    month: Annotated[str | None, Text(7), "Such as 1405-09; one of the last twelve"] = None


@message
class HeatCell:
    """A cell by its south-western corner, in degrees (WGS84), and the reports in it."""

    south: Annotated[float, Float()]
    west: Annotated[float, Float()]
    reports: int


@message
class Seat:
    """Where the seat of a county lies."""

    fa: Annotated[str, Text(100)]
    en: Annotated[str, Text(100)]
    lat: Annotated[float, Float()]
    long: Annotated[float, Float()]


@message
class Heat:
    """The cells with ``smallest`` reports at least, most first; ``side`` is theirs in degrees."""

    side: Annotated[float, Float()]
    smallest: int
    months: Annotated[tuple[str, ...], "Those that can be asked for, the newest first"]
    cells: tuple[HeatCell, ...]
    seats: tuple[Seat, ...]


@message
class AskNearby:
    """What somebody is about to report: open public reports that may say the same."""

    category: Code
    county: Annotated[str, Text(40, least=0)] = ""
    text: Annotated[str, Prose(50_000, least=0, personal=True)] = ""
    lat: Annotated[float | None, Float()] = None
    long: Annotated[float | None, Float()] = None


@message
class MeToo:
    """Somebody has the same trouble as a public report."""

    code: Annotated[str, Checked(40, tracking.parse)]
    supporter: Annotated[str, Text(60, least=20, personal=True), "A pseudonym for this report"]


@message
class Supported:
    """How many said so, and whether this one counted: each counts once."""

    code: Annotated[str, Text(10)]
    supporters: int
    counted: bool


@message
class RateForm:
    """How easy a form of the portal was, from 1 to 5; of nobody."""

    form: Annotated[str, Choice(FORMS)]
    score: Annotated[int, whole(1, 5)]


@message
class FormRated:
    """It was counted."""

    form: Annotated[str, Choice(FORMS)]


@message
class FormRating:
    """How many rated a form in the last days, and the mean in hundredths; None without any."""

    form: Annotated[str, Choice(FORMS)]
    rated: int
    mean_hundredths: int | None
    scores: Annotated[tuple[int, ...], "How many gave 1, 2, 3, 4, 5"]


@message
class FormRatings:
    days: int
    forms: tuple[FormRating, ...]


@message
class AskToken:
    token: Annotated[str, Text(40)]


@message
class TokenOf:
    token: Annotated[str, Text(40)]
    code: Annotated[str | None, Text(10)]


STATISTICS = internal_read(
    "statistics", AskStatistics, Statistics, "Counts for everybody, small ones hidden."
)
LIST_PUBLIC = internal_read(
    "list_public", ListPublic, PublicTickets, "Tickets that everybody may see."
)
PUBLIC_MAP = internal_read(
    "public_map", AskMap, PublicMap, "Public reports by county and coarse place."
)
HEAT = internal_read(
    "heat", AskHeat, Heat, "Public reports by cell of a grid, small counts hidden."
)
NEARBY = internal_read(
    "nearby", AskNearby, PublicTickets, "Open public reports like the one to be written."
)
UNPUBLISH = internal_act("unpublish", TicketProof, Done, "Take a report out of the public list.")
ME_TOO = internal_act("me_too", MeToo, Supported, "Say that one has the same trouble.")
TOKEN = internal_read("token", AskToken, TokenOf, "The code that a token became.")
RATE_FORM = internal_act("rate_form", RateForm, FormRated, "Say how easy a form was.")
FORM_RATINGS = internal_read("form_ratings", Nothing, FormRatings, "How easy forms were to people.")
