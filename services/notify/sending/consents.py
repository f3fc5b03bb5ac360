"""What receivers have said: opt-outs, which are final, and opt-ins to news."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, text

from services.notify.context import Office
from services.notify.domain.consent import allows, decided


def of(conn: Connection, hashes: Collection[bytes]) -> dict[bytes, dict[str, bool]]:
    """What each receiver (by the hash of an address in its channel) has said, by class."""
    found: dict[bytes, dict[str, bool]] = {}
    rows = conn.execute(
        text("select receiver_hash, consent, given from consents where receiver_hash = any(:all)"),
        {"all": list(hashes)},
    )
    for row in rows:
        found.setdefault(bytes(row.receiver_hash), {})[row.consent] = row.given
    return found


def allowed(office: Office, receiver: bytes, channel: str, consent: str) -> bool:
    """Whether a message of that class may go to a receiver, known by the hash of an address."""
    # Who opens an inbox comes for what is in it.
    return channel == "inbox" or allows(of(office.conn, [receiver]).get(receiver, {}), consent)


def say(  # noqa: PLR0913 - what was said, of what, by whom
    office: Office,
    channel: str,
    address: str,
    consent: str,
    given: bool,
    source: str,
    *,
    by_receiver: bool = False,
) -> None:
    """Notes that a receiver opts in or out; ``by_receiver``: he has proven that the address is his.

    RuleBroken ``consent.final``: somebody else cannot take an opt-out back.
    """
    known = office.keys.receiver(channel, address)
    was = of(office.conn, [known]).get(known, {}).get(consent)
    office.conn.execute(
        text(
            "insert into consents (receiver_hash, channel, consent, given, source, at) values "
            "(:hash, :channel, :consent, :given, :source, :now) on conflict (receiver_hash, "
            "channel, consent) do update set given = :given, source = :source, at = :now"
        ),
        {
            "hash": known, "channel": channel, "consent": consent, "source": source,
            "given": decided(was, given, by_receiver=by_receiver), "now": office.now,
        },
    )  # fmt: skip


def opt_out(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """An OptedOut: the receiver gets no more messages of that class; this is final."""
    channel = "sms" if asked["mobile"] else "email"
    source = f"desk {who}: {asked['why']}"
    address = asked["mobile"] or asked["email"]
    say(office, channel, address, asked["consent"], given=False, source=source)
    return {"channel": channel, "consent": asked["consent"]}
