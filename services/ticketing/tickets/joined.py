"""Tickets that were joined with another, when that one ends without a word that is theirs too."""

from services.ticketing.context import SYSTEM, Context
from services.ticketing.tickets import acts, rows
from services.ticketing.tickets.acts import Case


def release(context: Context, case: Case) -> None:
    """Let the tickets that were joined with one stand by themselves again.

    Its citizen took it back, or did not answer: that speaks for nobody else.
    """
    for code in rows.joined_codes(context.conn, case.id):
        joined = acts.load(context, code)
        acts.add(context, joined, "unmerge", by="system", actor=SYSTEM)
        rows.change_ticket(context.conn, joined.id, merged_into=None)
        acts.project(context, joined)
        acts.add(context, case, "release", by="system", actor=SYSTEM, child=code)
