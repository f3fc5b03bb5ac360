"""Rules of tickets as values: moves, the log, figures, the book."""

import datetime as dt
import itertools
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bus.database import books as bus_books
from bus.errors import RuleBroken
from people import small_counts
from services.ticketing import books
from services.ticketing.domain import labels, moves, statistics
from services.ticketing.domain.book import Book
from services.ticketing.domain.ticket import Entry, fold, pauses
from tests.processes import ROOT, run_module
from tests.stores import execute

START = dt.datetime(2026, 11, 23, 5, 30, tzinfo=dt.UTC)
DATA = {
    "assign": {"assignee": "karim"},
    "pause": {"reason": "applicant"},
    "merge": {"into": "4052138845"},
    "invite": {"office": "yasuj"},
    "choose_slot": {"slot": 1, "starts": "x", "ends": "y"},
    "rate": {"score": 5, "solved": True},
    "close": {"reason": "settled"},
    "follow_up_answer": {"mended": "no", "first_time": "yes"},
}
ACTS = sorted({act for _, act in moves.TRANSITIONS.table})


def log_of(acts):
    """A log of those of the acts that are possible, one after the other."""
    entries = [Entry(1, START, "citizen", "citizen", "register", {"unit": "surface"})]
    for act in acts:
        state = fold(entries).state
        if (state, act) in moves.TRANSITIONS.table and (act not in ("choose_slot", "leave_slot")):
            at = START + dt.timedelta(minutes=len(entries))
            entries.append(Entry(len(entries) + 1, at, "unit", "x", act, DATA.get(act, {})))
    return entries


@given(st.lists(st.sampled_from(ACTS), max_size=30))
def test_every_possible_log_adds_up_to_a_known_state(acts):
    ticket = fold(log_of(acts))
    assert ticket.state in labels.STATES
    if ticket.state != "MERGED":  # which keeps the pause that it may go back to
        assert (ticket.pause is not None) == (ticket.state == "PAUSED")
    assert (ticket.merged_into is not None) == (ticket.state == "MERGED")


@given(st.lists(st.sampled_from(ACTS), max_size=30))
def test_pauses_do_not_overlap_and_all_but_the_last_have_an_end(acts):
    entries = log_of(acts)
    result = pauses(entries)
    for item, other in itertools.pairwise(result):
        assert item.end is not None
        assert item.end <= other.start
    if result:
        assert (result[-1].end is None) == (fold(entries).pause is not None)


UNJOINS = ("unmerge", "answer", "close")
STAYS_JOINED = [act for act in moves.possible("MERGED", ACTS) if act not in UNJOINS]


@given(
    st.lists(st.sampled_from(ACTS), max_size=20),
    st.lists(st.sampled_from(STAYS_JOINED), max_size=5),
)
@example(["pause"], ["bounce"])
def test_a_merge_that_is_undone_leaves_the_ticket_as_it_was(acts, meanwhile):
    entries = log_of(acts)
    before = fold(entries)
    if before.state not in moves.WORK:
        return
    again = fold(log_of([*acts, "merge", *meanwhile, "unmerge"]))
    was_new = before.state == "NEW" and "say" in meanwhile
    state = "OPEN" if was_new else before.state
    assert (again.state, again.pause, again.unit) == (state, before.pause, before.unit)


def test_what_is_not_in_the_table_is_refused_with_state_and_act():
    with pytest.raises(RuleBroken) as refused:
        moves.TRANSITIONS.transition("CLOSED", "answer")
    assert refused.value.details == {"state": "CLOSED", "act": "answer"}


def test_every_act_and_state_has_its_words_in_both_languages():
    states = {state for state, _ in moves.TRANSITIONS.table}
    assert states <= set(labels.STATES)
    assert {*ACTS, "register"} <= set(labels.ACTS)
    assert all(fa and en for table in (labels.ACTS, labels.STATES) for fa, en in table.values())


# --- figures ---

COUNTS = st.integers(0, 12)


@st.composite
def figures(draw):
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        registered = draw(COUNTS)
        answered = draw(st.integers(0, registered))
        rows.append(
            {
                "registered": registered,
                "answered": answered,
                "on_time": draw(st.integers(0, answered)),
            }
        )
    return rows


def may_be_computed(equations, target):
    """True if the target is a sum of multiples of what is shown (exact, by elimination)."""
    rows = [[Fraction(n) for n in equation] for equation in equations]
    wanted = [Fraction(n) for n in target]
    for column in range(len(wanted)):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows = [_without(row, pivot, column) for row in rows]
        wanted = _without(wanted, pivot, column)
    return not any(wanted)


def _without(row, pivot, column):
    factor = row[column] / pivot[column]
    return [n - factor * other for n, other in zip(row, pivot, strict=True)]


def indicator(rows, name, first, last, sign=1):
    """The sum of a measure over rows, as a vector of all counts of the table."""
    return [
        sign if measure == name and first <= n <= last else 0
        for measure in statistics.COUNTS
        for n in range(len(rows))
    ]


@settings(max_examples=60)
@given(figures())
def test_no_small_count_is_shown_or_can_be_computed_from_what_is_shown(rows):
    shown = statistics.groups(rows)
    for name, groups in shown.items():
        for group in groups:
            assert group.total == sum(r[name] for r in rows[group.first : group.last + 1])
            assert small_counts.is_safe(group.total)
    equations = [
        indicator(rows, name, group.first, group.last)
        for name, groups in shown.items()
        for group in groups
    ]
    names = statistics.COUNTS
    differences = [(name, None) for name in names] + list(itertools.combinations(names, 2))
    subsets = itertools.product((0, 1), repeat=len(rows))
    for chosen, (whole, part) in itertools.product(subsets, differences):
        count = sum(
            (row[whole] - (row[part] if part else 0)) * n
            for row, n in zip(rows, chosen, strict=True)
        )
        if not small_counts.is_safe(count):
            target = [
                (1 if name == whole else -1 if name == part else 0) * n
                for name in names
                for n in chosen
            ]
            assert not may_be_computed(equations, target), (chosen, whole, part)


@given(figures())
def test_as_much_is_shown_as_can_be(rows):
    """No other way to put neighbours together shows more of what was registered; and what may be
    shown of all together is shown.
    """
    shown = statistics.groups(rows)
    ways = [
        (0, *cuts, len(rows))
        for size in range(len(rows))
        for cuts in itertools.combinations(range(1, len(rows)), size)
    ]
    possible = [
        len(way) - 1
        for way in ways
        if all(
            small_counts.is_safe(sum(row["registered"] for row in rows[a:b]))
            for a, b in itertools.pairwise(way)
        )
    ]
    assert len(shown["registered"]) == max(possible, default=0)
    for whole, part in itertools.pairwise(statistics.COUNTS):
        of_whole, of_part = (sum(row[name] for row in rows) for name in (whole, part))
        if (
            shown[whole]
            and small_counts.is_safe(of_part)
            and small_counts.is_safe(of_whole - of_part)
        ):
            assert shown[part]


@given(st.lists(COUNTS, max_size=20), st.lists(COUNTS, max_size=5))
def test_a_period_that_is_closed_never_changes(months, later):
    ends = small_counts.closed_periods(months)
    assert small_counts.closed_periods([*months, *later])[: len(ends)] == ends
    for first, end in itertools.pairwise([0, *ends]):
        assert small_counts.is_safe(sum(months[first:end]))


# --- the book ---


def folder(tmp_path, *, change=("", ""), **files):
    for path in (ROOT / "deploy/desk").glob("*.toml"):
        text = path.read_text(encoding="utf-8").replace(*change) if change[0] else path.read_text()
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (('unit = "billing"', 'unit = "money"'), "there is no unit money"),
        (('code = "bill"', 'code = "conduct"'), "conduct stands twice"),
        (('kinds = ["complaint"]', 'kinds = ["song"]'), "Use one of: request"),
        (("first_response = { hours = 7 }", "first_response = {}"), "say hours"),
        (("groundwater@water.example", "groundwater"), "name@host"),
        (("after_answer_days = 20,", ""), "closing.after_answer_days: Missing"),
        (('county = "gachsaran"', 'county = "tehran"'), "there is no county tehran"),
        (("supervisor@staff.water.example", "supervisor"), "roles.supervisor"),
    ],
)
def test_a_wrong_book_is_refused_and_the_place_is_named(tmp_path, change, text):
    with pytest.raises(bus_books.BadBook) as refused:
        books.read(folder(tmp_path, change=change))
    assert any(text in fault for fault in refused.value.faults), refused.value.faults


def test_a_promise_is_the_most_special_row_in_force_on_the_day():
    book = Book(books.read(ROOT / "deploy/desk"))
    today = dt.date(2026, 11, 23)
    assert book.promise("bill", "complaint", today).spans["solution"].minutes == 70 * 60
    assert book.promise("illegal_well", "complaint", today).spans["first_response"].minutes == 210
    assert book.promise("illegal_well", "objection", today).spans["solution"].days == 20
    assert book.promise("bill", "complaint", dt.date(2020, 1, 1)).spans == {}


def command(*arguments, **environ):
    return run_module(*arguments, **environ)


def test_the_command_names_every_fault_and_changes_nothing(tmp_path, ticketing_db):
    bad = folder(tmp_path, change=('unit = "billing"', 'unit = "money"'))
    done = command("services.ticketing.books", str(bad), DB_URL=ticketing_db)
    assert done.returncode == 1
    assert "there is no unit money" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_book_again_is_no_new_version(ticketing_db):
    for _ in range(2):
        done = command("services.ticketing.books", "deploy/desk", DB_URL=ticketing_db)
        assert done.stdout == "Version 1 of the book of the desk is in force.\n"


def test_an_account_is_given_the_address_of_its_notices(ticketing_db):
    put = ["put", "x", "--name", "x", "--role", "clerk", "--unit", "billing", "--no-password"]
    for more in (["--email", "X@Office.EXAMPLE"], []):
        done = command("services.ticketing.accounts.staff", *put, *more, DB_URL=ticketing_db)
        assert done.returncode == 0, done.stderr
    kept = execute(ticketing_db, "select notice_email, notice_unproven from staff")
    assert kept == [(None, "X@office.example")]  # its colleague proves it


@pytest.mark.parametrize("module", ["books", "accounts.staff", "incoming_mail.server"])
def test_a_command_tells_how_it_is_used(module):
    done = command(f"services.ticketing.{module}", "--help")
    assert done.returncode == 0
    assert f"python -m services.ticketing.{module}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["put", "x", "--name", "x", "--role", "clerk", "--unit", "money"], "no unit money"),
        (["put", "x", "--name", "x", "--role", "clerk", "--unit", "billing"], "at least 10"),
        (["put", "x", "--name", "x", "--role", "king", "--unit", "billing"], "invalid choice"),
    ],
)
def test_a_wrong_account_is_refused_with_a_sentence(ticketing_db, arguments, text):
    done = command("services.ticketing.accounts.staff", *arguments, DB_URL=ticketing_db)
    assert done.returncode in (1, 2)
    assert text in done.stderr
    assert "Traceback" not in done.stderr
