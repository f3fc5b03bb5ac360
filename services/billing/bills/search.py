"""Bills as they are searched for: by number or source, by ticket, by agency."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from iran.persian import dashed_code, ungrouped_code


def found(conn: Connection, asked: Mapping[str, Any], agency: str | None = None) -> list[Any]:
    """Bills by their number, bill ID, source or file; one more than ``limit`` if there are more."""
    search = "".join(dashed_code(asked.get("search", "")).split())
    return list(
        conn.execute(
            text(
                "select * from bills where id > :after "
                "and (cast(:state as text) is null or state = :state) "
                "and (cast(:agency as text) is null or agency = :agency) "
                "and (:search = '' or :search in (number, bill_id, source_ref, file_no) "
                "or :bare in (bill_id, source_ref) or number = :number) "
                "order by id limit :most"
            ),
            {
                "after": asked["after"],
                "state": asked["state"],
                "agency": agency,
                "search": search,
                **_ungrouped(search),
                "most": asked["limit"] + 1,
            },
        )
    )


def _ungrouped(search: str) -> dict[str, str]:
    """A bill's identifiers however they were grouped: without signs, and as a number of a bill."""
    bare = ungrouped_code(search)
    return {"bare": bare.lstrip("0"), "number": f"{bare[:4]}-{bare[4:]}"}


def open_of_ticket(conn: Connection, ticket: str, number: str | None) -> list[dict[str, Any]]:
    """Unpaid bills for a ticket, or of the number that it is about."""
    rows = conn.execute(
        text(
            "select number, state, total, due_on from bills where state = 'ISSUED' and "
            "((source_kind = 'ticket' and source_ref = :ticket) or number = :number) order by id"
        ),
        {"ticket": ticket, "number": number},
    )
    return [
        {
            "number": row.number, "state": row.state, "total_rials": row.total,
            "due_on": row.due_on.isoformat(),
        }
        for row in rows
    ]  # fmt: skip


def agencies(conn: Connection) -> list[dict[str, Any]]:
    """Which agencies were ever billed, and on how many bills each code stands."""
    rows = conn.execute(
        text(
            "select agency, count(*) as bills from bills where agency is not null "
            "group by agency order by agency"
        )
    )
    return [{"agency": row.agency, "bills": row.bills} for row in rows]
