"""Letters on paper: those that wait for the printer, those that were posted, their PDFs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, update

from bus.blobs import Blobs
from bus.database.rows import fetch_all
from bus.database.store import Store
from bus.envelope import instant
from contracts.notify.govnotify import ApiMessage, Pdf, PrintedCount, Queue, TemplateAt
from contracts.notify.receiver import Receiver
from services.notify.context import Context, uuid_of
from services.notify.domain.content import Content
from services.notify.domain.message import MessageState
from services.notify.editors import looks
from services.notify.sending.rows import MessageRow
from services.notify.tables import MESSAGES

KEEP_SECONDS = 86_400
# As the index on letters has it.
PDF_SHA256 = MESSAGES.c.contents[("letter", "pdf", "sha256")].astext
SCAN = MESSAGES.c.contents[("letter", "scan")].astext


@dataclass(frozen=True, slots=True)
class ApiMessageRow(MessageRow):
    """A message with the kind of key by which it came."""

    kind: str


def api_message(context: Context, row: ApiMessageRow) -> ApiMessage:
    """A message as the contract of the Notify API shows it."""
    content, pdf = row.content, row.content.get("pdf")
    is_letter = row.channel == "letter"
    return ApiMessage(
        id=str(row.id),
        owner=row.owner,
        reference=row.reference,
        kind=row.kind,
        state=row.state,
        channel=row.channel,
        template=None if pdf else TemplateAt(id=str(row.template), version=row.version),
        language=row.language,
        to=row.to or Receiver(),
        subject=content.get("subject"),
        body=content["body"],
        html=content.get("html") if is_letter else None,
        unsubscribe_url=content.get("unsubscribe") if row.channel == "email" else None,
        pdf=Pdf(sha256=pdf["sha256"], size=pdf["size"]) if pdf else None,
        scan=_scan(row, content),
        postage=content.get("postage"),
        sender=content.get("sender"),
        contact=_contact(context) if is_letter else None,
        parts=row.parts,
        cost_rials=row.cost_rials,
        created_at=instant(row.created_at),
        due_at=instant(row.due_at),
        sent_at=instant(row.sent_at),
        settled_at=instant(row.settled_at),
    )


def _contact(context: Context) -> dict[str, str]:
    return {name: value for name, value in asdict(context.book.contact).items() if value}


def _scan(row: ApiMessageRow, content: Content) -> str | None:
    """The scanner's finding on a PDF that came from outside; None of a letter that we made."""
    if not content.get("pdf"):
        return None
    if row.state == MessageState.REJECTED and row.code == "letter.virus":
        return "INFECTED"
    return content.get("scan") or "HELD"


def _waiting(context: Context) -> ColumnElement[bool]:
    """Letters that are due. A PDF that came from outside waits for the scanner first."""
    return and_(
        MESSAGES.c.channel == "letter",
        MESSAGES.c.state == MessageState.CREATED.value,
        MESSAGES.c.due_at <= context.now,
        or_(PDF_SHA256.is_(None), SCAN == "CLEAN"),
    )


def queue(context: Context, editor: str, limit: int) -> Queue:
    """The letters that wait for the printer. The look is noted: letters are read before they are
    put into envelopes.
    """
    waiting = _waiting(context)
    query = select(MESSAGES, literal("live").label("kind")).where(waiting)
    rows = fetch_all(
        context.conn, ApiMessageRow, query.order_by(MESSAGES.c.created_at).limit(limit)
    )
    count = context.conn.execute(
        select(func.count()).select_from(MESSAGES).where(waiting)
    ).scalar_one()
    if rows:
        printing = {"printing": [str(row.id) for row in rows]}
        looks.note(context, editor, "letters to print", printing)
    return Queue(letters=tuple(api_message(context, row) for row in rows), waiting=count)


def mark_printed(context: Context, ids: Sequence[str]) -> PrintedCount:
    """Mark those of the letters that waited as printed and posted now; time ends them, since a
    letter box reports nothing.
    """
    keys = [id_ for text in ids if (id_ := uuid_of(text))]
    marked = context.conn.execute(
        update(MESSAGES)
        .where(_waiting(context), MESSAGES.c.id.in_(keys))
        .values(state=MessageState.SENT.value, sent_at=context.now, handed_at=context.now)
    ).rowcount
    return PrintedCount(marked=marked)


def sweep(store: Store, blobs: Blobs) -> None:
    """Delete PDFs that no message holds any more."""
    for sha256 in blobs.older_than(KEEP_SECONDS):
        query = select(MESSAGES.c.id).where(sha256 == PDF_SHA256).limit(1)
        with store.transaction() as tx:
            holder = tx.conn.execute(query).scalar()
        if holder is None:
            blobs.remove(sha256, older_than=KEEP_SECONDS)
