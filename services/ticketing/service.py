"""The ticketing service: requests and complaints of people, worked on by units under a clock."""

import datetime as dt

from bus.database.store import Tx
from bus.endpoint import every
from bus.foreign.clamd import Clamd
from bus.foreign.mail import Post
from bus.service import Service
from services.ticketing import calendar_rows
from services.ticketing.accounts import sign_in_limits
from services.ticketing.accounts.entrypoints import AccountEntries
from services.ticketing.alerts.entrypoints import AlertEntries
from services.ticketing.book import changes
from services.ticketing.book import rows as book_rows
from services.ticketing.book.entrypoints import BookEntries
from services.ticketing.chores import (
    cleanup,
    deadlines,
    emptying,
    file_scanning,
    mail_sending,
    person_keys,
)
from services.ticketing.citizens.entrypoints import CitizenEntries
from services.ticketing.civic.entrypoints import CivicEntries
from services.ticketing.colleagues.entrypoints import ColleagueEntries
from services.ticketing.desk.entrypoints import DeskEntries
from services.ticketing.follow_ups import asking
from services.ticketing.forwarding import following, sending
from services.ticketing.forwarding import rows as forwardings
from services.ticketing.forwarding.entrypoints import ForwardingEntries
from services.ticketing.holidays import address as holiday_address
from services.ticketing.holidays.entrypoints import HolidayEntries
from services.ticketing.incoming_mail import queue
from services.ticketing.incoming_mail import rows as emails
from services.ticketing.privacy.entrypoints import PrivacyEntries
from services.ticketing.queue.entrypoints import QueueEntries
from services.ticketing.tickets import rows

DUE_SOON = dt.timedelta(hours=4)


class Ticketing(
    CitizenEntries,
    CivicEntries,
    DeskEntries,
    ForwardingEntries,
    HolidayEntries,
    QueueEntries,
    ColleagueEntries,
    BookEntries,
    PrivacyEntries,
    AccountEntries,
    AlertEntries,
    Service,
):
    name = "ticketing"
    own_keys = ("TICKETING_KEY",)

    def book_ends(self, tx: Tx) -> dict[str, dt.date | None]:
        """Return until when the holidays are on record."""
        return {"holidays": calendar_rows.load(tx.conn)[0].known_until}

    def worries(self, tx: Tx) -> dict[str, int]:
        """Count tickets whose due time the calendar does not give, names under attack, approved
        changes of the book that it did not take on their day, tickets that got stuck on the way to
        another city, an address of holidays that cannot be read, and promises that were missed or
        end within hours.
        """
        late, soon = rows.count_due(tx.conn, self.now(), DUE_SOON)
        return {
            "tickets_late": late,
            "tickets_due_soon": soon,
            "tickets_without_due": rows.count_without_due(tx.conn),
            "names_under_attack": sign_in_limits.names_under_attack(tx.conn, self.now()),
            "book_changes_failed": book_rows.count_failed(tx.conn),
            "waits_for_other_city": forwardings.count_stuck(tx.conn, self.now()),
            "waits_for_holidays": holiday_address.count_unread(tx.conn, self.settings, self.now()),
        }

    @every(2)
    def scan_files(self) -> None:
        scanner = Clamd(self.settings.text("CLAMD_ADDRESS"))
        file_scanning.scan(self.store, self.context, scanner, self.blobs)

    @every(2)
    def send_mails(self) -> None:
        mail_sending.send_mails(self.store, Post(self.settings.text("SMTP_URL")))

    @every(5)
    def forward_waiting(self) -> None:
        sending.send_waiting(self._forwarding())

    @every(30)
    def follow_forwarded(self) -> None:
        sending.look_for_unknown(self._forwarding())
        following.follow(self._forwarding())

    def _forwarding(self) -> sending.Work:
        return sending.Work.of(self.store, self.context, self.settings)

    @every(2, others=True)  # the mailroom writes them
    def read_letters(self) -> None:
        queue.work(self.store, self.context, self.blobs)

    @every(30)
    def release_letters(self) -> None:
        with self.store.transaction() as tx:
            emails.release_held(tx.conn, self.now())

    @every(5)
    def recalculate(self) -> None:
        deadlines.recalculate(self.store, self.context)

    @every(20)
    def watch(self) -> None:
        deadlines.watch(self.store, self.context)

    @every(300)
    def close_quietly(self) -> None:
        deadlines.close_quietly(self.store, self.context)

    @every(300)
    def ask_follow_ups(self) -> None:
        asking.ask_due(self.store, self.context)

    @every(600)
    def read_holidays_address(self) -> None:
        holiday_address.read_when_due(self.store, self.settings, self.now)

    @every(30)
    def change_book(self) -> None:
        changes.apply_due(self.store, self.context)

    @every(60)
    def fill_person_keys(self) -> None:
        person_keys.fill(self.store, self.context)

    @every(3600)
    def forget(self) -> None:
        cleanup.forget(self.store, self.context, self.blobs)

    @every(3600)
    def empty_old(self) -> None:
        emptying.empty_old(self.store, self.context)

    @every(600)
    def forget_files(self) -> None:
        free = self.settings.whole("BLOBS_FREE_MEGABYTES", 1000) * 1024 * 1024
        cleanup.forget_files(self.store, self.blobs, free)
