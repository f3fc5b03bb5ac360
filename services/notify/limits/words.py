"""What a sender is told of its limits: once when 80 of a hundred are used, once when nothing is
left, by webhook and by e-mail to its contacts.
"""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bus.envelope import instant
from contracts.agencies.contacts import WRITE_TO_CONTACTS, WriteToContacts
from iran.persian import TEHRAN, jalali_fa, tehran_day
from services.notify.context import Context
from services.notify.domain import limit
from services.notify.domain.limit import Level
from services.notify.limits import counts
from services.notify.limits.counts import Limit
from services.notify.tables import LIMIT_NOTICES
from services.notify.webhooks import rows as deliveries

WEBHOOK = "limit.used"
TEMPLATES = {"near": "limit_near", "reached": "limit_reached"}


def give(context: Context) -> None:
    """Tell each sender what it was not told yet of the limits that are in force."""
    context.tx.hold("limit notices")
    for item in counts.limits_of(context.conn, tehran_day(context.now)):
        level = limit.level(item.used, item.rule.value)
        if level is not None and _note(context, item, level):
            _tell(context, item, level)


def _note(context: Context, item: Limit, level: Level) -> bool:
    """Write down that it is told; False if it was, or if more than that was."""
    column, rule = LIMIT_NOTICES.c, item.rule
    same = {
        "owner": rule.owner,
        "channel": rule.channel,
        "rule": rule.rule,
        "begins": item.period.begins,
        "most": rule.value,
    }
    more = select(column.level).filter_by(**same, level="reached")
    if context.conn.execute(more).scalar() is not None:
        return False
    row = {**same, "level": level, "used": item.used, "at": context.now}
    statement = insert(LIMIT_NOTICES).values(row).on_conflict_do_nothing()
    return context.conn.execute(statement).rowcount > 0


def _tell(context: Context, item: Limit, level: Level) -> None:
    rule, ends_at = item.rule, item.period.ends_at
    data = {
        "channel": rule.channel,
        "limit": rule.rule,
        "level": level,
        "most": rule.value,
        "used": item.used,
        "ends_at": instant(ends_at),
    }
    deliveries.note(context.conn, WEBHOOK, data, context.now, rule.owner)
    context.tx.send(
        WRITE_TO_CONTACTS,
        WriteToContacts(
            agency=rule.owner,
            template=TEMPLATES[level],
            values={
                "sms": _yes(rule.channel == "sms"),
                "email": _yes(rule.channel == "email"),
                "inbox": _yes(rule.channel == "inbox"),
                "letter": _yes(rule.channel == "letter"),
                "day": _yes(rule.rule == limit.DAY),
                "year": _yes(rule.rule == limit.YEAR),
                "used": str(item.used),
                "most": str(rule.value),
                "ends": jalali_fa(ends_at.astimezone(TEHRAN).date()),
            },
        ),
    )


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
