"""Endorsements of heads: now and then the newest one is co-signed by witnesses and stamped.

They are asked outside of any transaction, and whatever they do never stops the log: a head without
them is a head.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, func, select, update

from bus.evidence.errors import EvidenceError
from bus.evidence.notes import Note, NoteSignature
from bus.evidence.stamps import read_authorities
from bus.foreign.http_call import NoAnswer
from bus.process import log
from bus.settings import Settings
from services.agencies.receipt_tables import RECEIPT_HEADS, HeadRow
from services.agencies.receipts import lags
from services.agencies.receipts.stamps import Authority, fetch_stamp
from services.agencies.receipts.witnesses import (
    Prove,
    Witness,
    WitnessAhead,
    cosignature,
    parse_witnesses,
)

STAMP_EVERY = dt.timedelta(minutes=10)
T = TypeVar("T")
_log = log.get("receipts")


@dataclass(frozen=True, slots=True)
class Endorsers:
    """Who endorses the heads of this log."""

    witnesses: tuple[Witness, ...] = ()
    authority: Authority | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Endorsers":
        """From RECEIPTS_WITNESSES, RECEIPTS_STAMPS_ADDRESS and RECEIPTS_STAMPS_CA; EvidenceError if
        one of them is malformed.
        """
        url, roots = settings.get("RECEIPTS_STAMPS_ADDRESS"), settings.get("RECEIPTS_STAMPS_CA")
        authority = Authority(url, read_authorities(roots.encode())) if url and roots else None
        return cls(tuple(parse_witnesses(settings.get("RECEIPTS_WITNESSES") or "")), authority)

    def __bool__(self) -> bool:
        return bool(self.witnesses or self.authority)


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What was gathered for a head."""

    signatures: tuple[NoteSignature, ...]
    stamp: bytes | None


def is_stamp_due(conn: Connection, now: dt.datetime) -> bool:
    """True if no head of the last minutes has a stamp."""
    column = RECEIPT_HEADS.c
    statement = select(func.max(column.signed_at)).where(column.stamp.is_not(None))
    last = conn.execute(statement).scalar_one_or_none()
    return last is None or now - last >= STAMP_EVERY


def wanting(endorsers: Endorsers, head: HeadRow, *, stamp_due: bool) -> Endorsers:
    """Those of them who have not endorsed this head yet: a witness that was asked again would add
    another line each time, until nobody reads the note.
    """
    signed = Note.parse(head.note).signatures
    witnesses = tuple(
        witness
        for witness in endorsers.witnesses
        if not any(signature.made_by(witness.verifier) for signature in signed)
    )
    wants_stamp = stamp_due and head.stamp is None
    return Endorsers(witnesses, endorsers.authority if wants_stamp else None)


def gather(
    endorsers: Endorsers,
    head: HeadRow,
    prove: Prove,
    now: dt.datetime,
    newest: Callable[[], int],
) -> Endorsement:
    """Ask endorsers about a head; who does not endorse it is noted in the log and left out.

    ``newest`` is the size of the newest head as it is then: a witness that holds a larger one knows
    leaves that were lost.
    """
    signatures = []
    lags.know_witnesses(witness.verifier.name for witness in endorsers.witnesses)
    for witness in endorsers.witnesses:
        name = witness.verifier.name
        signature = _tried(name, partial(cosignature, witness, head.note, prove), newest)
        if signature is not None:
            signatures.append(signature)
    stamp, authority = None, endorsers.authority
    if authority is not None:
        text = Note.parse(head.note).text
        stamp = _tried("authority of time", partial(fetch_stamp, authority, text, now), newest)
    return Endorsement(tuple(signatures), stamp)


def keep(conn: Connection, size: int, endorsement: Endorsement) -> None:
    """Write what was gathered beside the head, whose own text and signature stay as they are."""
    column = RECEIPT_HEADS.c
    statement = select(column.note).where(column.size == size).with_for_update()
    note = Note.parse(conn.execute(statement).scalar_one())
    values: dict[str, object] = {}
    if endorsement.signatures:
        values = {"note": str(note.with_signatures(endorsement.signatures)), "cosigned": True}
    if endorsement.stamp is not None:
        values["stamp"] = endorsement.stamp
    if values:
        conn.execute(update(RECEIPT_HEADS).where(column.size == size).values(values))
        _log.info(
            "head_endorsed",
            size=size,
            witnesses=len(endorsement.signatures),
            stamped=endorsement.stamp is not None,
        )


def _tried(name: str, act: Callable[[], T], newest: Callable[[], int]) -> T | None:
    try:
        return act()
    except EvidenceError as error:
        if error.code == "evidence.contradicted":
            _contradicts(name)
        else:
            _log.warning("endorsement_refused", endorser=name, code=error.code)
    except WitnessAhead as error:
        if error.size > newest():
            _contradicts(name)  # else another process has signed meanwhile
    except NoAnswer as error:
        _log.warning("endorsement_missing", endorser=name, reason=error.reason)
    return None


def _contradicts(witness: str) -> None:
    _log.error("witness_contradicts", witness=witness)
    lags.contradicted(witness)
