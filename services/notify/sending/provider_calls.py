"""The call of a provider, while no transaction is open, and the record of what it said."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bus.database.store import Store, Tx
from bus.errors import Unavailable
from bus.process import log
from members.rights import AGENCY_MISSING, EVERYBODY, Members, Sender
from services.notify.context import Office
from services.notify.domain.message import State
from services.notify.providers import carriers
from services.notify.providers.carriers import Carrier, Parcel
from services.notify.providers.sms import Handed, Refused, RefusedOne
from services.notify.providers.sms import State as Told
from services.notify.sending import handovers
from services.notify.sending.handovers import Taken
from services.notify.sending.rights import right_of

_log = log.get("calling")
NOT_CALLED = "not_called"
PAUSES = (0.2, 1, 3, 5)
CLEAR = (Told.ACCEPTED, Told.REJECTED, Told.FAILED)
T = TypeVar("T")


@dataclass(frozen=True)
class Post:
    """What handing over needs: the database, an office in a transaction, who carries by code."""

    store: Store
    office: Callable[[Tx], Office]
    carriers: Mapping[str, Carrier]
    members: Members = EVERYBODY

    def of(self, channel: str) -> list[str]:
        """The codes of all that carry a channel."""
        return [code for code, each in self.carriers.items() if each.channel == channel]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call carries. It begins before ``until`` (monotonic clock) or never."""

    carrier: Carrier
    parcels: Sequence[Parcel]
    until: float

    @property
    def refs(self) -> list[int]:
        return [each.ref for each in self.parcels]


def parcel(ref: int, row: Any) -> Parcel:
    """What is sent of a message: receiver, content of its channel, language, class of consent."""
    return Parcel(
        ref, str(row.id), row.receiver, row.content, row.consent == "news", row.language,
        Sender(row.owner, row.key_id), right_of(row.job),
    )  # fmt: skip


def cut(all_: Sequence[T], most: int) -> list[Sequence[T]]:
    """The list in pieces of at most so many."""
    return [all_[start : start + most] for start in range(0, len(all_), most)]


def at_each(
    post: Post, rows: Sequence[Any], work: Callable[[Carrier | None, Sequence[Any]], None]
) -> None:
    """Works on the rows of all providers at once: who is slow holds up no other. A provider that is
    set up no longer is None.
    """
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.provider, []).append(row)
    if found:
        with ThreadPoolExecutor(len(found)) as pool:
            list(pool.map(lambda code: work(post.carriers.get(code), found[code]), found))


def call(post: Post, batch: Batch, down: set[str]) -> None:
    """Calls the provider and records what it said. ``down`` gathers who failed in this round: it is
    called no more, and what it was to be given is given to others.
    """
    code = batch.carrier.code
    if code in down or time.monotonic() > batch.until:
        keep(post, lambda office: handovers.free(office, batch.refs, NOT_CALLED))
        return
    batch = _without_shut_out(post, batch)
    if not batch.parcels:
        return
    try:
        answers = batch.carrier.send(batch.parcels)
    except RefusedOne:
        for each in batch.parcels:
            call(post, replace(batch, parcels=[each]), down)
    except Refused as error:
        down.add(code)
        why = str(error.details.get("provider_code") or error.code)
        _log.warning("refused", provider=code, code=why, messages=len(batch.parcels))
        keep(post, lambda office: _record_refusal(office, post, batch, why))
    except Unavailable as error:
        down.add(code)
        why = error.code
        _log.warning("no answer", provider=code, code=why, messages=len(batch.parcels))
        keep(post, lambda office: _record_silence(office, batch, why))
    else:
        keep(post, lambda office: _record(office, post, batch, answers))


def _without_shut_out(post: Post, batch: Batch) -> Batch:
    """The batch without messages whose senders lost their rights since they were reserved."""
    codes = {each.ref: post.members.refusal(each.sender, each.right) for each in batch.parcels}
    gone = {ref: code for ref, code in codes.items() if code}

    def end(office: Office) -> None:
        for ref, code in gone.items():
            if code == AGENCY_MISSING:
                handovers.free(office, [ref], code)
            else:
                handovers.close(office, ref, State.REJECTED, code, last=True)

    if not gone:
        return batch
    keep(post, end)
    return replace(batch, parcels=[each for each in batch.parcels if each.ref not in gone])


def keep(post: Post, record: Callable[[Office], None]) -> None:
    """Records what a provider said in a transaction, tried again while the database is away: what
    is not recorded is not known, and could at some providers never be found out.
    """
    for pause in (*PAUSES, None):
        try:
            with post.store.transaction() as tx:
                record(post.office(tx))
        except Unavailable:
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


def _record_refusal(office: Office, post: Post, batch: Batch, why: str) -> None:
    carrier = batch.carrier
    handovers.refused(office, batch.refs, why, carrier.code, post.of(carrier.channel))
    # The advertising line has hours of its own: that it is closed says nothing of the others.
    if not all(each.news for each in batch.parcels):
        carriers.note(office, carrier.code, why)


def _record_silence(office: Office, batch: Batch, why: str) -> None:
    handovers.unclear(office, batch.refs, why)
    carriers.note(office, batch.carrier.code, why)


def _record(office: Office, post: Post, batch: Batch, answers: Sequence[Handed]) -> None:
    """One of which the provider said nothing is unclear."""
    told = {each.ref: each for each in answers if each.state in CLEAR}
    took = [each for each in told.values() if each.state is Told.ACCEPTED]
    handovers.taken(office, [Taken(e.ref, e.provider_ref, e.cost_rials) for e in took])
    for each in told.values():
        if each.state is Told.REJECTED:
            handovers.close(office, each.ref, State.REJECTED, each.code or "rejected")
        elif each.state is Told.FAILED:
            others = post.of(batch.carrier.channel)
            handovers.refused(office, [each.ref], each.code, batch.carrier.code, others)
    handovers.unclear(office, [ref for ref in batch.refs if ref not in told], "untold")
    carriers.note(office, batch.carrier.code, None)
