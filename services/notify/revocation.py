"""What agencies have here ends with their rights: messages and jobs that wait, endpoints.

The register may take back an agency, one of its keys or a grant at any moment. Nothing of theirs is
handed over from then on, and what waited ends as refused, so that somebody sees it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from contracts.notify.bulk import START_JOB
from contracts.notify.messages import SEND
from members.rights import AGENCY_MISSING, KEY_REVOKED, Sender
from services.notify.bulk import jobs
from services.notify.context import Office
from services.notify.domain.message import State
from services.notify.domain.template import OURS
from services.notify.sending import settlement
from services.notify.sending.rights import API_KEY_REVOKED

PAGE = 200
_OWNERS = text("""
    with recursive owners as (
        (select owner from messages where state = 'CREATED' order by owner limit 1)
        union all
        select (select m.owner from messages m where m.state = 'CREATED' and m.owner > o.owner
                order by m.owner limit 1)
        from owners o where o.owner is not null)
    select owner from owners where owner is not null and owner <> :ours""")
_MESSAGES = text("""
    select * from messages where state = 'CREATED' and owner = :owner
    and (cast(:keys as text[]) is null or key_id = any(:keys))
    and (cast(:of_job as boolean) is null or (job is not null) = :of_job)
    and not id::text = any(:left) order by id limit :page for update skip locked""")
# Keys of the Notify API have no other register than our own table.
_OF_API_KEYS = text("""
    select m.* from api_keys k join api_services s on s.id = k.service
    join messages m on m.owner = s.owner and m.key_id = k.id::text and m.state = 'CREATED'
    where (k.revoked_at is not null or s.archived_at is not null)
    and not m.id::text = any(:left) order by m.id limit :page for update of m skip locked""")
_JOBS = text("""
    select * from jobs where owner <> :ours
    and state in ('RECEIVING', 'CHECKING', 'CHECKED', 'SCHEDULED', 'RUNNING')
    and not id::text = any(:left) order by id for update skip locked""")
_ENDPOINTS = text("""
    select id, owner, key_id from callbacks where state = 'ENABLED' order by id""")
_DISABLE = text("""
    update callbacks set state = 'DISABLED', why = :code where id = :id and state = 'ENABLED'""")
_BURY = text("""
    update callback_deliveries set state = 'DEAD', problem = :code, ended_at = :now
    where callback = :id and state = 'WAITING'""")


class Withdrawn(NamedTuple):
    """Messages that wait and may not: whose, by which keys (None: all), of jobs or not, and why."""

    owner: str
    code: str
    keys: Sequence[str] | None = None
    of_job: bool | None = None


def withdraw(store: Store, office_of: Callable[[Tx], Office]) -> None:
    """Ends what waits and may not be done any more; somebody else's row stops none of it."""
    with store.transaction() as tx:
        withdrawn = list(_withdrawn(office_of(tx)))
    for each in withdrawn:
        _end_messages(store, office_of, each.code, _MESSAGES, each)
    _end_messages(store, office_of, API_KEY_REVOKED, _OF_API_KEYS)
    Chore(store, "notify.withdraw_job").page(office_of, _open_jobs, _drop, _id)
    with store.transaction() as tx:
        disable_endpoints(office_of(tx))


def _withdrawn(office: Office) -> Iterable[Withdrawn]:
    for owner in office.conn.execute(_OWNERS, {"ours": OURS}).scalars():
        code = office.members.refusal(Sender(owner))
        if code:
            if code != AGENCY_MISSING:
                yield Withdrawn(owner, code)
            continue
        if keys := sorted(office.members.revoked_keys(owner)):
            yield Withdrawn(owner, KEY_REVOKED, keys)
        for of_job, right in ((False, SEND.name), (True, START_JOB.name)):
            if code := office.members.refusal(Sender(owner), right):
                yield Withdrawn(owner, code, of_job=of_job)


def _end_messages(
    store: Store,
    office_of: Callable[[Tx], Office],
    code: str,
    query: Any,
    withdrawn: Withdrawn | None = None,
) -> None:
    chore = Chore(store, "notify.withdraw_message")
    values = withdrawn._asdict() if withdrawn else {}

    def due(office: Office, left: list[str]) -> Sequence[Any]:
        return office.conn.execute(query, {**values, "left": left, "page": PAGE}).all()

    def end(office: Office, row: Any) -> None:
        settlement.end(office, row, State.REJECTED, code, last=True)

    while chore.page(office_of, due, end, _id) >= PAGE:
        pass


def _id(row: Any) -> object:
    return row.id


def _job_refusal(office: Office, row: Any) -> str:
    code = office.members.refusal(Sender(row.owner, row.key_id), START_JOB.name)
    return "" if code == AGENCY_MISSING else code


def _open_jobs(office: Office, left: list[str]) -> Sequence[Any]:
    rows = office.conn.execute(_JOBS, {"ours": OURS, "left": left}).all()
    return [row for row in rows if _job_refusal(office, row)]


def _drop(office: Office, row: Any) -> None:
    jobs.drop(office, row, why=_job_refusal(office, row))


def disable_endpoints(office: Office) -> None:
    """Ends the endpoints of agencies that are out, and of keys that were taken back."""
    for row in office.conn.execute(_ENDPOINTS).all():
        code = office.members.refusal(Sender(row.owner, row.key_id))
        if code and code != AGENCY_MISSING:
            office.conn.execute(_DISABLE, {"id": row.id, "code": code})
            office.conn.execute(_BURY, {"id": row.id, "code": code, "now": office.now})
