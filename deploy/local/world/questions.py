"""Agencies ask of sources and send messages; people ask of their own, pay and read the answer."""

import csv
import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from bus.messages.values import Json
from contracts.agencies.hearing import NOTE_REFUSALS
from contracts.billing import bills
from contracts.inquiry import own, ratings
from contracts.inquiry import questions as contracts
from contracts.inquiry.keys import canonical_key
from contracts.notify import messages as notify
from deploy.local.state import CHECKOUT
from deploy.local.world import lines
from deploy.local.world.lines import maybe
from deploy.local.world.money import Treasury
from deploy.local.world.stage import PORTAL, Life, Refused, Stage, attempt
from gateway.http.problems import KIND_STATUS, PROBLEMS
from iran.persian import Malformed, fold_code

UNTIL = "2030-12-31"
UNSOLVED = 2
ENDED = "2025-03-20"
# agency → its key, its purpose, by which kind of key it asks, how often of a hundred
ASKERS = {
    "fuel-co": ("fuel_quota", "national_id", 40),
    "power-co": ("electricity_tariff", "file_no", 26),
    "agri-bank": ("bank_collateral", "national_id", 16),
    "notary-office": ("land_transfer", "file_no", 12),
    "justice": ("court_case", "file_no", 6),
}
HOLDERS_SOURCE = {"national_id": lines.HOLDERS_ID, "file_no": lines.HOLDERS_FILE}
COLUMNS = {"national_id": "کد ملی / شناسه ملی", "file_no": "شماره پرونده"}


@dataclass
class Questions:
    """The inquiries of a world."""

    stage: Stage
    treasury: Treasury
    answers: list[tuple[str, str]] = field(default_factory=list)

    def lives(
        self, agencies: int, people: int, messages: int, first: dt.date, last: dt.date
    ) -> list[Life]:
        """Inquiries of agencies, of people, and messages of an agency, over the days."""
        days = max((last - first).days, 1)
        chance = self.stage.random
        sources = _sources()

        def moment() -> dt.datetime:
            day = first + dt.timedelta(days=round(days * chance.random() ** 0.8))
            return self.stage.at(day, chance.uniform(7.3, 15.5))

        lives = [self._of_agency(moment(), chance.choice(sources), n) for n in range(agencies)]
        holders = [source for source in sources if source["kind"] == "حقیقی"]
        lives += [self._own(moment(), chance.choice(holders), n) for n in range(people)]
        lives += [self._message(moment(), n) for n in range(messages)]
        return lives

    # --- agencies ---

    def _of_agency(self, moment: dt.datetime, source: dict[str, str], number: int) -> Life:
        chance = random.Random(f"ask {number} {moment}")  # noqa: S311
        yield moment
        agency = chance.choices(list(ASKERS), [row[2] for row in ASKERS.values()])[0]
        purpose, kind, _ = ASKERS[agency]
        if agency == "fuel-co" and maybe(chance, 0.12):
            purpose = "agriculture_aid"  # its grant for that has ended: refused, and on record
        key = source[kind] if maybe(chance, 0.93) else _stranger(kind)
        if number % 40 == 0:
            key = lines.HOLDERS_ID if kind == "national_id" else lines.HOLDERS_FILE
        question = {"purpose": purpose, "key_kind": kind, "key": key}
        if maybe(chance, 0.4):
            question["case_number"] = f"{agency[:2].upper()}-1405-{chance.randint(1000, 9999)}"
        try:
            answer = self.stage.ask(contracts.ASK, question, caller=caller_of(agency))
        except Refused as refusal:
            self.note(agency, refusal, f"{chance.getrandbits(128):032x}")
            return
        self.answers.append((agency, answer.tracking_code))
        if maybe(chance, 0.16):
            yield self.stage.now + dt.timedelta(hours=chance.uniform(1, 40))
            score = chance.choices((5, 4, 3, 2), (50, 30, 14, 6))[0]
            rating = {
                "tracking_code": answer.tracking_code,
                "score": score,
                "solved": score > UNSOLVED,
            }
            self.stage.tries(ratings.RATE_ANSWER, rating, caller=caller_of(agency))

    def note(self, agency: str, refused: Refused, trace: str) -> None:
        """Note a refusal as the agency face does, for the agency's console."""
        problem = PROBLEMS[refused.code]
        refusal: Json = {
            "agency": agency,
            "at": self.stage.now.isoformat(),
            "trace_id": trace,
            "contract": contracts.ASK.name,
            "status": problem.status or KIND_STATUS[refused.kind],
            "code": refused.code,
            "message": f"{problem.title}. {problem.what_to_do}",
            "key": f"{agency}-demo",
            "proven": True,
        }
        self.stage.ask(NOTE_REFUSALS, {"refusals": [refusal]}, caller={"face": "agency"})

    # --- people ---

    def _own(self, moment: dt.datetime, source: dict[str, str], number: int) -> Life:
        chance = random.Random(f"own {number} {moment}")  # noqa: S311
        yield moment
        mobile = lines.person(chance, 3_000_000 + number).mobile
        if number % 20 == 0:
            mobile, source = lines.HOLDER.mobile, HOLDERS_SOURCE
        secret = f"{chance.randrange(10**20):020}"
        try:
            receipt = self.stage.ask(
                own.ASK_OWN,
                {
                    "key": source["national_id"],
                    "file_no": source["file_no"],
                    "declared": True,
                    "secret": secret,
                    "mobile": mobile if maybe(chance, 0.8) or source is HOLDERS_SOURCE else None,
                },
                caller={**PORTAL, "asker": f"demo-{number}"},
            )
        except Refused:
            return
        self.answers.append(("own " + receipt.code, secret))
        proof = {"code": receipt.code, "secret": secret}
        bill = (self.stage.ask(own.READ_OWN, proof).bill) or {}
        if not bill or maybe(chance, 0.15):
            return
        yield self.stage.now + dt.timedelta(hours=chance.expovariate(1 / 10))
        pair = {"bill_id": bill["bill_id"], "payment_id": bill["payment_id"]}
        whole = self.stage.ask(bills.LOOK_UP, pair)
        if not attempt(lambda: self.treasury.pay(whole, chance)) or maybe(chance, 0.4):
            return
        yield self.stage.now + dt.timedelta(minutes=chance.uniform(3, 600))
        score = chance.choices((5, 4, 3, 1), (52, 28, 12, 8))[0]
        self.stage.tries(ratings.RATE_OWN, {**proof, "score": score, "solved": score > 1})

    # --- messages of an agency ---

    def _message(self, moment: dt.datetime, number: int) -> Life:
        chance = random.Random(f"message {number} {moment}")  # noqa: S311
        yield moment
        person = lines.person(chance, 5_000_000 + number * 11)
        values: dict[str, Any] = {
            "name": person.name,
            "file_no": f"{chance.randint(1001, 4800)}/3",
            "litres": str(chance.randint(2, 30) * 100),
        }
        to: Json = {"mobile": person.mobile}
        channels = ["sms"]
        if maybe(chance, 0.3):
            to, channels = {"email": person.email}, ["email"]
            values["until"] = "پایان ماه"
        self.stage.ask(
            notify.SEND,
            {
                "template": "quota_ready",
                "channels": channels,
                "to": to,
                "personalisation": values,
                "reference": f"quota-{number}",
            },
            caller=caller_of("fuel-co"),
        )


def caller_of(agency: str) -> Json:
    """An agency as the door has proven it, with the grants of its document."""
    purpose = ASKERS[agency][0]
    grants = [{"purpose": purpose, "until": UNTIL}]
    if agency == "fuel-co":
        grants.append({"purpose": "agriculture_aid", "until": ENDED})
    return {"agency": agency, "key": f"{agency}-demo", "grants": grants}


def _stranger(kind: str) -> str:
    return "9900000013" if kind == "national_id" else "9999/9"


def _sources() -> list[dict[str, str]]:
    """Holders and files of the demo registry that can be read."""
    path = CHECKOUT / "deploy/local/registry/sources.csv"
    sources = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            try:
                keys = {
                    kind: canonical_key(kind, fold_code(row[column]))
                    for kind, column in COLUMNS.items()
                }
            except Malformed:
                continue
            sources.append({**keys, "kind": row["نوع شخص"].strip()})
    return sources
