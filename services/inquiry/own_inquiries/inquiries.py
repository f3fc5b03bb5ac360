"""Inquiries of people about their own sources: asked, charged by billing, answered when paid."""

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from bus.errors import BusError, NotFound
from contracts.billing.bills import CHARGE
from people import tracking
from services.inquiry.domain.answer import instant
from services.inquiry.domain.purposes import OWN, OWN_CODE
from services.inquiry.own_inquiries import attempt_limits as own_guesses
from services.inquiry.own_inquiries import text_messages as own_notices
from services.inquiry.questions import answering as asking
from services.inquiry.questions import inquiry_log as store
from services.inquiry.questions.answering import Asked

# As long as the treasury may charge an inquiry again whose bill has ended.
KEY_DAYS = dt.timedelta(days=30)
SERVICE = "own_inquiry"
SETTLED, ENDED = ("PAID", "WAIVED"), ("VOID", "EXPIRED")
KEPT = ("key_kind", "key", "file_no", "mobile", "language")
BILL = ("number", "bill_id", "payment_id", "total_rials", "due_on", "state")


def ask(
    tx: Tx, data: Mapping[str, Any], now: dt.datetime, secret: str
) -> dict[str, str] | BusError:
    """The code of a new inquiry, if the person is an owner or partner of the source.

    Who does not match learns nothing of the file, and is slowed down. A refusal is returned, so
    that it is counted.
    """
    subjects = own_guesses.Subjects.of(secret, asker_of(tx), data["key"], data["file_no"])
    if (refusal := own_guesses.refusal(tx.conn, subjects, now)) is not None:
        return refusal
    if not asking.holds(tx.conn, data["key_kind"], data["key"], data["file_no"]):
        return own_guesses.count(tx.conn, subjects, now)
    code = _add(tx.conn, data, now, secret)
    tx.send(
        CHARGE,
        source_kind="inquiry",
        source_ref=code,
        service=SERVICE,
        file_no=data["file_no"],
        requested_at=instant(now),
        agency_class="applicant",
        use="*",
        area_class="*",
        quantity=1,
        agency=None,
    )
    return {"code": code}


def asker_of(tx: Tx) -> str:
    """By what the face tells those who ask apart, without telling who they are."""
    caller = (tx.envelope.caller or {}) if tx.envelope else {}
    return str(caller.get("asker", ""))


def secret_hash(key: str, code: str, secret: str) -> bytes:
    """What is kept of a secret."""
    return _hashed(key, code, secret)


def _add(conn: Connection, data: Mapping[str, Any], now: dt.datetime, secret: str) -> str:
    while True:
        code = tracking.new()
        added = conn.execute(
            text(
                "insert into own_inquiries (code, secret_hash, key_kind, key, file_no, asked_at, "
                "state, mobile, language) values (:code, :hash, :key_kind, :key, :file_no, :now, "
                "'CHARGING', :mobile, :language) on conflict do nothing returning code"
            ),
            {
                "code": code,
                "hash": secret_hash(secret, code, data["secret"]),
                "now": now,
                **{name: data[name] for name in KEPT},
            },
        ).scalar()
        if added:
            return code


def _hashed(secret: str, *parts: str) -> bytes:
    return hmac.new(secret.encode(), "\0".join(("own", *parts)).encode(), hashlib.sha256).digest()


def read(conn: Connection, code: str, proof: str, secret: str) -> dict[str, Any]:
    """An OwnInquiry. NotFound ``own.not_opened``, the same for a wrong code and a wrong secret."""
    row = conn.execute(
        text("select * from own_inquiries where code = :code"), {"code": code}
    ).one_or_none()
    kept = bytes(row.secret_hash) if row else b"\0" * 32
    if not hmac.compare_digest(secret_hash(secret, code, proof), kept) or row is None:
        raise NotFound(
            "Code and secret do not belong together; compare both with what you were given.",
            code="own.not_opened",
        )
    told = row.tracking_code
    answer = store.answer_of(conn, told, OWN_CODE, on_behalf_of=None) if told else None
    return {
        "code": row.code,
        "state": row.state,
        "file_no": row.file_no,
        "asked_at": instant(row.asked_at),
        "bill": row.told,
        "answer": answer,
    }


def note_bill(tx: Tx, fact: Mapping[str, Any], now: dt.datetime, secret: str) -> None:
    """What billing tells of an inquiry's bill: what is owed, or that the answer may be given."""
    if fact["source_kind"] != "inquiry":
        return
    row = tx.conn.execute(
        text("select * from own_inquiries where code = :code for update"),
        {"code": fact["source_ref"]},
    ).one_or_none()
    settled = fact["state"] in SETTLED
    if row is None or row.state == "ANSWERED" or (_old(row, fact) and not settled):
        return
    state = "ENDED" if fact["state"] in ENDED else "UNPAID"
    code = None
    if settled and row.key is None:
        # Who asked is forgotten thirty days after the bill has ended (KEY_DAYS).
        state = "ENDED"
    elif settled:
        state, code = "ANSWERED", _answer(tx, row, now, secret)
        own_notices.answered(tx, row)
    tx.conn.execute(
        text(
            "update own_inquiries set state = :state, bill = :bill, bill_version = :version, "
            "told = cast(:told as jsonb), tracking_code = :tracking, "
            "ended_at = case when :state <> 'UNPAID' then cast(:now as timestamptz) end, "
            "key = case when :state = 'ANSWERED' then null else key end where code = :code"
        ),
        {
            "state": state,
            "now": now,
            "bill": fact["number"],
            "version": fact["version"],
            "told": orjson.dumps({name: fact[name] for name in BILL}).decode(),
            "tracking": code,
            "code": row.code,
        },
    )


def _old(row: Any, fact: Mapping[str, Any]) -> bool:
    """True for news of an earlier bill, or of an earlier state of the same one."""
    if row.bill is None:
        return False
    return (fact["number"], fact["version"]) <= (row.bill, row.bill_version)


def _answer(tx: Tx, row: Any, now: dt.datetime, secret: str) -> str:
    data = {
        "purpose": OWN_CODE, "key_kind": row.key_kind, "key": row.key, "case_number": row.code,
        "file_no": row.file_no,
    }  # fmt: skip
    answer = asking.answer_own(
        tx.conn, Asked(tx.envelope, data), OWN, row.asked_at, now=now, secret=secret
    )
    return str(answer["tracking_code"])


def forget(conn: Connection, now: dt.datetime) -> None:
    """Empties the IDs of inquiries that ended unpaid and all mobiles, and deletes old counts."""
    conn.execute(
        text(
            "update own_inquiries set key = null where key is not null and state = 'ENDED' "
            "and ended_at < :old"
        ),
        {"old": now - KEY_DAYS},
    )
    own_notices.forget(conn, now)
    own_guesses.forget(conn, now)
