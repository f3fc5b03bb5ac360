"""Consents of receivers: opt-outs, which are final, and opt-ins to news."""

from collections.abc import Collection

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from bus.database.prepared import Prepared
from contracts.notify.desk import OptOut, OptOutReply
from services.notify.context import Context
from services.notify.domain.consent import allows, decide
from services.notify.tables import CONSENTS

_OF_RECEIVERS = Prepared(
    "consents",
    """
    select receiver_hash, consent, given from consents
    where receiver_hash = any(cast(%s as bytea[]))""",
)


def consents_of(conn: Connection, hashes: Collection[bytes]) -> dict[bytes, dict[str, bool]]:
    """The consents of receivers (by the hash of an address in its channel), by class."""
    by_receiver: dict[bytes, dict[str, bool]] = {}
    for receiver, consent, opted_in in _OF_RECEIVERS.run(conn, list(hashes)):
        by_receiver.setdefault(bytes(receiver), {})[consent] = opted_in
    return by_receiver


def allowed(context: Context, receiver: bytes, channel: str, consent: str) -> bool:
    """Tell whether a message of that class may go to a receiver, known by an address's hash."""
    # Whoever opens an inbox comes for what is in it.
    if channel == "inbox":
        return True
    return allows(consents_of(context.conn, [receiver]).get(receiver, {}), consent)


def note(  # noqa: PLR0913 - one parameter a column of the row
    context: Context,
    channel: str,
    address: str,
    consent: str,
    opts_in: bool,
    source: str,
    *,
    by_receiver: bool = False,
) -> None:
    """Note that a receiver opts in or out; ``by_receiver``: they have proven that the address is
    theirs. RuleBroken ``consent.final``: nobody else can take an opt-out back.
    """
    receiver = context.keys.receiver(channel, address)
    note_of(context, channel, receiver, consent, opts_in, source, by_receiver=by_receiver)


def note_of(  # noqa: PLR0913 - one parameter a column of the row
    context: Context,
    channel: str,
    receiver: bytes,
    consent: str,
    opts_in: bool,
    source: str,
    *,
    by_receiver: bool = False,
) -> None:
    """The same for a receiver that is known by an address's hash alone."""
    previous = consents_of(context.conn, [receiver]).get(receiver, {}).get(consent)
    changes = {
        "given": decide(previous, opts_in, by_receiver=by_receiver),
        "source": source,
        "at": context.now,
    }
    context.conn.execute(
        insert(CONSENTS)
        .values(receiver_hash=receiver, channel=channel, consent=consent, **changes)
        .on_conflict_do_update(index_elements=CONSENTS.primary_key.columns, set_=changes)
    )


def opt_out(context: Context, editor: str, request: OptOut) -> OptOutReply:
    """Note an opt-out that an editor was told: the receiver gets no more messages of that class."""
    channel = "sms" if request.mobile else "email"
    address = request.mobile or request.email or ""
    source = f"desk {editor}: {request.why}"
    note(context, channel, address, request.consent, opts_in=False, source=source)
    return OptOutReply(channel=channel, consent=request.consent)
