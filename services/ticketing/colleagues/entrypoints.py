"""Entrypoints for what colleagues tell each other."""

from bus.database.store import Tx
from bus.endpoint import handle, serve
from bus.errors import BusError
from contracts.ticketing import colleagues as contracts
from contracts.ticketing import visits as of_visits
from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from contracts.ticketing.desk import Acted, Nothing
from services.ticketing.colleagues import along, handover, leave, notices, outcomes
from services.ticketing.context import ContextSource
from services.ticketing.desk import corrections, mobiles


class ColleagueEntries(ContextSource):
    """What colleagues ask about themselves and each other; the ops face has proven the name."""

    @serve(contracts.MY_NOTICES)
    def my_notices(self, tx: Tx, message: Nothing) -> contracts.MyNotices:
        return notices.own(self.staff_context(tx))

    @serve(contracts.READ_NOTICES)
    def read_notices(self, tx: Tx, message: contracts.ReadNotices) -> contracts.Unread:
        return notices.read(self.staff_context(tx), message)

    @serve(contracts.SET_NOTICES)
    def set_notices(self, tx: Tx, message: contracts.SetNotices) -> contracts.NoticesSet:
        return notices.set_mails(self.staff_context(tx), message)

    @serve(contracts.REMIND_ME)
    def remind_me(self, tx: Tx, message: contracts.RemindMe) -> contracts.Unread:
        return notices.remind(self.staff_context(tx), message)

    @serve(contracts.PROVE_NOTICE_ADDRESS)
    def prove_notice_address(
        self, tx: Tx, message: contracts.ProveNoticeAddress
    ) -> contracts.Unread | BusError:
        return notices.prove_address(self.staff_context(tx), message)

    @serve(contracts.ABSENCES)
    def absences(self, tx: Tx, message: Nothing) -> contracts.Absences:
        return leave.listing(self.staff_context(tx))

    @serve(contracts.ADD_ABSENCE)
    def add_absence(self, tx: Tx, message: contracts.AddAbsence) -> contracts.AbsenceDone:
        return leave.add(self.staff_context(tx), message)

    @serve(contracts.END_ABSENCE)
    def end_absence(self, tx: Tx, message: contracts.EndAbsence) -> contracts.AbsenceDone:
        return leave.end(self.staff_context(tx), message)

    @serve(contracts.OPEN_TICKETS)
    def open_tickets(self, tx: Tx, message: contracts.OfColleague) -> contracts.OpenTickets:
        return handover.open_tickets(self.staff_context(tx), message)

    @serve(contracts.HAND_OVER)
    def hand_over(self, tx: Tx, message: contracts.HandOver) -> contracts.HandedOver:
        return handover.hand_over(self.staff_context(tx), message)

    @serve(contracts.LIST_CORRECTIONS)
    def list_corrections(self, tx: Tx, message: Nothing) -> contracts.MobileCorrections:
        return corrections.listed(self.staff_context(tx))

    @serve(contracts.DECIDE_CORRECTION)
    def decide_correction(self, tx: Tx, message: contracts.DecideCorrection) -> Acted:
        return mobiles.decide(self.staff_context(tx), message)

    @serve(of_visits.TAKE_ALONG)
    def take_along(self, tx: Tx, message: of_visits.TakeAlong) -> of_visits.Along:
        return along.take(self.staff_context(tx), message)

    @serve(of_visits.ALONG_STANDING)
    def along_standing(self, tx: Tx, message: of_visits.OneTake) -> of_visits.AlongStanding:
        return along.standing(self.context(tx), message)

    @serve(of_visits.LIST_TAKES)
    def list_takes(self, tx: Tx, message: of_visits.AskTakes) -> of_visits.Takes:
        return along.takes(self.staff_context(tx))

    @handle(TELL_PROPOSER)
    def tell_proposer(self, tx: Tx, message: TellProposer) -> None:
        outcomes.keep(self.context(tx), message)
