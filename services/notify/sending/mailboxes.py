"""Inboxes: made by anybody, opened by code and secret, read on the portal."""

import hmac
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import BusError, NotFound, TooMany
from iran.persian import tehran_day
from people import tracking
from services.notify.context import Office
from services.notify.keys import Keys
from services.notify.sending.rows import message_of

FAILURES_A_DAY = 5
NOBODYS = b"\0" * 32


def make(office: Office, secret: str) -> dict[str, str]:
    """The code of a new inbox that this secret opens."""
    while True:
        code = tracking.new()
        added = office.conn.execute(
            text(
                "insert into inboxes (code, secret_hash, made_at) values (:code, :hash, :now) "
                "on conflict do nothing returning code"
            ),
            {"code": code, "hash": _hashed(office.keys, code, secret), "now": office.now},
        ).scalar()
        if added:
            return {"code": code}


def known(conn: Connection, codes: Collection[str]) -> set[str]:
    """Those of these codes that are inboxes."""
    if not codes:
        return set()
    rows = conn.execute(
        text("select code from inboxes where code = any(:codes) and closed_at is null"),
        {"codes": list(codes)},
    )
    return {row.code for row in rows}


def open_(office: Office, code: str, secret: str) -> dict[str, str] | BusError:
    """The code, if the secret is that of the inbox. NotFound ``inbox.not_opened``, the same for a
    wrong code and a wrong secret; TooMany ``inbox.locked`` for a sixth wrong one a day. A refusal
    is returned, so that it is counted.
    """
    refused = _refused(office, code, secret)
    if refused is not None:
        return refused
    office.conn.execute(
        text("update inboxes set opened_at = :now where code = :code"),
        {"code": code, "now": office.now},
    )
    return {"code": code}


def read(office: Office, asked: Mapping[str, Any]) -> dict[str, Any] | BusError:
    """An Inbox of contracts/notify/inbox.py; refused as ``open_`` refuses."""
    refused = _refused(office, asked["code"], asked["secret"])
    if refused is not None:
        return refused
    # In the order of their arrival; what was blanked lies here no more.
    last = message_of(office.conn, asked["before"]) if asked["before"] else None
    rows = office.conn.execute(
        text(
            "select id, owner, contents -> 'inbox' as content, settled_at from messages "
            "where receiver_hash = :hash and channel = 'inbox' and state = 'DELIVERED' "
            "and contents is not null and (cast(:at as timestamptz) is null "
            "or (settled_at, id) < (:at, cast(:id as uuid))) "
            "order by settled_at desc, id desc limit :most"
        ),
        {
            "hash": office.keys.receiver("inbox", asked["code"]),
            "at": last.settled_at if last else None,
            "id": last.id if last else None,
            "most": asked["limit"] + 1,
        },
    ).all()
    page = rows[: asked["limit"]]
    return {
        "code": asked["code"],
        "letters": [
            {
                "id": str(row.id), "owner": row.owner, "at": instant(row.settled_at),
                "subject": row.content["subject"], "body": row.content["body"],
            }
            for row in page
        ],
        "next": str(page[-1].id) if len(rows) > len(page) else None,
    }  # fmt: skip


def _refused(office: Office, code: str, secret: str) -> BusError | None:
    """None for the right secret, which always passes; else what a wrong one is told."""
    kept = office.conn.execute(
        text("select secret_hash from inboxes where code = :code and closed_at is null"),
        {"code": code},
    ).scalar()
    if hmac.compare_digest(_hashed(office.keys, code, secret), bytes(kept or NOBODYS)):
        return None
    failures = office.conn.execute(
        text(
            "insert into inbox_failures (code, day, failures) values (:code, :day, 1) on conflict "
            "(code, day) do update set failures = inbox_failures.failures + 1 returning failures"
        ),
        {"code": code, "day": tehran_day(office.now)},
    ).scalar_one()
    if failures > FAILURES_A_DAY:
        return TooMany(
            "Code and secret do not belong together, and too many wrong secrets were tried for "
            "this inbox today. Compare both: the right secret opens at any time.",
            code="inbox.locked",
            retry_after=86_400,
        )
    return NotFound(
        "Code and secret do not belong together; compare both with what you were given.",
        code="inbox.not_opened",
    )


def _hashed(keys: Keys, code: str, secret: str) -> bytes:
    return keys.hashed("inbox", code, secret)
