"""The markup of letters and e-mails: a template's body as plain text and as HTML.

Only what the template's author wrote is markup: headings (#, ##), lists (*, 1.), insets (^), rules
(---) and links. The body is taken apart before the values are put in, so that no value can become a
link, a heading or an element of HTML.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlsplit

from bus.errors import FieldError, RuleBroken
from services.notify.domain.template import (
    PLACEHOLDER,
    Value,
    Values,
    decide_conditions,
    flat,
    key,
    keyed,
)

_HOLDER = r"\(\([^()\n]+\)\)"
_LINK = re.compile(
    rf"\[(?P<label>[^\]\n]+)\]\((?P<target>(?:{_HOLDER}|[^\s()])+)\)"
    rf"|(?P<bare>https?://(?:{_HOLDER}|[^\s()<>\"\[\]])+)"
)
_BLOCKS = (
    ("h2", re.compile(r"# ?(?=[^#\s])")),
    ("h3", re.compile(r"## ?(?=[^#\s])")),
    ("ul", re.compile(r"[*\u2022-] (?=\S)")),
    ("ol", re.compile(r"[0-9]{1,3}\. (?=\S)")),
    ("blockquote", re.compile(r"\^ ?(?=\S)")),
    ("hr", re.compile(r"(?:---+|\*\*\*+)\s*\Z")),
)
_RULE = "-" * 20
_STYLE = {
    "body": "margin:0;padding:16px;background:#fff;color:#111;"
    "font:16px/1.9 Tahoma,Arial,sans-serif",
    "main": "max-width:600px;margin:0 auto",
    "blockquote": "margin:16px 0;padding:8px 16px;border-inline-start:8px solid #b1b4b6",
    "footer": "margin-top:32px;padding-top:12px;border-top:1px solid #b1b4b6;color:#444;"
    "font-size:14px",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A body as plain text, and as the HTML of its blocks."""

    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Writer:
    """How the parts of a line are written in one of the two forms."""

    values: Mapping[str, Value]
    language: str
    literal: Callable[[str], str]
    value: Callable[[str], str]
    link: Callable[[str, str], str]

    def line(self, line: str) -> str:
        """A line of the author with its links and values."""
        done, at = [], 0
        for match in _LINK.finditer(line):
            done += [self._plain(line[at : match.start()]), self._link(match)]
            at = match.end()
        return "".join((*done, self._plain(line[at:])))

    def _plain(self, line: str) -> str:
        done, at = [], 0
        for match in PLACEHOLDER.finditer(line):
            value = flat(self.values[key(match[1])], self.language)
            done += [self.literal(line[at : match.start()]), self.value(value)]
            at = match.end()
        return "".join((*done, self.literal(line[at:])))

    def _link(self, match: re.Match[str]) -> str:
        raw = match["target"] or match["bare"]
        target = PLACEHOLDER.sub(self._in_target, raw)
        if match["bare"]:
            return self.link(target, self.literal(target))
        if _scheme(target) not in ("http", "https", "mailto"):
            return self._plain(match[0])
        return self.link(target, self._plain(match["label"]))

    def _in_target(self, match: re.Match[str]) -> str:
        """A value within a link: a whole address where it begins the link, else a part of one."""
        value = flat(self.values[key(match[1])])
        if match.start():
            return quote(value, safe="")
        if not re.fullmatch(r"https?://[^\s()<>\"\[\]]+", value):
            raise RuleBroken(
                f"The value of {match[1]} must be an address that begins with https://.",
                code="template.value",
                fields=[FieldError(f"personalisation.{match[1]}", "link", "Give an address.")],
            )
        return value


def render(body: str, values: Values, language: str) -> Rendered:
    """The body with its values. RuleBroken ``template.value`` if a link's value is no address."""
    by_key = keyed(values)
    blocks = _blocks(decide_conditions(body, by_key), by_key)
    text = _Writer(by_key, language, str, str, _text_link)
    markup = _Writer(by_key, language, escape, _bdi, _html_link)
    return Rendered(
        "\n\n".join(_text_block(kind, lines, text) for kind, lines in blocks),
        "\n".join(_html_block(kind, lines, markup) for kind, lines in blocks),
    )


def _blocks(body: str, by_key: Mapping[str, Value]) -> list[tuple[str, list[str]]]:
    """(kind, lines) of each block; lines of one kind that follow each other are one block."""
    blocks: list[tuple[str, list[str]]] = []
    open_ = ""
    for line in body.split("\n"):
        if not line.strip():
            open_ = ""
            continue
        kind, rest = _kind(line.strip())
        lines = [rest]
        alone = PLACEHOLDER.fullmatch(rest)
        if alone and kind in ("p", "ul", "ol") and not isinstance(by_key[key(alone[1])], str):
            kind = "ul" if kind == "p" else kind
            lines = [f"{rest}\0{i}" for i in range(len(by_key[key(alone[1])]))]
        if kind == open_ and kind in ("p", "ul", "ol", "blockquote"):
            blocks[-1][1].extend(lines)
        else:
            blocks.append((kind, lines))
        open_ = kind
    return blocks


def _kind(line: str) -> tuple[str, str]:
    for kind, pattern in _BLOCKS:
        if match := pattern.match(line):
            return kind, line[match.end() :]
    return "p", line


def _written(line: str, writer: _Writer) -> str:
    """A line; ``((name))\\0n`` is the nth member of a list."""
    holder, cut, number = line.partition("\0")
    if not cut:
        return writer.line(line)
    match = PLACEHOLDER.fullmatch(holder)
    assert match is not None
    return writer.value(writer.values[key(match[1])][int(number)])


def _text_block(kind: str, lines: list[str], writer: _Writer) -> str:
    rows = [_written(line, writer) for line in lines]
    if kind == "hr":
        return _RULE
    if kind == "ul":
        rows = [f"• {line}" for line in rows]
    if kind == "ol":
        rows = [f"{number}. {line}" for number, line in enumerate(rows, 1)]
    return "\n".join(rows)


def _html_block(kind: str, lines: list[str], writer: _Writer) -> str:
    if kind == "hr":
        return "<hr>"
    rows = [_written(line, writer) for line in lines]
    if kind in ("ul", "ol"):
        items = "".join(f"<li>{line}</li>" for line in rows)
        return f"<{kind}>{items}</{kind}>"
    style = f' style="{_STYLE[kind]}"' if kind in _STYLE else ""
    return f"<{kind}{style}>{'<br>'.join(rows)}</{kind}>"


def _scheme(target: str) -> str:
    """The scheme of an address; empty for what is none, such as one with half a bracket."""
    try:
        return urlsplit(target).scheme
    except ValueError:
        return ""


def _bdi(value: str) -> str:
    """A value keeps its own direction, and its line breaks."""
    return f"<bdi>{escape(value)}</bdi>".replace("\n", "<br>")


def _text_link(target: str, label: str) -> str:
    return label if label == target else f"{label}: {target}"


def _html_link(target: str, label: str) -> str:
    return f'<a href="{escape(target)}">{label}</a>'


def document(subject: str, html: str, language: str, sender: str) -> str:
    """A whole page of HTML for an e-mail, in the direction of its language."""
    direction = "rtl" if language == "fa" else "ltr"
    return (
        f'<!doctype html>\n<html lang="{language}" dir="{direction}">\n<head>'
        f'<meta charset="utf-8"><title>{escape(subject)}</title></head>\n'
        f'<body style="{_STYLE["body"]}"><div style="{_STYLE["main"]}">\n{html}\n'
        f'<p style="{_STYLE["footer"]}">{escape(sender)}</p>\n</div></body>\n</html>\n'
    )
