"""Acts of colleagues that a page shows before they are done: these may be tried out, and no other.

A rehearsal does an act and undoes it. What nobody looks at first has no business there: a sign-in
that is undone would count no failed attempt.
"""

from bus.messages.kinds import Request
from contracts.agencies import desk as agencies
from contracts.billing import account, treasury
from contracts.notify import announcements, bulk, govnotify, promises, senders
from contracts.notify import desk as notify
from contracts.notify.editors import by_hand, email_reports
from contracts.notify.usage import limits
from contracts.rehearsals import Rehearse, Rehearsed
from contracts.ticketing import answers, book, colleagues, desk, letters, person_acts
from contracts.ticketing.calendars import holidays
from contracts.ticketing.civic import blanking, forwarding

REHEARSALS: dict[str, Request[Rehearse, Rehearsed]] = {
    contract.context: contract
    for contract in (answers.REHEARSE, treasury.REHEARSE, agencies.REHEARSE, notify.REHEARSE)
}
_TICKETING: tuple[Request, ...] = (
    desk.ANSWER,
    answers.TEXT_PERSON,
    desk.CLOSE,
    desk.PAUSE,
    letters.SPAM,
    desk.MERGE,
    desk.TAKE_DOWN,
    blanking.BLANK,
    blanking.UNBLANK,
    desk.SEND_NEW_SECRET,
    desk.CORRECT_MOBILE,
    desk.CHANGE_CALENDAR,
    desk.WITHDRAW_ROW,
    desk.ADD_SLOTS,
    holidays.ACCEPT_HOLIDAYS,
    holidays.SET_HOLIDAYS_ASIDE,
    colleagues.HAND_OVER,
    colleagues.DECIDE_CORRECTION,
    forwarding.FORWARD,
    book.PROPOSE_BOOK_CHANGE,
    book.APPROVE_BOOK_CHANGE,
    book.REFUSE_BOOK_CHANGE,
    book.WITHDRAW_BOOK_CHANGE,
    person_acts.CONFIRM_PERSON_ACT,
)
_BILLING: tuple[Request, ...] = (
    treasury.DRAFT_TARIFF,
    treasury.APPROVE_TARIFF,
    treasury.WITHDRAW_TARIFF,
    treasury.ISSUE_BILL,
    treasury.VOID_BILL,
    treasury.WAIVE_BILL,
    treasury.ASK_REFUND,
    treasury.APPROVE_REFUND,
    treasury.REFUSE_REFUND,
    treasury.TAKE_REFUND_BACK,
    treasury.NOTE_REFUND_PAID,
    treasury.RESOLVE,
    treasury.CLOSE_DAY,
    account.PROPOSE_BOOKING,
    account.APPROVE_BOOKING,
    account.REFUSE_BOOKING,
    account.TAKE_BOOKING_BACK,
)
_AGENCIES: tuple[Request, ...] = (
    agencies.APPROVE,
    agencies.REFUSE,
    agencies.WITHDRAW,
    agencies.REVOKE,
    agencies.REMOVE_CONTACT,
)
_NOTIFY: tuple[Request, ...] = (
    notify.APPROVE_VERSION,
    notify.WITHDRAW_VERSION,
    notify.ARCHIVE_FORM,
    notify.PAUSE_PROVIDER,
    notify.OPT_OUT,
    announcements.PUBLISH_ANNOUNCEMENT,
    announcements.UPDATE_ANNOUNCEMENT,
    announcements.RESCHEDULE_ANNOUNCEMENT,
    announcements.CANCEL_ANNOUNCEMENT,
    bulk.START_JOB,
    bulk.CANCEL_JOB,
    by_hand.SEND_BY_HAND,
    govnotify.LETTERS_PRINTED,
    email_reports.RETURN_LETTERS,
    promises.APPROVE_CORRECTION,
    promises.WITHDRAW_CORRECTION,
    senders.WITHDRAW_SENDER,
    limits.APPROVE_SENDER_RULE,
    limits.WITHDRAW_SENDER_RULE,
)
SHOWN_FIRST = frozenset(
    contract.name for contract in (*_TICKETING, *_BILLING, *_AGENCIES, *_NOTIFY)
)
