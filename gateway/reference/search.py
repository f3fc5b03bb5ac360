"""Search through a reference: operations, guides and problems, by the words that they hold."""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.html import guides
from gateway.http.problems import PROBLEMS
from gateway.reference.panels import Panel
from iran.persian import search_key

MOST = 30
LONGEST = 100
IN_NAME, IN_TITLE, IN_TEXT = 100, 10, 1


class Entry(NamedTuple):
    """Something that is found: ``kind`` is what people call it, ``text`` what is searched too."""

    kind: str
    name: str
    href: str
    title: str
    text: str


class Index:
    """The entries of one face, and what of each is searched."""

    def __init__(self, panels: Iterable[Panel]) -> None:
        self._entries = [
            (entry, search_key(entry.name), search_key(entry.title), search_key(entry.text))
            for entry in (*map(_of_panel, panels), *_of_guides(), *_of_problems())
        ]

    def find(self, question: str) -> list[Entry]:
        """Return the entries that hold all words of a question, the best first; at most MOST."""
        words = search_key(question[:LONGEST]).split()
        if not words:
            return []
        scored = [
            (sum(_score(word, *texts) for word in words), -place, entry)
            for place, (entry, *texts) in enumerate(self._entries)
            if all(any(word in text for text in texts) for word in words)
        ]
        scored.sort(key=lambda hit: hit[:2], reverse=True)
        return [entry for *_, entry in scored[:MOST]]


def _score(word: str, name: str, title: str, text: str) -> int:
    score = IN_NAME if word in name else 0
    score += IN_NAME if word in name.replace(".", " ").split() else 0
    score += IN_TITLE if word in title else 0
    return score + (IN_TEXT if word in text else 0)


def _of_panel(panel: Panel) -> Entry:
    rows = (*panel.fields, *panel.answer_fields)
    words = [f"{row.name} {row.meaning} {row.bounds}" for row in rows]
    return Entry(
        "Contract",
        panel.name,
        panel.href,
        panel.meaning,
        " ".join([panel.path, *panel.errors, *words]),
    )


def _of_guides() -> Iterable[Entry]:
    for name in (*guides.FOR_PROGRAMS, *guides.IN_PERSIAN):
        if name == "contracts.md":  # the panels say the same
            continue
        guide = guides.guide_of(name)
        for heading in guide.headings:
            href = f"/docs/{guide.name}#{heading.id}"
            yield Entry("Guide", heading.text, href, guide.title, heading.words)


def _of_problems() -> Iterable[Entry]:
    for code, problem in PROBLEMS.items():
        yield Entry("Problem", code, f"/problems/{code}", problem.title, problem.what_to_do)
