"""Every code that the code can refuse with has a page that says what to do."""

import ast
import re

from gateway.http.problems import PROBLEMS, without_repeats
from tests.processes import ROOT

CODE = re.compile(
    r"(?:code=|SignatureError\(\s*|HttpError\(\s*|default_code = "
    r'|refus(?:ed|al)\(\s*\w+,\s*"\w+",\s*)"([a-z_]+(?:\.[a-z_]+)+)"'
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


def codes():
    result = set()
    for folder in ("bus", "contracts", "members", "people", "services", "gateway"):
        for path in (ROOT / folder).rglob("*.py"):
            result |= set(CODE.findall(path.read_text(encoding="utf-8")))
    return result


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
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("bus", "contracts", "members", "people", "services", "gateway")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "problems.py"
    )
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


def refusals():
    """The codes of all refusals with their sentences, as they stand in the code."""
    for folder in ("bus", "contracts", "members", "people", "services", "gateway"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    texts = [text_of(arg) for arg in node.args]
                    codes = [text_of(k.value) for k in node.keywords if k.arg == "code"]
                    for code in {*texts, *codes} & set(PROBLEMS):
                        yield from ((code, text) for text in texts if text and " " in text)


def clauses(text):
    words = (re.findall(r"[a-z0-9_/-]+", part.lower()) for part in re.split(r"[.;:]\s", text + " "))
    return {" ".join(word) for word in words if len(word) > 1}


def test_d17_no_problem_says_one_thing_twice():
    pairs = set(refusals())
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
