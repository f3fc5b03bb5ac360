"""How many questions an agency asks for a purpose in a day of Tehran, where its grant limits them.

Counted in the transaction of the answers: what is rolled back was not asked. The lock of a count
lasts as long as that of the log's head, which all who ask wait for anyway.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, delete

from bus.database.prepared import Prepared
from bus.errors import TooMany
from iran.persian import TEHRAN, tehran_day
from people import retention
from services.inquiry.tables import QUOTAS

KEEP = retention.span("quotas")
# Rows in the order of their keys, so that two who count the same never wait for each other; and
# one statement however many they are.
_ADD = Prepared(
    "quotas_add",
    """
    insert into quotas as q (day, agency, purpose, asked)
    select cast(%s as date), agency, purpose, asked
    from json_to_recordset(cast(%s as json)) as use(agency text, purpose text, asked bigint)
    order by agency, purpose
    on conflict (day, agency, purpose) do update set asked = q.asked + excluded.asked
    returning agency, purpose, asked""",
)
_GIVE_BACK = Prepared(
    "quotas_give_back",
    """
    update quotas q set asked = q.asked - use.asked
    from json_to_recordset(cast(%s as json)) as use(agency text, purpose text, asked bigint)
    where q.day = cast(%s as date) and q.agency = use.agency and q.purpose = use.purpose""",
)


class QuotaUse(NamedTuple):
    """A question that is counted: for whom, for which purpose, and how many there may be a day."""

    agency: str
    purpose: str
    per_day: int


def take(conn: Connection, uses: Sequence[QuotaUse], now: dt.datetime) -> list[TooMany | None]:
    """Count questions, in order; for each that is over its quota the refusal ``grant.quota``."""
    if not uses:
        return []
    day = tehran_day(now)
    counts = Counter((use.agency, use.purpose) for use in uses)
    used = {
        (agency, purpose): total - counts[agency, purpose]
        for agency, purpose, total in _ADD.run(conn, day, _rows(counts))
    }
    over: Counter[tuple[str, str]] = Counter()
    refusals: list[TooMany | None] = []
    for agency, purpose, per_day in uses:
        if used[agency, purpose] < per_day:
            used[agency, purpose] += 1
            refusals.append(None)
        else:
            over[agency, purpose] += 1
            refusals.append(_refusal(per_day, now))
    if over:
        _GIVE_BACK.run(conn, _rows(over), day)
    return refusals


def _refusal(per_day: int, now: dt.datetime) -> TooMany:
    tomorrow = dt.datetime.combine(tehran_day(now) + dt.timedelta(days=1), dt.time(), TEHRAN)
    return TooMany(
        f"Your grant gives {per_day} questions a day for this purpose; they are used up.",
        code="grant.quota",
        retry_after=max(1, round((tomorrow - now).total_seconds())),
    )


def _rows(counts: Counter[tuple[str, str]]) -> str:
    return orjson.dumps(
        [
            {"agency": agency, "purpose": purpose, "asked": count}
            for (agency, purpose), count in counts.items()
        ]
    ).decode()


def forget(conn: Connection, now: dt.datetime) -> None:
    """Delete the counts of days that are long over."""
    conn.execute(delete(QUOTAS).where(QUOTAS.c.day < tehran_day(now) - KEEP))
