"""The ledger's entries in the database: they are added, summed and told, never changed."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from iran.persian import tehran_day
from services.billing.domain.ledger import VAT, Posting

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Of:
    """To what an entry belongs."""

    bill: int | None = None
    agency: str | None = None
    order_id: int | None = None
    file_row: int | None = None


def post(
    conn: Connection, now: dt.datetime, kind: str, what: tuple[str, Of], postings: Iterable[Posting]
) -> None:
    """Adds an entry; nothing is written for one without postings (a bill of zero)."""
    rows = [{"account": each.account, "rials": each.rials} for each in postings]
    if not rows:
        return
    told, of = what
    entry = conn.execute(
        text(
            "insert into entries (at, day, kind, text, bill, agency, order_id, file_row) values "
            "(:at, :day, :kind, :text, :bill, :agency, :order_id, :file_row) returning id"
        ),
        {
            "at": now, "day": tehran_day(now), "kind": kind, "text": told, "bill": of.bill,
            "agency": of.agency, "order_id": of.order_id, "file_row": of.file_row,
        },
    ).scalar_one()  # fmt: skip
    conn.execute(
        text("insert into postings (entry, account, rials) values (:entry, :account, :rials)"),
        [{**row, "entry": entry} for row in rows],
    )


def of_bill(conn: Connection, bill: int, *kinds: str) -> list[Posting]:
    """The postings of a bill's entries of these kinds."""
    rows = conn.execute(
        text(
            "select p.account, p.rials from postings p join entries e on e.id = p.entry "
            "where e.bill = :bill and e.kind = any(:kinds) order by e.id, p.account"
        ),
        {"bill": bill, "kinds": list(kinds)},
    )
    return [Posting(row.account, row.rials) for row in rows]


def vat_left(conn: Connection, bill: int) -> int:
    """The VAT of a bill that is neither waived nor given back, in rials."""
    posted = of_bill(conn, bill, "issued", "waived", "refund_owed")
    return -sum(each.rials for each in posted if each.account == VAT)


def sums(conn: Connection) -> dict[str, int]:
    """The balance of each account that was ever posted to."""
    rows = conn.execute(text("select account, sum(rials) from postings group by account"))
    return {account: int(rials) for account, rials in rows}


def first_day(conn: Connection) -> dt.date | None:
    """The day of Tehran on which the ledger begins; None while it is empty."""
    day: dt.date | None = conn.execute(text("select min(day) from entries")).scalar()
    return day


def page(conn: Connection, after: int) -> tuple[list[dict[str, Any]], int | None]:
    """Up to a thousand entries after one, with their postings; and after which the next begin."""
    rows = conn.execute(
        text(
            "select e.id, e.day, e.kind, e.text, p.account, p.rials from "
            "(select * from entries where id > :after order by id limit :most) e "
            "join postings p on p.entry = e.id order by e.id, p.rials desc, p.account"
        ),
        {"after": after, "most": AT_ONCE},
    ).all()
    entries: dict[int, dict[str, Any]] = {}
    for row in rows:
        told = entries.setdefault(
            row.id,
            {"id": row.id, "day": row.day.isoformat(), "kind": row.kind, "text": row.text,
             "postings": []},
        )  # fmt: skip
        told["postings"].append(Posting(row.account, row.rials))
    last = max(entries, default=None)
    return list(entries.values()), last if len(entries) == AT_ONCE else None


def of_agency(conn: Connection, agency: str, days: tuple[dt.date, dt.date]) -> Sequence[Any]:
    """What changed an agency's debt in the days from first to last, both counted."""
    return conn.execute(
        text(
            "select e.day, e.kind, e.text, b.number, p.rials from entries e "
            "join postings p on p.entry = e.id and p.account = 'receivable' "
            "left join bills b on b.id = e.bill "
            "where e.agency = :agency and e.day between :first and :last order by e.id"
        ),
        {"agency": agency, "first": days[0], "last": days[1]},
    ).all()


def owed_before(conn: Connection, agency: str, day: dt.date) -> int:
    """What an agency owed when the day began, in rials."""
    return int(
        conn.execute(
            text(
                "select coalesce(sum(p.rials), 0) from entries e "
                "join postings p on p.entry = e.id and p.account = 'receivable' "
                "where e.agency = :agency and e.day < :day"
            ),
            {"agency": agency, "day": day},
        ).scalar_one()
    )
