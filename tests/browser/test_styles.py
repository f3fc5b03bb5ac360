"""One look for all pages: each class in a template has a rule, each rule a use, no page its own."""

import re

import pytest

from tests.processes import ROOT

TEMPLATES, STATIC = ROOT / "gateway/templates", ROOT / "gateway/static"
# Which style sheets the pages below a folder of templates have.
SHEETS = {"documents": ("print.css",), "": ("mirab.css", "reference.css")}
# States of things, which are classes as they are: of tickets, clocks, parts, bills.
STATES = frozenset(
    """
    new open paused answered closed merged running missed late met citizen unit internal
    up down degraded maintenance incident PAID WAIVED VOID EXPIRED
    """.split()  # noqa: SIM905 - a list of words reads as words
)
# Put together by a template, a chart or a block.
BUILT = frozenset(
    {"broad", *(f"{part}{n}" for part in ("l", "deep", "heat-") for n in range(1, 5))}
)
COMMENT, BLOCK = re.compile(r"/\*.*?\*/", re.DOTALL), re.compile(r"\{[^{}]*\}")
AT_RULE = re.compile(r"@(media|font-face|page)[^{]*")
SELECTOR = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
ATTRIBUTE = re.compile(r'\bclass="((?:\{\{.*?\}\}|\{%.*?%\}|[^"])*)"|\bclass=([\w-]+)')
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
# In an expression: what is compared, and what a macro is called with, is no class.
NO_RESULT = re.compile(r"\bif\b.*?(?=\belse\b|$)|\w+\([^()]*\)")
LITERAL = re.compile(r"'([^']*)'|\"([^\"]*)\"")
NAME = re.compile(r"[A-Za-z][\w-]*")


def ruled(sheet):
    """The classes that have a rule."""
    text = AT_RULE.sub("", COMMENT.sub("", (STATIC / sheet).read_text(encoding="utf-8")))
    return set(SELECTOR.findall(BLOCK.sub("{}", text)))


def templates(folder):
    """The templates of a folder; of "" all that are in no other folder with sheets of its own."""
    others = [TEMPLATES / name for name in SHEETS if name and name != folder]
    return [
        path
        for path in sorted((TEMPLATES / folder).rglob("*.html"))
        if not any(other in path.parents for other in others)
    ]


def classes(text):
    """The classes that a template writes out, also in the branches of an expression."""
    names = set()
    for quoted, bare in ATTRIBUTE.findall(text):
        names |= {bare, *EXPRESSION.sub("\0", quoted).split()}
        for expression in EXPRESSION.findall(quoted):
            for literal in LITERAL.findall(NO_RESULT.sub("", expression)):
                names |= set("".join(literal).split())
    return {name for name in names if NAME.fullmatch(name)}


def used(folder):
    """The classes of templates, and what Python and scripts name: of charts, of what they make."""
    names = set(STATES | BUILT)
    for path in templates(folder):
        names |= classes(path.read_text(encoding="utf-8"))
    for path in (*(ROOT / "gateway").rglob("*.py"), *STATIC.glob("*.js")):
        names |= set(NAME.findall(path.read_text(encoding="utf-8")))
    return names


@pytest.mark.parametrize("folder", SHEETS)
def test_each_class_in_a_template_has_a_rule(folder):
    rules = set().union(*map(ruled, SHEETS[folder]))
    missing = {
        str(path.relative_to(TEMPLATES)): sorted(names)
        for path in templates(folder)
        if (names := classes(path.read_text(encoding="utf-8")) - rules)
    }
    assert missing == {}


@pytest.mark.parametrize("folder", SHEETS)
def test_each_rule_has_a_use(folder):
    rules = set().union(*map(ruled, SHEETS[folder]))
    assert sorted(rules - used(folder)) == []


def test_no_page_has_a_style_of_its_own():
    # A file that people keep has the sheet of all pages in it.
    own = re.compile(r"\sstyle=[\"']|<style>(?!\{\{ style \}\}</style>)|<style\s")
    assert [path.name for path in templates("") if own.search(path.read_text())] == []


def test_no_table_is_called_as_the_section_around_it():
    # Both are landmarks, and who jumps from one to the next hears the name alone.
    heading = re.compile(r'<h\d id="([\w-]+)"[^>]*>(.*?)</h\d>')
    table = re.compile(r'\b(?:dense|short)\([^"]*"([^"]+)"')
    for path in templates(""):
        text = path.read_text(encoding="utf-8")
        sections = set(re.findall(r'<section aria-labelledby="([\w-]+)"', text))
        names = {words.strip() for id_, words in heading.findall(text) if id_ in sections}
        assert names & set(table.findall(text)) == set(), path.name


def test_no_page_names_a_file_of_ours_without_its_version():
    assert [path.name for path in templates("") if '"/static/' in path.read_text()] == []


def test_each_icon_that_is_named_is_drawn_and_each_is_named():
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text("utf-8")))
    files = [*templates(""), *(ROOT / "gateway").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert set(re.findall(r"""\bicon\(["'](\w+)["']""", text)) - drawn == set()
    assert {name for name in drawn if not re.search(rf"""["']{name}["']""", text)} == set()
