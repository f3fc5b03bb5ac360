"""What is asked, sent and published in a play, and the service that does it."""

from sqlalchemy import text

from bus.database.prepared import Prepared
from bus.endpoint import handle, serve
from bus.errors import RuleBroken, Unavailable
from tests.probe.contracts import (
    ADD,
    ADD_MANY,
    DIE,
    FAIL,
    NOTE,
    NOTED,
    REFUSE,
    SPOIL,
    STUMBLE,
    TELL,
    Mark,
    Marked,
)

_LEAVE = Prepared("sim_leave", "insert into marks (mark) values (cast(%s as text))")
_COUNT = text("select count(*) from marks where mark = :mark")
# By how its mark begins a TELL sends another Command.
COMMANDS = {"stumble": STUMBLE, "spoil": SPOIL, "die": DIE}


class ProcessDied(BaseException):
    """What a poisonous message does to the process that works on it."""


def leave(tx, mark):
    tx.write(_LEAVE, mark)
    return Marked(mark=mark, times=tx.conn.execute(_COUNT, {"mark": mark}).scalar_one())


def command_of(mark):
    """The Command that a TELL with this mark sends."""
    return COMMANDS.get(mark.split(" ")[0], NOTE)


class Played:
    """The methods of the service, each declared as those of any service."""

    name = "probe"

    @serve(ADD)
    def add(self, tx, message: Mark):
        return leave(tx, f"added {message.mark}")

    @serve(ADD_MANY, batch=20)
    def add_many(self, tx, calls):
        if any(call.message.mark.startswith("broken") for call in calls):
            raise KeyError("broken")
        return [leave(tx, f"added {call.message.mark}") for call in calls]

    @serve(REFUSE)
    def refuse(self, tx, message: Mark):
        leave(tx, f"never {message.mark}")
        raise RuleBroken("This is not done.", code="probe.refused")

    @serve(FAIL)
    def fail(self, tx, message: Mark):
        leave(tx, f"never {message.mark}")
        raise ZeroDivisionError

    @serve(TELL)
    def tell(self, tx, message: Mark):
        tx.send(command_of(message.mark), message)
        tx.publish(NOTED, Marked(mark=message.mark, times=1))
        return leave(tx, f"told {message.mark}")

    @handle(NOTE)
    def note(self, tx, message: Mark):
        leave(tx, f"noted {message.mark}")

    @handle(NOTED)
    def noted(self, tx, message: Marked):
        leave(tx, f"heard {message.mark}")

    @handle(SPOIL)
    def spoil(self, tx, message: Mark):
        leave(tx, f"never {message.mark}")
        raise RuleBroken("Never.")

    @handle(STUMBLE)
    def stumble(self, tx, message: Mark):
        leave(tx, f"never {message.mark}")
        raise Unavailable("Not now.")

    @handle(DIE)
    def die(self, tx, message: Mark):
        leave(tx, f"never {message.mark}")
        raise ProcessDied
