"""What an app's user wrote about a report that the app has sent.

An app stands for all who use it: what is written in it is the word of the report's own writer only
if it brings that person's address or number, else a note that the unit alone sees. Neither closes,
reopens or answers anything; a status is read by the unit.
"""

import datetime as dt
import hashlib

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from bus.errors import Conflict, Forbidden, NotFound, TooMany
from contracts.ticketing.civic.updates import UpdateWritten, WriteUpdate
from services.ticketing.citizens import messages
from services.ticketing.citizens.messages import Words
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.domain.mailboxes import mailbox_of
from services.ticketing.tables import APP_UPDATES
from services.ticketing.tickets import acts, apps, rows
from services.ticketing.tickets.acts import Case

DAY = dt.timedelta(days=1)
# An app's users on one report, and an app's users together, in a day.
OF_REPORT_A_DAY, OF_APP_A_DAY = 30, 5000


def write_update(context: Context, app: str, message: WriteUpdate) -> UpdateWritten:
    """Keep an update once.

    NotFound ``update.not_yours``: the app sent no such report. Conflict ``update.id_used``: another
    update has this id. TooMany: too many on this report, or of this app, in a day.
    """
    if not app:
        raise Forbidden("Only an app with a key writes updates.", code="update.no_app")
    case = acts.find(context, message.code)
    if case is None or apps.app_of(context.conn, case.id) != app:
        raise NotFound(
            "service_request_id: your key has sent no request with this id.",
            code="update.not_yours",
        )
    digest = _digest(message)
    if message.update_id and (earlier := _earlier(context, app, message.update_id)) is not None:
        id_, digest_of_first = earlier
        if digest_of_first != digest:
            raise Conflict(
                "update_id: another update was sent under this id; give each its own.",
                code="update.id_used",
            )
        return _reply(case, id_)
    _check_counts(context, app, case)
    _put(context, app, case, message)
    statement = (
        insert(APP_UPDATES)
        .values(app=app, update_id=message.update_id, ticket=case.id, digest=digest, at=context.now)
        .returning(APP_UPDATES.c.id)
    )
    return _reply(case, context.conn.execute(statement).scalar_one())


def _earlier(context: Context, app: str, update_id: str) -> tuple[int, bytes] | None:
    column = APP_UPDATES.c
    statement = select(column.id, column.digest).where(
        column.app == app, column.update_id == update_id
    )
    row = context.conn.execute(statement).one_or_none()
    return None if row is None else (row.id, bytes(row.digest))


def _check_counts(context: Context, app: str, case: Case) -> None:
    column, since = APP_UPDATES.c, context.now - DAY
    for most, own in (
        (OF_REPORT_A_DAY, column.ticket == case.id),
        (OF_APP_A_DAY, column.app == app),
    ):
        statement = select(func.count()).where(own, column.at > since)
        if context.conn.execute(statement).scalar_one() >= most:
            raise TooMany(
                f"At most {most} updates a day; send this one again tomorrow.", retry_after=3600
            )


def _put(context: Context, app: str, case: Case, message: WriteUpdate) -> None:
    status = labels.STATUS_IN_APP.format(app=app, status=message.status) if message.status else ""
    text = "\n\n".join(part for part in (message.text.strip(), status) if part)
    files = message.attachments
    if _is_writers(context, case, message):
        messages.write(context, case, Words(message.text.strip() or text, files))
    else:
        messages.note_outsider(context, case, Words(text, files, sender=app))


def _is_writers(context: Context, case: Case, message: WriteUpdate) -> bool:
    """True if the address or number is that of who wrote the report."""
    person = rows.person(context.conn, case.id)
    if person is None:
        return False
    by_email = message.email and person.email
    if by_email and mailbox_of(message.email or "") == mailbox_of(person.email or ""):
        return True
    return bool(message.mobile) and message.mobile == person.mobile


def _digest(message: WriteUpdate) -> bytes:
    files = (file.sha256 for file in message.attachments)
    parts = (message.code, message.text, message.status, *files)
    return hashlib.sha256("\0".join(parts).encode()).digest()


def _reply(case: Case, id_: int) -> UpdateWritten:
    return UpdateWritten(update_id=f"{case.row.code}-a{id_}")
