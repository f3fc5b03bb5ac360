"""The probe's entrypoints: each leaves a row for each time that its body was committed."""

import os
import signal
import time

from sqlalchemy import text

from bus.endpoint import every, handle, serve
from bus.errors import Conflict, RuleBroken, Unavailable
from bus.service import Service
from tests.probe.contracts import (
    ADD,
    ADD_MANY,
    BUSY,
    DIE,
    FAIL,
    LOOK,
    LOST,
    NOTE,
    NOTED,
    REFUSE,
    SPOIL,
    STUMBLE,
    TELL,
    Mark,
    Marked,
)


def leave(tx, mark):
    tx.conn.execute(text("insert into marks (mark) values (:mark)"), {"mark": mark})
    return Marked(mark=mark, times=count(tx, mark))


def count(tx, mark):
    return tx.conn.execute(
        text("select count(*) from marks where mark = :mark"), {"mark": mark}
    ).scalar_one()


def begun(service, mark):
    """Notes, in a transaction of its own, that a body was begun."""
    with service.store.transaction() as tx:
        tx.conn.execute(text("insert into begun (mark) values (:mark)"), {"mark": mark})


class Probe(Service):
    name = "probe"

    @serve(ADD, formerly="add_before")
    def add(self, tx, message: Mark):
        begun(self, message.mark)
        time.sleep(message.seconds)
        return leave(tx, message.mark)

    @serve(ADD_MANY, batch=50)
    def add_many(self, tx, calls):
        with self.store.transaction() as aside:  # it stays when the list is rolled back
            aside.conn.execute(
                text("insert into batches (size) values (:size)"), {"size": len(calls)}
            )
        marks = {call.message.mark for call in calls}
        if "bad" in marks:
            raise KeyError("bad")
        if "poison" in marks:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(max(call.message.seconds for call in calls))
        return [
            leave(tx, call.message.mark) if call.message.mark != "no" else Conflict("No.")
            for call in calls
        ]

    @serve(LOOK)
    def look(self, tx, message: Mark):
        begun(self, message.mark)
        time.sleep(message.seconds)
        return Marked(mark=message.mark, times=count(tx, message.mark))

    @serve(REFUSE)
    def refuse(self, tx, message: Mark):
        leave(tx, message.mark)
        error = RuleBroken("This is not done.", code="probe.refused")
        if message.seconds:
            return error
        raise error

    @serve(FAIL)
    def fail(self, tx, message: Mark):
        leave(tx, message.mark)
        raise ZeroDivisionError("a secret that must not travel")

    @serve(BUSY)
    def busy(self, tx, message: Mark):
        begun(self, message.mark)
        raise Unavailable("Try again.")

    @serve(TELL)
    def tell(self, tx, message: Mark):
        tx.send(NOTE, message)
        if message.mark.startswith("lost"):
            tx.send(LOST, Mark(mark=message.mark))
        tx.publish(NOTED, Marked(mark=message.mark, times=1))
        return leave(tx, f"told {message.mark}")

    @handle(NOTE)
    def note(self, tx, message: Mark):
        begun(self, message.mark)
        time.sleep(message.seconds)
        leave(tx, message.mark)

    @handle(NOTED)
    def noted(self, tx, message: Marked):
        leave(tx, f"heard {message.mark}")

    @handle(SPOIL)
    def spoil(self, tx, message: Mark):
        leave(tx, message.mark)
        raise RuleBroken("Never.")

    @handle(STUMBLE)
    def stumble(self, tx, message: Mark):
        begun(self, message.mark)
        raise Unavailable("Not now.")

    @handle(DIE)
    def die(self, tx, message: Mark):
        begun(self, message.mark)
        os.kill(os.getpid(), signal.SIGKILL)

    @every(0.2)
    def tick(self):
        begun(self, "tick+")
        time.sleep(0.1)
        begun(self, "tick-")
