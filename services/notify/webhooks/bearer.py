"""Call-backs as GOV.UK Notify makes them: its JSON, behind a bearer token that the service chose.

What waits names nobody: number and words are read where they are kept when it is sent, so that
what was erased there is sent no more. Each carries our headers too, signed by the endpoint's key.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from uuid import UUID

import orjson
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.errors import RuleBroken
from bus.foreign.address import place
from contracts.notify.callbacks import NOTIFY_KINDS
from contracts.notify.govnotify import notify_status
from services.notify.context import Context
from services.notify.domain import webhook
from services.notify.keys import Keys
from services.notify.tables import (
    CALLBACK_DELIVERIES,
    CALLBACKS,
    MESSAGES,
    RECEIVED_TEXTS,
    TEMPLATES,
)

RECEIPT, TEXT = "notify.receipt", "notify.text"
COMPLAINT, RETURNED = "notify.complaint", "notify.returned_letter"
TYPES = dict(zip(NOTIFY_KINDS, (RECEIPT, TEXT, COMPLAINT, RETURNED), strict=True))
# A letter's receipt is none of Notify's; nor is a message that its sender cancelled.
MEMBERS = {"sms": "mobile", "email": "email"}
ERASED, ARCHIVED = "callback.erased", "api_service.archived"
LEAST, MOST = 10, 255
_BY = "services.notify.govuk"


def put(  # noqa: PLR0913 - one parameter a column of the row
    conn: Connection, keys: Keys, owner: str, kind: str, url: str, token: str, *, sandbox: bool
) -> str:
    """Set where and with which token an agency's service is called back, and enable that; one
    address for each ``kind``. The public key of its signatures (``whpk_...``).

    RuleBroken ``callback.url``, ``callback.token``.
    """
    if not (LEAST <= len(token) <= MOST and token.isascii() and token.isprintable()) or (
        " " in token
    ):
        raise RuleBroken(
            f"A token has {LEAST} to {MOST} characters of ASCII and no blank; choose another.",
            code="callback.token",
        )
    private, public = webhook.key_pair(secrets.token_bytes(32))
    now = dt.datetime.now(dt.UTC)
    settings = {
        "url": place(url, sandbox=sandbox).url,
        "secret": keys.seal(token),
        "secret_at": now,
        "private_key": keys.seal(private),
        "public_key": public,
        "state": "ENABLED",
        "reason": "",
        "failing_since": None,
        "failures": 0,
        "rests_until": None,
    }
    statement = insert(CALLBACKS).values(
        id=_id(owner, kind),
        owner=owner,
        types=[TYPES[kind]],
        secret_by=_BY,
        made_at=now,
        **settings,
    )
    conn.execute(statement.on_conflict_do_update(index_elements=[CALLBACKS.c.id], set_=settings))
    return public


def drop(conn: Connection, owner: str, kind: str) -> bool:
    """Call a service back no more, and forget what waits; False if it was not called back."""
    statement = delete(CALLBACKS).where(CALLBACKS.c.id == _id(owner, kind))
    return conn.execute(statement).rowcount > 0


def end(conn: Connection, owner: str) -> None:
    """Disable an archived service's endpoints; what waits for them is dead."""
    ids = [_id(owner, kind) for kind in NOTIFY_KINDS]
    disabled = update(CALLBACKS).where(CALLBACKS.c.id.in_(ids))
    conn.execute(disabled.values(state="DISABLED", reason=ARCHIVED))
    waiting = update(CALLBACK_DELIVERIES).where(
        CALLBACK_DELIVERIES.c.callback.in_(ids), CALLBACK_DELIVERIES.c.state == "WAITING"
    )
    conn.execute(waiting.values(state="DEAD", problem=ARCHIVED, ended_at=func.now()))


def _id(owner: str, kind: str) -> UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"mirab:notify:{owner}:{kind}")


# --- what is sent ---


def receipt(context: Context, owner: str, message: UUID) -> Mapping[str, object] | None:
    """What Notify tells of a message that ended, but for whom it went to; None if it tells
    nothing of such a one, or nobody asked to be told.
    """
    wanted = select(CALLBACKS.c.id).where(
        CALLBACKS.c.owner == owner, CALLBACKS.c.types.contains([RECEIPT])
    )
    if context.conn.execute(wanted).first() is None:
        return None
    row = context.conn.execute(select(MESSAGES).where(MESSAGES.c.id == message)).one()
    if row.channel not in MEMBERS or row.state == "CANCELLED":
        return None
    return {
        "id": str(row.id),
        "reference": row.reference,
        "to": None,
        "status": notify_status(row.channel, row.state),
        "created_at": _moment(row.created_at),
        "completed_at": _moment(row.settled_at),
        "sent_at": _moment(row.sent_at),
        "notification_type": row.channel,
        "template_id": str(row.template),
        "template_version": row.version,
    }


def complaint(
    message: UUID, reference: str | None, ref: int, at: dt.datetime
) -> Mapping[str, object]:
    """What Notify tells of a complaint about an e-mail, but for whom the e-mail went to."""
    return {
        "notification_id": str(message),
        "complaint_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"mirab:complaint:{ref}")),
        "reference": reference,
        "to": None,
        "complaint_date": _moment(at),
    }


def returned_letter(context: Context, message: UUID) -> Mapping[str, object]:
    """What Notify tells of a letter that the post has brought back."""
    row = context.conn.execute(
        select(MESSAGES, TEMPLATES.c.name.label("template_name"))
        .select_from(MESSAGES.outerjoin(TEMPLATES, TEMPLATES.c.id == MESSAGES.c.template))
        .where(MESSAGES.c.id == message)
    ).one()
    return {
        "notification_id": str(row.id),
        "reference": row.reference,
        "date_sent": _moment(row.sent_at),
        "sent_by": None,
        "template_name": row.template_name,
        "template_id": str(row.template),
        "template_version": row.version,
        "spreadsheet_file_name": None,
        "spreadsheet_row_number": None,
        "upload_letter_file_name": None,
    }


def text(id_: UUID, line: str, received_at: dt.datetime) -> Mapping[str, object]:
    """What Notify tells of a text that came in, but for its sender and its words."""
    return {
        "id": str(id_),
        "source_number": None,
        "destination_number": line,
        "message": None,
        "date_received": _moment(received_at),
    }


def _moment(at: dt.datetime | None) -> str | None:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if at else None


def whole(context: Context, type_: str, body: str) -> str:
    """What is sent, with number and words; empty if they are not kept any more."""
    document = orjson.loads(body)
    if type_ == RETURNED:
        return body
    if type_ == TEXT:
        more = _said(context, document)
    elif type_ == RECEIPT:
        more = _receiver(context, document["id"], MEMBERS[document["notification_type"]])
    else:
        more = _receiver(context, document["notification_id"], MEMBERS["email"])
    return orjson.dumps({**document, **more}).decode() if more else ""


def _receiver(context: Context, message: str, member: str) -> Mapping[str, str]:
    query = select(MESSAGES.c.receiver).where(MESSAGES.c.id == UUID(message))
    address = (context.conn.execute(query).scalar() or {}).get(member)
    return {"to": address} if address else {}


def _said(context: Context, document: Mapping[str, str]) -> Mapping[str, str]:
    table = RECEIVED_TEXTS
    query = select(table.c.sender, table.c.body).where(table.c.id == UUID(document["id"]))
    row = context.conn.execute(query).one_or_none()
    sender, words = map(context.keys.open, row) if row else (None, None)
    if sender is None or words is None:
        return {}
    return {"source_number": sender.removeprefix("+"), "message": words}
