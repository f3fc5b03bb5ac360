"""The log of looks: who read personal data of which messages, and for what reason."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.envelope import instant
from services.notify.context import Office


def note(office: Office, who: str, why: str, what: Mapping[str, Any]) -> None:
    """Writes a look down for good; ``what`` holds nothing personal."""
    office.conn.execute(
        text(
            "insert into looks (at, who, why, what) values (:now, :who, :why, cast(:what as jsonb))"
        ),
        {"now": office.now, "who": who, "why": why, "what": orjson.dumps(what).decode()},
    )


def looks(conn: Connection, before: int | None, limit: int) -> dict[str, Any]:
    """The Looks, newest first."""
    rows = conn.execute(
        text(
            "select * from looks where cast(:before as bigint) is null or id < :before "
            "order by id desc limit :most"
        ),
        {"before": before, "most": limit + 1},
    ).all()
    page = rows[:limit]
    return {
        "looks": [
            {"id": r.id, "at": instant(r.at), "who": r.who, "why": r.why, "what": r.what}
            for r in page
        ],
        "next": page[-1].id if len(rows) > len(page) else None,
    }
