"""Messages are handed over: each lane by itself, so that bulk never delays an OTP.

First a transaction reserves (which message, to whom, under which number), then the provider is
called, then a transaction records what it said. A process may be killed anywhere in between:
services/notify/sending/recovery.py finds out what the provider has, and nothing is sent again
before.
"""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from members.rights import AGENCY_MISSING
from services.notify.context import Office
from services.notify.domain import provider_choice
from services.notify.domain.consent import allows
from services.notify.domain.message import State
from services.notify.domain.quiet import after_quiet
from services.notify.providers import carriers
from services.notify.providers.carriers import Parcel, Usable
from services.notify.sending import consents, handovers, provider_calls, rights, settlement
from services.notify.sending.provider_calls import Batch, Post

AT_ONCE = 100
CALLS_AT_ONCE, LOOK_SECONDS = 4, 0.25
# A call begins soon after its reservation or not at all, and must be over before anybody may think
# its process dead: adapters' time-outs are far shorter than what is left of the lease.
BEGINS_WITHIN = 1 / 4

DUE = text(
    "select id, receiver, receiver_hash, contents -> channel as content, consent, language, "
    "refused_by, tries, owner, key_id, job from messages "
    "where state = 'CREATED' and channel = :channel and lane = :lane "
    "and due_at <= :now and give_up_at > :now order by due_at limit :most for update skip locked"
)
# What was to go before the quiet hours, and could not: it begins anew, and is not late meanwhile.
TO_MORNING = text(
    "update messages set due_at = :morning, tries = 0, refused_by = '{}' "
    "where id in (select id from messages where state = 'CREATED' "
    "and channel = :channel and lane = :lane and due_at <= :now and give_up_at > :now "
    "for update skip locked)"
)
# Providers know our hand-overs by these numbers, and take each once.
REFS = "notify.handover_ref"
RESERVE = text(
    "insert into handovers (message, channel, provider, state, reserved_at) "
    "select message, :channel, provider, 'RESERVED', :now "
    "from unnest(cast(:ids as uuid[]), cast(:providers as text[])) as t (message, provider) "
    "on conflict do nothing returning ref, message, provider"
)
# Also what a live hand-over was found of: it is followed like any other.
SENDING = text("update messages set state = 'SENDING' where id = any(cast(:ids as uuid[]))")


def dispatch(post: Post, channel: str, lane: str) -> None:
    """Hands over all that is due in a lane of a channel. Each provider has calls of its own: one
    that is slow holds up what it has, and the others go on.
    """
    codes = post.of(channel)
    down: set[str] = set()
    running: dict[Future[None], str] = {}
    with contextlib.ExitStack() as stack:
        pools = {code: stack.enter_context(ThreadPoolExecutor(CALLS_AT_ONCE)) for code in codes}
        while True:
            counts = Counter(running.values())
            busy = down | {code for code in codes if counts[code] >= CALLS_AT_ONCE}
            batches = reserve(post, channel, lane, busy) if not codes or busy < {*codes} else []
            for batch in batches:
                code = batch.carrier.code
                running[pools[code].submit(provider_calls.call, post, batch, down)] = code
            if not running:
                return
            done, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
            for call in done:
                del running[call]
                call.result()
            if not running:
                down = set()  # a round is over: who failed in it is judged anew by his row


# --- reserve ---


def reserve(post: Post, channel: str, lane: str, busy: Set[str] = frozenset()) -> list[Batch]:
    """Takes up to 100 due messages, and reserves a hand-over for each; what cannot go now is due
    again later. Who is ``busy`` gets none.
    """
    until = time.monotonic()
    with post.store.transaction() as tx:
        office = post.office(tx)
        until += office.book.patience.lease.total_seconds() * BEGINS_WITHIN
        who = _free(carriers.usable(office, channel, post.of(channel)), busy)
        if _quiet(office, channel, lane):
            return []
        rows = _willing(office, _entitled(office, _due(office, channel, lane, who)))
        if not rows:
            return []
        chosen = _chosen(office, rows, who)
        rest = [row for row in rows if row.id not in chosen]
        handovers.put_off(office, rest, who.known, office.book.patience.retry)
        parcels = _reserved(office, channel, [row for row in rows if row.id in chosen], chosen)
    return [
        Batch(post.carriers[code], some, until)
        for (code, _), all_ in parcels.items()
        for some in provider_calls.cut(all_, post.carriers[code].most)
    ]


def _free(who: Usable, busy: Set[str]) -> Usable:
    """Without the providers that have enough to do; they are known all the same."""
    trial = None if who.trial is not None and who.trial.code in busy else who.trial
    return replace(who, closed=[each for each in who.closed if each.code not in busy], trial=trial)


def _quiet(office: Office, channel: str, lane: str) -> bool:
    """Whether such messages wait now. Each was to come before or after, but a job takes its time,
    and providers that were away come back at night.
    """
    morning = after_quiet(office.book, lane, channel, office.now)
    if morning <= office.now:
        return False
    office.conn.execute(
        TO_MORNING, {"morning": morning, "channel": channel, "lane": lane, "now": office.now}
    )
    return True


def _willing(office: Office, rows: Sequence[Any]) -> list[Any]:
    """Those whose receivers have not opted out since they were accepted; the others end so."""
    said = consents.of(office.conn, {bytes(row.receiver_hash) for row in rows})
    found = [row for row in rows if allows(said.get(bytes(row.receiver_hash), {}), row.consent)]
    left = {row.id for row in rows} - {row.id for row in found}
    for id_ in sorted(left):
        settlement.end(office, handovers.message(office, id_), State.REJECTED, "receiver.opted_out")
    return found


def _entitled(office: Office, rows: Sequence[Any]) -> list[Any]:
    """Those whose senders still have the right; the others end so, and those of an agency that was
    not copied to this machine yet wait.
    """
    revoked = rights.of_revoked_api_keys(office.conn, rows)
    codes = {row.id: rights.refusal_of(office.members, row) for row in rows}
    codes |= {row.id: rights.API_KEY_REVOKED for row in rows if row.key_id in revoked}
    missing = [row for row in rows if codes[row.id] == AGENCY_MISSING]
    handovers.put_off(office, missing, [], office.book.patience.retry)
    for id_ in sorted(id_ for id_, code in codes.items() if code not in ("", AGENCY_MISSING)):
        settlement.end(
            office, handovers.message(office, id_), State.REJECTED, codes[id_], last=True
        )
    return [row for row in rows if not codes[row.id]]


def _due(office: Office, channel: str, lane: str, who: Usable) -> Sequence[Any]:
    """Nothing while there is nobody to give it to: it stays due, and shows as such."""
    if not who.closed and who.trial is None:
        return []
    return office.conn.execute(
        DUE, {"channel": channel, "lane": lane, "now": office.now, "most": AT_ONCE}
    ).all()


def _chosen(office: Office, rows: Sequence[Any], who: Usable) -> dict[Any, str]:
    """The provider of each message that has one; the one of a trial gets a single message."""
    chosen: dict[Any, str] = {}
    if who.trial is not None:
        first = next((row for row in rows if who.trial.code not in row.refused_by), None)
        if first is not None and carriers.try_again(office, who.trial):
            chosen[first.id] = who.trial.code
    for row in rows:
        draw = random.random()  # noqa: S311 - a share of the load, no secret
        code = provider_choice.choose(who.closed, row.refused_by, draw)
        if row.id not in chosen and code is not None:
            chosen[row.id] = code
    return chosen


def _reserved(
    office: Office, channel: str, rows: Sequence[Any], chosen: dict[Any, str]
) -> dict[tuple[str, bool], list[Parcel]]:
    """The parcels by provider, and news (which goes out on a line of its own) apart."""
    ids = [row.id for row in rows]
    if not ids:
        return {}
    office.tx.numbers.skip_given(REFS, "handovers_ref_seq")
    made = office.conn.execute(
        RESERVE,
        {
            "channel": channel, "now": office.now, "ids": ids,
            "providers": [chosen[id_] for id_ in ids],
        },
    ).all()  # fmt: skip
    if made:
        office.tx.numbers.give(REFS, max(row.ref for row in made))
    office.conn.execute(SENDING, {"ids": ids})
    by_id = {row.id: row for row in rows}
    parcels: dict[tuple[str, bool], list[Parcel]] = {}
    for one in made:
        each = provider_calls.parcel(one.ref, by_id[one.message])
        parcels.setdefault((one.provider, each.news), []).append(each)
    return parcels
