"""The operational record of messages that a service has worked on."""

from bus.activator import Fate, Outcome
from bus.amqp.deliveries import Delivery
from bus.process import records
from bus.process.records import CallRecord


def record_delivery(delivery: Delivery, outcome: Outcome, worked: int, together: int) -> None:
    """Put what became of a message into the operational record."""
    envelope, error = delivery.call.envelope, (outcome.reply or {}).get("error") or {}
    caller = envelope.caller or {}
    record = CallRecord(
        records.SERVICE,
        envelope.type,
        envelope.trace_id or "",
        delivery.arrived,
        envelope.source,
        agency=caller.get("agency"),
        on_behalf_of=caller.get("on_behalf_of"),
        message_id=records.safe_id(envelope.id),
        correlation=records.safe_id(envelope.correlation),
        request_out=delivery.began,
        response_in=worked,
        response_out=records.now_ms(),
        request_bytes=len(delivery.raw.body),
        response_bytes=delivery.reply_bytes,
        together=together,
        outcome=records.outcome_of(error.get("kind")),
        code=outcome.code,
    )
    if outcome.fate is not Fate.DONE:
        record.outcome = records.FAILED
    records.RECORDER.keep(record)
