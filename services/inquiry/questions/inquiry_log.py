"""Answers as they were given, and the chained log of inquiries; both only ever grow."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, select, text

from bus.database.connection import Utf8
from bus.database.prepared import Prepared
from bus.database.store import Tx
from bus.envelope import Envelope
from bus.errors import BusError
from bus.messages.message import Written, read, to_wire
from contracts.inquiry.answer import Answer
from services.inquiry.askers import Asker, grants_in
from services.inquiry.domain import chain, purposes
from services.inquiry.tables import INQUIRIES, INQUIRY_LOG, INQUIRY_LOG_HEAD

# Columns that came after rows were written: a row's hash covers them where they are not empty, so
# that what was written before them verifies as it did.
LATER = ("on_behalf_of", "basis", "withheld_days")
AT_ONCE = 5000


class Matter(NamedTuple):
    """What the log keeps of a question; the key only as a keyed hash."""

    purpose: str | None = None
    case_number: str | None = None
    operator: str | None = None
    key_kind: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question: a code, and the answer that was given, if any."""

    code: str
    tracking_code: str | None = None
    answer_hash: str | None = None


# Answers that were given earlier were read again.
READ_AGAIN = Outcome("READ")


class LogRow(NamedTuple):
    """A row of the log before it has its place in the chain."""

    agency: str
    contract: str
    outcome: str
    message_id: str
    key_id: str | None = None
    purpose: str | None = None
    operator: str | None = None
    case_number: str | None = None
    key_kind: str | None = None
    key_hash: str | None = None
    tracking_code: str | None = None
    answer_hash: str | None = None
    trace_id: str | None = None
    on_behalf_of: str | None = None
    basis: str | None = None
    withheld_days: int | None = None


LOGGED = ("seq", "at", *LogRow._fields)

# Between two answers in one parameter: JSON holds no such character as it stands.
BETWEEN = b"\x1e"
# One statement however many rows: all who ask wait for the log's head. Nobody parses the answers.
_ADD_ANSWERS = Prepared(
    "inquiry_answers",
    """
    insert into inquiries (tracking_code, verification_code, agency, outcome, answered_at,
                           valid_until, file_nos, status_codes, answer)
    select tracking_code, verification_code, agency, outcome, answered_at, valid_until, file_nos,
           status_codes, answer
    from rows from (
        json_to_recordset(cast(%s as json)) as (
            tracking_code text, verification_code text, agency text, outcome text,
            answered_at timestamptz, valid_until timestamptz, file_nos text[],
            status_codes text[]),
        unnest(string_to_array(cast(%s as text), chr(30)))
    ) as row(tracking_code, verification_code, agency, outcome, answered_at, valid_until, file_nos,
             status_codes, answer)""",
)
ADD_LOG = Prepared(
    "inquiry_log_add",
    """
    with added as (
        insert into inquiry_log (seq, at, agency, key_id, contract, purpose, operator, case_number,
                                 key_kind, key_hash, outcome, tracking_code, answer_hash,
                                 message_id, trace_id, on_behalf_of, basis, withheld_days,
                                 hash)
        select seq, at, agency, key_id, contract, purpose, operator, case_number, key_kind,
               key_hash, outcome, tracking_code, answer_hash, message_id, trace_id, on_behalf_of,
               basis, withheld_days, decode(hash, 'hex')
        from json_to_recordset(cast(%s as json)) as row(
            seq bigint, at timestamptz, agency text, key_id text, contract text, purpose text,
            operator text, case_number text, key_kind text, key_hash text, outcome text,
            tracking_code text, answer_hash text, message_id text, trace_id text, on_behalf_of text,
            basis text, withheld_days integer, hash text))
    update inquiry_log_head set seq = cast(%s as bigint), hash = cast(%s as bytea)""",
)
_HEAD = select(INQUIRY_LOG_HEAD.c.seq, INQUIRY_LOG_HEAD.c.hash)
LOCKED_HEAD = Prepared("inquiry_log_head", "select seq, hash from inquiry_log_head for update")
_READ_LOG = (
    select(*(INQUIRY_LOG.c[name] for name in LOGGED), INQUIRY_LOG.c.hash)
    .where(INQUIRY_LOG.c.seq > bindparam("after"))
    .order_by(INQUIRY_LOG.c.seq)
    .limit(AT_ONCE)
)
# sha256 and convert_to are PostgreSQL's: the hash is taken where the answers lie.
_ALTERED = text("""
    select l.seq from inquiry_log l left join inquiries i using (tracking_code)
    where l.seq >= :first and l.answer_hash is not null
      and l.answer_hash is distinct from encode(sha256(convert_to(i.answer, 'UTF8')), 'hex')
    order by l.seq limit 1""")


class Kept(NamedTuple):
    """An answer that is kept, its wire form, and the sha-256 in hex of that as JSON."""

    answer: Answer
    wire: Written[Answer]
    hash: str


def outcome_of(kept: Kept) -> Outcome:
    """What became of a question that was answered."""
    return Outcome(kept.answer.outcome, kept.answer.tracking_code, kept.hash)


def add_answers(tx: Tx, answers: Sequence[Answer]) -> list[Kept]:
    """Keep answers as they are given, in order."""
    kept, rows, bodies = [], [], []
    for answer in answers:
        wire = to_wire(answer)
        body = orjson.dumps(wire)
        bodies.append(body)
        kept.append(Kept(answer, Written(wire), hashlib.sha256(body).hexdigest()))
        rows.append(
            {
                "tracking_code": answer.tracking_code,
                "verification_code": answer.verification_code,
                "agency": answer.agency,
                "outcome": answer.outcome,
                "answered_at": answer.answered_at,
                "valid_until": answer.valid_until,
                "file_nos": [source.file_no for source in answer.sources],
                "status_codes": [source.status.code for source in answer.sources],
            }
        )
    if rows:
        tx.write(_ADD_ANSWERS, Utf8(orjson.dumps(rows)), Utf8(BETWEEN.join(bodies)))
    return kept


def add_log(tx: Tx, rows: Sequence[LogRow], at: datetime) -> None:
    """Append rows to the chained log; the head's lock is held until the transaction ends.

    Call it last in a transaction: all who ask wait for this lock.
    """
    if not rows:
        return
    seq, head = tx.read(LOCKED_HEAD).one()
    previous = bytes(head)
    linked = []
    for row in rows:
        seq += 1
        content = canonical({"seq": seq, "at": at, **row._asdict()})
        previous = chain.link(previous, content)
        # What is hashed is what is kept, with its hash as one more member.
        linked.append(b'%b,"hash":"%b"}' % (content[:-1], previous.hex().encode()))
    tx.write(ADD_LOG, Utf8(b"[%b]" % b",".join(linked)), seq, previous)


def log_row(
    envelope: Envelope,
    matter: Matter,
    outcome: Outcome | BusError,
    log_key: str,
    *,
    basis: str | None = None,
) -> LogRow:
    """Make the row of a question and its outcome; a refusal's outcome is its code."""
    caller = envelope.caller or {}
    if isinstance(outcome, BusError):
        outcome = Outcome(outcome.code)
    hashed = None
    if matter.key_kind is not None and matter.key is not None:
        hashed = key_hash(log_key, matter.key_kind, matter.key)
    return LogRow(
        agency=str(caller.get("agency")),
        contract=envelope.type,
        outcome=outcome.code,
        message_id=envelope.id,
        key_id=caller.get("key"),
        purpose=matter.purpose,
        operator=matter.operator or caller.get("operator"),
        case_number=matter.case_number,
        key_kind=matter.key_kind,
        key_hash=hashed,
        tracking_code=outcome.tracking_code,
        answer_hash=outcome.answer_hash,
        trace_id=envelope.trace_id,
        on_behalf_of=caller.get("on_behalf_of"),
        basis=basis,
        withheld_days=purposes.withheld_days(matter.purpose, grants_in(caller)),
    )


def canonical(row: Mapping[str, object]) -> bytes:
    """The content of a row as its hash covers it: JSON with sorted names and no blanks, moments in
    UTC, no hash.
    """
    content = dict(row)
    at = content["at"]
    assert isinstance(at, datetime)
    content["at"] = at.astimezone(UTC).isoformat()
    for name in LATER:
        if content[name] is None:
            del content[name]
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def read_log(conn: Connection, after: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Read the rows after ``after`` as (seq, canonical content, hash), some thousand a time."""
    while rows := conn.execute(_READ_LOG, {"after": after}).all():
        for *values, written in rows:
            row = dict(zip(LOGGED, values, strict=True))
            after = row["seq"]
            yield after, canonical(row), bytes(written)


def log_head(conn: Connection) -> tuple[int, bytes] | None:
    """The number and the hash of the last row by the head; None if the head was removed."""
    head = conn.execute(_HEAD).one_or_none()
    return (head.seq, bytes(head.hash)) if head else None


def log_hash(conn: Connection, seq: int) -> bytes | None:
    """The hash in one row of the log; None if there is no such row."""
    written = conn.execute(select(INQUIRY_LOG.c.hash).where(INQUIRY_LOG.c.seq == seq)).scalar()
    return bytes(written) if written is not None else None


def first_altered_answer(conn: Connection, first: int) -> int | None:
    """The first row from ``first`` on whose kept answer is gone or not the one it logged."""
    return conn.execute(_ALTERED, {"first": first}).scalar()


def key_hash(log_key: str, key_kind: str, key: str) -> str:
    """Hash a key for the log: with the secret a person's rows can be found, without it never."""
    return hmac.digest(log_key.encode(), f"{key_kind}:{key}".encode(), "sha256").hex()


def answer_of(conn: Connection, tracking_code: str, asker: Asker) -> Answer | None:
    """Read an answer as it was given, if it was given to this agency, asking in the same name."""
    document = conn.execute(
        select(INQUIRIES.c.answer).where(
            INQUIRIES.c.tracking_code == tracking_code, INQUIRIES.c.agency == asker.agency
        )
    ).scalar()
    if document is None:
        return None
    answer = parse_answer(document)
    return answer if answer.on_behalf_of == asker.on_behalf_of else None


def parse_answer(document: str) -> Answer:
    """Read an answer as it is kept."""
    return read(Answer, orjson.loads(document))
