"""Calls that are answered later, in hand: kept by an agency, claimed and settled by faces."""

import uuid

from bus.call_leaves import EVIDENCE
from bus.envelope import Envelope
from bus.settings import Settings
from contracts.agencies.deferred import CLAIM_CALLS, DEFER, SETTLE_CALL
from tests.agencies.feeds import hearers
from tests.stores import execute

QUESTION = {"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"}
ANSWER = {"outcome": "FOUND", "tracking_code": "Q-2222-2222-2222"}
PROBLEM = {"code": "purpose.not_granted", "status": 403}


class Hand(hearers.Hand):
    """Calls entrypoints as the endpoint would; ``moment`` is now."""

    def __init__(self, db, secret="the agencies of tests"):
        super().__init__(db)
        self.service.settings = Settings({"AGENCIES_KEY": secret})

    def defer(
        self,
        asker="fuel-co",
        *,
        id=None,
        contract="inquiry.ask.v1",
        call_back=False,
        evidence=None,
        **data,
    ):
        """The Call that is kept, or the refusal's wire form."""
        caller = {"agency": asker, "key": "k", "grants": [], EVIDENCE: evidence}
        message = Envelope.new(DEFER.name, "test", caller=caller, id=id or str(uuid.uuid4()))
        reply = {"contract": contract, "data": {**QUESTION, **data}, "call_back": call_back}
        return self._worked("defer", message, DEFER, reply)

    def claim(self, limit=100):
        return self.call(CLAIM_CALLS, limit=limit)["calls"]

    def settle(self, call, state="DONE", **reply):
        answer = reply or ({"result": ANSWER} if state == "DONE" else {"problem": PROBLEM})
        request = {"id": call["id"], "tries": call.get("tries", 1), "state": state, **answer}
        return self.call(SETTLE_CALL, **request)["state"]

    def rows(self, columns="state"):
        return execute(self.db, f"select {columns} from calls order by seq")
