"""The notify service: messages to people, announcements, and what became of them."""

import datetime as dt

from bus.database.store import Tx
from bus.endpoint import every
from bus.service import Service
from members.rights import Members, members_of
from services.notify import backlog, books, revocation
from services.notify.bulk.entrypoints import BulkEntrypoints
from services.notify.by_hand.entrypoints import HandEntrypoints
from services.notify.context import Context
from services.notify.domain.template import OURS
from services.notify.editors.entrypoints import EditorEntrypoints
from services.notify.figures.entrypoints import FigureEntrypoints
from services.notify.govuk import sent_files
from services.notify.govuk.entrypoints import GovukEntrypoints
from services.notify.keys import Keys
from services.notify.limits.entrypoints import LimitEntrypoints
from services.notify.news.entrypoints import NewsEntrypoints
from services.notify.providers.entrypoints import ProviderEntrypoints
from services.notify.received.entrypoints import ReceivedEntrypoints
from services.notify.reports import rates
from services.notify.reports.entrypoints import ReportEntrypoints
from services.notify.sending.dispatch_entrypoints import DispatchEntrypoints
from services.notify.sending.entrypoints import SendingEntrypoints
from services.notify.statistics.entrypoints import StatisticsEntrypoints
from services.notify.templates.entrypoints import TemplateEntrypoints
from services.notify.unsubscribing.entrypoints import UnsubscribingEntrypoints
from services.notify.webhooks.entrypoints import WebhookEntrypoints


class Notify(
    BulkEntrypoints,
    DispatchEntrypoints,
    EditorEntrypoints,
    FigureEntrypoints,
    GovukEntrypoints,
    HandEntrypoints,
    LimitEntrypoints,
    NewsEntrypoints,
    ProviderEntrypoints,
    ReceivedEntrypoints,
    ReportEntrypoints,
    SendingEntrypoints,
    StatisticsEntrypoints,
    TemplateEntrypoints,
    UnsubscribingEntrypoints,
    WebhookEntrypoints,
    Service,
):
    """Every room's entrypoints, and what they share: settings, keys, the register's rights."""

    name = "notify"
    own_keys = ("NOTIFY_KEY",)

    @property
    def keys(self) -> Keys:
        """The keys of hashes and seals."""
        return Keys(self.own_key("NOTIFY_KEY"))

    @property
    def members(self) -> Members:
        """The agencies by the register of now; where no register is set, our own tables count."""
        return members_of(self.settings, frozenset({OURS}))

    def context(self, tx: Tx) -> Context:
        """The context of an act in this transaction."""
        keys = Keys(self.own_key("NOTIFY_KEY", tx))
        return Context(tx, self.now(), keys, self.settings, self.members)

    def book_ends(self, tx: Tx) -> dict[str, dt.date | None]:
        """Until when the prices of SMS and the promises are on record."""
        return books.last_days(tx.conn)

    def worries(self, tx: Tx) -> dict[str, int]:
        """What waits longer than it should."""
        full = sent_files.nearly_full(tx.conn, self.settings, self.now())
        return {
            **backlog.counts(tx.conn),
            **rates.worries(tx.conn),
            "sent_files_nearly_full": full,
        }

    @every(0.5)
    def withdraw(self) -> None:
        revocation.end_revoked(self.store, self.context)
