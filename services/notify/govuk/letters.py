"""Letters on paper: what waits for the printer, what was posted, whose PDFs are still needed."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import text

from bus.blobs import Blobs
from bus.database.store import Store
from bus.envelope import instant
from services.notify.context import Office
from services.notify.domain.message import State
from services.notify.sending.rows import ADDRESSES

KEEP_SECONDS = 86_400
# A PDF that came from outside waits for the scanner first (services/notify/govuk/virus_scan.py).
WAITING = (
    "channel = 'letter' and state = 'CREATED' and due_at <= :now and ("
    "contents #>> '{letter,pdf,sha256}' is null or contents #>> '{letter,scan}' = 'CLEAN')"
)


def told(office: Office, row: Any) -> dict[str, Any]:
    """An ApiMessage of contracts/notify/govnotify.py; ``row`` also has ``kind``."""
    content = row.contents[row.channel]
    named = ("owner", "reference", "kind", "state", "channel", "language", "parts", "cost_rials")
    moments = ("created_at", "due_at", "sent_at", "settled_at")
    return {
        **{name: row._mapping[name] for name in named},
        **{name: instant(row._mapping[name]) for name in moments},
        "id": str(row.id),
        "template": None
        if content.get("pdf")
        else {"id": str(row.template), "version": row.version},
        "to": {name: row.receiver.get(name) for name in ADDRESSES.values()},
        "subject": content.get("subject"),
        "body": content["body"],
        "html": content.get("html") if row.channel == "letter" else None,
        "unsubscribe_url": content.get("unsubscribe") if row.channel == "email" else None,
        **{name: content.get(name) for name in ("pdf", "postage")},
        "scan": _scan(row, content),
        "contact": dict(office.book.contact) if row.channel == "letter" else None,
    }


def _scan(row: Any, content: Mapping[str, Any]) -> str | None:
    """What the scanner said of a PDF that came from outside; None of a letter that we made."""
    if not content.get("pdf"):
        return None
    if row.state == State.REJECTED and row.code == "letter.virus":
        return "INFECTED"
    return str(content.get("scan") or "HELD")


def queue(office: Office, who: str, limit: int) -> dict[str, Any]:
    """A Queue. The look is noted: letters are read before they are put into envelopes."""
    rows = office.conn.execute(
        text(
            f"select *, 'live' as kind from messages where {WAITING} "  # noqa: S608 - a constant
            "order by created_at limit :limit"
        ),
        {"now": office.now, "limit": limit},
    ).all()
    waiting = office.conn.execute(
        text(f"select count(*) from messages where {WAITING}"),  # noqa: S608 - a constant
        {"now": office.now},
    ).scalar_one()
    if rows:
        what = {"printing": [str(row.id) for row in rows]}
        office.conn.execute(
            text(
                "insert into looks (at, who, why, what) "
                "values (:now, :who, 'letters to print', cast(:what as jsonb))"
            ),
            {"now": office.now, "who": who, "what": orjson.dumps(what).decode()},
        )
    return {"letters": [told(office, row) for row in rows], "waiting": waiting}


def printed(office: Office, ids: Sequence[str]) -> dict[str, Any]:
    """Those of the letters that waited were printed and posted now; what ends them is time, since
    nobody tells us of a letter box.
    """
    done = office.conn.execute(
        text(
            f"update messages set state = :sent, sent_at = :now where {WAITING} "  # noqa: S608 - a constant
            "and id::text = any(:ids)"
        ),
        {"sent": State.SENT.value, "now": office.now, "ids": [each.lower() for each in ids]},
    )
    return {"marked": done.rowcount}


def sweep(store: Store, blobs: Blobs) -> None:
    """Forgets PDFs that no message holds any more."""
    for sha256 in blobs.older_than(KEEP_SECONDS):
        with store.transaction() as tx:
            held = tx.conn.execute(
                text(
                    "select 1 from messages where contents #>> '{letter,pdf,sha256}' = :s limit 1"
                ),
                {"s": sha256},
            ).scalar()
        if held is None:
            blobs.remove(sha256, older_than=KEEP_SECONDS)
