"""The ticketing service: requests and complaints of people, worked on by units under a clock."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

from bus.blobs import Blobs
from bus.database.store import Tx
from bus.endpoint import every, serve
from bus.errors import BusError
from bus.foreign.clamd import Clamd
from bus.foreign.mail import Post
from bus.service import Service
from contracts.ticketing import desk as at_desk
from contracts.ticketing import letters as at_letters
from contracts.ticketing.citizens import (
    CHOOSE_SLOT,
    FORM,
    INVITATION,
    LEAVE_SLOT,
    LIST_PUBLIC,
    OPEN_ATTACHMENT,
    RATE,
    REGISTER,
    REOPEN,
    STATISTICS,
    TOKEN,
    TRACK,
    WITHDRAW,
    WRITE,
)
from contracts.ticketing.lost_secrets import ASK_NEW_SECRET, NEW_SECRET
from iran.identifiers import user_name
from services.ticketing import calendar_rows as calendar_store
from services.ticketing import chores, figures
from services.ticketing.accounts import sign_in_limits as guessing
from services.ticketing.accounts import staff
from services.ticketing.accounts.entrypoints import AccountEntries
from services.ticketing.accounts.sign_in_limits import Guesser
from services.ticketing.citizens import lost_secrets
from services.ticketing.citizens import tickets as citizens
from services.ticketing.desk import calendar as times
from services.ticketing.desk import letters as letter_desk
from services.ticketing.desk import lost_secrets as desk_lost_secrets
from services.ticketing.desk import queue
from services.ticketing.desk import tickets as desk
from services.ticketing.tickets import rows as store
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Caps, Desk
from services.ticketing.tickets.keys import Keys


class Ticketing(AccountEntries, Service):
    name = "ticketing"

    def desk(self, tx: Any) -> Desk:
        """Book, calendar and keys, as they are in this transaction."""
        keys = Keys(self.settings.secret("TICKETING_KEY").reveal())
        portal, desk_url = self.settings.text("PORTAL_URL"), self.settings.text("DESK_URL")
        found = Desk.of(tx, self.now(), keys, portal.rstrip("/"), desk_url.rstrip("/"))
        return replace(found, caps=self.caps)

    @property
    def caps(self) -> Caps:
        """What strangers can make us send."""
        return Caps(
            self.settings.whole("NOTICES_AN_HOUR", Caps().an_hour),
            self.settings.whole("NOTICES_A_DAY", Caps().a_day),
            self.settings.whole("STRANGERS_SMS_A_DAY", Caps().sms_a_day),
        )

    def own_desk(self, tx: Any) -> Desk:
        """The desk with the colleague who asks; the ops face has proven the name."""
        return replace(self.desk(tx), colleague=staff.caller(tx.conn, tx.envelope))

    @property
    def blobs(self) -> Blobs:
        return Blobs(Path(self.settings.text("BLOBS_DIR")))

    def book_ends(self, tx: Tx) -> dict[str, dt.date | None]:
        """Until when the holidays are on record."""
        return {"holidays": calendar_store.load(tx.conn)[0].known_until}

    def worries(self, tx: Tx) -> dict[str, int]:
        """Tickets that are worked on, and whose due time the calendar does not give."""
        return {
            "tickets_without_due": store.count_without_due(tx.conn),
            "names_under_attack": guessing.names_under_attack(tx.conn, self.now()),
        }

    # --- citizens ---

    @serve(REGISTER)
    def register(self, tx, **data):
        if (tx.envelope.caller or {}).get("staff"):
            at = self.own_desk(tx)
            return views.registered(at, citizens.register(at, data, actor=at.who.username))
        at = self.desk(tx)
        return views.registered(at, citizens.register(at, data))

    @serve(TRACK)
    def track(self, tx, *, code, secret):
        return citizens.track(self.desk(tx), code, secret)

    @serve(WRITE)
    def write(self, tx, *, code, secret, text, attachments):
        return citizens.do(self.desk(tx), "write", code, secret, attachments, text=text)

    @serve(REOPEN)
    def reopen(self, tx, *, code, secret, text):
        return citizens.do(self.desk(tx), "reopen", code, secret, text=text)

    @serve(WITHDRAW)
    def withdraw(self, tx, *, code, secret):
        return citizens.do(self.desk(tx), "withdraw", code, secret)

    @serve(CHOOSE_SLOT)
    def choose_slot(self, tx, *, code, secret, slot):
        return citizens.do(self.desk(tx), "choose_slot", code, secret, slot=slot)

    @serve(LEAVE_SLOT)
    def leave_slot(self, tx, *, code, secret):
        return citizens.do(self.desk(tx), "leave_slot", code, secret)

    @serve(RATE)
    def rate(self, tx, **data):
        return citizens.do(self.desk(tx), "rate", **data)

    @serve(ASK_NEW_SECRET)
    def ask_new_secret(self, tx, **data):
        asker = str((tx.envelope.caller or {}).get("asker", ""))
        return lost_secrets.ask(self.desk(tx), asker, **data)

    @serve(NEW_SECRET)
    def new_secret(self, tx, **data):
        return lost_secrets.renew(self.desk(tx), **data)

    @serve(OPEN_ATTACHMENT)
    def open_attachment(self, tx, *, code, secret, attachment):
        case = citizens.opened(self.desk(tx), code, secret)
        return (
            case if isinstance(case, BusError) else store.clean_file(tx.conn, case.id, attachment)
        )

    @serve(INVITATION)
    def invitation(self, tx, *, code, secret):
        return citizens.invitation(self.desk(tx), code, secret)

    @serve(FORM)
    def form(self, tx):
        return citizens.form(self.desk(tx))

    @serve(STATISTICS)
    def statistics(self, tx, *, months):
        return figures.public(self.desk(tx), months)

    @serve(LIST_PUBLIC)
    def list_public(self, tx, **asked):
        return {"tickets": figures.listed(self.desk(tx), asked)}

    @serve(TOKEN)
    def token(self, tx, *, token):
        return {"token": token, "code": figures.token(self.desk(tx), token)}

    # --- the desk ---

    @serve(at_desk.SIGN_IN)
    def sign_in(self, tx, *, username, password):
        guesser = Guesser(user_name(username))
        found = staff.check_password(tx.conn, guesser, password, self.now())
        return found if isinstance(found, BusError) else found[0].told()

    @serve(at_desk.WHO_IS)
    def who_is(self, tx, *, username):
        return staff.of(tx.conn, username).told()

    @serve(at_desk.STAFF_NAMES)
    def staff_names(self, tx):
        staff.caller(tx.conn, tx.envelope)
        return {"names": staff.names(tx.conn)}

    @serve(at_desk.QUEUE)
    def queue(self, tx, **asked):
        return queue.queue(self.own_desk(tx), asked)

    @serve(at_desk.READ)
    def read(self, tx, *, code):
        return desk.read(self.own_desk(tx), code)

    @serve(at_desk.OPEN_FILE)
    def open_file(self, tx, *, code, attachment):
        return desk.open_file(self.own_desk(tx), code, attachment)

    @serve(at_desk.ASSIGN)
    def assign(self, tx, **data):
        return desk.assign(self.own_desk(tx), **data)

    @serve(at_desk.NOTE)
    def note(self, tx, **data):
        return desk.act(self.own_desk(tx), "note", **data)

    @serve(at_desk.ANSWER)
    def answer(self, tx, **data):
        return desk.answer(self.own_desk(tx), **data)

    @serve(at_desk.PAUSE)
    def pause(self, tx, **data):
        return desk.act(self.own_desk(tx), "pause", **data)

    @serve(at_desk.RESUME)
    def resume(self, tx, **data):
        return desk.act(self.own_desk(tx), "resume", **data)

    @serve(at_desk.INVITE)
    def invite(self, tx, **data):
        return desk.invite(self.own_desk(tx), **data)

    @serve(at_desk.VISITED)
    def visited(self, tx, **data):
        return desk.visited(self.own_desk(tx), **data)

    @serve(at_desk.MERGE)
    def merge(self, tx, **data):
        return desk.merge(self.own_desk(tx), **data)

    @serve(at_desk.UNMERGE)
    def unmerge(self, tx, **data):
        return desk.unmerge(self.own_desk(tx), **data)

    @serve(at_desk.CLOSE)
    def close(self, tx, **data):
        return desk.close(self.own_desk(tx), **data)

    @serve(at_desk.TAKE_UP)
    def take_up(self, tx, **data):
        return desk.act(self.own_desk(tx), "take_up", **data)

    @serve(at_desk.SEND_NEW_SECRET)
    def send_new_secret(self, tx, **data):
        return desk_lost_secrets.send_new(self.own_desk(tx), **data)

    @serve(at_letters.LETTERS)
    def letters(self, tx, **asked):
        return letter_desk.listing(self.own_desk(tx), asked)

    @serve(at_letters.READ_LETTER)
    def read_letter(self, tx, *, letter):
        return letter_desk.read(self.own_desk(tx), letter)

    @serve(at_letters.LETTER_SOURCE)
    def letter_source(self, tx, *, letter):
        return letter_desk.source(self.own_desk(tx), self.blobs, letter)

    @serve(at_letters.REGISTER_LETTER)
    def register_letter(self, tx, **data):
        return letter_desk.register(self.own_desk(tx), self.blobs, **data)

    @serve(at_letters.ATTACH_LETTER)
    def attach_letter(self, tx, **data):
        return letter_desk.attach(self.own_desk(tx), self.blobs, **data)

    @serve(at_letters.RETRY_LETTER)
    def retry_letter(self, tx, *, letter):
        return letter_desk.retry(self.own_desk(tx), letter=letter)

    @serve(at_letters.FINISH_LETTER)
    def finish_letter(self, tx, **data):
        return letter_desk.finish(self.own_desk(tx), **data)

    @serve(at_letters.MAIL_FIGURES)
    def mail_figures(self, tx):
        return figures.mail(tx.conn)

    @serve(at_desk.CALENDAR)
    def calendar(self, tx, *, from_day):
        return times.calendar(self.own_desk(tx), from_day)

    @serve(at_desk.CHANGE_CALENDAR)
    def change_calendar(self, tx, **row):
        return times.change_calendar(self.own_desk(tx), row)

    @serve(at_desk.WITHDRAW_ROW)
    def withdraw_row(self, tx, *, row, source, looked_version):
        desk = self.own_desk(tx)
        return times.withdraw_row(desk, row, source, looked_version)

    @serve(at_desk.ADD_SLOTS)
    def add_slots(self, tx, **asked):
        return times.add_slots(self.own_desk(tx), asked)

    @serve(at_desk.REPORT)
    def report(self, tx, **asked):
        return figures.report(self.own_desk(tx), asked)

    # --- chores ---

    @every(2)
    def scan_files(self):
        scanner = Clamd(self.settings.text("CLAMD_ADDRESS"))
        chores.scan(self.store, self.desk, scanner, self.blobs)

    @every(2)
    def send_mails(self):
        chores.send_mails(self.store, Post(self.settings.text("SMTP_URL")))

    @every(2)
    def read_letters(self):
        chores.read_letters(self.store, self.desk, self.blobs)

    @every(30)
    def release_letters(self):
        chores.release_letters(self.store, self.now())

    @every(5)
    def recalculate(self):
        chores.recalculate(self.store, self.desk)

    @every(20)
    def watch(self):
        chores.watch(self.store, self.desk)

    @every(300)
    def close_quietly(self):
        chores.close_quietly(self.store, self.desk)

    @every(3600)
    def forget(self):
        chores.forget(self.store, self.blobs)

    @every(600)
    def forget_files(self):
        free = self.settings.whole("BLOBS_FREE_MEGABYTES", 1000) * 1024 * 1024
        chores.forget_files(self.store, self.blobs, free)
