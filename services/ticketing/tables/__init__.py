"""The tables of the ticketing context; a test compares them with the migrated database."""

from services.ticketing.tables.accounts import (
    ACCOUNT_LOG,
    OPERATORS,
    OPS_TOKENS,
    RECOVERY_CODES,
    SECOND_FACTORS,
    SESSIONS,
    STAFF,
)
from services.ticketing.tables.base import metadata
from services.ticketing.tables.mail import (
    LETTER_ACTS,
    LETTERS,
    MAILS,
    SECRET_CODES,
    STRANGER_NOTICES,
)
from services.ticketing.tables.tickets import (
    ATTEMPTS,
    BOOKINGS,
    BOOKS,
    CALENDAR_ROWS,
    CALENDAR_VERSION,
    ESCALATIONS,
    EXTERNAL_CODES,
    FILES,
    PEOPLE,
    SAVED_FILTERS,
    SLOTS,
    TICKET_EVENTS,
    TICKETS,
)

__all__ = [
    "ACCOUNT_LOG",
    "ATTEMPTS",
    "BOOKINGS",
    "BOOKS",
    "CALENDAR_ROWS",
    "CALENDAR_VERSION",
    "ESCALATIONS",
    "EXTERNAL_CODES",
    "FILES",
    "LETTERS",
    "LETTER_ACTS",
    "MAILS",
    "OPERATORS",
    "OPS_TOKENS",
    "PEOPLE",
    "RECOVERY_CODES",
    "SAVED_FILTERS",
    "SECOND_FACTORS",
    "SECRET_CODES",
    "SESSIONS",
    "SLOTS",
    "STAFF",
    "STRANGER_NOTICES",
    "TICKETS",
    "TICKET_EVENTS",
    "metadata",
]
