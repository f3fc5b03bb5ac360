"""The inquiry service: lawful questions about subscribers, and their answers."""

from bus.database.store import Tx
from bus.endpoint import answers, every, handle, serve
from bus.errors import BusError, NotFound
from bus.service import Service
from contracts.billing.bills import BILL_ENDED, BILL_ISSUED, BILL_PAID, BILL_REMINDED
from contracts.inquiry.laws import LAWS
from contracts.inquiry.own import ASK_OWN, READ_OWN
from contracts.inquiry.parcels import ASK_PARCEL, READ_PARCEL, TAKE_SOURCES
from contracts.inquiry.questions import (
    ANSWER_BATCH_PART,
    ASK,
    BATCH_STATUS,
    GET,
    LOAD_REGISTRY,
    LOAD_STATUS,
    READ_BATCH,
    SUBMIT_BATCH,
    VERIFY,
)
from contracts.inquiry.ratings import RATE_ANSWER, RATE_OWN, RATINGS
from contracts.ticketing.lost_secrets import ASK_NEW_SECRET_OF_OWN, NEW_SECRET_OF_OWN
from iran.persian import tehran_day
from people.one_time_codes import Codes
from services.inquiry import backlog as waiting
from services.inquiry import ratings
from services.inquiry.askers import asker_of
from services.inquiry.batches import answering as parts
from services.inquiry.batches import store as batches
from services.inquiry.domain import codes, law_uses, purposes
from services.inquiry.own_inquiries import inquiries as own
from services.inquiry.own_inquiries import lost_secrets as own_lost
from services.inquiry.own_inquiries import text_messages as own_notices
from services.inquiry.parcels import questions as parcels
from services.inquiry.questions import answering as asking
from services.inquiry.questions import day_counts as counting
from services.inquiry.questions import grant_quotas as quotas
from services.inquiry.questions import inquiry_log as store
from services.inquiry.questions import source_debts as standing
from services.inquiry.questions import verification as verifying
from services.inquiry.questions.answering import Asked
from services.inquiry.registry_import import jobs as loads


class Inquiry(Service):
    name = "inquiry"

    @property
    def secret(self) -> str:
        """With what the log hashes keys."""
        return self.settings.secret("INQUIRY_LOG_KEY").reveal()

    def worries(self, tx: Tx) -> dict[str, int]:
        """What waits longer than it should."""
        return waiting.counts(tx.conn)

    @serve(ASK, batch=100)
    def ask(self, tx, calls):
        return asking.answer_all(
            tx.conn,
            [Asked(call.envelope, call.data) for call in calls],
            now=self.now(),
            secret=self.secret,
        )

    @serve(GET)
    def get(self, tx, *, tracking_code):
        code = codes.parse(tracking_code)
        found = store.answer_of(tx.conn, code, *asker_of(tx.envelope)) if code else None
        result = found or NotFound(
            "You were given no answer of that tracking code.", code="answer.not_found"
        )
        row = asking.log_row(Asked(tx.envelope, {}), result, self.secret, {})
        store.add_log(tx.conn, [row], self.now())
        return result

    @serve(VERIFY)
    def verify(self, tx, *, verification_code):
        code = codes.parse(verification_code)
        return verifying.verify(tx.conn, code, self.now(), self.settings)

    @serve(LAWS)
    def laws(self, tx):
        return {"acts": law_uses.laws()}

    @serve(SUBMIT_BATCH)
    def submit_batch(self, tx, **data):
        asker, now = asker_of(tx.envelope), self.now()
        grants = (tx.envelope.caller or {}).get("grants") or ()
        allowed = purposes.check(data["purpose"], grants, None, tehran_day(now))
        refusal = next(
            (
                each
                for each in (allowed, asking.moment_asked_about(data, now))
                if isinstance(each, BusError)
            ),
            None,
        )
        if refusal:
            row = asking.log_row(Asked(tx.envelope, data), refusal, self.secret, {})
            store.add_log(tx.conn, [row], now)
            return refusal
        if data["part"] == 0:
            batches.open_batch(tx.conn, tx.envelope, data, now)
        batches.add_part(tx.conn, data, asker)
        if data["last"]:
            for part in batches.complete(tx.conn, data, now):
                tx.send(ANSWER_BATCH_PART, batch=data["batch"], part=part)
        return batches.progress(batches.of_asker(tx.conn, data["batch"], asker))

    @handle(ANSWER_BATCH_PART)
    def answer_batch_part(self, tx, *, batch, part):
        now, secret = self.now(), self.secret
        parts.answer(tx, batch, part, now=now, settings=self.settings, secret=secret)

    @serve(BATCH_STATUS)
    def batch_status(self, tx, *, batch):
        return batches.progress(batches.of_asker(tx.conn, batch, asker_of(tx.envelope)))

    @serve(READ_BATCH)
    def read_batch(self, tx, *, batch, after, limit):
        found = batches.of_asker(tx.conn, batch, asker_of(tx.envelope))
        row = asking.log_row(Asked(tx.envelope, found), None, self.secret, {})
        store.add_log(tx.conn, [row], self.now())
        return {
            "batch": batch,
            "state": found["state"],
            "lines": found["lines"],
            "results": batches.page(tx.conn, batch, after, limit),
        }

    # --- people ---

    @serve(ASK_OWN)
    def ask_own(self, tx, **data):
        return own.ask(tx, data, self.now(), self.secret)

    @serve(READ_OWN)
    def read_own(self, tx, *, code, secret):
        return own.read(tx.conn, code, secret, self.secret)

    @serve(ASK_NEW_SECRET_OF_OWN)
    def ask_new_secret(self, tx, **data):
        return own_lost.ask(tx, data, self.now(), self.secret)

    @serve(NEW_SECRET_OF_OWN)
    def new_secret(self, tx, **data):
        return own_lost.renew(tx, data, self.now(), self.secret)

    @serve(RATE_OWN)
    def rate_own(self, tx, **data):
        return ratings.rate_own(tx.conn, self.now(), self.secret, data)

    @serve(RATE_ANSWER)
    def rate_answer(self, tx, *, tracking_code, score, solved):
        code = codes.parse(tracking_code)
        found = store.answer_of(tx.conn, code, *asker_of(tx.envelope)) if code else None
        return ratings.rate_answer(tx.conn, self.now(), found, score, solved=solved)

    @serve(RATINGS)
    def ratings(self, tx):
        return ratings.counts(tx.conn)

    # --- parcels, which the land registry answers ---

    @serve(ASK_PARCEL)
    def ask_parcel(self, tx, **data):
        return parcels.ask(tx, data, now=self.now(), settings=self.settings, secret=self.secret)

    @serve(READ_PARCEL)
    def read_parcel(self, tx, *, code):
        return parcels.read(tx, code, now=self.now(), secret=self.secret)

    @answers(TAKE_SOURCES)
    def take_sources_of_parcel(self, tx, *, agency, answer, problem):
        now, secret = self.now(), self.secret
        parcels.take(tx, agency, answer, problem, now=now, settings=self.settings, secret=secret)

    # --- what billing tells ---

    def note_bill(self, tx, fact):
        standing.note(tx.conn, fact)
        own.note_bill(tx, fact, self.now(), self.secret)

    @handle(BILL_ISSUED)
    def bill_issued(self, tx, **fact):
        self.note_bill(tx, fact)

    @handle(BILL_PAID)
    def bill_paid(self, tx, **fact):
        self.note_bill(tx, fact)

    @handle(BILL_ENDED)
    def bill_ended(self, tx, **fact):
        self.note_bill(tx, fact)

    @handle(BILL_REMINDED)
    def bill_reminded(self, tx, **fact):
        own_notices.remind(tx, fact, self.now())

    # --- the register ---

    @serve(LOAD_REGISTRY)
    def load_registry(self, tx, *, folder, allow_removals):
        return loads.request(tx, self.settings, folder, allow_removals)

    @serve(LOAD_STATUS)
    def load_status(self, tx, *, load):
        return loads.progress(tx, load)

    @every(2)
    def work_loads(self):
        loads.work_next(self.store, self.settings)

    @every(600)
    def count_day(self):
        with self.store.transaction() as tx:
            day = counting.next_day(tx.conn, self.now())
            if day is not None:
                counting.count(tx, day, self.now())

    @every(600)
    def forget_old_batches(self):
        with self.store.transaction() as tx:
            batches.forget_old(tx.conn)
            own.forget(tx.conn, self.now())
            Codes(tx.conn, self.now(), self.secret).forget()
            parcels.forget(tx.conn, self.now())
            quotas.forget(tx.conn, self.now())
