"""Reads a PDF that an agency made, in a confined child process: is it a letter and nothing else.

The whole file is parsed and every object in it looked at, however its names are written: whoever
looks for words in the bytes is passed by `/J#61vaScript` and by compressed objects.
"""

import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, PdfObject

from bus.foreign import confined
from bus.foreign.confined import Bounds, Unreadable

BOUNDS = Bounds(cpu_seconds=10, wall_seconds=20.0, memory=512 * 1024 * 1024, output=1024)
MOST_OBJECTS, PAGES = 50_000, range(1, 101)
HEAD = b"%PDF-"
# Entries that carry files, or do something when the document is opened, shown or clicked.
FORBIDDEN_KEYS = {
    "/JS": "a script",
    "/JavaScript": "a script",
    "/AA": "an action",
    "/OpenAction": "an action",
    "/EmbeddedFiles": "an embedded file",
    "/EmbeddedFile": "an embedded file",
    "/EF": "an embedded file",
    "/RF": "an embedded file",
    "/AF": "an embedded file",
    "/Collection": "an embedded file",
    "/XFA": "a form with scripts",
    "/RichMedia": "media",
    "/RichMediaContent": "media",
}
FORBIDDEN_ACTIONS = {
    "/JavaScript": "a script",
    "/Launch": "an action that starts a program",
    "/SubmitForm": "an action",
    "/ImportData": "an action",
    "/GoToE": "an action",
    "/GoToR": "an action",
    "/Thread": "an action",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/RichMediaExecute": "media",
    "/GoTo3DView": "media",
}
FORBIDDEN_TYPES = {
    "/FileAttachment": "an embedded file",
    "/EmbeddedFile": "an embedded file",
    "/RichMedia": "media",
    "/Screen": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/3D": "media",
}


class Judged(NamedTuple):
    """``fault`` says what is wrong, as the end of "Letter content must not ..."; "" if nothing."""

    pages: int
    fault: str


UNREADABLE = "be anything else than a whole PDF"
LOCKED = "be protected by a password"


def judge(content: bytes) -> Judged:
    """What a PDF is, read in a child process. Unavailable if no child can be had now."""
    if not content.startswith(HEAD):
        return Judged(0, UNREADABLE)
    try:
        pages, fault = confined.run(read, content, bounds=BOUNDS)
    except Unreadable:
        return Judged(0, UNREADABLE)
    return Judged(int(pages), str(fault))


def read(stream: BinaryIO) -> tuple[int, str]:
    """Number of pages and fault; in the child."""
    try:
        reader = PdfReader(io.BytesIO(stream.read()), strict=False)
        if reader.is_encrypted:
            return 0, LOCKED
        contents = next(faults(reader), "")
        pages = 0 if contents else len(reader.pages)
        for page in reader.pages if pages in PAGES and not contents else ():
            page.mediabox  # noqa: B018 - a page without a size is none
    except (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return 0, UNREADABLE
    if not contents and pages not in PAGES:
        return pages, f"have no page, or more than {PAGES[-1]}"
    return pages, f"contain {contents}" if contents else ""


def faults(reader: PdfReader) -> Iterator[str]:
    """What stands in any object of the file, reached from a page or not, that no letter has."""
    todo: list[object] = [reader.trailer]
    for generation, numbers in reader.xref.items():
        todo += [IndirectObject(number, generation, reader) for number in numbers if number]
    todo += [IndirectObject(number, 0, reader) for number in reader.xref_objStm]
    visited: set[tuple[int, int]] = set()
    count = 0
    while todo:
        count += 1
        if count > MOST_OBJECTS * 10 or len(visited) > MOST_OBJECTS:
            yield "too many objects"
            return
        item = todo.pop()
        if isinstance(item, IndirectObject):
            if (item.idnum, item.generation) in visited:
                continue
            visited.add((item.idnum, item.generation))
            item = item.get_object()
        if isinstance(item, DictionaryObject):
            yield from _of_dictionary(item)
            todo += [dict.__getitem__(item, name) for name in item]
        elif isinstance(item, ArrayObject):
            todo += list(list.__iter__(item))


def _of_dictionary(item: DictionaryObject) -> Iterator[str]:
    for name in item:
        if fault := FORBIDDEN_KEYS.get(str(name)):
            if name == "/OpenAction" and _is_place(item[name]):
                continue
            yield fault
    for name, kinds in (
        ("/S", FORBIDDEN_ACTIONS),
        ("/Type", FORBIDDEN_TYPES),
        ("/Subtype", FORBIDDEN_TYPES),
    ):
        value: PdfObject | None = item.get(name)
        if isinstance(value, NameObject) and (fault := kinds.get(str(value))):
            yield fault


def _is_place(value: object) -> bool:
    """Whether it only says where reading begins, as common programs write it."""
    return isinstance(value, ArrayObject) or (
        isinstance(value, DictionaryObject) and value.get("/S") == "/GoTo"
    )
