"""The list of senders whose letters are set aside, as heads of units and supervisors keep it.

An address proves nothing: anybody can write it above a letter. So a row destroys nothing and closes
no other way in; it ends by itself.
"""

import datetime as dt

from bus.envelope import instant
from bus.errors import Forbidden, NotFound
from contracts.ticketing import letters as contracts
from contracts.ticketing.desk import Acted, Nothing
from services.ticketing.context import Context
from services.ticketing.desk import paging, standing, tickets
from services.ticketing.desk.mail import incoming_mail
from services.ticketing.domain import moves
from services.ticketing.domain.mailboxes import PUBLIC_PROVIDERS, mailbox_of
from services.ticketing.incoming_mail import matters
from services.ticketing.senders import rows
from services.ticketing.senders.rows import SenderRow
from services.ticketing.tickets import acts, views
from services.ticketing.tickets.refusals import field_refusal

PAGE = 50
# Rows in force on one list: more are a matter for the mail server in front.
MOST = 500


def listing(context: Context, message: contracts.AskSenders) -> contracts.Senders:
    """List the senders of the colleague's unit and of all units, those in force first."""
    moves.require(context.colleague.role, "set_aside")
    shown = paging.numbered(message.page, rows.count(context, rows.visible(context)), PAGE)
    listed = rows.page(context, PAGE, shown.skip)
    letters = rows.letters_by_row(context, [row.id for row in listed])
    codes = rows.codes(context, [row.ticket for row in listed if row.ticket])
    return contracts.Senders(
        senders=tuple(
            _view(context, row, letters.get(row.id, 0), codes.get(row.ticket or 0))
            for row in listed
        ),
        total=shown.total,
        page=shown.page,
        pages=shown.pages,
        waiting=incoming_mail.count_set_aside(context, None),
    )


def _view(
    context: Context, row: SenderRow, letters: int, ticket: str | None
) -> contracts.SenderRow:
    in_force = row.in_force(context.now)
    return contracts.SenderRow(
        row=row.id,
        sender=row.sender,
        unit=views.named(context.book.units, row.unit),
        reason=row.reason,
        ticket=ticket,
        put_by=row.put_by,
        put_at=instant(row.put_at),
        until=instant(row.until),
        ended_by=row.ended_by,
        ended_at=views.optional_instant(row.ended_at),
        in_force=in_force,
        may_end=in_force and _may_end(context, row),
        letters=letters,
    )


def spam(context: Context, message: contracts.Spam) -> Acted:
    """Set a ticket aside that a spam letter made, and its sender's next letters if that is wished.
    Nothing is written to the sender, who is mostly somebody else than the address says.
    """
    case = tickets.load(context, "spam", message)
    standing.require(context, case, "spam")
    if message.set_aside:
        address = matters.own_address(context, case)
        if not address:
            raise field_refusal("set_aside", "This ticket has no address of a sender.", "nobody")
        row = contracts.SetAside(sender=address, reason=message.reason)
        add(context, row, field="set_aside", ticket=case.id)
    tickets.add(context, case, "close", reason="spam")
    return acts.project(context, case)


def _may_end(context: Context, row: SenderRow) -> bool:
    """A supervisor ends any row, the head of a unit those of the unit."""
    return context.colleague.all_units or row.unit == context.colleague.unit


def put(context: Context, message: contracts.SetAside) -> contracts.SenderSet:
    """Put a sender on the list. RuleBroken ``field.wrong`` for one that cannot be on it."""
    return add(context, message, field="sender")


def add(
    context: Context, message: contracts.SetAside, *, field: str, ticket: int | None = None
) -> contracts.SenderSet:
    """Put a sender on the list of the colleague's unit, a supervisor on that of all, from a form
    that calls the sender ``field``.
    """
    moves.require(context.colleague.role, "set_aside")
    name = message.sender
    name = name if name.startswith("@") else mailbox_of(name)
    _check(context, name, field)
    unit = context.colleague.only_unit
    # Two heads at once, or one press twice: the second sees the first.
    context.tx.hold(f"set aside {unit or ''} {name}")
    listed = rows.of_list(context, name, unit)
    if listed is not None:
        if ticket is not None:
            return _done(listed)
        sentence = "This sender is on the list; end that row first to choose another time."
        raise field_refusal(field, sentence, "known")
    _require_room(context, unit, field)
    row = SenderRow(
        id=0,
        sender=name,
        unit=unit,
        reason=message.reason,
        ticket=ticket,
        put_by=context.colleague.username,
        put_at=context.now,
        until=context.now + dt.timedelta(days=message.days),
        ended_by=None,
        ended_at=None,
    )
    return contracts.SenderSet(row=rows.add(context, row), sender=name, until=instant(row.until))


def _check(context: Context, name: str, field: str) -> None:
    """Refuse what would set colleagues aside, or everybody who has a common mail provider."""
    units = context.book.units.values()
    own = {a.lower() for u in units for a in (u.email, u.mailbox, u.head_email) if a}
    if name in own:
        raise field_refusal(field, "This is an address of our own.", "own")
    if not name.startswith("@"):
        return
    if not context.colleague.all_units:
        raise field_refusal(field, "Only a supervisor sets a whole domain aside.", "supervisor")
    domain = name[1:]
    if any(_is_part(domain, host) or _is_part(host, domain) for host in map(_host, own)):
        raise field_refusal(field, "This is a domain of our own.", "own")
    if domain in PUBLIC_PROVIDERS:
        sentence = "Everybody may have an address there; put the one address on the list."
        raise field_refusal(field, sentence, "public")


def _host(address: str) -> str:
    return address.rpartition("@")[2]


def _is_part(domain: str, of: str) -> bool:
    """True for a domain and for any that stands below it."""
    return domain == of or domain.endswith(f".{of}")


def _require_room(context: Context, unit: str | None, field: str) -> None:
    if rows.count(context, rows.is_in_force(context.now), rows.on_list(unit)) >= MOST:
        sentence = f"{MOST} senders are on this list; end some rows first."
        raise field_refusal(field, sentence, "full")


def end(context: Context, message: contracts.OneSender) -> contracts.SenderSet:
    """End a row before its time; one that has ended stays as it is. NotFound
    ``set_aside.not_found``; Forbidden ``desk.unit`` for another's list.
    """
    moves.require(context.colleague.role, "set_aside")
    row = rows.find(context, message.row)
    if row is None:
        raise NotFound("There is no such sender on the list.", code="set_aside.not_found")
    if not _may_end(context, row):
        raise Forbidden("This sender is on another's list.", code="desk.unit")
    if row.in_force(context.now):
        rows.end(context, row.id)
    return _done(row)


def _done(row: SenderRow) -> contracts.SenderSet:
    return contracts.SenderSet(row=row.id, sender=row.sender, until=instant(row.until))


def look(context: Context, _: Nothing) -> contracts.LookedAt:
    """Count the letters that were set aside since the colleague's last look, and note this one."""
    moves.require(context.colleague.role, "set_aside")
    since = rows.last_look(context)
    letters = incoming_mail.count_set_aside(context, since)
    rows.note_look(context)
    return contracts.LookedAt(since=views.optional_instant(since), letters=letters)


def count_new(context: Context) -> int:
    """Count the letters that were set aside since the colleague's last look."""
    return incoming_mail.count_set_aside(context, rows.last_look(context))
