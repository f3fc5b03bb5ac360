"""The register in hand: entrypoints on a real database, by a clock of ours."""

import datetime as dt

from bus.activator import Call, Fate
from bus.database.store import Store
from bus.envelope import Envelope
from bus.settings import Settings
from bus.signatures.keys import SigningKey
from contracts.agencies import desk
from services.agencies.service import Agencies
from tests.stores import execute

METHODS = {"list": "list_agencies", "read": "read_agency"}


def public():
    """A public key that nobody has used."""
    return SigningKey.new("").public.base64()


MOMENT = dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)


def new_jwk(kid, until="2027-06-01", key=None, *, of="a-co", at=MOMENT, **more):
    """A new key as an agency names it, with the proof that it has it."""
    key = key or SigningKey.new(kid)
    proof = key.proof(of, at.timestamp())
    return {**key.public.jwk(kid), "until": until, "proof": proof, **more}


def document(code="a-co", **more):
    """A good document of an agency with one key and one grant."""
    return {
        "code": code,
        "name": "A",
        "keys": [{"id": f"{code}-1", "public_key": public(), "until": "2030-12-31"}],
        "grants": [grant()],
        **more,
    }


def grant(contract="inquiry.ask.v1", **more):
    return {"contract": contract, "purposes": ["fuel_quota"], "until": "2030-12-31", **more}


class Hand:
    """Calls entrypoints as the endpoint would, without a broker; ``moment`` is now."""

    def __init__(self, db, key_file, **environ):
        self.db, self.moment = db, MOMENT
        self.service = Agencies()
        self.store = self.service.store = Store(db, source="agencies", connections=6)
        self.service.settings = Settings({"REGISTER_KEY_FILE": str(key_file), **environ})
        self.service.now = lambda: self.moment

    def later(self, **span):
        self.moment += dt.timedelta(**span)

    def call(self, contract, *, as_=None, asker=None, key=None, **data):
        """The result of one call; the refusal's wire form if it was refused."""
        caller = {"staff": as_} if as_ else {"face": "agency"}
        if asker:
            caller = {"agency": asker, "key": key or f"{asker}-1", "grants": []}
        envelope = Envelope.new(contract.name, "test", caller=caller)
        method = getattr(Agencies, METHODS.get(contract.operation, contract.operation))
        (outcome,) = method(self.service, [Call.of(contract, envelope, data)])
        assert outcome.fate is Fate.DONE, outcome
        reply = outcome.reply or {}
        return reply.get("result", reply.get("error"))

    def propose(self, proposed, base=0, as_="karim", **more):
        return self.call(
            desk.PROPOSE, as_=as_, document=proposed, base_version=base, reason="letter 7", **more
        )

    def approve(self, id_, as_="nader"):
        return self.call(desk.APPROVE, as_=as_, id=id_)

    def put(self, proposed):
        """Puts a document in force by two officers; its version."""
        row = execute(self.db, "select version from agencies where code = %s", (proposed["code"],))
        answer = self.propose(proposed, row[0][0] if row else 0)
        assert "id" in answer, answer
        assert self.approve(answer["id"])["state"] == "APPROVED"
        return self.version(proposed["code"])

    def version(self, code="a-co"):
        return self.row(code)[0]

    def row(self, code="a-co"):
        """Version, state and document of an agency."""
        return execute(
            self.db, "select version, state, document from agencies where code = %s", (code,)
        )[0]

    def revoke(self, kind, id_="", code="a-co", as_="karim"):
        return self.call(desk.REVOKE, as_=as_, code=code, what=kind, id=id_, reason="it leaked")

    def events(self):
        """The versions that were told, in their order."""
        return [
            tuple(row)
            for row in execute(
                self.db,
                "select convert_from(body, 'UTF8')::json->>'code', "
                "(convert_from(body, 'UTF8')::json->>'version')::int from outbox "
                "where name = 'agencies.changed.v1' order by seq",
            )
        ]
