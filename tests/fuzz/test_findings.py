"""What fuzzing found stays mended: each kept input is taken, or refused as declared."""

from tests.fuzz import parsers
from tests.fuzz.__main__ import rooms
from tests.fuzz.all import PARSERS


def test_no_input_that_was_ever_found_is_a_fault_any_more():
    inputs = [(name, file.name, file.read_bytes()) for name, file in parsers.findings()]
    inputs += [
        (p.name, f"seed {n}", raw) for p in PARSERS.values() for n, raw in enumerate(p.seeds())
    ]
    faults = {(name, file): PARSERS[name].judge(raw) for name, file, raw in inputs}
    assert {which: fault for which, fault in faults.items() if fault} == {}


def test_each_parser_has_a_room_that_guides_it_and_says_what_it_reads():
    assert rooms().keys() == PARSERS.keys()
    assert set(rooms().values()) == set(parsers.GUIDED)
    assert all(parser.about for parser in PARSERS.values())
