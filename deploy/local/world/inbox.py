"""The inbox of the citizen who has some of everything: an agency writes to it, and so do we."""

import datetime as dt
import random
from dataclasses import dataclass

from contracts.notify import inbox as contracts
from contracts.notify import messages, subscriptions
from deploy.local.world.lines import HOLDER, HOLDERS_FILE, HOLDERS_ID, PIN
from deploy.local.world.questions import caller_of
from deploy.local.world.stage import Life, Stage

# Days between two letters of the agency.
PAUSE = dt.timedelta(days=31)
LETTERS = 3


@dataclass
class HoldersInbox:
    """The inbox; its code is there once it was made."""

    stage: Stage
    code: str = ""
    secret: str = f"{random.Random(5).randrange(10**20):020}"  # noqa: S311 - a story, no secret

    def life(self, first: dt.date) -> Life:
        """It is made, attached to the person's own matters and subscribed to all announcements;
        then the agency that refuses fuel without a licence writes now and then.
        """
        yield self.stage.at(first + dt.timedelta(days=1), 8.5)
        self.code = self.stage.ask(contracts.MAKE_INBOX, {"secret": self.secret}).code
        self.stage.ask(contracts.ATTACH_INBOX, {**self._proof, **self.person})
        self._subscribe()
        for number in range(1, LETTERS + 1):
            yield self.stage.now + (dt.timedelta(days=2) if number == 1 else PAUSE)
            self._agency_writes(number)

    @property
    def person(self) -> dict[str, str]:
        """Whose it is, as a code by SMS proves it."""
        return {"mobile": HOLDER.mobile, "national_id": HOLDERS_ID}

    @property
    def _proof(self) -> dict[str, str]:
        return {"code": self.code, "secret": self.secret}

    def _subscribe(self) -> None:
        """The code that confirms it lies in the inbox itself."""
        wish = {"inbox": self.code, "news": True}
        pending = self.stage.ask(subscriptions.SUBSCRIBE, wish)
        newest, *_ = self.stage.ask(contracts.READ_INBOX, self._proof).letters
        pin = PIN.search(newest.body)
        assert pin is not None
        confirmed = {"id": pending.id, "pin": pin[0]}
        self.stage.ask(subscriptions.CONFIRM_SUBSCRIPTION, confirmed)

    def _agency_writes(self, number: int) -> None:
        letter = {
            "template": "quota_refused",
            "channels": ["inbox"],
            "to": {"inbox": self.code},
            "personalisation": {"name": HOLDER.name, "file_no": HOLDERS_FILE},
            "reference": f"no-quota-{number}",
        }
        self.stage.ask(messages.SEND, letter, caller=caller_of("fuel-co"))
