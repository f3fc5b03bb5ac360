"""The life of one ticket: registered as people register, worked on as it happens in an office."""

import datetime as dt
import random
from typing import Any, NamedTuple

from sqlalchemy import text

from bus.blobs import Blobs
from bus.messages.kinds import Request
from bus.messages.values import Json
from contracts.ticketing import citizens, desk
from deploy.local.world import lines
from deploy.local.world.lines import Person, Place, maybe, weighed
from deploy.local.world.pictures import picture
from deploy.local.world.stage import NOTHING, PORTAL, Life, Stage, attempt

# unit → its clerks, and who heads it. nader (inspection) supervises all units.
CLERKS = {
    "subscribers": ("sara", "zahra"),
    "groundwater": ("karim", "bahram"),
    "surface": ("reza", "nasrin"),
    "billing": ("leila", "omid"),
    "inspection": ("parisa", "nader"),
}
HEADS = {
    "subscribers": "maryam",
    "groundwater": "mina",
    "surface": "hamid",
    "billing": "shirin",
    "inspection": "nader",
}
CHANNELS = {"portal": 50, "telephone": 21, "mail": 12, "open311": 10, "api": 7}
# How a ticket goes, and how often of a hundred.
FATES = {
    "answered": 40,
    "talked": 16,
    "late": 10,
    "asked": 8,
    "moved": 6,
    "again": 5,
    "visit": 5,
    "missed": 2,
    "not_ours": 3,
    "settled": 2,
    "withdrawn": 2,
    "silent": 1,
}
BEST, UNSOLVED = 5, 2
# The ticket of the holder that is of the last days: a visit is before him.
VISITOR = 250
OFFICES = ("yasuj", "gachsaran", "dehdasht")
_VERSION = text("select version from tickets where code = :code")


class KnownTicket(NamedTuple):
    """A ticket as its citizen and the demo know it."""

    code: str
    secret: str
    category: str
    place: Place
    fate: str


class TicketLife:
    """One ticket from its registration on; every act is asked of the service as people ask it."""

    def __init__(self, stage: Stage, blobs: Blobs, chance: random.Random, number: int) -> None:
        self.stage, self.blobs, self.chance = stage, blobs, chance
        stranger = lines.person(chance, 1_000_000 + number * 37)
        self.person: Person = stranger if number % 50 else lines.HOLDER
        self.place: Place = lines.place(chance)
        self.matter: dict[str, Any] = chance.choice(lines.matters())
        self.words = lines.fill(chance, self.matter, self.place)
        self.fate = weighed(chance, FATES)
        if "visit" in self.matter and self.fate in ("answered", "talked"):
            self.fate = "visit"
        if "ask" in self.matter and self.fate == "talked":
            self.fate = "asked"
        # Of the times offered one of the first is chosen, by the visitor the last.
        self.slots = slice(12)
        if number == VISITOR:
            self.fate, self.slots = "visit", slice(-1, None)
            self.words.pop("note", None)
        self.channel = weighed(chance, CHANNELS)
        self.code, self.secret, self.unit = "", f"{chance.randrange(10**20):020}", ""
        self.clerk = ""

    # --- registration ---

    def register(self) -> Life:
        """As it came in; by telephone only while the office is open."""
        if self.channel == "telephone":
            yield self.stage.working(self.chance.uniform(0.1, 2))
        caller: Json = self.stage.staff("sara") if self.channel == "telephone" else PORTAL
        reply = self.stage.ask(citizens.REGISTER, self._registration(), caller=caller)
        self.code, self.unit = reply.code, str(reply.unit["code"])
        self.clerk = self.chance.choice(CLERKS[self.unit])

    def summary(self) -> KnownTicket:
        """The ticket as its citizen and the demo know it."""
        return KnownTicket(
            self.code, self.secret, str(self.matter["category"]), self.place, self.fate
        )

    def _registration(self) -> dict[str, object]:
        matter = self.matter
        answers: dict[str, object] = {
            "kind": matter["kind"],
            "category": matter["category"],
            "county": self.place.county if maybe(self.chance, 0.93) else "",
            "text": self.words["text"],
            "language": matter.get("language", "fa"),
            "channel": self.channel,
            "declared": True,
            "secret": self.secret,
            "attachments": self._files(),
            **self._who(),
            **self._where(),
        }
        if about := matter.get("about_kind"):
            answers |= {
                "about_kind": about,
                "about_ref": f"1405-{self.chance.randint(100, 900):06}",
            }
        if self.channel == "telephone" and maybe(self.chance, 0.3):
            code = str(self.chance.randrange(10**7))
            answers |= {"external_system": "111", "external_code": code}
        return answers

    def _who(self) -> dict[str, object]:
        anonymous = self.matter["category"] in ("illegal_well", "conduct") and maybe(
            self.chance, 0.3
        )
        if anonymous:
            return {"privacy": "anonymous"}
        person: dict[str, object] = {"name": self.person.name, "mobile": self.person.mobile}
        if self.person is lines.HOLDER:
            person["national_id"] = lines.HOLDERS_ID
        if self.channel == "mail" or maybe(self.chance, 0.25):
            person["email"] = self.person.email
        person["privacy"] = "identified" if maybe(self.chance, 0.25) else "private"
        return person

    def _where(self) -> dict[str, object]:
        public = self.matter["category"] in ("illegal_well", "river_bed", "water_turn")
        if not public or maybe(self.chance, 0.25):
            return {}
        where: dict[str, object] = {
            "lat": self.place.lat,
            "long": self.place.long,
            "address": f"{self.place.name}، نزدیک پل",
            "public": maybe(self.chance, 0.75),
        }
        if "drilling" in self.matter:
            where["attributes"] = {"drilling_now": self.matter["drilling"]}
        return where

    def _files(self) -> list[Json]:
        if "photo" not in self.matter or self.channel == "telephone" or maybe(self.chance, 0.25):
            return []
        count = 2 if maybe(self.chance, 0.2) else 1
        return [self._file(str(self.matter["photo"]), n) for n in range(count)]

    def _file(self, kind: str, number: int) -> Json:
        blob = self.blobs.add(picture(kind, self.chance))
        name = f"IMG_{self.chance.randint(1000, 9999)}_{number}.jpg"
        return {"sha256": blob.sha256, "size": blob.size, "type": "image/jpeg", "name": name}

    # --- the unit's acts ---

    def act(self, contract: Request[Any, Any], data: Json = NOTHING, *, by: str = "") -> None:
        """An act of a colleague on the ticket as it stands now."""
        with self.stage.services["ticketing"].store.transaction() as tx:
            version = tx.conn.execute(_VERSION, {"code": self.code}).scalar_one()
        caller = self.stage.staff(by or self.clerk)
        self.stage.ask(contract, {"code": self.code, "version": version, **data}, caller=caller)

    def citizen(self, contract: Request[Any, Any], data: Json = NOTHING) -> None:
        """An act of the citizen."""
        self.stage.ask(contract, {"code": self.code, "secret": self.secret, **data})

    def go_on(self) -> Life:
        """Its fate, from the first answer to the end."""
        if maybe(self.chance, 0.02):
            return  # overlooked: nobody touches it, and the clocks run
        late = self.fate == "late"
        first = self.chance.uniform(8, 22) if late else self.chance.uniform(0.3, 5.5)
        if self.matter["category"] in ("illegal_well", "site_fault") and not late:
            first = self.chance.uniform(0.2, 1.8)
        yield self.stage.working(first)
        yield from getattr(self, f"_{self.fate}")()

    def _begin(self) -> Life:
        """Taken, a first word, often a note."""
        if maybe(self.chance, 0.8):
            text = lines.word(self.chance, "take") if maybe(self.chance, 0.3) else ""
            by = HEADS[self.unit] if maybe(self.chance, 0.35) else self.clerk
            self.act(desk.ASSIGN, {"assignee": self.clerk, "text": text}, by=by)
        if "say" in self.words:
            self.act(desk.ANSWER, {"text": self.words["say"], "final": False})
        else:
            self.act(desk.ANSWER, {"canned": "received", "final": False})
        if "note" in self.words and maybe(self.chance, 0.8):
            yield self.stage.working(self.chance.uniform(0.5, 9))
            self.act(desk.NOTE, {"text": self.words["note"]})

    def _answer(self, least: float, most: float) -> Life:
        """The final answer after so many hours of work, and what the citizen says to it."""
        if "pause" in self.matter:
            self.act(desk.PAUSE, {"reason": self.matter["pause"], "text": self.words["pause_text"]})
            yield self.stage.working(self.chance.uniform(14, 60))
            self.act(desk.RESUME)
        yield self.stage.working(self.chance.uniform(least, most))
        self.act(desk.ANSWER, {"text": self.words["answer"], "final": True})
        yield from self._after()

    def _after(self) -> Life:
        if maybe(self.chance, 0.45):
            yield self.stage.now + dt.timedelta(hours=self.chance.uniform(2, 90))
            score = self.chance.choices((5, 4, 3, 2, 1), (46, 28, 12, 8, 6))[0]
            words = lines.word(self.chance, "thanks" if score == BEST else "rated")
            solved = score > UNSOLVED
            attempt(
                lambda: self.citizen(
                    citizens.RATE, {"score": score, "solved": solved, "text": words}
                )
            )

    def _answered(self) -> Life:
        yield from self._begin()
        yield from self._answer(3, 40)

    def _talked(self) -> Life:
        yield from self._begin()
        yield self.stage.now + dt.timedelta(hours=self.chance.uniform(20, 70))
        photo = "photo" in self.matter and maybe(self.chance, 0.5)
        files = [self._file(str(self.matter["photo"]), 9)] if photo else []
        words = lines.word(self.chance, "waiting")
        attempt(lambda: self.citizen(citizens.WRITE, {"text": words, "attachments": files}))
        yield self.stage.working(self.chance.uniform(1, 6))
        self.act(desk.ANSWER, {"canned": "inspected", "final": False})
        yield from self._answer(4, 20)

    def _late(self) -> Life:
        yield from self._begin()
        yield self.stage.working(self.chance.uniform(20, 50))
        self.act(desk.NOTE, {"text": lines.word(self.chance, "late_note")}, by=HEADS[self.unit])
        yield from self._answer(30, 70)

    def _asked(self) -> Life:
        yield from self._begin()
        yield self.stage.working(self.chance.uniform(2, 10))
        question = self.words.get(
            "ask", "لطفاً شماره پرونده یا تصویر پروانه را در همین صفحه بفرستید."
        )
        self.act(desk.PAUSE, {"reason": "applicant", "text": question})
        yield self.stage.now + dt.timedelta(hours=self.chance.uniform(5, 120))
        reply = self.words.get("reply", "تصویر پروانه پیوست است.")
        files = [self._file("paper", 5)]
        attempt(lambda: self.citizen(citizens.WRITE, {"text": reply, "attachments": files}))
        yield self.stage.working(self.chance.uniform(1, 6))
        attempt(lambda: self.act(desk.RESUME))
        yield from self._answer(3, 25)

    def _silent(self) -> Life:
        """The citizen never answers: reminded and ended by the service itself."""
        yield from self._begin()
        self.act(desk.PAUSE, {"reason": "applicant", "text": "لطفاً تصویر پروانه را بفرستید."})
        return

    def _moved(self) -> Life:
        """It belongs to another unit."""
        units = [unit for unit in CLERKS if unit != self.unit]
        target = self.chance.choice(units)
        self.act(desk.ASSIGN, {"unit": target, "text": lines.word(self.chance, "moved")})
        self.unit, self.clerk = target, self.chance.choice(CLERKS[target])
        yield self.stage.working(self.chance.uniform(1, 6))
        yield from self._begin()
        yield from self._answer(4, 34)

    def _again(self) -> Life:
        """The answer does not satisfy: it is opened again and answered by the head."""
        yield from self._begin()
        yield self.stage.working(self.chance.uniform(6, 30))
        self.act(desk.ANSWER, {"text": self.words["answer"], "final": True})
        yield self.stage.now + dt.timedelta(hours=self.chance.uniform(10, 100))
        words = lines.word(self.chance, "again")
        if not attempt(lambda: self.citizen(citizens.REOPEN, {"text": words})):
            return
        yield self.stage.working(self.chance.uniform(1, 5))
        self.act(desk.NOTE, {"text": lines.word(self.chance, "late_note")}, by=HEADS[self.unit])
        yield self.stage.working(self.chance.uniform(3, 20))
        reply = lines.word(self.chance, "again_answer")
        self.act(desk.ANSWER, {"text": reply, "final": True}, by=HEADS[self.unit])
        yield from self._after()

    def _visit(self, *, came: bool = True) -> Life:
        yield from self._begin()
        office = self.matter.get("visit", self.chance.choice(OFFICES))
        words = self.words.get(
            "visit_text", "لطفاً با اصل مدارک در یکی از زمان‌های زیر مراجعه فرمایید."
        )
        if not attempt(lambda: self.act(desk.INVITE, {"office": office, "text": words})):
            return
        yield self.stage.now + dt.timedelta(hours=self.chance.uniform(1, 30))
        slot = self._choose()
        if slot is None:
            return
        yield slot + dt.timedelta(minutes=40)
        note = lines.word(self.chance, "visit_kept" if came else "visit_missed")
        self.act(desk.VISITED, {"came": came, "text": note})
        if not came:
            yield self.stage.working(self.chance.uniform(4, 12))
            text = "در زمان مقرر مراجعه نفرمودید؛ اگر هنوز لازم است بنویسید تا زمان دیگری بگذاریم."
            self.act(desk.ANSWER, {"text": text, "final": False})
        yield from self._answer(2, 16)

    def _choose(self) -> dt.datetime | None:
        """The citizen takes a time; None if there is none left."""
        view = self.stage.ask(citizens.TRACK, {"code": self.code, "secret": self.secret})
        if not view.slots:
            return None
        slot = self.chance.choice(view.slots[self.slots])
        if not attempt(lambda: self.citizen(citizens.CHOOSE_SLOT, {"slot": slot["slot"]})):
            return None
        return dt.datetime.fromisoformat(str(slot["ends_at"]))

    def _missed(self) -> Life:
        yield from self._visit(came=False)

    def _not_ours(self) -> Life:
        text = lines.word(self.chance, "not_ours")
        self.act(desk.CLOSE, {"reason": "not_ours", "text": text}, by=HEADS[self.unit])
        return
        yield

    def _settled(self) -> Life:
        yield from self._begin()
        yield self.stage.working(self.chance.uniform(2, 12))
        text = lines.word(self.chance, "settled")
        self.act(desk.CLOSE, {"reason": "settled", "text": text}, by=HEADS[self.unit])

    def _withdrawn(self) -> Life:
        yield from self._begin()
        yield self.stage.now + dt.timedelta(hours=self.chance.uniform(3, 60))
        attempt(lambda: self.citizen(citizens.WITHDRAW))
