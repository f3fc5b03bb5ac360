"""What a colleague writes before it is sent: drafts, and an answer as its citizen will read it."""

import datetime as dt

from bus.envelope import instant
from contracts.ticketing.answers import (
    AnswerPreview,
    Draft,
    Drafts,
    OthersDraft,
    PreviewAnswer,
    SavedDraft,
    SaveDraft,
)
from contracts.ticketing.desk import OneTicket
from services.ticketing.context import Context
from services.ticketing.desk import tickets
from services.ticketing.domain import labels, moves
from services.ticketing.domain.moves import Act
from services.ticketing.domain.ticket import Entry
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tickets import drafts, reminders, rows
from services.ticketing.tickets.drafts import Owner, StoredDraft

# A colleague who typed so long ago has gone to other work.
OF_LATE = dt.timedelta(hours=2)
# In the place of the link, which opens the ticket in the citizen's name.
LINK = {"fa": "[پیوند ویژه شهروند]", "en": "[the citizen's own link]"}


def save_draft(context: Context, message: SaveDraft) -> SavedDraft:
    """Keep a text that is being typed, for its writer alone; an empty one forgets the draft."""
    case = tickets.load_to_read(context, message)
    owner = Owner(context.colleague.username, case.id)
    if message.form and drafts.was_sent(context.conn, case.id, message.form):
        return SavedDraft(saved_at=None)
    if not message.text.strip():
        drafts.forget(context.conn, owner, message.act)
        return SavedDraft(saved_at=None)
    draft = StoredDraft(message.act, message.text, context.now)
    drafts.save(context.conn, owner, draft, context.keys.drafts)
    return SavedDraft(saved_at=instant(context.now))


def own_drafts(context: Context, message: OneTicket) -> Drafts:
    """List the colleague's own drafts of a ticket, and who else has begun to write."""
    case = tickets.load_to_read(context, message)
    owner = Owner(context.colleague.username, case.id)
    return Drafts(
        drafts=tuple(
            Draft(act=draft.act, text=draft.text, saved_at=instant(draft.saved_at))
            for draft in drafts.of(context.conn, owner, context.keys.drafts)
        ),
        others=tuple(
            OthersDraft(username=other.username, act=other.act, saved_at=instant(other.saved_at))
            for other in drafts.of_others(context.conn, owner, context.now - OF_LATE)
        ),
        reminder=reminders.day_of(context, case.id),
    )


def preview(context: Context, message: PreviewAnswer) -> AnswerPreview:
    """Return an answer as its citizen will read it; nothing is written."""
    name: Act = "answer" if message.final else "say"
    moves.require(context.colleague.role, name)
    case = tickets.load_to_read(context, message)
    language, person = case.row.language, rows.person(context.conn, case.id)
    entry = Entry(0, context.now, "unit", context.colleague.username, name, {"text": message.text})
    email = None
    if person is not None and person.email:
        text = notifications.TO_CITIZEN[name]
        email = notifications.email_text(context, case, entry, text, link=LINK[language])
        email = email.replace(f"{LINK[language]}#rate", LINK[language])
    return AnswerPreview(
        language=language,
        page_title=labels.ACTS[name][0 if language == "fa" else 1],
        page_text=message.text,
        email_subject=notifications.subject_of(case, language, again=True) if email else None,
        email_text=email,
        sms=person is not None and bool(person.mobile),
    )
