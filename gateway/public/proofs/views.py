"""What a proof says, in the visitor's words: fields by their names, statuses by their meaning."""

import datetime as dt
import re
from typing import NamedTuple

import orjson

from bus.signatures.sd_jwt import Shown
from contracts.inquiry.attestations import CHOICES
from gateway.html.spoken import month_names, spoken, spoken_day
from gateway.public.site import words
from gateway.texts.files import Language, file_of
from iran.persian import tehran_day

STATUS, GROUP = "status.code", "status.group"
UNKNOWN = "NOT_DETERMINABLE"
GROUPS = ("IN_FORCE", "NOT_IN_FORCE", "NO_LICENCE", UNKNOWN)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_LONGEST = 400


class Row(NamedTuple):
    """A field: its label, its value, and whether the value is a code in Latin letters."""

    label: str
    value: str
    latin: bool = False


def rows_of(shown: Shown, lang: Language) -> list[Row]:
    """Return the fields of a proof, those that people choose first; a field without a name of ours
    stands under its own.
    """
    names = [name for name in CHOICES if name in shown.fields]
    names += sorted(shown.fields.keys() - {*names})
    return [_row(name, shown.fields[name], lang) for name in names]


def label_of(name: str, lang: Language) -> str:
    """Return what people call a field; its own name if it has no other."""
    return words.text_if_any(lang, f"proof_field_{name.replace('.', '_')}") or name


def _row(name: str, value: object, lang: Language) -> Row:
    label = label_of(name, lang)
    if name == GROUP:
        return Row(label, words.text_if_any(lang, f"proof_group_{value}") or str(value))
    if name == STATUS:
        meaning = words.text_if_any(lang, f"means_{value}")
        return Row(label, f"{meaning} ({value})" if meaning else str(value))
    return Row(label, *_written(value, lang))


def _written(value: object, lang: Language) -> tuple[str, bool]:
    speak = words.speaker(lang)
    if value is None:
        return speak("proof_none"), False
    if isinstance(value, bool):
        return speak("yes" if value else "no"), False
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return spoken(value, lang), False
    if isinstance(value, str) and _DAY.fullmatch(value):
        return spoken_day(value, lang), False
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text[:_LONGEST], text.isascii()


def is_undecided(shown: Shown) -> bool:
    """True if the proven statement is that the status cannot be known."""
    return UNKNOWN in (shown.fields.get(STATUS), shown.fields.get(GROUP))


def issued_day(shown: Shown) -> str:
    """Return the day in Iran on which it was signed."""
    return tehran_day(dt.datetime.fromtimestamp(shown.issued, dt.UTC)).isoformat()


def _days_of(lang: Language) -> dict[str, object]:
    """The names of the months and how a moment is written; of English a browser knows them."""
    if lang == "en":
        return {}
    return {"months": month_names(lang), "moment": file_of(lang).texts["proof_moment"]}


def script_texts(lang: Language) -> str:
    """Return as JSON what static/verify.js writes: labels, meanings, and a sentence a fault."""
    faults = (
        "unreadable",
        "kind",
        "key_unknown",
        "key_ended",
        "forged",
        "field_added",
        "not_yet",
        "expired",
        "binding",
    )
    speak = words.speaker(lang)
    return orjson.dumps(
        {
            "fields": {name: label_of(name, lang) for name in CHOICES},
            "means": {
                key.removeprefix("means_"): str(text)
                for key, text in file_of(lang).texts.items()
                if key.startswith("means_") and key.removeprefix("means_").isupper()
            },
            "groups": {group: speak(f"proof_group_{group}") for group in GROUPS},
            "faults": {fault: speak(f"proof_fault_{fault}") for fault in faults},
            "by": speak("proof_by"),
            "on": speak("proof_on"),
            "key": speak("proof_key"),
            "none": speak("proof_none"),
            "yes": speak("yes"),
            "no": speak("no"),
            **_days_of(lang),
        }
    ).decode()
