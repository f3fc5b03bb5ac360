"""Answers that were given and the log of inquiries; both only ever grow."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.inquiry.domain import chain

LOGGED = (
    "seq",
    "at",
    "agency",
    "key_id",
    "contract",
    "purpose",
    "operator",
    "case_number",
    "key_kind",
    "key_hash",
    "outcome",
    "tracking_code",
    "answer_hash",
    "message_id",
    "trace_id",
    "on_behalf_of",
    "basis",
)
# Columns that came after rows were written: a row's hash covers them where they are not empty, so
# that what was written before them verifies as it did.
LATER = ("on_behalf_of", "basis")
AT_ONCE = 5000

TOLD = ("tracking_code", "verification_code", "agency", "outcome", "answered_at", "valid_until")
_ANSWER = (*TOLD, "file_nos", "status_codes", "answer")
# One statement and one parameter however many rows: all who ask wait for the log's head.
_ADD_ANSWERS = text(f"""
    insert into inquiries ({", ".join(_ANSWER)}) select {", ".join(_ANSWER)}
    from json_to_recordset(cast(:rows as json)) as told(
        tracking_code text, verification_code text, agency text, outcome text,
        answered_at timestamptz, valid_until timestamptz, file_nos text[], status_codes text[],
        answer text)""")  # noqa: S608 - made of constants
_ADD_LOG = text(f"""
    with added as (
        insert into inquiry_log ({", ".join(LOGGED)}, hash)
        select {", ".join(LOGGED)}, decode(hash, 'hex')
        from json_to_recordset(cast(:rows as json)) as told(
            seq bigint, at timestamptz, agency text, key_id text, contract text, purpose text,
            operator text, case_number text, key_kind text, key_hash text, outcome text,
            tracking_code text, answer_hash text, message_id text, trace_id text, on_behalf_of text,
            basis text, hash text))
    update inquiry_log_head set seq = :seq, hash = :hash""")  # noqa: S608 - made of constants
_READ_LOG = text(
    f"select {', '.join(LOGGED)}, hash from inquiry_log "  # noqa: S608 - made of constants
    "where seq > :after order by seq limit :most"
)


def add_answers(conn: Connection, answers: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Keeps answers as they were given; the sha-256 of each in hex, by tracking code."""
    hashes, rows = {}, []
    for answer in answers:
        body = orjson.dumps(answer)
        hashes[answer["tracking_code"]] = hashlib.sha256(body).hexdigest()
        rows.append(
            {
                **{name: answer[name] for name in TOLD},
                "file_nos": [source["file_no"] for source in answer["sources"]],
                "status_codes": [source["status"]["code"] for source in answer["sources"]],
                "answer": body.decode(),
            }
        )
    if rows:
        conn.execute(_ADD_ANSWERS, {"rows": orjson.dumps(rows).decode()})
    return hashes


def add_log(conn: Connection, rows: Sequence[dict[str, Any]], at: datetime) -> None:
    """Appends rows to the chained log; the head's lock is held until the transaction ends.

    Call it last in a transaction: all who ask wait for this lock.
    """
    if not rows:
        return
    head = conn.execute(text("select seq, hash from inquiry_log_head for update")).one()
    seq, previous = head.seq, bytes(head.hash)
    linked = []
    for row in rows:
        seq += 1
        told = {**dict.fromkeys(LOGGED), **row, "seq": seq, "at": at}
        previous = chain.link(previous, canonical(told))
        linked.append({**told, "hash": previous.hex()})
    conn.execute(_ADD_LOG, {"rows": orjson.dumps(linked).decode(), "seq": seq, "hash": previous})


def canonical(row: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a log row as its hash covers it."""
    told = {name: row[name] for name in LOGGED if name not in LATER or row[name] is not None}
    return {**told, "at": row["at"].astimezone(UTC).isoformat()}


def read_log(conn: Connection, after: int) -> Iterator[tuple[int, dict[str, Any], bytes]]:
    """The log's rows after ``after``: (seq, canonical content, hash), some thousand a time."""
    while rows := conn.execute(_READ_LOG, {"after": after, "most": AT_ONCE}).mappings().all():
        for row in rows:
            yield row["seq"], canonical(row), bytes(row["hash"])
        after = rows[-1]["seq"]


def log_head(conn: Connection) -> tuple[int, bytes] | None:
    """The number and the hash of the last row, as the head tells them; None if it was removed."""
    head = conn.execute(text("select seq, hash from inquiry_log_head")).one_or_none()
    return (head.seq, bytes(head.hash)) if head else None


def log_hash(conn: Connection, seq: int) -> bytes | None:
    """The hash that one row of the log bears; None if there is no such row."""
    found = conn.execute(
        text("select hash from inquiry_log where seq = :seq"), {"seq": seq}
    ).scalar()
    return bytes(found) if found is not None else None


_ALTERED = text("""
    select l.seq from inquiry_log l left join inquiries i using (tracking_code)
    where l.seq >= :first and l.answer_hash is not null
      and l.answer_hash is distinct from encode(sha256(convert_to(i.answer, 'UTF8')), 'hex')
    order by l.seq limit 1""")


def first_altered_answer(conn: Connection, first: int) -> int | None:
    """The first row from ``first`` on whose kept answer is gone or not the one it logged."""
    return conn.execute(_ALTERED, {"first": first}).scalar()


def key_hash(secret: str, key_kind: str, key: str) -> str:
    """What the log keeps of a key: who holds the secret can find a person's rows, nobody else."""
    return hmac.new(secret.encode(), f"{key_kind}:{key}".encode(), hashlib.sha256).hexdigest()


def answer_of(
    conn: Connection, tracking_code: str, agency: str, on_behalf_of: str | None
) -> dict[str, Any] | None:
    """The answer as it was given, if it was given to this agency, asking in the same name."""
    found = conn.execute(
        text("select answer from inquiries where tracking_code = :code and agency = :agency"),
        {"code": tracking_code, "agency": agency},
    ).scalar()
    answer: dict[str, Any] = orjson.loads(found) if found else {}
    return answer if answer and answer.get("on_behalf_of") == on_behalf_of else None
