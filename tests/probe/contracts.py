"""What the probe can be asked, sent and told."""

from bus.messages.kinds import Command, Event, Request
from bus.messages.message import message


@message
class Mark:
    mark: str
    seconds: float = 0.0


@message
class Marked:
    mark: str
    times: int


ADD = Request("probe.add.v1", Mark, reply=Marked)
ADD_MANY = Request("probe.add_many.v1", Mark, reply=Marked)
LOOK = Request("probe.look.v1", Mark, reply=Marked, effect=False)
REFUSE = Request("probe.refuse.v1", Mark, reply=Marked)
FAIL = Request("probe.fail.v1", Mark, reply=Marked)
BUSY = Request("probe.busy.v1", Mark, reply=Marked)
TELL = Request("probe.tell.v1", Mark, reply=Marked)
NOTE = Command("probe.note.v1", Mark)
SPOIL = Command("probe.spoil.v1", Mark)
STUMBLE = Command("probe.stumble.v1", Mark)
DIE = Command("probe.die.v1", Mark)
NOTED = Event("probe.noted.v1", Marked, heard_in=("probe",))
LOST = Command("nobody.hears.v1", Mark)
