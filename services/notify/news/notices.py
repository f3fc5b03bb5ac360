"""Notices to subscribers: each update of an announcement, to each subscriber once."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, insert, or_, select, update

from bus.database.chores import Chore
from bus.database.rows import fetch_all
from bus.database.store import Store
from bus.errors import BusError
from contracts.notify.messages import AcceptedMessage, Send
from members.rights import Sender
from services.notify.context import Context, ContextOf
from services.notify.domain import subscription
from services.notify.domain.quiet import after_quiet
from services.notify.domain.template import OURS
from services.notify.news.subscriptions import SubscriptionRow, address_to_end
from services.notify.sending.acceptance import accept
from services.notify.sending.new_messages import add_unsubscribe
from services.notify.tables import (
    ANNOUNCEMENT_UPDATES,
    ANNOUNCEMENTS,
    NOTICE_RUNS,
    SUBSCRIBER_NOTICES,
    SUBSCRIPTIONS,
)

PAGE = 500


@dataclass(frozen=True, slots=True)
class NoticeRun:
    """An update that is being sent to subscribers, after the one of ``after``; with what of its
    announcement a subscriber reads.
    """

    update: int
    after: UUID
    announcement: int
    at: dt.datetime
    state: str
    text: Mapping[str, str]
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    kind: str
    title: Mapping[str, str]
    components: Sequence[str]
    sunset: dt.date | None


def send_notices(store: Store, context_of: ContextOf) -> int:
    """Send the next page of notices of the oldest update that is not sent; 0 if there is none. Page
    and proof are one transaction.
    """
    chore = Chore(store, "notify.tell")
    return chore.page(context_of, next_run, send_page, lambda run: run.update)


def next_run(context: Context, left: list[str]) -> Sequence[NoticeRun]:
    """The oldest update that is not sent to all, in a list."""
    updates, announcements = ANNOUNCEMENT_UPDATES.c, ANNOUNCEMENTS.c
    query = (
        select(
            NOTICE_RUNS.c.update,
            NOTICE_RUNS.c.after,
            updates.announcement,
            updates.at,
            updates.state,
            updates.text,
            updates.starts_at,
            updates.ends_at,
            announcements.kind,
            announcements.title,
            announcements.components,
            announcements.sunset,
        )
        .join_from(NOTICE_RUNS, ANNOUNCEMENT_UPDATES, updates.id == NOTICE_RUNS.c.update)
        .join(ANNOUNCEMENTS, announcements.id == updates.announcement)
        .where(NOTICE_RUNS.c.done_at.is_(None), cast(NOTICE_RUNS.c.update, String).not_in(left))
        .order_by(NOTICE_RUNS.c.update)
        .limit(1)
        .with_for_update(of=NOTICE_RUNS, skip_locked=True)
    )
    return fetch_all(context.conn, NoticeRun, query)


def send_page(context: Context, run: NoticeRun) -> None:
    """Send an update to the next page of its subscribers."""
    rows = _subscribers(context, run)
    results = accept(context, Sender(OURS), [_notice(context, run, row) for row in rows])
    if rows:
        context.conn.execute(
            insert(SUBSCRIBER_NOTICES),
            [
                {
                    "update": run.update,
                    "subscription": row.id,
                    "message": UUID(result.id) if isinstance(result, AcceptedMessage) else None,
                    "code": result.code if isinstance(result, BusError) else "",
                }
                for row, result in zip(rows, results, strict=True)
            ],
        )
        _add_unsubscribe(context, rows, results)
    context.conn.execute(
        update(NOTICE_RUNS)
        .where(NOTICE_RUNS.c.update == run.update)
        .values(
            after=rows[-1].id if rows else run.after,
            done_at=context.now if len(rows) < PAGE else None,
        )
    )


def _subscribers(context: Context, run: NoticeRun) -> list[SubscriptionRow]:
    """The next subscribers of an update, locked."""
    table = SUBSCRIPTIONS.c
    notice = select(SUBSCRIBER_NOTICES.c.update).where(
        SUBSCRIBER_NOTICES.c.update == run.update,
        SUBSCRIBER_NOTICES.c.subscription == table.id,
    )
    query = select(SUBSCRIPTIONS).where(
        table.id > run.after,
        table.confirmed_at <= run.at,
        table.ended_at.is_(None),
        ~notice.exists(),
    )
    if run.components and run.kind != "end_of_service":
        query = query.where(or_(table.topics == [], table.topics.overlap(list(run.components))))
    if run.kind == "news":
        query = query.where(table.news)
    query = query.order_by(table.id).limit(PAGE).with_for_update()
    return fetch_all(context.conn, SubscriptionRow, query)


def _add_unsubscribe(
    context: Context, rows: Sequence[SubscriptionRow], results: Sequence[AcceptedMessage | BusError]
) -> None:
    """E-mails carry the address at which a mail program ends the subscription (RFC 8058)."""
    addresses = {
        result.id: address_to_end(context, row.id)
        for row, result in zip(rows, results, strict=True)
        if isinstance(result, AcceptedMessage)
    }
    add_unsubscribe(context, addresses)


def _notice(context: Context, run: NoticeRun, row: SubscriptionRow) -> Send:
    words = subscription.words(run, row.language)
    awake = after_quiet(context.book, subscription.LANE, row.channel, context.now)
    return Send(
        template=subscription.template(run, awake),
        channels=(row.channel,),
        to=row.to,
        language=row.language,
        personalisation={
            **words._asdict(),
            "link": f"{context.portal}/status/{run.announcement}",
            "unsubscribe": address_to_end(context, row.id),
        },
    )
