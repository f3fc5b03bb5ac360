"""What is not documented, or documented wrongly, fails."""

import re

import pytest
import yaml

from contracts.notify.callbacks import CALLBACK_TYPES, TEST
from gateway.http.problems import PROBLEMS
from services.inquiry.domain.purposes import PURPOSES
from tests.processes import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "connector").glob("*.md")]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def leads_somewhere(path):
    """True for what is there, and for the page of contracts, which is built."""
    return path.exists() or path == ROOT / "docs/contracts.md"


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not leads_somewhere(page.parent / link)] == []


def test_the_first_screen_says_how_to_start_and_to_test():
    head = "\n".join(text("README.md").splitlines()[:45])
    for words in ("make up", "make test", "python -m connector ask", "curl"):
        assert words in head


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_is_in_the_error_table_with_the_same_words(code):
    problem = PROBLEMS[code]
    assert f"| `{code}` | {problem.title} | {problem.what_to_do} |" in text("docs/join.md")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_purpose_is_told_to_agencies_with_its_keys_and_blocks(purpose):
    reply = next(line for line in text("docs/join.md").splitlines() if f"| `{purpose}` |" in line)
    for word in (*PURPOSES[purpose].key_kinds, *PURPOSES[purpose].blocks):
        assert word in reply


def test_every_alert_has_its_heading_in_the_runbook():
    groups = yaml.safe_load(text("deploy/watch/alerts.yml"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    headings = {
        line[3:].strip().lower()
        for line in text("docs/operate.md").splitlines()
        if line.startswith("## ")
    }
    for rule in rules:
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operate.md"
        assert anchor in headings


def test_every_decision_is_in_the_index():
    index = text("docs/decisions/README.md")
    for page in (ROOT / "docs/decisions").glob("0*.md"):
        assert page.name in index
        for part in ("Status:", "**Context.**", "**Decision.**", "**Consequence.**"):
            assert part in page.read_text(encoding="utf-8")


def test_every_fate_of_the_table_names_a_test_that_exists():
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    named = re.findall(r"`(test_[a-z0-9_]+)`", text("docs/architecture.md"))
    assert len(named) >= 12
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_every_file_that_a_page_names_exists():
    for page in ("docs/architecture.md", "docs/glossary.md", "docs/operate.md", "README.md"):
        for name in re.findall(
            r"`((?:bus|services|gateway|connector|deploy)/[\w/.]+\.\w+)`", text(page)
        ):
            assert (ROOT / name).exists(), (page, name)


def test_every_command_of_the_makefile_that_a_page_names_exists():
    makefile = text("Makefile")
    for page in PAGES:
        for name in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert f"\n{name}:" in makefile, (page.name, name)


def test_the_worked_signature_of_the_join_page_is_right():
    import base64

    from bus.signatures.digest import check_digest
    from bus.signatures.keys import SigningKey

    page = text("docs/join.md")
    blocks = [
        part.split("\n", 1)[1].rstrip("\n")
        for n, part in enumerate(page.split("```"))
        if n % 2 and part.startswith("\n")
    ]
    body, base, headers = (
        blocks[0],
        blocks[1],
        dict(line.split(": ", 1) for line in blocks[2].splitlines()),
    )
    key = SigningKey.load(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")
    signature = base64.b64decode(headers["Signature"].split(":")[1])
    assert key.public.verify(signature, base.encode())
    check_digest({"content-digest": headers["Content-Digest"]}, body.encode())


def test_d20_the_types_of_call_backs_are_those_of_the_contract():
    page = text("docs/webhooks.md")
    named = re.findall(r"^\| `([a-z.]+)` \|", page, re.MULTILINE)
    assert named == list(CALLBACK_TYPES)
    assert f"`{TEST}` comes only when you ask for it" in page
    assert '`POST /v1/notify/test_callback` with `{"callback": "..."}`' in page
