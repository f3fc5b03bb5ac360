"""Whatever an agency has here ends with its rights: messages and jobs that wait, endpoints.

The register may revoke an agency, one of its keys or a grant at any moment. From then on nothing of
theirs is handed over, and what waited ends as refused, so that it is seen.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, or_, select, text

from bus.database.chores import Chore
from bus.database.rows import fetch_all
from bus.database.store import Store
from contracts.notify.bulk import START_JOB
from contracts.notify.messages import SEND
from members.rights import AGENCY_MISSING, KEY_REVOKED, Sender
from services.notify.bulk import jobs
from services.notify.bulk.rows import JobRow
from services.notify.context import Context, ContextOf
from services.notify.domain.message import MessageState
from services.notify.domain.template import OURS
from services.notify.sending import settlement
from services.notify.sending.rights import API_KEY_REVOKED
from services.notify.sending.rows import MessageRow
from services.notify.tables import API_KEYS, API_SERVICES, CALLBACKS, JOBS, MESSAGES
from services.notify.webhooks import rows as deliveries

PAGE = 200
# Each owner of waiting messages by one step in the index: a recursive query.
_OWNERS = text("""
    with recursive owners as (
        (select owner from messages where state = 'CREATED' order by owner limit 1)
        union all
        select (select m.owner from messages m where m.state = 'CREATED' and m.owner > o.owner
                order by m.owner limit 1)
        from owners o where o.owner is not null)
    select owner from owners where owner is not null and owner <> :ours""")

Waiting = Callable[[Context, list[str]], Sequence[MessageRow]]


@dataclass(frozen=True, slots=True)
class Revoked:
    """Waiting messages that may not be sent: whose, by which keys (None: all), of jobs or not, and
    the code of the refusal.
    """

    owner: str
    code: str
    keys: Sequence[str] | None = None
    of_job: bool | None = None


@dataclass(frozen=True, slots=True)
class _Endpoint:
    id: UUID
    owner: str
    key_id: str | None


def end_revoked(store: Store, context_of: ContextOf) -> None:
    """End what waits and may not be done any more; another owner's row stops none of it."""
    with store.transaction() as tx:
        revoked = list(_revoked(context_of(tx)))
    for part in revoked:
        _end_messages(store, context_of, part.code, _messages_of(part))
    _end_messages(store, context_of, API_KEY_REVOKED, _messages_of_api_keys)
    chore = Chore(store, "notify.withdraw_job")
    chore.page(context_of, _revoked_jobs, _drop_job, lambda row: row.id)
    with store.transaction() as tx:
        disable_endpoints(context_of(tx))


def _revoked(context: Context) -> Iterable[Revoked]:
    for owner in context.conn.execute(_OWNERS, {"ours": OURS}).scalars():
        code = context.members.refusal(Sender(owner))
        if code:
            if code != AGENCY_MISSING:
                yield Revoked(owner, code)
            continue
        if keys := sorted(context.members.revoked_keys(owner)):
            yield Revoked(owner, KEY_REVOKED, keys)
        for of_job, right in ((False, SEND.name), (True, START_JOB.name)):
            if code := context.members.refusal(Sender(owner), right):
                yield Revoked(owner, code, of_job=of_job)


def _messages_of(revoked: Revoked) -> Waiting:
    query = select(MESSAGES).where(MESSAGES.c.owner == revoked.owner)
    if revoked.keys is not None:
        query = query.where(MESSAGES.c.key_id.in_(revoked.keys))
    if revoked.of_job is not None:
        job = MESSAGES.c.job
        query = query.where(job.is_not(None) if revoked.of_job else job.is_(None))

    def waiting(context: Context, left: list[str]) -> Sequence[MessageRow]:
        page = (
            query.where(
                MESSAGES.c.state == MessageState.CREATED.value,
                cast(MESSAGES.c.id, String).not_in(left),
            )
            .order_by(MESSAGES.c.id)
            .limit(PAGE)
            .with_for_update(skip_locked=True)
        )
        return fetch_all(context.conn, MessageRow, page)

    return waiting


def _messages_of_api_keys(context: Context, left: list[str]) -> Sequence[MessageRow]:
    """Waiting messages by keys of the Notify API that ended: those have no other register than our
    own table.
    """
    query = (
        select(MESSAGES)
        .select_from(API_KEYS)
        .join(API_SERVICES, API_SERVICES.c.id == API_KEYS.c.service)
        .join(
            MESSAGES,
            (MESSAGES.c.owner == API_SERVICES.c.owner)
            & (MESSAGES.c.key_id == cast(API_KEYS.c.id, String))
            & (MESSAGES.c.state == MessageState.CREATED.value),
        )
        .where(
            or_(API_KEYS.c.revoked_at.is_not(None), API_SERVICES.c.archived_at.is_not(None)),
            cast(MESSAGES.c.id, String).not_in(left),
        )
        .order_by(MESSAGES.c.id)
        .limit(PAGE)
        .with_for_update(of=MESSAGES, skip_locked=True)
    )
    return fetch_all(context.conn, MessageRow, query)


def _end_messages(store: Store, context_of: ContextOf, code: str, waiting: Waiting) -> None:
    chore = Chore(store, "notify.withdraw_message")

    def end(context: Context, row: MessageRow) -> None:
        settlement.end(context, row, MessageState.REJECTED, code, last=True)

    while chore.page(context_of, waiting, end, lambda row: row.id) >= PAGE:
        pass


def _job_refusal(context: Context, row: JobRow) -> str:
    code = context.members.refusal(Sender(row.owner, row.key_id), START_JOB.name)
    return "" if code == AGENCY_MISSING else code


def _revoked_jobs(context: Context, left: list[str]) -> Sequence[JobRow]:
    open_states = ("RECEIVING", "CHECKING", "CHECKED", "SCHEDULED", "RUNNING")
    query = (
        select(JOBS)
        .where(
            JOBS.c.owner != OURS,
            JOBS.c.state.in_(open_states),
            cast(JOBS.c.id, String).not_in(left),
        )
        .order_by(JOBS.c.id)
        .with_for_update(skip_locked=True)
    )
    rows = fetch_all(context.conn, JobRow, query)
    return [row for row in rows if _job_refusal(context, row)]


def _drop_job(context: Context, row: JobRow) -> None:
    jobs.drop(context, row, reason=_job_refusal(context, row))


def disable_endpoints(context: Context) -> None:
    """Disable the endpoints of revoked agencies, and of revoked keys."""
    query = (
        select(CALLBACKS.c.id, CALLBACKS.c.owner, CALLBACKS.c.key_id)
        .where(CALLBACKS.c.state == "ENABLED")
        .order_by(CALLBACKS.c.id)
    )
    for row in fetch_all(context.conn, _Endpoint, query):
        code = context.members.refusal(Sender(row.owner, row.key_id))
        if code and code != AGENCY_MISSING:
            deliveries.disable(context, row.id, code, code)
