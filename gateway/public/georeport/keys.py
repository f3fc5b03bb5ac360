"""The keys of civic apps (Open311): only their SHA-256 is kept."""

import datetime as dt
import hashlib
import hmac
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from bus.process import log
from bus.process.changing_file import ChangingFile
from iran.persian import tehran_day

_HASH = re.compile(r"[0-9a-f]{64}")
_log = log.get("open311")


class Key(NamedTuple):
    """A key: its app, its SHA-256 in hex, its last day.

    ``answers``: the app may show what units write to the writers of its reports.
    ``extended_statuses``: its updates have the finer statuses, as FixMyStreet reads them.
    """

    app: str
    sha256: str
    until: dt.date
    answers: bool = False
    extended_statuses: bool = False


class Keys:
    """All keys of one file; a changed file is in force at once, a broken one changes nothing."""

    def __init__(self, path: Path) -> None:
        try:
            _read(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"OPEN311_KEYS_FILE: {error}") from None
        self._file = ChangingFile(path, _read, _log_refused)

    def find(self, key: str) -> Key | None:
        """Return the entry of a key; None for an unknown or expired one."""
        digest, valid = hashlib.sha256(key.encode()).hexdigest(), None
        today = tehran_day(dt.datetime.now(dt.UTC))
        for entry in self._file.content() or ():  # to the end, so that the time tells nothing
            if hmac.compare_digest(entry.sha256, digest) and entry.until >= today:
                valid = entry
        return valid


def _log_refused(reason: str) -> None:
    _log.error("civic_app_keys_not_read", reason=reason)


def _read(text: str) -> list[Key]:
    keys = []
    for document in tomllib.loads(text).get("keys", ()):
        key = Key(
            str(document["app"]),
            str(document["sha256"]),
            document["until"],
            document.get("answers", False),
            document.get("extended_statuses", False),
        )
        if not _HASH.fullmatch(key.sha256):
            raise ValueError(f"the key of {key.app} is no SHA-256 in small hex digits")
        if type(key.until) is not dt.date:  # a datetime is a date to isinstance
            raise ValueError(f"the key of {key.app}: until is not a day")
        if type(key.answers) is not bool or type(key.extended_statuses) is not bool:
            raise ValueError(f"the key of {key.app}: answers, extended_statuses: true or false")
        keys.append(key)
    return keys
