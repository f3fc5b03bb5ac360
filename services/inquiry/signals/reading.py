"""An agency reads its signals after one that it knows."""

from dataclasses import dataclass

from sqlalchemy import text

from bus.database.paging import page
from bus.database.rows import fetch_all
from bus.errors import Forbidden, RuleBroken
from contracts.inquiry.signals import ReadSignals, Signals
from services.inquiry.askers import asker_of, grants_in
from services.inquiry.context import Context
from services.inquiry.signals import rights
from services.inquiry.signals.sending import SignalRow, series_of, to_signal
from services.inquiry.signals.watches import not_granted

_STATE = text("select last, oldest from watchers where agency = :agency")
_PAGE = text("""
    select id, type, pseudonym, key_kind, seed, purposes, at from signals
    where agency = :agency and id > :after
    and (purposes = '{}' or purposes && cast(:granted as text[]))
    order by id limit :limit""")


@dataclass(frozen=True, slots=True)
class NumberedRow(SignalRow):
    """A signal with its number."""

    id: int


def read_signals(context: Context, message: ReadSignals) -> Signals | Forbidden | RuleBroken:
    """Read the signals after one; reading is sending, so only what the agency may ask about now.

    Forbidden ``watch.not_granted`` if it may ask for no purpose; RuleBroken ``signals.too_old`` if
    some after that one are deleted, ``signals.ahead`` if it was never given.
    """
    agency = asker_of(context.envelope).agency
    caller = grants_in(context.envelope.caller or {})
    granted = rights.grants_now(context.settings, agency, caller)
    lawful = rights.lawful_purposes(granted, context.now)
    if not lawful:
        return not_granted("Your agency may ask for no purpose now, so it hears no signal.")
    # The state is read first: what is committed meanwhile is read by the next call.
    state = context.conn.execute(_STATE, {"agency": agency}).one_or_none()
    last, oldest = state or (0, 1)
    last = max(last, context.tx.numbers.floor(series_of(agency)))
    after = message.after if message.after is not None else oldest - 1
    if after + 1 < oldest:
        return RuleBroken(
            f"Your signals begin with {oldest}; those before it are deleted. Ask about all whom "
            "you watch, then read without after.",
            code="signals.too_old",
        )
    if after > last:
        return RuleBroken(f"Your signals have come to {last} only.", code="signals.ahead")
    values = {
        "agency": agency,
        "after": after,
        "granted": sorted(lawful),
        "limit": message.limit + 1,
    }
    cut = page(fetch_all(context.conn, NumberedRow, _PAGE, values), message.limit)
    signals = tuple(to_signal(row.id, row) for row in cut.rows)
    reached = signals[-1].id if signals else after
    return Signals(
        signals=signals,
        next=reached if cut.more else max(last, reached),
        more=cut.more,
        oldest=oldest,
    )
