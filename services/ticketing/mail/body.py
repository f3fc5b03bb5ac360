"""The text and the files of an e-mail: its own inline texts in their order, all else as files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.ticketing.mail import headers, html, parts
from services.ticketing.mail.parts import Part

# Octets of one part, and characters of all texts, that are worked on.
TEXT_OCTETS, TEXT_MOST = 4 * 1024 * 1024, 1_000_000
FILES_MOST, FILES_OCTETS, ALTERNATIVES_MOST = 50, 32 * 1024 * 1024, 10
# So many characters more than the plain text has, the page is another text.
LITTLE = 50
FORWARDED = ("message/rfc822", "message/global")
# What programs add for programs; people see it in no e-mail.
_SIGNATURES = (
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
)
_FOR_PROGRAMS = ("text/calendar", "text/x-amp-html", "text/x-watch-html", "text/rfc822-headers")
_PGP = re.compile(r"(?m)^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]+: [^\n]*\n){0,20}\n")
_PGP_END = re.compile(r"(?m)^-----BEGIN PGP SIGNATURE-----$")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of an e-mail; ``kind`` is what its sender declares, ``inline`` stands in the text."""

    name: str
    content: bytes
    kind: str = "application/octet-stream"
    inline: bool = False


class Body:
    """The texts of an e-mail, each read once and all together within bounds, and its files."""

    def __init__(self, root: Part) -> None:
        self._root, self._budget = root, TEXT_OCTETS
        self._texts: dict[int, str] = {}
        self._cut: set[int] = set()
        self._shown = list(self._parts_shown(root))
        if not any(map(self._text, self._shown)):
            named = (p for p in parts.leaves(root) if p.kind == "text/plain" and p.name)
            self._shown = [part for part in named if part.disposition != "attachment"][:1]

    def text(self) -> str:
        """All inline texts of the e-mail itself; if there is none, one that has a file's name."""
        texts = "\n\n".join(filter(None, map(self._text, self._shown)))
        return _without_armour(texts)[:TEXT_MOST].strip()

    def files(self) -> tuple[list[Attached], int]:
        """The files, those in the text last, and how many are left out as there are too many."""
        shown = {id(part) for part in self._shown} - self._cut
        files: list[Attached] = []
        left_out = octets_taken = 0
        for part in parts.leaves(self._root):
            if id(part) in shown or not (_is_file(part) or id(part) in self._cut):
                continue
            octets_taken += (part.end - part.start) * 3 // 4
            if len(files) >= FILES_MOST or octets_taken > FILES_OCTETS:
                left_out += 1
            else:
                files += _files(part)
        return sorted(files, key=lambda file: file.inline), left_out

    def _parts_shown(self, part: Part) -> Iterator[Part]:
        """The parts whose text is the e-mail; of alternatives the plain one if it says anything."""
        if part.kind == "multipart/alternative" and part.children:
            yield from self._best(part.children[:ALTERNATIVES_MOST])
        elif part.children:
            for child in part.children:
                yield from self._parts_shown(child)
        elif _is_shown(part):
            yield part

    def _best(self, choices: list[Part]) -> list[Part]:
        shown = [list(self._parts_shown(choice)) for choice in choices]
        with_text = [choice for choice in shown if any(map(self._text, choice))]
        plain = [c for c in with_text if all(part.kind == "text/plain" for part in c)]
        if plain and self._says_little(plain[0], with_text[-1]):
            return with_text[-1]
        return (plain or with_text or [[]])[0]

    def _says_little(self, plain: list[Part], other: list[Part]) -> bool:
        """True for "your program cannot show this e-mail" beside the e-mail itself."""
        sizes = [sum(map(str.isalnum, "".join(map(self._text, c)))) for c in (plain, other)]
        return sizes[1] > LITTLE + 2 * sizes[0]

    def _text(self, part: Part) -> str:
        if id(part) not in self._texts:
            octets = part.end - part.start
            size = min(octets, self._budget)
            self._budget -= size
            text = _one_text(part, size).strip() if size else ""
            if size < octets or len(text) > TEXT_MOST:
                # Longer than what is worked on: it is a file too.
                self._cut.add(id(part))
            self._texts[id(part)] = text
        return self._texts[id(part)]


def _is_shown(part: Part) -> bool:
    if part.kind.startswith("multipart/"):
        # Its boundary is nowhere: the whole is text.
        return True
    is_text = part.kind.startswith("text/") and part.kind not in _FOR_PROGRAMS
    return is_text and not part.name and part.disposition != "attachment"


def _one_text(part: Part, most: int) -> str:
    if part.kind == "text/html":
        return html.to_text(part.text(most))
    text = part.text(most)
    if part.parameter("format").lower() == "flowed":
        return _unflowed(text, part.parameter("delsp").lower() == "yes")
    return text


def _unflowed(text: str, drop_space: bool) -> str:
    """Paragraphs as one line each (RFC 3676)."""
    lines: list[str] = []
    pieces: list[str] = []
    depth_before = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if pieces and depth != depth_before:
            lines.append(_quoted(depth_before, pieces))
            pieces = []
        flows = content.endswith(" ") and content != "-- "
        pieces.append(content[:-1] if flows and drop_space else content)
        depth_before = depth
        if not flows:
            lines.append(_quoted(depth, pieces))
            pieces = []
    if pieces:
        lines.append(_quoted(depth_before, pieces))
    return "\n".join(lines)


def _quoted(depth: int, pieces: list[str]) -> str:
    return (">" * depth + " " if depth else "") + "".join(pieces)


def _without_armour(text: str) -> str:
    """The text that PGP signed, without the signs around it (RFC 9580, section 7)."""
    begin, end = _PGP.search(text), _PGP_END.search(text)
    if not (begin and end and begin.end() <= end.start()):
        return text
    signed = re.sub(r"(?m)^- ", "", text[begin.end() : end.start()])
    return f"{text[: begin.start()]}{signed}"


def _is_file(part: Part) -> bool:
    if part.kind in _SIGNATURES or part.kind.startswith("multipart/"):
        return False
    if part.kind in ("text/plain", "text/html") and not part.name:
        # The other choice of alternatives, unless it was sent as a file.
        return part.disposition == "attachment"
    is_for_programs = part.kind in _FOR_PROGRAMS or part.kind.startswith("message/delivery")
    return not (is_for_programs and not part.name)


def _files(part: Part) -> list[Attached]:
    content = part.content()
    inline = bool(part.head.raw("content-id")) and part.disposition != "attachment"
    if part.kind not in FORWARDED:
        return [Attached(part.name or "attachment", content, part.kind, inline)]
    head = headers.split(content)
    subject = head.text("subject")[: parts.NAME_MOST - 4] or "letter"
    name = re.sub(r"[\\/:*?\"<>|]", " ", part.name.removesuffix(".eml") or subject).strip()
    return [
        # The e-mail as it is, and as people read it.
        Attached(f"{name}.eml", content, part.kind),
        Attached(f"{name}.txt", _readable(head, content).encode(), "text/plain"),
    ]


def _readable(head: headers.Head, content: bytes) -> str:
    """A forwarded e-mail as people read it, with those that are forwarded in it."""
    lines = ["----- نامه پیوست / Forwarded letter -----"]
    for label in ("From", "Date", "To", "Subject"):
        lines.append(f"{label}: {head.text(label.lower())}")
    return "\n".join([*lines, "", Body(parts.parse(content).root).text() or "-"])
