"""What the desk has this context do with all that it keeps of a person."""

from collections.abc import Callable

from bus.database.store import Tx
from bus.endpoint import handle
from contracts.notify.person_holds import NOTE_HOLD_OF_INQUIRY, NoteHold
from contracts.notify.person_work import WORK_ON_PERSON_OF_INQUIRY, WorkOnPerson
from services.inquiry import holds
from services.inquiry.context import Context
from services.inquiry.persons import person_work


class DeskWork:
    """The part of the service that works on persons at the word of the desk."""

    context: Callable[[Tx], Context]

    @handle(WORK_ON_PERSON_OF_INQUIRY)
    def work_on_person(self, tx: Tx, message: WorkOnPerson) -> None:
        person_work.work(self.context(tx), message)

    @handle(NOTE_HOLD_OF_INQUIRY)
    def note_hold(self, tx: Tx, message: NoteHold) -> None:
        holds.note(self.context(tx), message)
