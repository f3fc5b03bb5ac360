"""The tables of the notify context, each once; a test compares them with the migrated database.

Constraints and indexes stand in the migrations. Moments are in UTC, money is in rials.
"""

from services.notify.tables.bulk import JOB_PARTS, JOB_ROWS, JOBS
from services.notify.tables.editorial import (
    BOOKS,
    EDITORS,
    HAND_MESSAGES,
    LOOKS,
    TEMPLATE_VERSIONS,
    TEMPLATES,
)
from services.notify.tables.figures import (
    LIMIT_NOTICES,
    SENDER_DAYS,
    SENDER_DAYS_COUNTED,
    SENDER_RULES,
)
from services.notify.tables.govuk import (
    API_COUNTS,
    API_GUESTS,
    API_KEYS,
    API_MESSAGES,
    API_SERVICES,
    SENDERS,
    SENT_FILES,
)
from services.notify.tables.messages import (
    ACCEPTED,
    CONSENTS,
    ENDED_DAYS,
    HANDOVERS,
    INBOX_FAILURES,
    INBOXES,
    LEGAL_HOLDS,
    MESSAGE_DAYS,
    MESSAGE_SENDERS,
    MESSAGES,
    PROVIDER_ERRORS,
    PROVIDER_MOVES,
    PROVIDERS,
    UNSUBSCRIPTIONS,
)
from services.notify.tables.metadata import metadata
from services.notify.tables.news import (
    ANNOUNCEMENT_UPDATES,
    ANNOUNCEMENTS,
    COMPONENT_DAYS,
    NOTICE_RUNS,
    PROBES,
    PROMISE_CORRECTIONS,
    PROMISE_REPORTS,
    SUBSCRIBER_NOTICES,
    SUBSCRIPTIONS,
)
from services.notify.tables.received import RECEIVED_TEXTS, TEXT_PARTS
from services.notify.tables.reports import EMAIL_REPORTS, RETURNED_LETTERS, SENDER_RATES
from services.notify.tables.webhooks import CALLBACK_DELIVERIES, CALLBACKS

__all__ = [
    "ACCEPTED",
    "ANNOUNCEMENTS",
    "ANNOUNCEMENT_UPDATES",
    "API_COUNTS",
    "API_GUESTS",
    "API_KEYS",
    "API_MESSAGES",
    "API_SERVICES",
    "BOOKS",
    "CALLBACKS",
    "CALLBACK_DELIVERIES",
    "COMPONENT_DAYS",
    "CONSENTS",
    "EDITORS",
    "EMAIL_REPORTS",
    "ENDED_DAYS",
    "HANDOVERS",
    "HAND_MESSAGES",
    "INBOXES",
    "INBOX_FAILURES",
    "JOBS",
    "JOB_PARTS",
    "JOB_ROWS",
    "LEGAL_HOLDS",
    "LIMIT_NOTICES",
    "LOOKS",
    "MESSAGES",
    "MESSAGE_DAYS",
    "MESSAGE_SENDERS",
    "NOTICE_RUNS",
    "PROBES",
    "PROMISE_CORRECTIONS",
    "PROMISE_REPORTS",
    "PROVIDERS",
    "PROVIDER_ERRORS",
    "PROVIDER_MOVES",
    "RECEIVED_TEXTS",
    "RETURNED_LETTERS",
    "SENDERS",
    "SENDER_DAYS",
    "SENDER_DAYS_COUNTED",
    "SENDER_RATES",
    "SENDER_RULES",
    "SENT_FILES",
    "SUBSCRIBER_NOTICES",
    "SUBSCRIPTIONS",
    "TEMPLATES",
    "TEMPLATE_VERSIONS",
    "TEXT_PARTS",
    "UNSUBSCRIPTIONS",
    "metadata",
]
