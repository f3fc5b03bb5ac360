"""Every code that the code can refuse with has a page that says what to do."""

import ast
import re
from functools import cache

from gateway.http.problems import PROBLEMS, without_repeats
from tests.processes import ROOT

CODE = re.compile(
    r"(?:code=|SignatureError\(\s*|HttpError\(\s*|default_code = "
    r'|refus(?:ed|al)\(\s*\w+,\s*"\w+",\s*)"([a-z_]+(?:\.[a-z_]+)+)"'
)
QUOTED = re.compile(r'"([a-z0-9_.]+)"')
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
    "callback.token",
}


FOLDERS = ("bus", "contracts", "members", "people", "services", "gateway")


@cache
def texts():
    """The code in which refusals stand, by its path."""
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {path: path.read_text(encoding="utf-8") for path in paths}


@cache
def codes():
    return {code for text in texts().values() for code in CODE.findall(text)}


def test_every_code_has_its_problem():
    # What is wrong with a receipt is for who verifies it, and refuses no call.
    inside = {code for code in codes() if code.startswith("evidence.")} | INSIDE
    assert codes() - set(PROBLEMS) - inside == set()


def test_the_search_for_codes_finds_them():
    assert {
        "signature.unknown_key",
        "http.too_large",
        "purpose.not_granted",
        "batch.not_ready",
        "deadline.passed",
    } <= codes()


def test_no_problem_stands_there_that_nothing_refuses_with():
    code = "".join(text for path, text in texts().items() if path.name != "problems.py")
    assert [name for name in PROBLEMS if f'"{name}"' not in code] == []


def text_of(node):
    """The text of an argument, as far as it stands in the code."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "5" for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (text_of(node.left) or "") + (text_of(node.right) or "")
    return None


@cache
def refusals():
    """The codes of all refusals with their sentences, as they stand in the code."""
    return frozenset(
        pair
        for text in texts().values()
        if set(QUOTED.findall(text)) & set(PROBLEMS)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        for pair in sentences(node)
    )


def sentences(call):
    """Each problem's code that a call has, with each sentence beside it."""
    texts = [text_of(arg) for arg in call.args]
    codes = [text_of(k.value) for k in call.keywords if k.arg == "code"]
    for code in {*texts, *codes} & set(PROBLEMS):
        yield from ((code, text) for text in texts if text and " " in text)


def clauses(text):
    words = (re.findall(r"[a-z0-9_/-]+", part.lower()) for part in re.split(r"[.;:]\s", text + " "))
    return {" ".join(word) for word in words if len(word) > 1}


def test_d17_no_problem_says_one_thing_twice():
    pairs = refusals()
    assert len(pairs) > 100
    for code, sentence in pairs:
        advice = PROBLEMS[code].what_to_do
        reply = without_repeats({"detail": sentence, "what_to_do": advice})
        assert not clauses(reply["detail"]) & clauses(advice), (code, reply)


def test_d17_no_problem_repeats_its_title():
    for code, problem in PROBLEMS.items():
        assert not clauses(problem.title) & clauses(problem.what_to_do), code


def test_d17_a_header_has_one_rule_on_all_faces():
    """A UUID in quotes is what each face takes, whatever else it takes."""
    rules = {text for code, text in refusals() if code == "idempotency_key.invalid"}
    advice = PROBLEMS["idempotency_key.invalid"].what_to_do
    assert "UUID" in advice
    assert not re.search(r"[0-9]", advice)
    assert rules
