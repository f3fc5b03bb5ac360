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
)


def leave(tx, mark):
    tx.conn.execute(text("insert into marks (mark) values (:mark)"), {"mark": mark})
    return {"mark": mark, "times": count(tx, mark)}


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

    @serve(ADD)
    def add(self, tx, *, mark, seconds):
        begun(self, mark)
        time.sleep(seconds)
        return leave(tx, mark)

    @serve(ADD_MANY, batch=50)
    def add_many(self, tx, calls):
        with self.store.transaction() as aside:  # it stays when the list is rolled back
            aside.conn.execute(
                text("insert into batches (size) values (:size)"), {"size": len(calls)}
            )
        if any(call.data["mark"] == "bad" for call in calls):
            raise KeyError("bad")
        time.sleep(max(call.data["seconds"] for call in calls))
        return [
            leave(tx, call.data["mark"]) if call.data["mark"] != "no" else Conflict("No.")
            for call in calls
        ]

    @serve(LOOK)
    def look(self, tx, *, mark, seconds):
        begun(self, mark)
        time.sleep(seconds)
        return {"mark": mark, "times": count(tx, mark)}

    @serve(REFUSE)
    def refuse(self, tx, *, mark, seconds):
        leave(tx, mark)
        error = RuleBroken("This is not done.", code="probe.refused")
        if seconds:
            return error
        raise error

    @serve(FAIL)
    def fail(self, tx, *, mark, seconds):
        leave(tx, mark)
        raise ZeroDivisionError("a secret that must not travel")

    @serve(BUSY)
    def busy(self, tx, *, mark, seconds):
        begun(self, mark)
        raise Unavailable("Try again.")

    @serve(TELL)
    def tell(self, tx, *, mark, seconds):
        tx.send(NOTE, mark=mark, seconds=seconds)
        if mark.startswith("lost"):
            tx.send(LOST, mark=mark)
        tx.publish(NOTED, mark=mark, times=1)
        return leave(tx, f"told {mark}")

    @handle(NOTE)
    def note(self, tx, *, mark, seconds):
        begun(self, mark)
        time.sleep(seconds)
        leave(tx, mark)

    @handle(NOTED)
    def noted(self, tx, *, mark, times):
        leave(tx, f"heard {mark}")

    @handle(SPOIL)
    def spoil(self, tx, *, mark, seconds):
        leave(tx, mark)
        raise RuleBroken("Never.")

    @handle(STUMBLE)
    def stumble(self, tx, *, mark, seconds):
        begun(self, mark)
        raise Unavailable("Not now.")

    @handle(DIE)
    def die(self, tx, *, mark, seconds):
        begun(self, mark)
        os.kill(os.getpid(), signal.SIGKILL)

    @every(0.2)
    def tick(self):
        begun(self, "tick+")
        time.sleep(0.1)
        begun(self, "tick-")
