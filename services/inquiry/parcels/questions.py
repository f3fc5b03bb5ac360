"""Which sources belong to a parcel: the land registry is asked, and who asked reads it later.

Nobody waits: the question goes out as a Command, the answer comes back as one, joined by the
Correlation Identifier. What an agency answers is believed only as far as it was asked.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus import topology
from bus.database.store import Tx
from bus.envelope import Envelope
from bus.errors import BusError, Forbidden, NotFound, Unauthenticated, Unavailable
from bus.process import log
from bus.settings import Settings
from contracts.inquiry.parcels import ASK_PARCEL, SOURCES_OF_PARCEL, TAKE_SOURCES
from iran.persian import tehran_day
from services.inquiry import askers as members
from services.inquiry.askers import Asker
from services.inquiry.domain import codes, purposes
from services.inquiry.domain.answer import instant
from services.inquiry.questions import answering as asking
from services.inquiry.questions import grant_quotas as quotas
from services.inquiry.questions import inquiry_log as store
from services.inquiry.questions.answering import Asked
from services.inquiry.registry import lookup as registry_store

PATIENCE = dt.timedelta(seconds=topology.AGENCY_SECONDS)
KEEP_DAYS = 365
_log = log.get("parcels")


def ask(
    tx: Tx, data: Mapping[str, Any], *, now: dt.datetime, settings: Settings, secret: str
) -> dict[str, Any] | BusError:
    """Asks the land registry for the sources of a parcel; the code by which to read its answer.

    The refusals of ``purposes.check_parcel``, or Unavailable ``parcel.not_served``; each is logged.
    """
    caller = tx.envelope.caller or {} if tx.envelope else {}
    allowed = purposes.check_parcel(data["purpose"], caller.get("grants") or (), tehran_day(now))
    served_by = _server(settings)
    if isinstance(allowed, BusError):
        return _logged(tx, data, allowed, now, secret)
    if served_by is None:
        nobody = "No land registry serves this now; ask again later."
        return _logged(tx, data, Unavailable(nobody, code="parcel.not_served"), now, secret)
    asker, grants = members.asker_in(caller), caller.get("grants") or ()
    grant = purposes.grant_of(data["purpose"], grants, tehran_day(now)) or {}
    if refusal := _over_quota(tx.conn, asker, data["purpose"], grant, now):
        return _logged(tx, data, refusal, now, secret)
    question = tx.ask_agency(served_by, SOURCES_OF_PARCEL, parcel_no=data["parcel_no"])
    row = {
        "code": codes.new_tracking(),
        "question": question,
        "agency": asker.agency,
        "on_behalf_of": asker.on_behalf_of,
        "grants": orjson.dumps(
            [grant for grant in grants if grant["purpose"] == data["purpose"]]
        ).decode(),
        "key_id": caller.get("key"),
        "served_by": served_by,
        "asked_at": now,
        "due_at": now + PATIENCE,
        **{name: data.get(name) for name in ("parcel_no", "purpose", "case_number", "operator")},
    }
    tx.conn.execute(
        text(
            "insert into parcel_questions (code, question, agency, on_behalf_of, key_id, grants, "
            "served_by, parcel_no, purpose, case_number, operator, asked_at, due_at) values "
            "(:code, :question, :agency, :on_behalf_of, :key_id, cast(:grants as jsonb), "
            ":served_by, :parcel_no, :purpose, :case_number, :operator, :asked_at, :due_at)"
        ),
        row,
    )
    outcome = {"outcome": "AWAITING", "tracking_code": row["code"]}
    _logged(tx, data, outcome, now, secret, grant.get("basis"))
    return {"code": row["code"], "state": "AWAITING", "due_at": instant(row["due_at"])}


def _over_quota(
    conn: Connection, asker: Asker, purpose: str, grant: Mapping[str, Any], now: dt.datetime
) -> BusError | None:
    if "per_day" not in grant:
        return None
    counted = quotas.Counted(asker.charged, purpose, grant["per_day"])
    return quotas.take(conn, [counted], now)[0]


def read(tx: Tx, code: str, *, now: dt.datetime, secret: str) -> dict[str, Any] | BusError:
    """A Parcel, if its question was this agency's, asked in the same name; else NotFound
    ``parcel.not_found``. Logged.
    """
    asker = members.asker_of(tx.envelope)
    row = tx.conn.execute(
        text(
            "select * from parcel_questions where code = :code and agency = :agency "
            "and on_behalf_of is not distinct from cast(:behalf as text)"
        ),
        {
            "code": codes.parse(code) or "",
            "agency": asker.agency,
            "behalf": asker.on_behalf_of,
        },
    ).one_or_none()
    if row is None:
        refusal = NotFound("You asked no question of that code.", code="parcel.not_found")
        return _logged(tx, {}, refusal, now, secret)
    told = _told(tx.conn, row, now)
    _logged(tx, {"purpose": row.purpose, "parcel_no": row.parcel_no}, None, now, secret)
    return told


def _told(conn: Connection, row: Any, now: dt.datetime) -> dict[str, Any]:
    known = {
        file_no
        for file_no, seen in zip(
            row.file_nos,
            registry_store.find(conn, [("file_no", each, None) for each in row.file_nos]),
            strict=True,
        )
        if seen.records
    }
    return {
        "code": row.code,
        "state": state_of(row, now),
        "parcel_no": row.parcel_no,
        "asked_at": instant(row.asked_at),
        "due_at": instant(row.due_at),
        "answered_at": instant(row.answered_at) if row.answered_at else None,
        "served_by": row.served_by,
        "sources": [{"file_no": each, "in_register": each in known} for each in row.file_nos],
        "problem": row.problem,
    }


def state_of(row: Any, now: dt.datetime) -> str:
    """How a question stands; one that nobody answered in time stays unanswered."""
    if row.answered_at:
        return "REFUSED" if row.problem else "ANSWERED"
    return "AWAITING" if now < row.due_at else "UNANSWERED"


def take(  # noqa: PLR0913 - what came, and what it is judged by
    tx: Tx,
    agency: str | None,
    answer: Mapping[str, Any] | None,
    problem: str | None,
    *,
    now: dt.datetime,
    settings: Settings,
    secret: str,
) -> str | None:
    """Keeps an agency's answer, or counts why it was refused and tells that reason.

    The asker may read it from now on. An answer is taken once, in time, from who was asked.
    """
    row = _open_question(tx.conn, tx.envelope)
    reason = _refusal(agency, row, problem, now, settings)
    if reason or row is None or answer is None:
        _count(tx.conn, agency, reason or "unasked", now)
        return reason
    error = _revoked(row, settings) or answer.get("error")
    files = [] if error else (answer.get("result") or {}).get("file_nos", ())
    tx.conn.execute(
        text(
            "update parcel_questions set answered_at = :now, file_nos = :files, "
            "problem = :problem where code = :code"
        ),
        {
            "now": now,
            "files": list(dict.fromkeys(files)),
            "problem": error["code"] if error else None,
            "code": row.code,
        },
    )
    _log_answer(tx, row, bool(error), now, secret)
    return None


def _revoked(row: Any, settings: Settings) -> dict[str, str] | None:
    """Why the asker may not be told any more; None if he may. By then the grant may have gone."""
    try:
        members.still(settings, _caller(row), ASK_PARCEL.name)
    except (Forbidden, Unauthenticated) as error:
        return {"code": error.code}
    return None


def _caller(row: Any) -> dict[str, Any]:
    """Who asked, as the envelope of the question told it."""
    caller = {"agency": row.agency, "key": row.key_id, "grants": row.grants or []}
    return {**caller, "on_behalf_of": row.on_behalf_of} if row.on_behalf_of else caller


def _open_question(conn: Connection, message: Envelope | None) -> Any | None:
    asked = {"question": message.correlation if message else ""}
    return conn.execute(
        text("select * from parcel_questions where question = :question for update"), asked
    ).one_or_none()


def _refusal(
    agency: str | None, row: Any | None, problem: str | None, now: dt.datetime, settings: Settings
) -> str | None:
    """Why an answer is not taken; None if it is. Who sent it is judged before what it says."""
    checks = (
        ("sender_unproven", agency is None),
        ("not_served_by_sender", _server(settings) != agency),
        ("unasked", row is None),
        ("asked_of_another", row is not None and row.served_by != agency),
        (f"malformed_{problem}".replace(".", "_"), problem is not None),
        ("doubled", row is not None and row.answered_at is not None),
        ("late", row is not None and now >= row.due_at),
    )
    return next((reason for reason, holds in checks if holds), None)


def _server(settings: Settings) -> str | None:
    """Who serves the contract now; nobody while the register cannot be read."""
    try:
        register = members.register_of(settings)
    except (OSError, ValueError) as error:
        _log.error("register of agencies not read", why=str(error))
        return None
    return register.server(SOURCES_OF_PARCEL.name) if register else None


def _count(conn: Connection, agency: str | None, reason: str, now: dt.datetime) -> None:
    told = {"served_by": agency or "unknown", "contract": TAKE_SOURCES.name, "reason": reason}
    _log.warning("answer refused", **told)
    conn.execute(
        text(
            "insert into refused_answers (served_by, contract, reason, day, times, last_at) "
            "values (:served_by, :contract, :reason, :day, 1, :now) "
            "on conflict (day, served_by, contract, reason) do update "
            "set times = refused_answers.times + 1, last_at = excluded.last_at"
        ),
        {**told, "day": tehran_day(now), "now": now},
    )


def _logged(  # noqa: PLR0913 - what a row of the log tells
    tx: Tx,
    data: Mapping[str, Any],
    result: Any,
    now: dt.datetime,
    secret: str,
    basis: str | None = None,
) -> Any:
    asked = {**data, "key_kind": "parcel_no", "key": data["parcel_no"]} if data else {}
    row = asking.log_row(Asked(tx.envelope, asked), result, secret, {}, basis)
    store.add_log(tx.conn, [row], now)
    return result


def _log_answer(tx: Tx, row: Any, refused: bool, now: dt.datetime, secret: str) -> None:
    """The answer's row in the log stands under who asked: it is theirs to read from now on."""
    message = Envelope.new(
        TAKE_SOURCES.name,
        tx.envelope.source if tx.envelope else "",
        cause=tx.envelope,
        caller=_caller(row),
    )
    asked = {
        "purpose": row.purpose, "case_number": row.case_number, "operator": row.operator,
        "key_kind": "parcel_no", "key": row.parcel_no,
    }  # fmt: skip
    outcome = {"outcome": "REFUSED" if refused else "ANSWERED", "tracking_code": row.code}
    store.add_log(tx.conn, [asking.log_row(Asked(message, asked), outcome, secret, {})], now)


def forget(conn: Connection, now: dt.datetime) -> None:
    """Deletes questions and counts older than a year; the log of inquiries stays."""
    old = {"old": now - dt.timedelta(days=KEEP_DAYS)}
    conn.execute(text("delete from parcel_questions where asked_at < :old"), old)
    conn.execute(text("delete from refused_answers where last_at < :old"), old)
