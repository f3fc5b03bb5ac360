"""Names are nouns of the field or verbs with an object; a participle or pronoun is no name."""

import ast
import re

from tests.house.test_sizes import ROOT, modules, suite

BANNED = frozenset(
    """told asked found known one each some those who why what given seen said all_ tried taken
    heard""".split()  # noqa: SIM905 - a list of words reads as words
)

# What binds no name: strings and comments, in which words of the dialect are plain English; what an
# f-string computes may bind one.
STRING = r'''(?:"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')'''
PROSE = re.compile(rf"(?P<kept>\b[rR]?[fF][rR]?{STRING})|{STRING}|#[^\n]*", re.DOTALL)
WORD = re.compile(rf"\b(?:{'|'.join(sorted(BANNED))})\b", re.IGNORECASE)


def names(tree):
    """Where a name is bound: (line, name); a field may have to be called as the wire is."""
    fields = set()
    for node in ast.walk(tree):  # a class comes before what stands in it
        if isinstance(node, ast.ClassDef):
            fields |= {id(entry.target) for entry in node.body if isinstance(entry, ast.AnnAssign)}
        if id(node) in fields:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name.lower()
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield 0, node.asname


def test_no_name_is_of_the_dialect():
    dialect = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path, text in (*modules(), *suite())
        if WORD.search(PROSE.sub(r"\g<kept>", text))  # to read the tree of each takes ten seconds
        for line, name in names(ast.parse(text))
        if name in BANNED
    ]
    assert dialect == []
