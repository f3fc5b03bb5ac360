"""The differences of two documents, in the words and days that officers type."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.html import formats
from gateway.ops.register import words
from gateway.ops.register.client_words import exception_label

# Any: a document of the register as JSON, shown whatever is in it.
Document = Mapping[str, Any]
# Members of a document that are lists of rights, and the members that identify a right.
RIGHTS = {
    "keys": ("id",),
    "certificates": ("id",),
    "exceptions": ("allows",),
    "xroad": ("member_class", "member_code", "subsystem_code"),
    "key_sets": ("url",),
    "grants": ("contract", "purposes"),
    "delegations": ("to", "contract", "purposes"),
}
PLAIN = ("name", "name_fa", "member")
LONG = 60


class Difference(NamedTuple):
    """A right or a name that is ``new``, ``gone`` or ``changed``."""

    kind: str
    title: str
    lines: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The difference in one sentence."""
        lines = "؛ ".join(self.lines)
        if self.kind == "gone":
            return f"{self.title} برداشته می‌شود" + (f" ({lines})" if lines else "")
        if self.kind == "new":
            return f"{self.title} افزوده می‌شود" + (f": {lines}" if lines else "")
        return f"{self.title}: {lines}"


def differences(before: Document | None, after: Document) -> list[Difference]:
    """All that a proposal changes; nothing for a document that says the same."""
    old = before or {}
    changes = [
        Difference("changed" if old.get(name) else "new", words.FIELDS[name], (change,))
        for name in PLAIN
        if (change := _change(old.get(name), after.get(name)))
    ]
    for name in RIGHTS:
        changes += _rights(name, old.get(name) or [], after.get(name) or [])
    for path, label in (("amqp.serves", "پاسخ می‌دهد"), ("events.hears", "می‌شنود")):
        changes += _names(label, _listed(old, path), _listed(after, path))
    return changes


def _rights(name: str, old: Sequence[Document], new: Sequence[Document]) -> list[Difference]:
    before = {_identity(name, right): right for right in old}
    after = {_identity(name, right): right for right in new}
    label, changes = words.RIGHTS[name], []
    for identity, right in after.items():
        title = f"{label} {_title(name, right)}"
        if identity not in before:
            changes.append(Difference("new", title, tuple(_described(right))))
        elif lines := _changed_lines(before[identity], right):
            changes.append(Difference("changed", title, lines))
    for identity, right in before.items():
        if identity not in after:
            title = f"{label} {_title(name, right)}"
            changes.append(Difference("gone", title, tuple(_described(right))))
    return changes


def _identity(name: str, right: Document) -> str:
    return repr([right.get(member) for member in RIGHTS[name]])


def _title(name: str, right: Document) -> str:
    if name in ("keys", "certificates"):
        return str(right.get("id", ""))
    if name == "key_sets":
        return str(right.get("url", ""))
    if name == "exceptions":
        return exception_label(str(right.get("allows", "")))
    if name == "xroad":
        return "/".join(str(right[part]) for part in RIGHTS[name] if right.get(part))
    return words.contract_label(str(right.get("contract", "")))


def _described(right: Document) -> list[str]:
    return [
        f"{words.member_label(member)}: {shown_member(member, value)}"
        for member, value in right.items()
        if member not in ("id", "contract", "allows", "url") and value not in ("", [], None)
    ]


def _changed_lines(old: Document, new: Document) -> tuple[str, ...]:
    lines = []
    for member in dict.fromkeys([*old, *new]):
        if change := _change(old.get(member), new.get(member), member):
            colon = "" if old.get(member) else ":"
            lines.append(f"{words.member_label(member)}{colon} {change}")
    return tuple(lines)


def _change(old: object, new: object, member: str = "") -> str:
    if (old or None) == (new or None):
        return ""
    becomes = shown_member(member, new)
    return f"از {shown_member(member, old)} به {becomes}" if old else becomes


def _names(label: str, old: Sequence[str], new: Sequence[str]) -> list[Difference]:
    gone = [Difference("gone", label, (name,)) for name in old if name not in new]
    return gone + [Difference("new", label, (name,)) for name in new if name not in old]


def _listed(document: Document, path: str) -> list[str]:
    section, _, name = path.partition(".")
    return list((document.get(section) or {}).get(name) or [])


def shown_member(name: str, value: object) -> str:
    """A member of a right as an officer would say it; a quota in words."""
    if name == "per_day" and isinstance(value, int):
        return words.quota(value)
    return shown(value)


def shown(value: object) -> str:
    """A value as an officer would type it: days are Jalali."""
    if value in (None, "", []):
        return "—"
    if isinstance(value, list):
        return "، ".join(shown(member) for member in value)
    if isinstance(value, Mapping):
        return "، ".join(f"{name} {shown(member)}" for name, member in value.items())
    text = str(value)
    if words.DAY.fullmatch(text):
        return formats.day(text)
    return words.purpose_label(text) if len(text) <= LONG else f"{text[:LONG]}…"
