"""Inquiries of people about their own sources: asked, charged by billing, answered when paid."""

import hashlib
import hmac

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.errors import BusError, NotFound
from contracts.billing.bills import CHARGE, BillFact, Charge
from contracts.inquiry.own import AskOwn, OwnInquiry, OwnProof, OwnReceipt
from people import passes, retention, tracking
from services.inquiry import holds
from services.inquiry.askers import Asker
from services.inquiry.context import Context
from services.inquiry.domain.moments import instant
from services.inquiry.domain.own_inquiry import SETTLED, OwnState, act_of, following
from services.inquiry.domain.purposes import OWN_CODE
from services.inquiry.hashes import person_hash
from services.inquiry.own_inquiries import attempt_limits, text_messages
from services.inquiry.own_inquiries.answers import answer_own
from services.inquiry.own_inquiries.rows import OwnRow, own_row
from services.inquiry.questions.inquiry_log import answer_of, key_hash
from services.inquiry.questions.snapshots import is_holder
from services.inquiry.tables import OWN_INQUIRIES

SERVICE = "own_inquiry"
PERSON = Asker(OWN_CODE, None)


def ask(context: Context, question: AskOwn) -> OwnReceipt | BusError:
    """Open an inquiry, if the person is an owner or partner of the source; return its code.

    A wrong pair of ID and file learns nothing of the file, and is slowed down. A refusal is
    returned, so that it is counted.
    """
    subjects = attempt_limits.Subjects.of(
        context.log_key, face_asker(context), question.key, question.file_no
    )
    if (refusal := attempt_limits.refusal(context.conn, subjects, context.now)) is not None:
        return refusal
    if not is_holder(context.conn, question.key_kind, question.key, question.file_no):
        return attempt_limits.count(context.conn, subjects, context.now)
    code = _add(context, question)
    context.tx.send(
        CHARGE,
        Charge(
            source_kind="inquiry",
            source_ref=code,
            service=SERVICE,
            file_no=question.file_no,
            requested_at=instant(context.now),
            agency_class="applicant",
            use="*",
            area_class="*",
            quantity=1,
            agency=None,
        ),
    )
    return OwnReceipt(code=code)


def face_asker(context: Context) -> str:
    """The word by which the face tells one asker from another, without saying who they are."""
    return str((context.envelope.caller or {}).get("asker", ""))


def secret_hash(log_key: str, code: str, secret: str) -> bytes:
    """Hash the secret of an inquiry as it is kept."""
    text = "\0".join(("own", code, secret))
    return hmac.new(log_key.encode(), text.encode(), hashlib.sha256).digest()


def opens(context: Context, row: OwnRow | None, proof: OwnProof) -> bool:
    """Tell whether the secret is the inquiry's, or a pass to it; takes the same steps for a code
    that does not exist.
    """
    kept = bytes(row.secret_hash) if row else b"\0" * 32
    by_secret = hmac.compare_digest(secret_hash(context.log_key, proof.code, proof.secret), kept)
    by_pass = passes.opens(context.log_key, proof.code, proof.secret, context.now)
    return row is not None and by_secret | by_pass


def found_by(log_key: str, kind: str, key: str, mobile: str | None) -> dict[str, object]:
    """Compute the columns by which its person finds an inquiry: hashes that stay when ID and mobile
    are emptied. Without a mobile the person is found by the ID alone, if the registry knows them.
    """
    person = person_hash(log_key, mobile, key) if mobile and kind == "national_id" else None
    return {"person": person, "key_hash": key_hash(log_key, kind, key)}


def _add(context: Context, question: AskOwn) -> str:
    while True:
        code = tracking.new()
        added = context.conn.execute(
            insert(OWN_INQUIRIES)
            .values(
                code=code,
                secret_hash=secret_hash(context.log_key, code, question.secret),
                key_kind=question.key_kind,
                key=question.key,
                file_no=question.file_no,
                asked_at=context.now,
                state="CHARGING",
                mobile=question.mobile,
                language=question.language,
                **found_by(context.log_key, question.key_kind, question.key, question.mobile),
            )
            .on_conflict_do_nothing()
        )
        if added.rowcount:
            return code


def read(context: Context, proof: OwnProof) -> OwnInquiry:
    """Read an inquiry; NotFound ``own.not_opened`` for a wrong code or a wrong secret alike."""
    row = own_row(context.conn, proof.code)
    if not opens(context, row, proof) or row is None:
        raise NotFound(
            "Code and secret do not belong together; compare both with what you were given.",
            code="own.not_opened",
        )
    answer = answer_of(context.conn, row.tracking_code, PERSON) if row.tracking_code else None
    return OwnInquiry(
        code=row.code,
        state=row.state,
        file_no=row.file_no,
        asked_at=instant(row.asked_at),
        bill=row.bill_shown,
        answer=answer,
    )


def note_bill(context: Context, bill: BillFact) -> None:
    """Take what billing announces of an inquiry's bill: what is owed, or that it is settled.

    The states, and what ends each, stand in domain/own_inquiry.py.
    """
    if bill.source_kind != "inquiry":
        return
    row = own_row(context.conn, bill.source_ref, lock=True)
    if row is None or (_is_old(row, bill) and bill.state not in SETTLED):
        return
    is_forgotten = row.key is None
    state = following(row.state, act_of(bill.state), is_forgotten=is_forgotten)
    if state is None or (is_forgotten and bill.state == "ISSUED"):  # nobody shall pay it
        return
    if state == "ANSWERED":
        tracking_code = answer_own(context, row).tracking_code
        text_messages.send_answered(context.tx, row)
        _note(context, row, bill, state, tracking_code=tracking_code, key=None)
    else:
        _note(context, row, bill, state)


def _note(
    context: Context, row: OwnRow, bill: BillFact, state: OwnState, **changes: str | None
) -> None:
    context.conn.execute(
        update(OWN_INQUIRIES)
        .where(OWN_INQUIRIES.c.code == row.code)
        .values(
            state=state,
            bill=bill.number,
            bill_version=bill.version,
            bill_shown={
                "number": bill.number,
                "bill_id": bill.bill_id,
                "payment_id": bill.payment_id,
                "total_rials": bill.total_rials,
                "due_on": bill.due_on,
                "state": bill.state,
            },
            ended_at=None if state == "UNPAID" else context.now,
            **changes,
        )
    )


def _is_old(row: OwnRow, bill: BillFact) -> bool:
    """Tell whether this is news of an earlier bill, or of an earlier state of the same one."""
    if row.bill is None or row.bill_version is None:
        return False
    return (bill.number, bill.version) <= (row.bill, row.bill_version)


def forget(context: Context) -> None:
    """Empty the IDs of inquiries that ended unpaid and all mobiles, and delete old counts. What a
    legal hold protects is passed by until that ends.

    One for which there was never a bill ends after a while: who asked may ask anew.
    """
    column, held = OWN_INQUIRIES.c, holds.is_held(context)
    _fill(context)
    context.conn.execute(
        update(OWN_INQUIRIES)
        .where(
            column.key.is_not(None),
            column.state == "ENDED",
            column.ended_at < context.now - retention.span("own_ids"),
            ~held,
        )
        .values(key=None)
    )
    unfinished = context.now - retention.span("own_unfinished")
    context.conn.execute(
        update(OWN_INQUIRIES)
        .where(column.state == "CHARGING", column.asked_at < unfinished)
        .values(
            state=following("CHARGING", "give_up"),
            ended_at=context.now,
            key=case((held, column.key)),
        )
    )
    unpaid = context.now - retention.span("own_unpaid")
    context.conn.execute(
        update(OWN_INQUIRIES)
        .where(column.state == "UNPAID", column.key.is_not(None), column.asked_at < unpaid, ~held)
        .values(key=None)
    )
    text_messages.forget(context)
    attempt_limits.forget(context.conn, context.now)


def _fill(context: Context) -> None:
    """Fill in by what the persons of inquiries from before find them, before it is emptied."""
    column = OWN_INQUIRIES.c
    earlier = select(column.code, column.key_kind, column.key, column.mobile).where(
        column.key.is_not(None), column.key_hash.is_(None)
    )
    for code, kind, key, mobile in context.conn.execute(earlier).all():
        context.conn.execute(
            update(OWN_INQUIRIES)
            .where(column.code == code)
            .values(**found_by(context.log_key, kind, key, mobile))
        )
