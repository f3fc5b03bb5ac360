"""The ticketing service in hand: entrypoints and chores on a real database, by a clock of ours."""

import datetime as dt

import pytest

from bus.activator import Call, Fate
from bus.blobs import Blobs
from bus.database.store import Store
from bus.envelope import Envelope
from bus.settings import Settings
from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from iran.persian import TEHRAN, parse_jalali
from services.ticketing.accounts import staff
from services.ticketing.service import Ticketing
from tests.stores import execute

SECRET = "12345678901234567890"
PASSWORD = "a long password"
PEOPLE = {
    "sara": ("clerk", "subscribers"),
    "karim": ("clerk", "groundwater"),
    "mina": ("unit_head", "groundwater"),
    "nader": ("supervisor", "inspection"),
}


def tehran(text):
    """A moment such as "1405-09-02 09:00" by the clocks of Tehran, in UTC."""
    day, time = text.split()
    moment = dt.datetime.combine(parse_jalali(day), dt.time.fromisoformat(time), TEHRAN)
    return moment.astimezone(dt.UTC)


class Hand:
    """Calls entrypoints as the endpoint would, without a broker; ``moment`` is now."""

    def __init__(self, db, folder):
        self.db, self.moment = db, tehran("1405-09-02 09:00")
        self.service = Ticketing()
        self.store = self.service.store = Store(db, source="ticketing", connections=4)
        self.service.settings = Settings(
            {
                "TICKETING_KEY": "pepper",
                "BLOBS_DIR": str(folder),
                "PORTAL_URL": "https://p.example",
                "DESK_URL": "https://desk.example/desk",
            }
        )
        self.service.now = lambda: self.moment
        self.blobs = Blobs(folder)

    def at(self, text):
        """It is now this moment of Tehran."""
        self.moment = tehran(text)
        return self

    def call(self, contract, *, id=None, as_=None, **data):
        """The result of one call; the refusal's wire form if it was refused."""
        arguments = {"id": id} if id else {}
        caller = {"staff": as_} if as_ else {"face": "public"}
        envelope = Envelope.new(contract.name, "test", caller=caller, **arguments)
        (outcome,) = getattr(Ticketing, contract.operation)(
            self.service, [Call.of(contract, envelope, data)]
        )
        assert outcome.fate is Fate.DONE, outcome
        reply = outcome.reply or {}
        return reply.get("result", reply.get("error"))

    def register(self, **more):
        """The code of a new complaint about an unlicensed well."""
        reply = self.call(
            contracts.REGISTER,
            **{
                "kind": "complaint",
                "category": "illegal_well",
                "text": "شب‌ها در زمین کنار قنات چاه می‌زنند.",
                "declared": True,
                "secret": SECRET,
                "name": "زهرا کاظمی",
                "email": "zahra@example.com",
                **more,
            },
        )
        return reply["code"] if "registered_at" in reply else reply

    def track(self, code, secret=SECRET):
        return self.call(contracts.TRACK, code=code, secret=secret)

    def read(self, code, as_="karim"):
        return self.call(at_desk.READ, as_=as_, code=code)

    def act(self, contract, code, as_="karim", **data):
        """An act of the desk on the version that is there now."""
        version = execute(self.db, "select version from tickets where code = %s", (code,))[0][0]
        return self.call(contract, as_=as_, code=code, version=version, **data)

    def answer(self, code, text="بازدید شد.", as_="karim", final=True):
        return self.act(at_desk.ANSWER, code, as_, text=text, final=final)

    def letters(self, to=None):
        """What was written to whom: (receiver, letter)."""
        rows = execute(self.db, "select recipient, raw from mails order by id")
        return [(person, bytes(raw)) for person, raw in rows if to is None or person == to]

    def do(self, chore, *more):
        """Runs a chore as the service would."""
        chore(self.store, self.service.context, *more)

    def acts(self, code):
        return [
            row[0]
            for row in execute(
                self.db,
                "select e.act from ticket_events e join tickets t on t.id = e.ticket "
                "where t.code = %s order by seq",
                (code,),
            )
        ]


@pytest.fixture
def hand(ticketing_db, tmp_path):
    made = Hand(ticketing_db, tmp_path / "blobs")
    with made.store.transaction() as tx:
        for username, (role, unit) in PEOPLE.items():
            staff.put(tx.conn, staff.Colleague(username, username.title(), role, unit), None)
    yield made
    made.store.engine.dispose()
