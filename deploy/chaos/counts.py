"""What is counted at the end: nothing accepted is lost, nothing is done twice, all adds up."""

import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import requests

from bus.amqp.dead_letters import DeadLetters
from deploy.chaos.installation import Installation, Row, until
from deploy.chaos.load import agencies, payers, people
from deploy.chaos.load.acts import Journal
from deploy.local.parts import BANK_PORT, SERVICES, SMS_PORT
from deploy.local.state import CHECKOUT
from gateway.agency.door.visitor import NAMESPACE

DRAIN_SECONDS = 420.0
# What must have come to its end by itself: database, what it is, a count that must be zero.
OPEN = (
    *(
        (
            service,
            f"outbox of {service}, unsent",
            "select count(*) from outbox where sent_at is null",
        )
        for service in SERVICES
    ),
    *(
        (
            service,
            f"outbox of {service}, unacknowledged",
            "select count(*) from outbox where awaits <> '{}' and not awaits <@ died",
        )
        for service in SERVICES
    ),
    (
        "inquiry",
        "batches not done",
        "select count(*) from batches where state not in ('DONE', 'RECEIVING')",
    ),
    (
        "inquiry",
        "own inquiries not charged",
        "select count(*) from own_inquiries where state = 'CHARGING'",
    ),
    (
        "inquiry",
        "parcel questions open",
        "select count(*) from parcel_questions where answered_at is null and due_at > now()",
    ),
    ("agencies", "calls not settled", "select count(*) from calls where settled_at is null"),
    ("ticketing", "letters not read", "select count(*) from letters where state = 'RECEIVED'"),
    ("ticketing", "e-mails not sent", "select count(*) from mails where state = 'WAITING'"),
    ("notify", "messages in flight", "select count(*) from messages where settled_at is null"),
    (
        "billing",
        "payments not settled",
        "select count(*) from payments where state in "
        "('RETURNED', 'VERIFYING', 'VERIFIED', 'REVERSING', 'UNKNOWN')",
    ),
)


@dataclass(frozen=True, slots=True)
class Count:
    """One account: what was counted, how many, and what is wrong with it (empty: nothing)."""

    subject: str
    figures: str
    wrong: str = ""


class Accounts:
    """The counts of a play that has ended."""

    def __init__(self, installation: Installation, journal: Journal) -> None:
        self._installation, self._journal = installation, journal

    def _sql(self, database: str, statement: str, *values: object) -> list[Row]:
        return self._installation.sql(database, statement, values)

    def _number(self, database: str, statement: str) -> int:
        return int(str(self._sql(database, statement)[0][0]))

    def drained(self) -> Count:
        """Wait until nothing is under way any more."""
        until(lambda: not self._open(), DRAIN_SECONDS, 2.0)
        still = self._open()
        wrong = "; ".join(f"{kind}: {count}" for kind, count in still.items())
        return Count("nothing is under way any more", f"{len(OPEN)} kinds", wrong)

    def _open(self) -> dict[str, int]:
        counts = {kind: self._number(database, query) for database, kind, query in OPEN}
        return {kind: count for kind, count in counts.items() if count}

    def all(self) -> list[Count]:
        """Every account, in the order of the table."""
        return [
            self.questions(),
            self.batches(),
            self.parcels(),
            self.tickets(),
            self.letters(),
            self.notes(),
            self.notices(),
            self.messages(),
            self.payments(),
            self.ledger(),
            self.dead_letters(),
            self.chain(),
            self.surprises(),
        ]

    def questions(self) -> Count:
        """Each question that was answered stands in the log once, under its own code."""
        answered = self._journal.of(agencies.Asker.kind)
        ids = {_message_id(key): code for key, code in answered.items()}
        later = self._journal.of(agencies.LaterAsker.kind)
        rows = self._sql(
            "inquiry",
            "select message_id, tracking_code from inquiry_log "
            "where agency = 'fuel-co' and contract = 'inquiry.ask.v1'",
        )
        by_id = Counter(str(row[0]) for row in rows)
        codes = Counter(str(row[1]) for row in rows)
        expected = [*answered.values(), *later.values()]
        lines = agencies.LINES * len(self._journal.begun[agencies.BatchUploader.kind])
        begun = self._begun(agencies.Asker.kind, agencies.LaterAsker.kind) + lines
        wrong = [
            _not_once("message", by_id, ids),
            _not_once("answer", codes, expected),
            _more("answers", len(rows), begun),
        ]
        figures = f"{len(answered)} at once, {len(later)} later; {len(rows)} log rows"
        return Count("questions: answered once, logged once", figures, _joined(wrong))

    def batches(self) -> Count:
        """Each line of each batch has one answer, and each answer one row of the log."""
        batches = list(self._journal.of(agencies.BatchUploader.kind).values())
        rows = self._sql(
            "inquiry",
            "select batch, count(*), count(distinct line), count(tracking_code), "
            "count(distinct tracking_code) from batch_lines group by batch",
        )
        lines = {str(row[0]): row[1:] for row in rows}
        bad = [batch for batch in batches if set(lines.get(batch, ())) != {agencies.LINES}]
        wrong = f"{len(bad)} batches are not whole: {bad[:3]}" if bad else ""
        figures = f"{len(batches)} batches of {agencies.LINES} lines"
        return Count("batches: each line answered once", figures, wrong)

    def parcels(self) -> Count:
        """Each question about a parcel is there once, and has ended."""
        codes = self._journal.of(agencies.Notary.kind).values()
        rows = self._sql("inquiry", "select code, problem from parcel_questions")
        wrong = _not_once("question", Counter(str(row[0]) for row in rows), codes)
        problems = sum(row[1] is not None for row in rows)
        figures = f"{len(codes)} answered, {problems} of them without the land registry"
        return Count("parcel questions: answered once", figures, wrong)

    def tickets(self) -> Count:
        """Each complaint that was answered with a code is one ticket, with that code."""
        answered = self._journal.of(people.Citizen.kind)
        rows = self._sql("ticketing", "select text, code from tickets where channel = 'api'")
        kept = Counter(str(row[0]) for row in rows)
        codes = {str(row[0]): str(row[1]) for row in rows}
        other = sum(codes.get(text) != code for text, code in answered.items())
        wrong = [
            _not_once("complaint", kept, answered),
            f"{other} have another code" if other else "",
            _more("tickets", len(rows), self._begun(people.Citizen.kind)),
        ]
        return Count("tickets by citizens: one each", f"{len(answered)} tickets", _joined(wrong))

    def letters(self) -> Count:
        """Each letter that was taken is kept once, and one ticket at the most came of it."""
        accepted = self._journal.of(people.Correspondent.kind)
        rows = self._sql("ticketing", "select message_id, ticket, state from letters")
        kept = Counter(f"<{str(row[0]).strip('<>')}>" for row in rows)
        tickets = Counter(row[1] for row in rows if row[1] is not None)
        twice = [ticket for ticket, times in tickets.items() if times > 1]
        made = self._number("ticketing", "select count(*) from tickets where channel = 'mail'")
        wrong = [
            _not_once("letter", kept, accepted),
            f"{len(twice)} tickets of two letters" if twice else "",
            f"{made} tickets of {len(tickets)} letters" if made != len(tickets) else "",
        ]
        states = Counter(str(row[2]) for row in rows)
        figures = f"{len(accepted)} taken; {dict(states)}"
        return Count("letters: kept once, one ticket each", figures, _joined(wrong))

    def notes(self) -> Count:
        """Each note of a clerk stands in its ticket's log once."""
        written = self._journal.of(people.Clerk.kind)
        rows = self._sql(
            "ticketing",
            "select data->>'text' from ticket_events where data->>'text' like 'note %%'",
        )
        kept = Counter(str(row[0]) for row in rows)
        twice = [text for text, times in kept.items() if times > 1]
        wrong = [_not_once("note", kept, written), f"{len(twice)} twice" if twice else ""]
        return Count("notes of clerks: once each", f"{len(written)} notes", _joined(wrong))

    def notices(self) -> Count:
        """Each message that was accepted reached its telephone once, or is known not to have."""
        accepted = self._journal.of(agencies.Sender.kind)
        reply = requests.get(f"http://127.0.0.1:{SMS_PORT}/taken", timeout=30).json()
        phones = Counter(str(row["to"]) for row in reply["taken"])
        rows = self._sql(
            "notify",
            "select '0' || substr(receiver->>'mobile', 4), state, code from messages "
            "where owner = 'fuel-co'",
        )
        states = {str(row[0]): str(row[1]) for row in rows}
        twice = [to for to, times in phones.items() if times > 1]
        lost = [to for to in accepted if states.get(to) == "DELIVERED" and not phones[to]]
        untold = [to for to in accepted if states.get(to) not in ("DELIVERED", None)]
        wrong = [
            _not_once("message", Counter(str(row[0]) for row in rows), accepted),
            f"{len(twice)} telephones got it twice" if twice else "",
            f"{len(lost)} delivered to nobody" if lost else "",
        ]
        others = Counter(states[to] for to in untold)
        delivered = len(accepted) - len(untold)
        figures = f"{len(accepted)} accepted, {delivered} delivered {dict(others) or ''}"
        return Count("notices: one telephone, one message", figures.strip(), _joined(wrong))

    def messages(self) -> Count:
        """What was ever accepted is what there is."""
        accepted = self._number("notify", "select coalesce(sum(count), 0) from accepted")
        there = self._number("notify", "select count(*) from messages")
        wrong = f"{accepted - there} are missing" if accepted != there else ""
        return Count("messages: accounted for", f"{accepted} accepted, {there} there", wrong)

    def payments(self) -> Count:
        """What the bank took and kept is credited once, and nothing else is."""
        paid = requests.get(f"http://127.0.0.1:{BANK_PORT}/play", timeout=30).json()["payments"]
        kept = {
            str(row["order"]): int(row["amount"])
            for row in paid
            if row["state"] in ("VERIFIED", "SETTLED")
        }
        waits = [row["order"] for row in paid if row["state"] == "PAID"]
        rows = self._sql(
            "billing",
            "select e.order_id, sum(p.rials) from entries e join postings p on p.entry = e.id "
            "where e.kind = 'paid' and p.rials > 0 group by e.id, e.order_id",
        )
        credited = Counter(str(row[0]) for row in rows)
        sums = {str(row[0]): int(str(row[1])) for row in rows}
        uncredited = sorted(kept.keys() - sums.keys())
        unpaid = sorted(sums.keys() - kept.keys())
        wrong = [
            f"not credited: {uncredited[:5]}" if uncredited else "",
            f"credited without the bank: {unpaid[:5]}" if unpaid else "",
            f"paid and never verified: {waits[:5]}" if waits else "",
            f"credited twice: {[o for o, n in credited.items() if n > 1][:5]}"
            if any(n > 1 for n in credited.values())
            else "",
            "sums differ" if any(sums[o] != kept[o] for o in sums.keys() & kept.keys()) else "",
        ]
        answered = len(self._journal.of(payers.Payer.kind))
        figures = f"{answered} payers answered; {len(kept)} at the bank, {len(sums)} credited"
        return Count("payments: credited once", figures, _joined(wrong))

    def ledger(self) -> Count:
        """The postings of each entry add up to nothing."""
        entries = self._number("billing", "select count(*) from entries")
        odd = self._number(
            "billing",
            "select count(*) from (select entry from postings group by entry "
            "having sum(rials) <> 0) odd",
        )
        wrong = f"{odd} entries do not balance" if odd else ""
        return Count("ledger: balanced", f"{entries} entries", wrong)

    def dead_letters(self) -> Count:
        """No message died; one that did is named."""
        broker = self._installation.state.rabbitmq
        assert broker is not None
        with DeadLetters(broker.url) as letters:
            dead = [row for service in SERVICES for row in letters.look(service)]
        names = Counter(f"{row['type']} ({row['code'] or row['reason']})" for row in dead)
        wrong = ", ".join(f"{times} x {name}" for name, times in names.items())
        return Count("dead letters", str(len(dead)), wrong)

    def chain(self) -> Count:
        """The chained log of inquiries is whole."""
        environ = {**self._installation.state.environ(), "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-W", "ignore", "-m", "services.inquiry.audit"]
        done = subprocess.run(
            command, env=environ, cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
        printed = (done.stdout or done.stderr).strip().splitlines() or [""]
        return Count(
            "log chain of inquiries", printed[0][:100], printed[0] if done.returncode else ""
        )

    def surprises(self) -> Count:
        """No answer but those that say so: ask again."""
        kinds = Counter(self._journal.surprises)
        wrong = "; ".join(f"{times} x {text}" for text, times in kinds.most_common(6))
        return Count("answers that no fault explains", str(sum(kinds.values())), wrong)

    def _begun(self, *kinds: str) -> int:
        return sum(len(self._journal.begun[kind]) for kind in kinds)


def _message_id(key: str) -> str:
    """The id by which inquiry knows a question of the demo agency (gateway/agency/door)."""
    return str(uuid.uuid5(NAMESPACE, f"fuel-co inquiry.ask.v1 key {key}"))


def _not_once(noun: str, there: Counter[str], expected: Iterable[str]) -> str:
    keys = list(expected)
    lost = [key for key in keys if not there[key]]
    twice = [key for key in keys if there[key] > 1]
    sentences = [f"{len(lost)} {noun}s lost: {lost[:3]}"] if lost else []
    sentences += [f"{len(twice)} {noun}s twice: {twice[:3]}"] if twice else []
    return "; ".join(sentences)


def _more(noun: str, there: int, begun: int) -> str:
    return f"{there} {noun} of {begun} that were asked for" if there > begun else ""


def _joined(sentences: Sequence[str]) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)
