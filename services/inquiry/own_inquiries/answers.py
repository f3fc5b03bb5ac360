"""Answers a person about one own source."""

import dataclasses

from contracts.inquiry.answer import Answer
from services.inquiry.context import Context
from services.inquiry.domain.purposes import OWN, OWN_CODE, OWN_NAME_EN, OWN_NAME_FA
from services.inquiry.domain.question import Name, Question
from services.inquiry.own_inquiries.rows import OwnRow
from services.inquiry.questions import inquiry_log, snapshots
from services.inquiry.questions.answering import registry_empty
from services.inquiry.questions.composition import compose
from services.inquiry.questions.inquiry_log import Matter, log_row, outcome_of


def answer_own(context: Context, row: OwnRow) -> Answer:
    """Answer an own inquiry, keep the answer and log it. Raises Unavailable ``register.empty``."""
    assert row.key is not None
    question = Question(
        agency=OWN_CODE,
        purpose_code=OWN_CODE,
        purpose=OWN,
        key_kind=row.key_kind,
        key=row.key,
        case_number=row.code,
        asked_at=row.asked_at,
        as_of=None,
        agency_name=Name(OWN_NAME_FA, OWN_NAME_EN),
    )
    (snapshot,) = snapshots.with_debts(context.conn, [question], context.now)
    if snapshot is None:
        raise registry_empty()
    records = [record for record in snapshot.records if record["file_no"] == row.file_no]
    answer = compose(question, dataclasses.replace(snapshot, records=records), context.now)
    (kept,) = inquiry_log.add_answers(context.tx, [answer])
    matter = Matter(OWN_CODE, row.code, None, row.key_kind, row.key)
    envelope = dataclasses.replace(context.envelope, caller={"agency": OWN_CODE})
    logged = log_row(envelope, matter, outcome_of(kept), context.log_key)
    inquiry_log.add_log(context.tx, [logged], context.now)
    return answer
