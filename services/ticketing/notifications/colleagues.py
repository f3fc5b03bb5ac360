"""What a colleague is told: rows for the desk, and an e-mail with code and link alone.

Each occasion is told once. An e-mail goes only for the first unread notice of a kind on a ticket:
whoever has not looked yet is not written to again.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from iran.persian import tehran_day
from services.ticketing.accounts import absences
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.domain.ticket import Entry
from services.ticketing.tables import COLLEAGUE_NOTICES, STAFF
from services.ticketing.tickets.acts import Case

# What is about no single ticket: the template of its e-mail, and the page that its link opens.
_LEADS_TO = {
    "handed_over": ("colleague_handed_over", "?mine=1"),
    "outcome": ("colleague_outcome", "/for-me"),
}
# What a person does on a ticket that its colleague has to know.
OF_CITIZEN = frozenset({"write", "joined_write", "reopen", "withdraw", "outside_letter"})


def tell_assignee(context: Context, case: Case, entry: Entry) -> None:
    """Tell the colleague who works on the ticket what a citizen did, or that it is theirs now."""
    assignee = case.ticket.assignee
    if assignee is None:
        return
    if entry.act in OF_CITIZEN or (entry.act == "note" and entry.by == "citizen"):
        deputy = absences.on(context.conn, assignee, tehran_day(context.now))
        readers = [assignee, *([deputy.deputy] if deputy and deputy.deputy else [])]
        tell(context, case, readers, "citizen", str(entry.seq), entry.actor)
    elif entry.act == "assign":
        kind = "handed_over" if entry.data.get("handed_over") else "assigned"
        tell(context, case, [assignee], kind, str(entry.seq), entry.actor, mail=kind == "assigned")


def tell(  # noqa: PLR0913 - a notice has as many parts
    context: Context,
    case: Case,
    usernames: Iterable[str],
    kind: str,
    mark: str,
    actor: str,
    *,
    mail: bool = True,
) -> None:
    """Tell colleagues of an occasion, but not the one who acts. ``mark`` names the occasion."""
    for username in dict.fromkeys(usernames):
        if username == actor:
            continue
        before = _before(context, case, username, kind)
        if mark in before:
            continue
        context.conn.execute(
            insert(COLLEAGUE_NOTICES)
            .values(
                username=username, ticket=case.id, kind=kind, mark=mark, actor=actor, at=context.now
            )
            .on_conflict_do_nothing()
        )
        if mail and not any(before.values()):
            send_mail(context, username, kind, case.row.code)


def _before(context: Context, case: Case, username: str, kind: str) -> dict[str, bool]:
    """Return the earlier notices of a kind on a ticket: mark → whether it is unread."""
    table = COLLEAGUE_NOTICES.c
    statement = select(table.mark, table.read_at.is_(None).label("unread")).where(
        table.username == username, table.ticket == case.id, table.kind == kind
    )
    return {row.mark: row.unread for row in context.conn.execute(statement)}


def send_mail(context: Context, username: str, kind: str, code: str | None = None) -> None:
    """Send an e-mail to a colleague who wants them; of the ticket it names the code alone."""
    row = context.conn.execute(
        select(STAFF.c.notice_email, STAFF.c.notice_mails).where(
            STAFF.c.username == username, STAFF.c.active
        )
    ).one_or_none()
    if row is None or not row.notice_mails or not row.notice_email:
        return
    template, page = _LEADS_TO.get(kind, ("colleague_notice", f"/tickets/{code}"))
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template=template,
            channels=("email",),
            to=Receiver(email=row.notice_email),
            personalisation={
                "reason": labels.NOTICES[kind],
                "link": f"{context.desk_url}{page}",
                **({"code": code} if code else {}),
            },
            reference=code,
        ),
    )
