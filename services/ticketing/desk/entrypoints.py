"""Entrypoints for colleagues at the desk."""

from bus.database.store import Tx
from bus.endpoint import handle, serve
from bus.errors import BusError
from bus.rehearsal import rehearse
from contracts.rehearsals import Rehearse, Rehearsed
from contracts.shown_first import SHOWN_FIRST
from contracts.ticketing import answers as of_answers
from contracts.ticketing import calendar as of_calendar
from contracts.ticketing import citizens as of_citizens
from contracts.ticketing import desk as contracts
from contracts.ticketing import letters as of_mail
from contracts.ticketing import queue as of_queue
from contracts.ticketing import related as of_related
from contracts.ticketing import visits as of_visits
from contracts.ticketing.civic import blanking as of_blanking
from iran.identifiers import user_name
from services.ticketing import cities
from services.ticketing.accounts import staff
from services.ticketing.accounts.sign_in_limits import Guesser
from services.ticketing.context import ContextSource
from services.ticketing.desk import (
    answers,
    assignments,
    blanking,
    by_hand,
    lost_secrets,
    mobiles,
    related,
    sorting,
    tickets,
    views,
)
from services.ticketing.desk.mail import incoming_mail, senders
from services.ticketing.desk.office import calendar, times, visit_days
from services.ticketing.figures import mail, report
from services.ticketing.incoming_mail import notice_reports


class DeskEntries(ContextSource):
    """What colleagues ask; the ops face has proven the name of each."""

    @serve(contracts.SIGN_IN)
    def sign_in(self, tx: Tx, message: contracts.SignIn) -> contracts.Staff | BusError:
        guesser = Guesser(user_name(message.username))
        result = staff.check_password(tx.conn, guesser, message.password, self.now())
        return result if isinstance(result, BusError) else result[0].to_reply()

    @serve(contracts.WHO_IS)
    def who_is(self, tx: Tx, message: contracts.WhoIs) -> contracts.Staff:
        return staff.of(tx.conn, message.username).to_reply()

    @serve(contracts.STAFF_NAMES)
    def staff_names(self, tx: Tx, message: contracts.Nothing) -> contracts.Names:
        staff.caller(tx.conn, tx.envelope)
        return contracts.Names(names=staff.names(tx.conn))

    @serve(contracts.OPEN_FILE)
    def open_file(self, tx: Tx, message: contracts.OpenFile) -> of_citizens.Opened:
        return tickets.open_file(self.staff_context(tx), message)

    @serve(contracts.READ)
    def read(self, tx: Tx, message: contracts.OneTicket) -> contracts.DeskTicket:
        context = self.staff_context(tx)
        case = tickets.load_to_read(context, message)
        return views.for_desk(context, case, cities.offered(self.settings))

    @serve(contracts.ASSIGN)
    def assign(self, tx: Tx, message: contracts.Assign) -> contracts.Acted:
        return assignments.assign(self.staff_context(tx), message)

    @serve(contracts.SORT)
    def sort(self, tx: Tx, message: contracts.Sort) -> contracts.Acted:
        return sorting.sort(self.staff_context(tx), message)

    @serve(contracts.TAKE)
    def take(self, tx: Tx, message: contracts.Act) -> contracts.Acted:
        return assignments.take(self.staff_context(tx), message)

    @serve(of_related.RELATED)
    def related(self, tx: Tx, message: contracts.OneTicket) -> of_related.Related:
        return related.related(self.staff_context(tx), message)

    @serve(of_answers.SAVE_DRAFT)
    def save_draft(self, tx: Tx, message: of_answers.SaveDraft) -> of_answers.SavedDraft:
        return answers.save_draft(self.staff_context(tx), message)

    @serve(of_answers.DRAFTS)
    def drafts(self, tx: Tx, message: contracts.OneTicket) -> of_answers.Drafts:
        return answers.own_drafts(self.staff_context(tx), message)

    @serve(of_answers.REHEARSE)
    def rehearse(self, tx: Tx, message: Rehearse) -> Rehearsed | BusError:
        staff.caller(tx.conn, tx.envelope)
        refusal = rehearse(self, tx, message.name, message.typed, SHOWN_FIRST)
        return refusal or Rehearsed(name=message.name)

    @serve(of_answers.PREVIEW_ANSWER)
    def preview_answer(self, tx: Tx, message: of_answers.PreviewAnswer) -> of_answers.AnswerPreview:
        return answers.preview(self.staff_context(tx), message)

    @serve(contracts.NOTE)
    def note(self, tx: Tx, message: contracts.Note) -> contracts.Acted:
        return tickets.note(self.staff_context(tx), message)

    @serve(of_answers.TEXT_PERSON)
    def text_person(self, tx: Tx, message: of_answers.TextPerson) -> contracts.Acted:
        return by_hand.text_person(self.staff_context(tx), message)

    @serve(contracts.ANSWER)
    def answer(self, tx: Tx, message: contracts.Answer) -> contracts.Acted:
        return tickets.answer(self.staff_context(tx), message)

    @serve(contracts.PAUSE)
    def pause(self, tx: Tx, message: contracts.Pause) -> contracts.Acted:
        return tickets.pause(self.staff_context(tx), message)

    @serve(contracts.RESUME)
    def resume(self, tx: Tx, message: contracts.Resume) -> contracts.Acted:
        return tickets.resume(self.staff_context(tx), message)

    @serve(contracts.INVITE)
    def invite(self, tx: Tx, message: contracts.Invite) -> contracts.Acted:
        return tickets.invite(self.staff_context(tx), message)

    @serve(contracts.VISITED)
    def visited(self, tx: Tx, message: contracts.Visited) -> contracts.Acted:
        return tickets.visited(self.staff_context(tx), message)

    @serve(contracts.MERGE)
    def merge(self, tx: Tx, message: contracts.Merge) -> contracts.Acted:
        return tickets.merge(self.staff_context(tx), message)

    @serve(contracts.UNMERGE)
    def unmerge(self, tx: Tx, message: contracts.Unmerge) -> contracts.Acted:
        return tickets.unmerge(self.staff_context(tx), message)

    @serve(contracts.CLOSE)
    def close(self, tx: Tx, message: contracts.Close) -> contracts.Acted:
        return tickets.close(self.staff_context(tx), message)

    @serve(of_mail.SPAM)
    def spam(self, tx: Tx, message: of_mail.Spam) -> contracts.Acted:
        return senders.spam(self.staff_context(tx), message)

    @serve(of_queue.PRIORITISE)
    def prioritise(self, tx: Tx, message: of_queue.Prioritise) -> contracts.Acted:
        return tickets.prioritise(self.staff_context(tx), message)

    @serve(contracts.TAKE_UP)
    def take_up(self, tx: Tx, message: contracts.TakeUp) -> contracts.Acted:
        return tickets.take_up(self.staff_context(tx), message)

    @serve(contracts.TAKE_DOWN)
    def take_down(self, tx: Tx, message: contracts.TakeDown) -> contracts.Acted:
        return tickets.take_down(self.staff_context(tx), message)

    @serve(of_blanking.PUBLIC_WORDS)
    def public_words(self, tx: Tx, message: of_blanking.AskPublicWords) -> of_blanking.PublicWords:
        return blanking.public_view(self.staff_context(tx), message)

    @serve(of_blanking.BLANK)
    def blank(self, tx: Tx, message: of_blanking.Blank) -> contracts.Acted:
        return blanking.blank(self.staff_context(tx), message)

    @serve(of_blanking.UNBLANK)
    def unblank(self, tx: Tx, message: of_blanking.Unblank) -> contracts.Acted:
        return blanking.unblank(self.staff_context(tx), message)

    @serve(contracts.CORRECT_MOBILE)
    def correct_mobile(self, tx: Tx, message: contracts.CorrectMobile) -> contracts.Acted:
        return mobiles.correct(self.staff_context(tx), message)

    @serve(contracts.SEND_NEW_SECRET)
    def send_new_secret(self, tx: Tx, message: contracts.Act) -> contracts.Acted:
        return lost_secrets.send_new(self.staff_context(tx), message)

    @serve(contracts.CALENDAR)
    def calendar(self, tx: Tx, message: of_calendar.AskCalendar) -> of_calendar.CalendarRows:
        return calendar.calendar(self.staff_context(tx), message)

    @serve(contracts.CHANGE_CALENDAR)
    def change_calendar(self, tx: Tx, message: of_calendar.CalendarRow) -> of_calendar.Changed:
        return calendar.change_calendar(self.staff_context(tx), message)

    @serve(contracts.WITHDRAW_ROW)
    def withdraw_row(self, tx: Tx, message: of_calendar.WithdrawRow) -> of_calendar.Changed:
        return calendar.withdraw_row(self.staff_context(tx), message)

    @serve(contracts.ADD_SLOTS)
    def add_slots(self, tx: Tx, message: of_calendar.AddSlots) -> of_calendar.Slots:
        return times.add_slots(self.staff_context(tx), message)

    @serve(of_visits.PREVIEW_SLOTS)
    def preview_slots(self, tx: Tx, message: of_calendar.AddSlots) -> of_visits.SlotPlan:
        return times.preview(self.staff_context(tx), message)

    @serve(of_visits.CALENDAR_DAYS)
    def calendar_days(self, tx: Tx, message: of_visits.AskDays) -> of_visits.CalendarDays:
        return visit_days.days(self.staff_context(tx), message)

    @serve(of_visits.VISITS_OF_DAY)
    def visits_of_day(self, tx: Tx, message: of_visits.AskDay) -> of_visits.VisitDay:
        return visit_days.visits_of_day(self.staff_context(tx), message)

    @serve(contracts.REPORT)
    def report(self, tx: Tx, message: of_calendar.AskReport) -> of_calendar.Report:
        return report.report(self.staff_context(tx), message)

    # --- e-mails that came in ---

    @serve(of_mail.LETTERS)
    def letters(self, tx: Tx, message: of_mail.AskLetters) -> of_mail.LetterPage:
        return incoming_mail.listing(self.staff_context(tx), message)

    @serve(of_mail.READ_LETTER)
    def read_letter(self, tx: Tx, message: of_mail.OfLetter) -> of_mail.LetterView:
        return incoming_mail.read(self.staff_context(tx), message)

    @serve(of_mail.LETTER_SOURCE)
    def letter_source(self, tx: Tx, message: of_mail.OfLetter) -> of_citizens.Opened:
        return incoming_mail.source(self.staff_context(tx), self.blobs, message)

    @handle(of_mail.KEEP_EMAIL_REPORT)
    def keep_email_report(self, tx: Tx, message: of_mail.KeepEmailReport) -> None:
        notice_reports.keep(self.context(tx), message)

    @serve(of_mail.REGISTER_LETTER)
    def register_letter(self, tx: Tx, message: of_mail.RegisterLetter) -> of_mail.LetterDone:
        return incoming_mail.register(self.staff_context(tx), self.blobs, message)

    @serve(of_mail.ATTACH_LETTER)
    def attach_letter(self, tx: Tx, message: of_mail.AttachLetter) -> of_mail.LetterDone:
        return incoming_mail.attach(self.staff_context(tx), self.blobs, message)

    @serve(of_mail.RETRY_LETTER)
    def retry_letter(self, tx: Tx, message: of_mail.OfLetter) -> of_mail.LetterDone:
        return incoming_mail.retry(self.staff_context(tx), message)

    @serve(of_mail.FINISH_LETTER)
    def finish_letter(self, tx: Tx, message: of_mail.FinishLetter) -> of_mail.LetterDone:
        return incoming_mail.finish(self.staff_context(tx), message)

    @serve(of_mail.TAKE_OUT_LETTERS)
    def take_out_letters(self, tx: Tx, message: of_mail.TakeOutLetters) -> of_mail.LettersTakenOut:
        return incoming_mail.take_out(self.staff_context(tx), message)

    # --- senders whose letters are set aside ---

    @serve(of_mail.SENDERS)
    def senders(self, tx: Tx, message: of_mail.AskSenders) -> of_mail.Senders:
        return senders.listing(self.staff_context(tx), message)

    @serve(of_mail.SET_ASIDE)
    def set_aside(self, tx: Tx, message: of_mail.SetAside) -> of_mail.SenderSet:
        return senders.put(self.staff_context(tx), message)

    @serve(of_mail.END_SET_ASIDE)
    def end_set_aside(self, tx: Tx, message: of_mail.OneSender) -> of_mail.SenderSet:
        return senders.end(self.staff_context(tx), message)

    @serve(of_mail.LOOK_AT_SET_ASIDE)
    def look_at_set_aside(self, tx: Tx, message: contracts.Nothing) -> of_mail.LookedAt:
        return senders.look(self.staff_context(tx), message)

    @serve(of_mail.MAIL_FIGURES)
    def mail_figures(self, tx: Tx, message: of_mail.AskMailFigures) -> of_mail.MailFigures:
        return mail.mail(tx.conn)
