"""Opening a ticket by its code and secret; wrong secrets are counted."""

import datetime as dt
import math

from bus.errors import BusError, NotFound, TooMany
from contracts.ticketing.citizens import TicketProof
from people import passes
from services.ticketing.accounts import attempts
from services.ticketing.context import Context
from services.ticketing.keys import is_link
from services.ticketing.tickets import acts, mobiles, rows
from services.ticketing.tickets.acts import Case

FAILURES = 5
FIRST_LOCK = dt.timedelta(minutes=15)
LONGEST_LOCK = dt.timedelta(days=1)
NO_HASH = b"\0" * 32


def open_by(context: Context, proof: TicketProof, *, lock: bool = False) -> Case | BusError:
    """Open the ticket that the code and secret of a message name (see ``open_ticket``)."""
    return open_ticket(context, proof.code, proof.secret, lock=lock)


def open_ticket(context: Context, code: str, secret: str, *, lock: bool = False) -> Case | BusError:
    """Return the ticket if ``secret`` opens it; else a refusal to be returned, so it is counted.

    What opens is judged first and always passes: 20 digits cannot be guessed, and wrong guesses of
    others must not shut the owner out. A guesser learns nothing: a code that does not exist is
    counted and refused by the same steps and words as a wrong secret.
    """
    row = rows.by_code(context.conn, code, lock=lock)
    until = attempts.locked_until(context.conn, code)
    opens = context.keys.opens(
        code,
        secret,
        bytes(row.secret_hash) if row else NO_HASH,
        row.link_generation if row else 0,
    )
    opens |= row is not None and mobiles.opens(context, row, secret)
    if row is None or not opens:
        unguessable = is_link(secret) or passes.is_pass(secret)
        return _refusal(context, code, until, link=unguessable)
    if until is not None:
        attempts.forget(context.conn, code)
    return acts.load_by_id(context, row.id, lock=lock)


def _refusal(context: Context, code: str, until: dt.datetime | None, *, link: bool) -> BusError:
    """Refuse a wrong proof; whoever goes on guessing waits longer and longer."""
    if not link and until is not None and until > context.now:
        return _locked(until - context.now)
    if not link:
        _count_failure(context, code)
    return NotFound(
        "Code and secret do not belong together; compare both with what you were given.",
        code="ticket.not_opened",
    )


def _count_failure(context: Context, code: str) -> None:
    failures = attempts.count(context.conn, code, context.now)
    if failures >= FAILURES:
        span = FIRST_LOCK * 2 ** min(failures - FAILURES, 10)
        attempts.lock_out(context.conn, code, context.now + min(span, LONGEST_LOCK))


def _locked(left: dt.timedelta) -> TooMany:
    wait = math.ceil(left.total_seconds())
    return TooMany(
        "Code and secret do not belong together, and too many wrong secrets were tried for this "
        "code. Compare both with what you were given: the right secret opens at any time.",
        code="ticket.locked",
        retry_after=wait,
    )
