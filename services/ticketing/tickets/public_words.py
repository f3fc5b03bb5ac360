"""The words of a public report as everybody reads them, kept beside those that were written.

Lists, feeds, maps and Open311 read ``public_text`` and ``public_address`` where there are any, and
the search for like reports reads ``public_search``: what is blanked cannot be found by guessing.
"""

from iran.persian import search_key
from iran.phrases import personal_numbers
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain import labels
from services.ticketing.domain.reports import blanks
from services.ticketing.tickets import acts, rows
from services.ticketing.tickets.acts import Case


def blank_numbers(context: Context, case: Case) -> None:
    """Blank numbers and addresses of persons in a new public report, before anybody reads it."""
    row = case.row
    numbers = personal_numbers(f"{row.text}\n{row.address}") if row.public else []
    if numbers:
        reason = labels.NUMBERS_BLANKED[0 if row.language == "fa" else 1]
        acts.add(context, case, "blank", by="system", actor=SYSTEM, text=reason, phrases=numbers)
        keep(context, case)


def keep(context: Context, case: Case) -> None:
    """Keep the public words as the log has them blanked; nothing where nothing is blanked."""
    blanked = blanks.blanks(case.entries)
    if not blanked:
        rows.change_ticket(
            context.conn, case.id, public_text=None, public_address=None, public_search=None
        )
        return
    text = blanks.hide(case.row.text, blanked)
    address = blanks.hide_elsewhere(case.row.address, blanked)
    rows.change_ticket(
        context.conn,
        case.id,
        public_text=text,
        public_address=address,
        public_search=search_key(f"{text} {address}"),
    )
