"""Entrypoints for citizens."""

from bus.database.store import Tx
from bus.endpoint import handle, serve
from bus.errors import BusError
from contracts.notify.persons import Pass, Person
from contracts.ticketing import citizens as contracts
from contracts.ticketing import letters as of_letters
from contracts.ticketing import lost_secrets as of_secrets
from contracts.ticketing import persons as of_persons
from contracts.ticketing import public as of_all
from contracts.ticketing.desk import Nothing
from services.ticketing.citizens import lost_secrets, persons, registration, texts
from services.ticketing.citizens import tickets as citizens
from services.ticketing.citizens.registration import NewCase
from services.ticketing.context import ContextSource
from services.ticketing.figures import forms, heat, public, reports
from services.ticketing.follow_ups import answering
from services.ticketing.tickets import apps, views


class CitizenEntries(ContextSource):
    """What citizens ask, with the code and secret of a ticket or without."""

    @serve(contracts.REGISTER)
    def register(self, tx: Tx, message: contracts.Register) -> contracts.Registered:
        """A colleague may register for somebody who has called, an app for its user."""
        caller = (tx.envelope and tx.envelope.caller) or {}
        by_colleague = bool(caller.get("staff"))
        context = self.staff_context(tx) if by_colleague else self.context(tx)
        actor = context.colleague.username if by_colleague else registration.CITIZEN
        case = registration.register(context, NewCase.of(message), actor=actor)
        if app := str(caller.get("app", "")):
            apps.note_report(context.conn, case.id, app)
        return views.registered(context, case)

    @handle(of_letters.TAKE_TICKET_TEXT)
    def take_ticket_text(self, tx: Tx, message: of_letters.TakeTicketText) -> None:
        texts.take(self.context(tx), message)

    @serve(contracts.FORM)
    def form(self, tx: Tx, message: contracts.AskForm) -> contracts.FormData:
        return citizens.form(self.context(tx))

    @serve(of_secrets.ASK_NEW_SECRET)
    def ask_new_secret(self, tx: Tx, message: of_secrets.AskNewSecret) -> of_secrets.CodeReceipt:
        asker = str(((tx.envelope and tx.envelope.caller) or {}).get("asker", ""))
        return lost_secrets.ask(self.context(tx), asker, message)

    @serve(of_secrets.NEW_SECRET)
    def new_secret(
        self, tx: Tx, message: of_secrets.NewSecret
    ) -> of_secrets.RenewedSecret | BusError:
        return lost_secrets.renew(self.context(tx), message)

    @serve(of_persons.ON_FILE)
    def on_file(self, tx: Tx, message: Person) -> of_persons.OnFile:
        return persons.on_file(self.context(tx), message)

    @serve(of_persons.MY_TICKETS)
    def my_tickets(self, tx: Tx, message: of_persons.MyTickets) -> of_persons.TicketsOfPerson:
        return persons.my_tickets(self.context(tx), message)

    @serve(of_persons.OPEN_MY_TICKET)
    def open_my_ticket(self, tx: Tx, message: of_persons.OpenMyTicket) -> Pass:
        return persons.open_ticket(self.context(tx), message)

    @serve(contracts.TRACK)
    def track(self, tx: Tx, message: contracts.TicketProof) -> contracts.TicketView | BusError:
        return citizens.track(self.context(tx), message)

    @serve(contracts.WRITE)
    def write(self, tx: Tx, message: contracts.Write) -> contracts.Done | BusError:
        return citizens.write(self.context(tx), message)

    @serve(contracts.REOPEN)
    def reopen(self, tx: Tx, message: contracts.Reopen) -> contracts.Done | BusError:
        return citizens.reopen(self.context(tx), message)

    @serve(contracts.WITHDRAW)
    def withdraw(self, tx: Tx, message: contracts.TicketProof) -> contracts.Done | BusError:
        return citizens.withdraw(self.context(tx), message)

    @serve(of_all.UNPUBLISH)
    def unpublish(self, tx: Tx, message: contracts.TicketProof) -> contracts.Done | BusError:
        return citizens.unpublish(self.context(tx), message)

    @serve(contracts.CHOOSE_SLOT)
    def choose_slot(self, tx: Tx, message: contracts.ChooseSlot) -> contracts.Done | BusError:
        return citizens.choose_slot(self.context(tx), message)

    @serve(contracts.LEAVE_SLOT)
    def leave_slot(self, tx: Tx, message: contracts.TicketProof) -> contracts.Done | BusError:
        return citizens.leave_slot(self.context(tx), message)

    @serve(contracts.RATE)
    def rate(self, tx: Tx, message: contracts.Rate) -> contracts.Done | BusError:
        return citizens.rate(self.context(tx), message)

    @serve(contracts.READ_FOLLOW_UP)
    def read_follow_up(
        self, tx: Tx, message: contracts.FollowUpNumber
    ) -> contracts.FollowUp | BusError:
        return answering.read(self.context(tx), message)

    @serve(contracts.ANSWER_FOLLOW_UP)
    def answer_follow_up(
        self, tx: Tx, message: contracts.AnswerFollowUp
    ) -> contracts.FollowUp | BusError:
        return answering.answer(self.context(tx), message)

    @serve(contracts.OPEN_ATTACHMENT)
    def open_attachment(
        self, tx: Tx, message: contracts.OpenAttachment
    ) -> contracts.Opened | BusError:
        return citizens.open_attachment(self.context(tx), message)

    @serve(contracts.INVITATION)
    def invitation(
        self, tx: Tx, message: contracts.TicketProof
    ) -> contracts.CalendarFile | BusError:
        return citizens.invitation(self.context(tx), message)

    @serve(of_all.STATISTICS)
    def statistics(self, tx: Tx, message: of_all.AskStatistics) -> of_all.Statistics:
        return public.public(self.context(tx), message)

    @serve(of_all.LIST_PUBLIC)
    def list_public(self, tx: Tx, message: of_all.ListPublic) -> of_all.PublicTickets:
        return reports.public_tickets(self.context(tx), message)

    @serve(of_all.PUBLIC_MAP)
    def public_map(self, tx: Tx, message: of_all.AskMap) -> of_all.PublicMap:
        return reports.public_map(self.context(tx), message)

    @serve(of_all.HEAT)
    def heat(self, tx: Tx, message: of_all.AskHeat) -> of_all.Heat:
        return heat.heat(self.context(tx), message)

    @serve(of_all.NEARBY)
    def nearby(self, tx: Tx, message: of_all.AskNearby) -> of_all.PublicTickets:
        return reports.nearby(self.context(tx), message)

    @serve(of_all.RATE_FORM)
    def rate_form(self, tx: Tx, message: of_all.RateForm) -> of_all.FormRated:
        return forms.rate(self.context(tx), message)

    @serve(of_all.FORM_RATINGS)
    def form_ratings(self, tx: Tx, message: Nothing) -> of_all.FormRatings:
        return forms.ratings(self.staff_context(tx))

    @serve(of_all.ME_TOO)
    def me_too(self, tx: Tx, message: of_all.MeToo) -> of_all.Supported:
        return reports.me_too(self.context(tx), message)

    @serve(of_all.TOKEN)
    def token(self, tx: Tx, message: of_all.AskToken) -> of_all.TokenOf:
        return reports.token(self.context(tx), message)
