"""The inquiry service: lawful questions about subscribers, and their answers."""

from collections.abc import Sequence

from bus.activator import Answered, Call
from bus.database.store import Tx
from bus.endpoint import answers, every, handle, serve
from bus.errors import BusError
from bus.messages.message import Written
from bus.service import Service
from contracts.billing import bills
from contracts.billing.bills import BillFact
from contracts.billing.reminders import BILL_REMINDED, Reminder
from contracts.inquiry import attestations, laws, own, parcels, persons, questions, use
from contracts.inquiry import ratings as rating_contracts
from contracts.inquiry import signals as signal_contracts
from contracts.inquiry.answer import Answer, Verification
from contracts.notify.announcements import Nothing
from contracts.notify.persons import Pass
from contracts.ticketing import lost_secrets as lost_contracts
from services.inquiry import backlog, own_use, ratings
from services.inquiry.askers import asker_of
from services.inquiry.attestations import attesting, signing
from services.inquiry.batches import answering as batch_answering
from services.inquiry.batches import forgetting, results, uploads
from services.inquiry.batches.rows import batch_of_asker
from services.inquiry.context import Context
from services.inquiry.domain import codes, law_uses
from services.inquiry.own_inquiries import inquiries, lost_secrets, text_messages
from services.inquiry.parcels import answers as parcel_answers
from services.inquiry.parcels import questions as parcel_questions
from services.inquiry.persons import askings, matters, sessions
from services.inquiry.persons.entrypoints import DeskWork
from services.inquiry.questions import (
    anchors,
    answering,
    day_counts,
    grant_quotas,
    source_debts,
    verification,
)
from services.inquiry.questions.answering import ReceivedQuestion
from services.inquiry.registry_import import jobs
from services.inquiry.signals import changes, days, reading, seeds, sending, watches

# So many pages of changes and signals are worked on before another chore has its turn.
AT_A_TURN = 100


class Inquiry(DeskWork, Service):
    """The entrypoints of the context; each hands its message on in a Context."""

    name = "inquiry"
    own_keys = ("INQUIRY_LOG_KEY",)

    def context(self, tx: Tx) -> Context:
        """Make the context of an act in this transaction."""
        log_key = self.own_key("INQUIRY_LOG_KEY", tx)
        return Context(tx, self.now(), self.settings, log_key)

    def worries(self, tx: Tx) -> dict[str, int]:
        """Count what waits longer than it should."""
        return backlog.counts(tx.conn)

    @serve(questions.ASK, batch=100)
    def ask(self, tx: Tx, calls: Sequence[Call[questions.Ask]]) -> list[Written[Answer] | BusError]:
        received = [ReceivedQuestion(call.envelope, call.message) for call in calls]
        results = answering.answer_all(self.context(tx), received)
        return [result if isinstance(result, BusError) else result.wire for result in results]

    @serve(questions.GET)
    def get(self, tx: Tx, message: questions.Get) -> Answer | BusError:
        return answering.read_again(self.context(tx), message.tracking_code)

    @serve(questions.VERIFY)
    def verify(self, tx: Tx, message: questions.Verify) -> Verification:
        code = codes.parse(message.verification_code)
        return verification.verify(tx.conn, code, self.now(), self.settings)

    @serve(attestations.ATTEST)
    def attest(self, tx: Tx, message: attestations.Attest) -> attestations.Attestation | BusError:
        return attesting.attest(self.context(tx), message)

    @serve(attestations.ATTEST_OWN)
    def attest_own(self, tx: Tx, message: attestations.AttestOwn) -> attestations.Attestation:
        return attesting.attest_own(self.context(tx), message)

    @serve(attestations.ATTESTATION_KEYS)
    def attestation_keys(self, tx: Tx, message: Nothing) -> attestations.AttestationKeys:
        return signing.public_keys(self.context(tx))

    @serve(laws.LAWS)
    def laws(self, tx: Tx, message: laws.ReadLaws) -> laws.Laws:
        acts = (
            laws.Act(
                title_fa=act.title_fa,
                title_en=act.title_en,
                code=act.code,
                articles=tuple(laws.Article(**article._asdict()) for article in act.articles),
            )
            for act in law_uses.laws()
        )
        return laws.Laws(acts=tuple(acts))

    # --- batches ---

    @serve(questions.SUBMIT_BATCH)
    def submit_batch(
        self, tx: Tx, message: questions.SubmitBatch
    ) -> questions.BatchProgress | BusError:
        return uploads.submit(self.context(tx), message)

    @handle(questions.ANSWER_BATCH_PART)
    def answer_batch_part(self, tx: Tx, message: questions.AnswerBatchPart) -> None:
        batch_answering.answer_part(self.context(tx), message)

    @serve(questions.BATCH_STATUS)
    def batch_status(self, tx: Tx, message: questions.BatchStatus) -> questions.BatchProgress:
        asker = asker_of(self.context(tx).envelope)
        return results.progress(batch_of_asker(tx.conn, message.batch, asker))

    @serve(questions.READ_BATCH)
    def read_batch(self, tx: Tx, message: questions.ReadBatch) -> Written[questions.BatchPage]:
        return results.read_page(self.context(tx), message)

    # --- what an agency asked ---

    @serve(use.OWN_QUESTIONS)
    def own_questions(self, tx: Tx, message: use.ReadOwnQuestions) -> use.OwnQuestions:
        agency = asker_of(self.context(tx).envelope).agency
        page = own_use.questions_of(tx.conn, agency, message, self.now())
        return use.OwnQuestions(
            questions=tuple(own_use.question_reply(row) for row in page.rows),
            next=page.next(lambda row: row.seq),
        )

    @serve(use.OWN_USE)
    def own_use(self, tx: Tx, message: use.ReadOwnUse) -> use.OwnUse:
        agency = asker_of(self.context(tx).envelope).agency
        return own_use.use_of(tx.conn, agency, message.days, self.now())

    # --- signals: that something changed of whom an agency watches ---

    @serve(signal_contracts.WATCH_SEEDS)
    def watch_seeds(
        self, tx: Tx, message: signal_contracts.ReadWatchSeeds
    ) -> signal_contracts.WatchSeeds:
        return seeds.read_seeds(self.context(tx))

    @serve(signal_contracts.ROTATE_WATCH_SEED)
    def rotate_watch_seed(
        self, tx: Tx, message: signal_contracts.RotateWatchSeed
    ) -> signal_contracts.WatchesLeft | BusError:
        return seeds.rotate(self.context(tx), message)

    @serve(signal_contracts.WATCH)
    def watch(
        self, tx: Tx, message: signal_contracts.Watch
    ) -> signal_contracts.Watching | BusError:
        return watches.deposit(self.context(tx), message)

    @serve(signal_contracts.UNWATCH)
    def unwatch(self, tx: Tx, message: signal_contracts.Unwatch) -> signal_contracts.WatchesLeft:
        return watches.end(self.context(tx), message)

    @serve(signal_contracts.WATCHES)
    def watches(self, tx: Tx, message: signal_contracts.ReadWatches) -> signal_contracts.OwnWatches:
        return watches.list_own(self.context(tx), message)

    @serve(signal_contracts.SIGNALS)
    def signals(
        self, tx: Tx, message: signal_contracts.ReadSignals
    ) -> signal_contracts.Signals | BusError:
        return reading.read_signals(self.context(tx), message)

    # --- people ---

    @serve(own.ASK_OWN)
    def ask_own(self, tx: Tx, message: own.AskOwn) -> own.OwnReceipt | BusError:
        return inquiries.ask(self.context(tx), message)

    @serve(own.READ_OWN)
    def read_own(self, tx: Tx, message: own.OwnProof) -> own.OwnInquiry:
        return inquiries.read(self.context(tx), message)

    @serve(lost_contracts.ASK_NEW_SECRET_OF_OWN)
    def ask_new_secret(
        self, tx: Tx, message: lost_contracts.AskNewSecret
    ) -> lost_contracts.CodeReceipt:
        return lost_secrets.ask(self.context(tx), message)

    @serve(lost_contracts.NEW_SECRET_OF_OWN)
    def new_secret(
        self, tx: Tx, message: lost_contracts.NewSecret
    ) -> lost_contracts.RenewedSecret | BusError:
        return lost_secrets.renew(self.context(tx), message)

    @serve(rating_contracts.RATE_OWN)
    def rate_own(self, tx: Tx, message: rating_contracts.RateOwn) -> rating_contracts.RatingReply:
        return ratings.rate_own(self.context(tx), message)

    @serve(rating_contracts.RATE_ANSWER)
    def rate_answer(
        self, tx: Tx, message: rating_contracts.RateAnswer
    ) -> rating_contracts.RatingReply:
        return ratings.rate_answer(self.context(tx), message)

    @serve(rating_contracts.RATINGS)
    def ratings(self, tx: Tx, message: rating_contracts.AskRatings) -> rating_contracts.Ratings:
        return ratings.counts(tx.conn)

    # --- persons who have proven by their mobile who they are ---

    @serve(persons.BEGIN_SIGN_IN)
    def begin_sign_in(self, tx: Tx, message: persons.BeginSignIn) -> lost_contracts.CodeReceipt:
        return sessions.begin(self.context(tx), message)

    @serve(persons.SIGN_IN)
    def sign_in(self, tx: Tx, message: persons.SignIn) -> persons.Session | BusError:
        return sessions.open_(self.context(tx), message)

    @serve(persons.SIGN_OUT)
    def sign_out(self, tx: Tx, message: persons.SessionToken) -> persons.SignedOut:
        return sessions.end(self.context(tx), message)

    @serve(persons.MATTERS)
    def matters(self, tx: Tx, message: persons.SessionProof) -> persons.Matters:
        return matters.matters(self.context(tx), message)

    @serve(persons.OPEN_MY_INQUIRY)
    def open_my_inquiry(self, tx: Tx, message: persons.OpenMine) -> Pass:
        return matters.open_inquiry(self.context(tx), message)

    @serve(persons.WHO_ASKED)
    def who_asked(self, tx: Tx, message: persons.WhoAsked) -> persons.Askings:
        return askings.who_asked(self.context(tx), message)

    @serve(persons.FIND_ASKING)
    def find_asking(self, tx: Tx, message: persons.FindAsking) -> persons.Asking:
        return askings.find(self.context(tx), message)

    # --- parcels, which the land registry answers ---

    @serve(parcels.ASK_PARCEL)
    def ask_parcel(self, tx: Tx, message: parcels.AskParcel) -> parcels.ParcelReceipt | BusError:
        return parcel_questions.ask(self.context(tx), message)

    @serve(parcels.READ_PARCEL)
    def read_parcel(self, tx: Tx, message: parcels.ReadParcel) -> parcels.Parcel | BusError:
        return parcel_questions.read(self.context(tx), message)

    @answers(parcels.TAKE_SOURCES)
    def take_sources_of_parcel(self, tx: Tx, message: Answered[parcels.SourcesOutcome]) -> None:
        parcel_answers.take(self.context(tx), message)

    # --- what billing announces ---

    def note_bill(self, tx: Tx, bill: BillFact) -> None:
        """Take what happened to a bill: of a source's debt, or of an own inquiry."""
        source_debts.note(tx.conn, bill)
        changes.note_bill(tx.conn, bill, self.now())
        inquiries.note_bill(self.context(tx), bill)

    @handle(bills.BILL_ISSUED)
    def bill_issued(self, tx: Tx, message: BillFact) -> None:
        self.note_bill(tx, message)

    @handle(bills.BILL_PAID)
    def bill_paid(self, tx: Tx, message: BillFact) -> None:
        self.note_bill(tx, message)

    @handle(bills.BILL_ENDED)
    def bill_ended(self, tx: Tx, message: BillFact) -> None:
        self.note_bill(tx, message)

    @handle(BILL_REMINDED)
    def bill_reminded(self, tx: Tx, message: Reminder) -> None:
        text_messages.remind(tx, message, self.now())

    # --- the registry ---

    @serve(questions.LOAD_REGISTRY)
    def load_registry(self, tx: Tx, message: questions.LoadRegistry) -> questions.LoadProgress:
        return jobs.request(self.context(tx), message)

    @serve(questions.LOAD_STATUS)
    def load_status(self, tx: Tx, message: questions.LoadStatus) -> questions.LoadProgress:
        return jobs.progress(self.context(tx), message.load)

    # --- chores ---

    @every(2)
    def work_loads(self) -> None:
        jobs.work_next(self.store, self.settings)

    @every(2, others=True)
    def compare_changes(self) -> None:
        changes.compare(self.store, self.context, AT_A_TURN)

    @every(600)
    def note_new_day(self) -> None:
        days.note(self.store, self.context)

    @every(2)
    def send_signals(self) -> None:
        with self.store.transaction() as tx:
            agencies = sending.agencies_due(self.context(tx))
        for agency in agencies:
            for _ in range(AT_A_TURN):
                with self.store.transaction() as tx:
                    if not sending.send_due(self.context(tx), agency):
                        break

    @every(3600)
    def forget_signals(self) -> None:
        with self.store.transaction() as tx:
            context = self.context(tx)
            watches.forget(context)
            sending.forget(context)
            seeds.rotate_old(context)

    @every(600)
    def count_day(self) -> None:
        with self.store.transaction() as tx:
            context = self.context(tx)
            day = day_counts.next_day(context)
            if day is not None:
                day_counts.count(context, day)

    @every(600)
    def anchor_log(self) -> None:
        origin = self.settings.get("RECEIPTS_ORIGIN")
        if origin is not None:
            with self.store.transaction() as tx:
                anchors.put(tx, origin, self.now())

    @every(600)
    def forget_questions(self) -> None:
        with self.store.transaction() as tx:
            context = self.context(tx)
            forgetting.forget_old(context)
            inquiries.forget(context)
            lost_secrets.forget(context)
            sessions.forget(context)
            parcel_questions.forget(context)
            grant_quotas.forget(context.conn, context.now)
