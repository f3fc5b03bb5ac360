"""The notify service in hand: entrypoints and chores on a real database, by a clock of ours."""

import datetime as dt
from types import SimpleNamespace

import pytest

from bus.activator import Call, Fate
from bus.database.store import Store
from bus.envelope import Envelope
from bus.settings import Settings
from contracts.notify import messages as contracts
from contracts.notify import senders
from iran.persian import TEHRAN, parse_jalali
from services.notify.context import Context
from services.notify.editors import roles
from services.notify.keys import Keys
from services.notify.service import Notify
from services.notify.templates import versions
from tests.processes import ROOT
from tests.stores import execute

MOBILE, EMAIL = "09900000001", "someone@mirab.example"


def tehran(text):
    """A moment such as "1405-09-02 09:00" by the clocks of Tehran, in UTC."""
    day, time = text.split()
    moment = dt.datetime.combine(parse_jalali(day), dt.time.fromisoformat(time), TEHRAN)
    return moment.astimezone(dt.UTC)


class Hand:
    """Calls entrypoints as the endpoint would, without a broker; ``moment`` is now."""

    def __init__(self, db):
        self.db, self.moment = db, tehran("1405-09-02 09:00")
        self.service = Notify()
        self.store = self.service.store = Store(db, source="notify", connections=6)
        self.keys = Keys("the notices of tests")
        self.service.settings = Settings(
            {
                "NOTIFY_KEY": self.keys.secret,
                "NOTIFY_PROVIDERS_FILE": str(ROOT / "deploy/notify/providers.toml"),
                "PORTAL_URL": "https://portal.example",
            }
        )
        self.service.now = lambda: self.moment

    def at(self, text):
        """It is now this moment of Tehran."""
        self.moment = tehran(text)
        return self

    def later(self, **span):
        self.moment += dt.timedelta(**span)
        return self

    def calls(self, contract, fields, *, asker="power-co"):
        """The results of calls that come together, as an agency's."""
        envelopes = [Envelope.new(contract.name, "test", caller={"agency": asker}) for _ in fields]
        calls = [Call.of(contract, e, d) for e, d in zip(envelopes, fields, strict=True)]
        outcomes = getattr(Notify, contract.operation)(self.service, calls)
        assert all(outcome.fate is Fate.DONE for outcome in outcomes), outcomes
        return [o.reply.get("result", o.reply.get("error")) for o in outcomes]

    def call(self, contract, *, message=None, as_=None, asker=None, **data):
        """The result of one call; the refusal's wire form if it was refused. ``as_`` is one of the
        staff, ``asker`` an agency; nobody else's is the public's.
        """
        options = {"id": message} if message else {}
        caller = {"staff": as_} if as_ else {"agency": asker} if asker else {"face": "public"}
        envelope = Envelope.new(contract.name, "test", caller=caller, **options)
        method = getattr(Notify, contract.operation)
        (outcome,) = method(self.service, [Call.of(contract, envelope, data)])
        assert outcome.fate is Fate.DONE, outcome
        reply = outcome.reply or {}
        return reply.get("result", reply.get("error"))

    def template(self, body="((text))", *, owner="power-co", code="free", **more):
        """A form in force of an agency; its ID."""
        channel = more.pop("channel", "sms")
        subject = None if channel == "sms" else more.pop("subject", "((subject))")
        fields = contracts.DRAFT_TEMPLATE.load(
            {
                "code": code,
                "channel": channel,
                "name": code,
                "texts": more.pop("texts", {"fa": {"subject": subject, "body": body}}),
                **more,
            }
        )
        with self.context() as context:
            row = versions.draft(context.conn, context.now, owner, owner, fields)
            versions.approve(context, str(row.id), row.version, "mina")
        return str(row.id)

    def give_line(self, line, *, owner="power-co"):
        """An agency's own number for SMS, proposed by karim and approved by mina."""
        with self.context() as context:
            roles.put(context.conn, "karim", "editor")
            roles.put(context.conn, "mina", "approver")
        fields = {"owner": owner, "channel": "sms", "text": line, "provider": "magfa"}
        made = self.call(senders.PROPOSE_SENDER, as_="karim", **fields)["senders"]
        self.call(senders.APPROVE_SENDER, as_="mina", id=made[0]["id"])

    def send(self, template="free", *, asker="power-co", to=None, message=None, **more):
        """What SEND answers to an agency; without ``to`` it goes to the demo's mobile."""
        more.setdefault("personalisation", {"text": "سلام", "subject": "موضوع"})
        return self.call(
            contracts.SEND,
            asker=asker,
            message=message,
            template=template,
            to=to or {"mobile": MOBILE},
            **more,
        )

    def tell(self, template="notice", *, to=None, **more):
        """A Command of another context of ours; the row of its message, None if none was made."""
        more.setdefault("personalisation", {"text": "سلام", "subject": "موضوع"})
        before = {row[0] for row in execute(self.db, "select id::text from messages")}
        self.call(contracts.SEND_MESSAGE, template=template, to=to or {"mobile": MOBILE}, **more)
        after = {row[0] for row in execute(self.db, "select id::text from messages")}
        made = after - before
        return self.row("select * from messages where id = %s", made.pop()) if made else None

    def message(self, id):
        """The row of a message as it is now."""
        return self.row("select * from messages where id = %s", str(id))

    def row(self, sql, *values):
        """The first row as an object, or None."""
        with self.store.transaction() as tx:
            match = tx.conn.exec_driver_sql(sql, values).mappings().first()
        return SimpleNamespace(**match) if match else None

    def context(self):
        """A Context in a transaction of its own, as a context manager."""
        return _Opened(self)

    def events(self):
        """The events that were told, with their data, in their order."""
        return execute(
            self.db, "select name, convert_from(body, 'UTF8')::json from outbox order by seq"
        )


class _Opened:
    def __init__(self, hand):
        self._hand, self._opened = hand, hand.store.transaction()

    def __enter__(self):
        tx = self._opened.__enter__()
        service = self._hand.service
        return Context(tx, self._hand.moment, self._hand.keys, service.settings)

    def __exit__(self, *failure):
        return self._opened.__exit__(*failure)


@pytest.fixture
def hand(notify_db):
    made = Hand(notify_db)
    yield made
    made.store.engine.dispose()
