"""Agencies: signed questions, batches, calls that are answered later, parcels, notices."""

import contextlib
import csv
import io
import time
import uuid

import orjson
import requests

from bus.wire import Wire
from connector import Caller, Refused
from connector.keys import load_key
from deploy.chaos.load.acts import Again, Journal, Surprise, User
from deploy.local.state import AGENCY_URL, CHECKOUT
from iran.identifiers import national_id
from iran.persian import Malformed

TIMEOUT = 12.0
LINES = 400
PARCELS = ("990/17", "12/4/7")
LATER_SECONDS = 8.0


def demo_ids() -> list[str]:
    """The well-formed national IDs of the demo registry."""
    path = CHECKOUT / "deploy/local/registry/sources.csv"
    ids = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            with contextlib.suppress(Malformed):
                ids.append(national_id(row["کد ملی / شناسه ملی"]))
    return ids


class Agency(User):
    """A program of a demo agency, with its key."""

    agency = "fuel-co"
    ids = demo_ids()

    def __init__(self, journal: Journal, seed: int) -> None:
        super().__init__(journal, seed)
        key = load_key(
            CHECKOUT / f"deploy/local/demo_keys/{self.agency}.pem", f"{self.agency}-demo"
        )
        self.caller = Caller(AGENCY_URL, key, timeout=TIMEOUT, session=requests.Session())

    def question(self) -> dict[str, str]:
        """A question about somebody of the demo registry."""
        id_ = self.random.choice(self.ids)
        return {"key_kind": "national_id", "key": id_, "purpose": "fuel_quota"}


class Asker(Agency):
    """Asks signed questions, each answered at once."""

    kind = "question"
    pause = 0.25

    def act(self) -> None:
        key, question, began = self.key(), self.question(), time.monotonic()
        self.journal.begin(self.kind, key)
        answer = self.until_answered(lambda: self.caller.ask(**question, idempotency_key=key))
        self.journal.accept(self.kind, key, str(answer.data.get("tracking_code")), began)


class LaterAsker(Agency):
    """Asks questions that Mirab takes now and answers later."""

    kind = "deferred call"
    pause = 0.6

    call = ""

    def act(self) -> None:
        question, began = self.question(), time.monotonic()
        self._begin()
        answer = self.until_answered(lambda: self._answer(question))
        self.journal.accept(self.kind, self.call, str(answer.get("tracking_code")), began)

    def _begin(self) -> None:
        self.call = self.key()
        self.journal.begin(self.kind, self.call)

    def _answer(self, question: dict[str, str]) -> Wire:
        later = self.caller.later("inquiry.ask.v1", question, idempotency_key=self.call)
        try:
            return later.result(LATER_SECONDS)
        except Refused:
            self._begin()  # it has failed for good, so that who goes on asks anew
            raise


class BatchUploader(Agency):
    """Sends files of keys and fetches their answers."""

    kind = "batch"
    pause = 3.0

    def act(self) -> None:
        key, began = self.key(), time.monotonic()
        self.journal.begin(self.kind, key)
        lines = [
            {"key_kind": "national_id", "key": id_}
            for id_ in self.random.choices(self.ids, k=LINES)
        ]
        batch = self.until_answered(
            lambda: self.caller.submit_batch(lines, purpose="fuel_quota", idempotency_key=key)
        ).data["batch"]
        self.until_answered(lambda: self._done(batch))
        answers = self.until_answered(lambda: self._download(batch))
        if len(answers) != LINES:
            raise Surprise(f"{batch} has {len(answers)} answers to {LINES} lines")
        self.journal.accept(self.kind, key, batch, began)

    def _done(self, batch: str) -> None:
        if self.caller.batch_status(batch)["state"] != "DONE":
            raise Again

    def _download(self, batch: str) -> list[object]:
        file = io.BytesIO()
        self.caller.download_batch(batch, file)
        return [orjson.loads(line) for line in file.getvalue().splitlines()]


class Notary(Agency):
    """Asks what belongs to a parcel; the land registry answers through the agencies' broker."""

    kind = "parcel question"
    agency = "notary-office"
    pause = 1.5

    def act(self) -> None:
        key, began = self.key(), time.monotonic()
        parcel = {"parcel_no": self.random.choice(PARCELS), "purpose": "land_transfer"}
        self.journal.begin(self.kind, key)
        question = self.until_answered(
            lambda: self.caller.call("inquiry.ask_parcel.v1", parcel, idempotency_key=key)
        )
        code = str(question.data["code"])
        self.until_answered(lambda: self._settled(code))
        self.journal.accept(self.kind, key, code, began)

    def _settled(self, code: str) -> str:
        state = str(self.caller.call("inquiry.read_parcel.v1", {"code": code}).data["state"])
        if state == "AWAITING":
            raise Again
        return state


class Sender(Agency):
    """Has messages sent to telephones, each to one of its own."""

    kind = "notice"
    pause = 0.5
    _number = 0

    def act(self) -> None:
        key, began = str(uuid.UUID(self.key())), time.monotonic()
        Sender._number += 1
        mobile = f"0991{Sender._number:07}"
        message = {
            "template": "quota_ready",
            "channels": ["sms"],
            "to": {"mobile": mobile},
            "personalisation": {"name": "سارا", "file_no": "1001/5", "litres": "200"},
        }
        self.journal.begin(self.kind, mobile)
        self.until_answered(
            lambda: self.caller.call("notify.send.v1", message, idempotency_key=key)
        )
        self.journal.accept(self.kind, mobile, mobile, began)
