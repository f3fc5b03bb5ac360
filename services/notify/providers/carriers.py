"""Who carries messages: providers as set up, and their rows, which all processes share."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bus.errors import Unavailable
from members.rights import Sender
from services.notify.context import Office
from services.notify.domain import provider_choice
from services.notify.domain.provider_choice import Breaker, Candidate, Limits
from services.notify.providers.email import Letter, Mail
from services.notify.providers.sms import Handed, Provider, Refused, Sms

SURELY_NOT_TAKEN = "mail.unavailable"
# A weight that an editor has set at the desk stays; the file tells the others.
KEEP = text(
    "insert into providers (code, channel, weight) select * from "
    "unnest(cast(:codes as text[]), cast(:channels as text[]), cast(:weights as integer[])) "
    "on conflict (code) do update set channel = excluded.channel, weight = case when "
    "providers.weighed_by is null then excluded.weight else providers.weight end "
    "where providers.channel <> excluded.channel "
    "or (providers.weight <> excluded.weight and providers.weighed_by is null)"
)
LET_GO = text("delete from providers where code <> all(:codes)")
ROWS = text("select * from providers where channel = :channel order by code")
TRY = text(
    "update providers set breaker = :state, try_at = :try_at where code = :code "
    "and breaker = :was and try_at = :was_at returning code"
)
NOTE = text(
    "update providers set breaker = :state, failures = :failures, try_at = :try_at, "
    "opened_at = case when :state <> 'OPEN' then null when breaker = 'CLOSED' then "
    "cast(:now as timestamptz) else opened_at end, "
    "last_ok_at = case when :ok then cast(:now as timestamptz) else last_ok_at end, "
    "last_problem = case when :ok then last_problem else :problem end where code = :code"
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way to a provider; ``ref`` is our number of the hand-over, ``right`` the
    contract for which its sender needs a grant.
    """

    ref: int
    message: str
    receiver: Mapping[str, Any]
    content: Mapping[str, Any]
    news: bool
    language: str
    sender: Sender
    right: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """A provider of one channel. ``send`` answers as that of `provider.Provider` does; ``asks`` is
    who tells what became of messages, None where nobody can.
    """

    code: str
    channel: str
    weight: int
    most: int
    send: Callable[[Sequence[Parcel]], list[Handed]]
    asks: Provider | None = None

    @property
    def finds(self) -> bool:
        """Whether it can be asked, by our numbers, what it has."""
        return self.asks is not None and self.asks.finds


def by_sms(provider: Provider, weight: int) -> Carrier:
    """A provider of SMS as a carrier."""

    def send(parcels: Sequence[Parcel]) -> list[Handed]:
        return provider.send(
            [Sms(p.ref, dialled(p.receiver["mobile"]), p.content["body"], p.news) for p in parcels]
        )

    return Carrier(provider.code, "sms", weight, provider.most, send, provider)


def by_mail(mail: Mail) -> Carrier:
    """The mail server as a carrier: one letter a call, and nobody to ask what became of it."""

    def send(parcels: Sequence[Parcel]) -> list[Handed]:
        (parcel,) = parcels
        content = parcel.content
        letter = Letter(
            parcel.ref, parcel.receiver["email"], content["subject"], content["body"],
            parcel.language, content.get("unsubscribe"), content.get("html"),
        )  # fmt: skip
        try:
            return [mail.send(letter)]
        except Unavailable as error:
            if error.code != SURELY_NOT_TAKEN:
                raise
            raise Refused(error.message, provider_code=error.code) from error

    return Carrier("smtp", "email", 1, 1, send)


def dialled(mobile: str) -> str:
    """A mobile as it is dialled in Iran and as providers want it: 09000000000 for +989000000000."""
    return "0" + mobile.removeprefix("+98")


def keep(office: Office, carriers: Collection[Carrier]) -> None:
    """Gives each carrier its row, and takes it from those that are set up no longer."""
    codes = [each.code for each in carriers]
    office.conn.execute(
        KEEP,
        {
            "codes": codes,
            "channels": [each.channel for each in carriers],
            "weights": [each.weight for each in carriers],
        },
    )
    office.conn.execute(LET_GO, {"codes": codes})


@dataclass(frozen=True, slots=True)
class Usable:
    """Who may be given messages of a channel now: ``closed`` any number; ``trial`` one, which
    shows whether it is back. ``known`` are all that are set up.
    """

    closed: Sequence[Candidate]
    trial: Any | None
    known: Collection[str]


def usable(office: Office, channel: str, set_up: Collection[str]) -> Usable:
    """Who may be given messages of a channel; ``set_up``: whom this process can reach."""
    rows = [row for row in office.conn.execute(ROWS, {"channel": channel}) if row.code in set_up]
    ready = [row for row in rows if row.paused_by is None]
    lease = office.book.patience.lease
    trials = [row for row in ready if provider_choice.tried(_breaker(row), office.now, lease)]
    return Usable(
        [Candidate(row.code, row.weight) for row in ready if row.breaker == provider_choice.CLOSED],
        trials[0] if trials else None,
        [row.code for row in rows],
    )


def try_again(office: Office, row: Any) -> bool:
    """Takes the one trial of a provider whose breaker is open; False if somebody else has it."""
    trial = provider_choice.tried(_breaker(row), office.now, office.book.patience.lease)
    assert trial is not None
    won = office.conn.execute(
        TRY,
        {
            "code": row.code, "state": trial.state, "try_at": trial.try_at,
            "was": row.breaker, "was_at": row.try_at,
        },
    ).scalar()  # fmt: skip
    return won is not None


def note(office: Office, code: str, problem: str | None) -> None:
    """Notes a call to a provider in its breaker; ``problem`` is why it did nothing, None if it
    did what it was asked.
    """
    row = office.conn.execute(
        text("select * from providers where code = :code for update"), {"code": code}
    ).one_or_none()
    if row is None:
        return
    told = office.book.breaker
    limits = Limits(
        told.failures, dt.timedelta(seconds=told.seconds), dt.timedelta(seconds=told.most_seconds)
    )
    was = _breaker(row)
    now = (
        provider_choice.worked(was)
        if problem is None
        else provider_choice.failed(was, office.now, limits)
    )
    office.conn.execute(
        NOTE,
        {
            "code": code, "state": now.state, "failures": now.failures, "try_at": now.try_at,
            "now": office.now, "ok": problem is None, "problem": problem or "",
        },
    )  # fmt: skip


def _breaker(row: Any) -> Breaker:
    return Breaker(row.breaker, row.failures, row.try_at)


def note_credit(office: Office, code: str, rials: int | None) -> None:
    """Notes what money is left with a provider, in rials; None where it does not tell."""
    office.conn.execute(
        text("update providers set credit_rials = :rials, credit_at = :now where code = :code"),
        {"code": code, "rials": rials, "now": office.now},
    )


def credits_due(office: Office, age: dt.timedelta) -> list[str]:
    """The providers that were not asked for so long what money is left."""
    rows = office.conn.execute(
        text("select code from providers where credit_at is null or credit_at <= :before"),
        {"before": office.now - age},
    )
    return [row.code for row in rows]
