"""Signed copies of the register in a folder: each file is whole at every moment."""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SUFFIX = ".jws"


# Any: copies as JSON
def write(folder: Path, copies: Iterable[Mapping[str, Any]], *, whole: bool = False) -> None:
    """Puts copies (``code``, ``jws``) into the folder, and removes those whose ``jws`` is None;
    with ``whole`` also those that are not named. OSError if the folder cannot be written.

    The code of an agency has no other characters than a-z, 0-9 and -, so it is a file's name.
    """
    named = set()
    for copy in copies:
        path = folder / f"{copy['code']}{SUFFIX}"
        named.add(path.name)
        if copy["jws"] is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != copy["jws"].encode():
            _replace(path, copy["jws"])
    if whole:
        for path in folder.glob(f"*{SUFFIX}"):
            if path.name not in named:
                path.unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    """Replace the file atomically."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)
