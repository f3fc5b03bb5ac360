"""A new secret for who lost that of an own inquiry: by a code to the mobile that was left."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from bus.database.store import Tx
from bus.errors import BusError
from people.one_time_codes import VALID, Codes
from services.inquiry.own_inquiries import inquiries as own
from services.inquiry.own_inquiries import text_messages as own_notices


def ask(tx: Tx, data: Mapping[str, str], now: dt.datetime, key: str) -> dict[str, Any]:
    """Sends a code if the contact is the inquiry's mobile; the reply is the same if it is not."""
    row = tx.conn.execute(
        text("select * from own_inquiries where code = :code"), {"code": data["code"]}
    ).one_or_none()
    is_own = row is not None and row.mobile is not None and row.mobile == data["contact"]
    subject = data["code"] if is_own else None
    begun = Codes(tx.conn, now, key).begin(subject, own.asker_of(tx))
    if begun.pin is not None:
        own_notices.send_code(tx, row, data["language"], begun.pin)
    return {"request_id": begun.id, "valid_minutes": int(VALID.total_seconds()) // 60}


def renew(tx: Tx, data: Mapping[str, str], now: dt.datetime, key: str) -> dict[str, str] | BusError:
    """The new secret in the place of the old one, for the code that came."""
    code = Codes(tx.conn, now, key).redeem(data["request_id"], data["pin"])
    if isinstance(code, BusError):
        return code
    tx.conn.execute(
        text("update own_inquiries set secret_hash = :hash where code = :code"),
        {"hash": own.secret_hash(key, code, data["secret"]), "code": code},
    )
    return {"code": code}
