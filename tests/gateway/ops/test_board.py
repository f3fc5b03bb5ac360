"""What the board makes of a survey: each cause once and in order, figures, the day behind it."""

import asyncio
import datetime as dt
import re
from email.utils import format_datetime

import pytest

from bus.amqp.dead_letters import Depth
from bus.health import Health
from bus.process.monitor import WELL, Finding, Status, fail, warn
from contracts.agencies.traffic import TrafficRow
from contracts.notify.measures.burns import BurnAlert, BurnOver, Burns, PromiseBurn
from contracts.notify.messages import Accounts
from gateway.ops.board import burns as burn_rows
from gateway.ops.board.figures import strip, tiles
from gateway.ops.board.pages import verdict
from gateway.ops.board.runbook import LIKE, section_of, sections
from gateway.ops.board.troubles import troubles
from gateway.ops.board.words import SENTENCES
from gateway.ops.health.checks import Check
from gateway.ops.health.concerns import LETTERS, PATIENCE, WORRIES, Figures, concerns
from gateway.ops.health.history import History, Sample, Sampler
from gateway.ops.health.parts import PartAnswer, beside_our_clock
from gateway.ops.health.survey import Survey, patient, sample_of, service_view
from gateway.ops.health.traffic import counted, since, total
from gateway.ops.traffic.pages import lines, meaning
from tests.processes import ROOT

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
MINUTE, SECOND = dt.timedelta(minutes=1), dt.timedelta(seconds=1)
SILENT = fail("part.silent", "It does not answer.")
LOCKED = fail("database.locked", "inquiry_log is locked.")


def surveyed(checks, wrong=(), at=NOON):
    return Survey(
        tuple(Check(name, finding) for name, finding in checks.items()),
        (),
        WELL,
        None,
        at,
        concerns=tuple(wrong),
    )


def shown(*surveys):
    """What the board says is wrong after these surveys, a minute apart."""
    history = History()
    for survey in surveys:
        history.note((*survey.checks, *survey.concerns), survey.at)
    return troubles(surveys[-1], history.since)


def test_a_cause_is_shown_once_with_all_its_parts_and_before_what_follows():
    wrong_now = shown(
        surveyed(
            {
                "self-call": fail("deadline.passed", "asked and not answered"),
                "billing": SILENT,
                "notify": SILENT,
                "billing.bus": fail("service.absent", "It does not answer over the bus."),
                "inquiry": LOCKED,
                "inquiry.database": LOCKED,
                "inquiry.bus": WELL,
                "ticketing.scanner": warn("scanner.away", "It waits."),
                "ticketing": warn("scanner.away", "scanner: It waits."),
            }
        )
    )
    assert [(t.code, t.status, t.parts) for t in wrong_now] == [
        ("database.locked", Status.FAIL, ("inquiry",)),
        ("part.silent", Status.FAIL, ("billing", "notify")),
        ("self-call", Status.FAIL, ("self-call",)),
        ("scanner.away", Status.WARN, ("ticketing",)),
    ]
    assert "inquiry.ask.v1" in wrong_now[0].contracts
    (second,) = shown(surveyed({"inquiry-2": SILENT}))
    assert (second.contracts, second.affected) == (wrong_now[0].contracts, wrong_now[0].affected)
    assert not any(name.startswith("billing.") for name in wrong_now[0].contracts)
    assert verdict(wrong_now)[0].startswith("3 خرابی")
    assert SENTENCES["database.locked"].rstrip(".") in verdict(wrong_now)[0]
    locked = f"inquiry: {SENTENCES['database.locked'].rstrip('.')}"
    assert verdict(wrong_now[:1]) == (locked, "bad")
    assert verdict([])[1] == "good"


@pytest.mark.parametrize(
    ("seconds", "status"), [(-600, "fail"), (600, "fail"), (-12, "warn"), (1, None)]
)
def test_a_part_whose_clock_is_another_is_named_before_what_follows(seconds, status):
    date = format_datetime(dt.datetime.now(dt.UTC) + seconds * SECOND, usegmt=True)
    answer = f"HTTP/1.0 200 OK\r\nDate: {date}\r\n\r\n{{}}".encode()
    agency = beside_our_clock(PartAnswer("agency", WELL, {"broker": WELL}), answer)
    refused = fail("signature.expired", "The signature has expired.")
    checks = {"self-call": refused, "agency": agency.finding}
    checks |= {f"agency.{name}": finding for name, finding in agency.checks.items()}
    by_code = {trouble.code: trouble for trouble in shown(surveyed(checks))}
    assert "self-call" in by_code
    if status is None:
        assert list(by_code) == ["self-call"]
        return
    clock = by_code["clock.apart"]
    assert (clock.status, clock.parts) == (status, ("agency",))
    assert (next(iter(by_code)) == "clock.apart") is (status == "fail")
    assert bool(clock.affected and clock.contracts) is (status == "fail")  # else nothing is away


def test_an_answer_that_is_late_once_warns_and_twice_in_a_row_fails():
    checks = (Check("billing", SILENT), Check("inquiry", LOCKED), Check("notify", WELL))
    once, twice = patient(checks, frozenset()), patient(checks, frozenset(("billing",)))
    assert [check.finding.status for check in once] == [Status.WARN, Status.FAIL, Status.PASS]
    assert once[0].finding.code == "part.silent"
    assert twice == checks


def test_what_only_waits_for_the_broker_belongs_to_it():
    away = warn("broker.unreachable", "It waits for the broker.")
    (trouble,) = shown(
        surveyed(
            {"inquiry": away, "broker": fail("broker.unreachable", "no answer"), "agency": away}
        )
    )
    assert (trouble.status, trouble.parts[0]) == (Status.FAIL, "broker")
    assert trouble.details == ("broker: no answer",)


def test_it_says_since_when_and_what_happened_on_the_way():
    history = History()
    states = [WELL, SILENT, SILENT, WELL]
    for n, finding in enumerate(states):
        history.note([Check("inquiry", finding)], NOON + n * MINUTE)
    assert history.since["inquiry"].at == NOON + 3 * MINUTE
    changes = [(c.at, c.status, c.lasted) for c in history.changes(NOON + 4 * MINUTE)]
    assert changes == [
        (NOON + 3 * MINUTE, Status.PASS, 2 * MINUTE),
        (NOON + MINUTE, Status.FAIL, MINUTE),
    ]
    assert history.changes(NOON + dt.timedelta(days=2)) == []


def healthy(**more):
    return Health(
        service="billing",
        version="1",
        database=True,
        outbox_unsent=0,
        outbox_oldest_seconds=0.0,
        now="2026-11-29T12:00:00Z",
        **more,
    )


def test_a_concern_is_named_as_its_alert_and_ends_when_it_is_gone():
    health = healthy(worries={"rows_given_up": 2, "waits_for_bank": 1, "else": 3}, died=0)
    figures = Figures({"billing": health}, {"billing": 3, "notify": 0}, None, None)
    wrong = concerns(figures)
    codes = {check.finding.code for check in wrong}
    assert codes == {"DeadLetters", "RowsGivenUp", "StateWaits"}
    # An alert that waits is not shown before it would ring.
    assert {t.code for t in shown(surveyed({}, wrong))} == {"DeadLetters", "RowsGivenUp"}
    later = NOON + dt.timedelta(seconds=PATIENCE["StateWaits"])
    wrong_now = shown(surveyed({}, wrong), surveyed({}, wrong, later))
    assert {t.code for t in wrong_now} == codes
    history = History()
    history.note(wrong, NOON)
    history.note([], later)
    assert {c.status for c in history.changes(later)} == {Status.PASS}
    assert history.since == {}


def test_a_concern_goes_on_while_nobody_can_say_whether_it_is_over():
    history = History()
    figures = Figures(
        {"billing": healthy(worries={"rows_given_up": 2})}, {"billing": 3}, None, None
    )
    history.note(concerns(figures), NOON)
    silent = Figures({}, None, None, None)
    history.note(concerns(silent), NOON + MINUTE, silent.unknown)
    assert {since.at for since in history.since.values()} == {NOON}
    assert len(history.since) == 2
    well = Figures({"billing": healthy()}, {"billing": 0}, None, None)
    history.note(concerns(well), NOON + 2 * MINUTE, well.unknown)
    assert history.since == {}


def test_what_nobody_answered_is_no_concern():
    assert concerns(Figures({}, None, None, None)) == ()
    accounts = Accounts(
        accepted=3,
        ended=1,
        in_flight=1,
        difference=1,
        states=(),
        oldest_due_seconds=700.0,
        unclear=0,
        providers=({"code": "magfa", "breaker": "OPEN", "credit_rials": None},),
    )
    wrong_now = {c.finding.code for c in concerns(Figures({}, {}, accounts, None))}
    assert wrong_now == {"MessagesLate", "MessagesDiffer", "ProviderDown"}


def burns(*rings):
    """A promise of the portal whose alerts of these lengths ring; a day was not measured."""
    lengths = ((60, 5, "PromiseBurnsFast"), (1440, 120, "PromiseBurnsSlowly"))
    return Burns(
        now="2026-11-29T12:00:00Z",
        from_day="2026-10-31",
        promises=(
            PromiseBurn(
                promise="S4",
                component="portal",
                fa="درگاه همیشه در دسترس است",
                component_fa="درگاه مردم",
                target=9950,
                budget=216,
                budget_left=100,
                windows=tuple(
                    BurnOver(minutes=n, counted=n, missed=0, burn=None if n == 1440 else 1440)
                    for n in (5, 60, 120, 1440)
                ),
                alerts=tuple(
                    BurnAlert(alert=alert, long=n, short=short, factor=1440, rings=n in rings)
                    for n, short, alert in lengths
                ),
            ),
        ),
    )


def test_a_promise_that_burns_too_fast_is_a_concern_until_notify_says_that_it_does_not():
    figures = Figures({}, None, None, None, burns(60))
    (check,) = concerns(figures)
    assert (check.name, check.finding.code) == ("portal.S4:PromiseBurnsFast", "PromiseBurnsFast")
    (trouble,) = shown(surveyed({}, [check]))
    assert (trouble.parts, trouble.section.heading) == (("portal",), "PromiseBurnsFast")
    history = History()
    history.note([check], NOON)
    silent = Figures({}, None, None, None)
    history.note(concerns(silent), NOON + MINUTE, silent.unknown)
    assert history.since["portal.S4:PromiseBurnsFast"].at == NOON
    well = Figures({}, None, None, None, burns())
    history.note(concerns(well), NOON + 2 * MINUTE, well.unknown)
    assert history.since == {}


def test_the_board_shows_what_is_left_of_a_promise_and_what_is_not_known():
    (row,) = burn_rows.rows(burns(1440))
    assert (row.left, row.budget, row.kind) == (100, 216, "warn")
    assert [(pair.long, pair.short) for pair in row.pairs] == [("14.4", "14.4"), ("؟", "14.4")]
    assert burn_rows.rows(burns())[0].kind == "good"
    assert burn_rows.rows(None) == burn_rows.heads(None) == []
    assert burn_rows.heads(burns()) == ["یک ساعت / پنج دقیقه", "یک روز / دو ساعت"]


TEXT = """
mirab_http_requests_total{face="agency",method="POST",route="/v1/{context}",status="200"} 90.0
mirab_http_requests_total{face="agency",method="POST",route="/v1/{context}",status="503"} 10.0
mirab_http_requests_total{face="agency",method="GET",route="/health/live",status="200"} 1e+06
mirab_http_request_seconds_bucket{face="agency",le="0.1",route="/v1/{context}"} 50.0
mirab_http_request_seconds_bucket{face="agency",le="0.2",route="/v1/{context}"} 100.0
mirab_http_request_seconds_bucket{face="agency",le="+Inf",route="/v1/{context}"} 100.0
other_total{route="x"} 7
"""


def test_traffic_is_what_the_faces_counted_since_the_last_look():
    now = counted(TEXT)
    traffic = total([since(counted(TEXT.replace(" 10.0", " 0.0")), now)])
    assert (traffic.answered, traffic.failed) == (10, 10)
    whole = total([now])
    assert whole.share_failed == 0.1
    assert whole.quantile() == pytest.approx(0.19)
    # A part that began anew counts from 0.
    again = counted(TEXT.replace(" 90.0", " 5.0"))
    assert since(now, again) == again
    assert total([]).share_failed is None
    assert counted("<html> no metrics") == {}


def test_a_minute_without_a_sample_is_a_gap_and_not_well():
    history = History()
    for n in range(3):
        history.add(
            Sample(NOON + n * MINUTE, Status.FAIL if n == 1 else Status.PASS, asked=float(n))
        )
    at = NOON + 20 * MINUTE
    minutes = history.minutes(at, 24 * 60)
    assert [s.asked for s in minutes if s] == [0, 1, 2]
    kinds = [quarter.kind for quarter in strip(minutes, at)]
    assert kinds == ["unmeasured"] * 94 + ["bad", "unmeasured"]
    figures = {t.label: t for t in tiles(history.minutes(at, 60), Sample(at, Status.PASS))}
    assert figures["پاسخ در ثانیه"].value == "2.0"
    assert figures["پیام‌های مرده"].value == "؟"


class NoTraffic:
    """A watcher whom no part answers."""

    async def look(self):
        return None


def test_a_survey_of_a_moment_before_counts_for_the_minute_that_begins():
    history = History()
    samples = [Sample(NOON, Status.FAIL), Sample(NOON + MINUTE - SECOND, Status.PASS)]

    async def look():
        return samples.pop(0)

    sampler = Sampler(history, NoTraffic(), look)
    for minute in (NOON, NOON + MINUTE):
        asyncio.run(sampler.take(minute))
    minutes = history.minutes(NOON + MINUTE, 2)
    assert [sample.status for sample in minutes] == [Status.FAIL, Status.PASS]


def test_the_board_counts_what_waits_in_queues_and_says_where_nobody_reads():
    queues = {
        ("billing", "requests"): Depth(3, 1),
        ("billing", "events"): Depth(40, 0),
        ("billing", "commands"): Depth(0, 0),  # nothing waits: nobody is missed
        ("billing", "dead"): Depth(7, 0),
        ("notify", "requests"): Depth(2, 1),
    }
    names = ("billing", "notify", "inquiry")
    views = {name: service_view(name, None, "", queues) for name in names}
    assert (views["billing"].waiting, views["billing"].unread) == (43, ("events",))
    assert views["billing"].dead == 7
    assert views["inquiry"].waiting is None  # not known is not 0
    survey = surveyed({"billing": WELL})._replace(services=tuple(views.values()))
    assert sample_of(survey).waiting == 45
    (tile,) = [t for t in tiles([], sample_of(survey)) if t.label == "منتظر کار در صف‌ها"]
    assert (tile.value, tile.kind) == ("45", "")
    (tile,) = [t for t in tiles([], sample_of(survey)._replace(waiting=1001)) if "صف‌ها" in t.label]
    assert tile.kind == "warn"


CODES = sorted({*SENTENCES, *LIKE} - {"well"})


@pytest.mark.parametrize("code", CODES)
def test_the_runbook_has_a_section_for_what_the_board_may_say(code):
    section = section_of(code)
    if not code.startswith("call."):
        assert section.heading in {LIKE.get(code, code), *LIKE.values()}
    for word in ("یعنی:", "بکنید:", "درست شد اگر:"):
        assert f"<strong>{word}</strong>" in section.html


def test_each_concern_is_an_alert():
    rules = "".join(
        (ROOT / "deploy/watch" / name).read_text(encoding="utf-8")
        for name in ("alerts.yml", "promises.yml")
    )
    alerts = set(re.findall(r"alert: (\w+)", rules))
    named = {*WORRIES.values(), *PATIENCE, *(alert for alert, _ in LETTERS.values()), "StateWaits"}
    assert named <= alerts
    assert alerts <= sections().keys()


def test_an_unknown_code_is_shown_as_the_signed_question():
    (trouble,) = shown(surveyed({"self-call": Finding(Status.FAIL, "rate.exceeded", "slow down")}))
    assert trouble.section.heading == "self-call"


ENGLISH, PERSIAN = "docs/operate.md", "docs/fa/runbook.md"
# In Persian each section is of an alert or of a code; in English other headings stand beside.
HEADING = re.compile(r"^(#{2,3}) (\S+)$", re.MULTILINE)


def chapters(file):
    """The sections of a document by heading, in order: their level and text."""
    parts = HEADING.split((ROOT / file).read_text(encoding="utf-8"))[1:]
    return {name: (level, text) for level, name, text in zip(*[iter(parts)] * 3, strict=True)}


def test_the_runbooks_of_both_languages_have_the_same_sections_and_say_when_it_worked():
    english, persian = chapters(ENGLISH), chapters(PERSIAN)
    alerts = "".join(
        (ROOT / "deploy/watch" / name).read_text(encoding="utf-8")
        for name in ("alerts.yml", "promises.yml")
    )
    wanted = {*re.findall(r"alert: (\w+)", alerts), *(n for n in english if "." in n)}
    wanted |= {name for name, (level, _) in english.items() if level == "###"}
    assert set(persian) == wanted
    assert {name: english[name][0] for name in persian} == {n: persian[n][0] for n in persian}
    assert [n for n in wanted if "**It worked when**" not in english[n][1]] == []


def traffic(*values):
    return TrafficRow(**dict(zip(TrafficRow.__dataclass_fields__, values, strict=True)))


def test_an_agency_is_shown_by_what_it_was_refused_and_what_we_failed():
    rows = [
        traffic("a", "inquiry.ask.v1", "", 90, 900, 50),
        traffic("a", "inquiry.ask.v1", "signature.bad", 4, 4, 1),
        traffic("a", "billing.bills.v1", "internal", 6, 60, 30),
        traffic("b", "inquiry.ask.v1", "", 300, 300, 2),
    ]
    busy, other = lines(rows, lambda row: row.agency)
    assert (busy.name, busy.calls, busy.kind, busy.codes) == ("b", 300, "", [])
    assert (other.calls, other.refused, other.failed, other.kind) == (100, 4, 6, "bad")
    assert other.codes == [("internal", 6), ("signature.bad", 4)]
    assert (other.mean, other.longest, other.share(4)) == (9.64, 50, "4.0٪")
    assert {line.name for line in lines(rows[:3], lambda row: row.contract)} == {
        "inquiry.ask.v1",
        "billing.bills.v1",
    }
    assert meaning("signature.bad")
    assert meaning("nobody.knows") == ""
