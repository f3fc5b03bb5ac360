"""Entrypoints of holds, and of exports and erasures of persons."""

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from contracts.ticketing import person_acts as act_contracts
from contracts.ticketing import privacy as contracts
from contracts.ticketing.desk import Nothing
from services.ticketing.context import ContextSource
from services.ticketing.privacy import holds, person_acts


class PrivacyEntries(ContextSource):
    """What colleagues ask; the desk has proven the name of each."""

    @serve(contracts.PLACE_HOLD)
    def place_hold(self, tx: Tx, message: contracts.PlaceHold) -> contracts.Hold:
        return holds.place(self.staff_context(tx), message)

    @serve(contracts.END_HOLD)
    def end_hold(self, tx: Tx, message: contracts.EndHold) -> contracts.Hold:
        return holds.end(self.staff_context(tx), message)

    @serve(contracts.HOLDS)
    def holds(self, tx: Tx, message: Nothing) -> contracts.Holds:
        return holds.listed(self.staff_context(tx))

    @serve(act_contracts.WISH_FOR_MY_DATA)
    def wish_for_my_data(
        self, tx: Tx, message: act_contracts.WishForMyData
    ) -> act_contracts.DataWish:
        return person_acts.wish(self.context(tx), message)

    @serve(act_contracts.PROPOSE_PERSON_ACT)
    def propose_person_act(
        self, tx: Tx, message: act_contracts.ProposePersonAct
    ) -> act_contracts.PersonAct:
        return person_acts.propose(self.staff_context(tx), message)

    @serve(act_contracts.TAKE_UP_WISH)
    def take_up_wish(self, tx: Tx, message: act_contracts.TakeUpWish) -> act_contracts.PersonAct:
        return person_acts.take_up(self.staff_context(tx), message)

    @serve(act_contracts.CONFIRM_PERSON_ACT)
    def confirm_person_act(
        self, tx: Tx, message: act_contracts.OnePersonAct
    ) -> act_contracts.PersonAct:
        return person_acts.confirm(self.staff_context(tx), message)

    @serve(act_contracts.DECLINE_PERSON_ACT)
    def decline_person_act(
        self, tx: Tx, message: act_contracts.DeclinePersonAct
    ) -> act_contracts.PersonAct:
        return person_acts.decline(self.staff_context(tx), message)

    @serve(act_contracts.PERSON_ACTS)
    def person_acts(self, tx: Tx, message: Nothing) -> act_contracts.PersonActs:
        return person_acts.listed(self.staff_context(tx))

    @serve(act_contracts.PERSON_DOCUMENT)
    def person_document(
        self, tx: Tx, message: act_contracts.OnePersonAct
    ) -> act_contracts.PersonDocument:
        return person_acts.document(self.staff_context(tx), message)

    @handle(act_contracts.NOTE_PERSON_PART)
    def note_person_part(self, tx: Tx, message: act_contracts.NotePersonPart) -> None:
        person_acts.note(self.context(tx), message)

    @every(3600)
    def forget_person_parts(self) -> None:
        with self.store.transaction() as tx:
            person_acts.forget(self.context(tx))

    @every(3600)
    def tell_holds(self) -> None:
        with self.store.transaction() as tx:
            holds.tell_all(self.context(tx))
