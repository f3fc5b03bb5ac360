"""Every code that the code can refuse with has a page that says what to do."""

import re

from gateway.problems import PROBLEMS
from tests.conftest import ROOT

CODE = re.compile(
    r"(?:code=|SignatureError\(\s*|HttpError\(\s*|default_code = "
    r'|refused\(\s*\w+,\s*"\w+",\s*)"([a-z_]+(?:\.[a-z_]+)+)"'
)
INSIDE = {  # never leave the process or the bus, or belong to the connector itself
    "message.unreadable",
    "inbox.race",
    "database.busy",
    "broker.slow",
    "broker.refused",
    "rule.broken",
    "identity.unproven",
    "key.unusable",
    "sheet.twice",
    "evidence.unreadable",
    "scanner.unavailable",
    "mail.unanswered",
    "mail.unavailable",
    "provider.refused",
    "provider.unreadable",
    "provider.unreachable",
    # The Notify API has words of its own, and its keys are made by a command.
    "api.refused",
    "api_key.name_taken",
    "api_key.no_service",
}


def codes():
    found = set()
    for folder in ("bus", "services", "gateway"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(CODE.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_code_has_its_problem():
    assert codes() - set(PROBLEMS) - INSIDE == set()


def test_the_search_for_codes_finds_them():
    assert {
        "signature.unknown_key",
        "http.too_large",
        "purpose.not_granted",
        "batch.not_ready",
        "deadline.passed",
    } <= codes()


def test_no_problem_stands_there_that_nothing_refuses_with():
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("bus", "services", "gateway")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "problems.py"
    )
    assert [name for name in PROBLEMS if f'"{name}"' not in code] == []
