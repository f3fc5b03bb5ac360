"""What civic apps and other cities' sites exchange about reports (Open311 service request updates).

Which app asks stands in the caller, as the face has proven it by the app's key; no field says it.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Code, Instant
from contracts.ticketing.files import Attachments
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

# How a report stands: GeoReport's two words, and the finer ones of the extension.
STATUSES = ("OPEN", "CLOSED")
# Reports whose history is asked for at once.
HISTORIES = 100
EXTENDED_STATUSES = (
    *STATUSES,
    "IN_PROGRESS",
    "INVESTIGATING",
    "ACTION_SCHEDULED",
    "DUPLICATE",
    "NOT_COUNCILS_RESPONSIBILITY",
    "NO_FURTHER_ACTION",
)


@message
class ListUpdates:
    """What was done with public reports in a window of time, the oldest first.

    An app that is named by the caller gets those of its own reports, with the unit's ``words`` if
    it may show them; everybody else gets those of all public reports, without.
    """

    since: Instant
    until: Instant
    words: Annotated[bool, "The texts of the unit, for the app that sent the report"] = False
    page: Annotated[int, whole(1, 100_000)] = 1
    page_size: Annotated[int, whole(1, 1000)] = 1000


@message
class ReportUpdate:
    """One act on a public report, and how the report stood after it."""

    update_id: Annotated[str, Text(40)]
    code: Annotated[str, Text(10)]
    at: Instant
    act: Code
    status: Annotated[str, Choice(STATUSES)]
    extended_status: Annotated[str, Choice(EXTENDED_STATUSES)]
    title_fa: Annotated[str, Text(200)]
    title_en: Annotated[str, Text(200)]
    text: Annotated[str | None, Prose(50_000, personal=True), OPTIONAL] = None


@message
class ReportUpdates:
    updates: tuple[ReportUpdate, ...]


@message
class AskHistory:
    """All that was done with these public reports; what is not public is passed over."""

    codes: Annotated[tuple[Annotated[str, Text(10)], ...], validate.Length(1, HISTORIES)]


@message
class WriteUpdate:
    """What somebody wrote in an app about a report that this app has sent.

    ``email`` or ``mobile`` of the report's own writer makes it that person's word; nothing of
    either is kept. ``update_id`` is the app's own: the same again is the same update.
    """

    code: Annotated[str, Checked(40, tracking.parse)]
    update_id: Annotated[str, Text(100, least=0)] = ""
    status: Annotated[str, Text(40, least=0), "How the app says that it stands"] = ""
    text: Annotated[str, Prose(50_000, least=0, personal=True)] = ""
    email: Annotated[str | None, Text(200, personal=True)] = None
    mobile: Annotated[str | None, Checked(40, identifiers.mobile, personal=True)] = None
    attachments: Attachments = ()


@message
class UpdateWritten:
    """The update is kept; ``update_id`` is ours, the same for a repeat."""

    update_id: Annotated[str, Text(40)]


LIST_UPDATES = internal_read(
    "list_updates", ListUpdates, ReportUpdates, "Lists what was done with public reports."
)
REPORT_HISTORY = internal_read(
    "report_history", AskHistory, ReportUpdates, "Lists all that was done with public reports."
)
WRITE_UPDATE = internal_act(
    "write_update", WriteUpdate, UpdateWritten, "Keeps what an app's user wrote on a report."
)
