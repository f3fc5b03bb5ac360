"""The previews before a proposal is decided or a right is revoked."""

from bus.messages.values import Json
from contracts.agencies.desk import AgencyWhole, Change, Revoke
from gateway.ops.register import words
from gateway.ops.register.client_words import exception_label
from gateway.ops.register.differences import differences, shown
from gateway.ops.staff.previews import Fact, Preview

KINDS = {"new": "تازه", "gone": "برداشته می‌شود", "changed": "تغییر می‌کند"}
_DECISIONS = {
    "approve": ("این پیشنهاد تأیید می‌شود", "تأیید پیشنهاد", "بی‌درنگ اجرا می‌شود."),
    "refuse": ("این پیشنهاد رد می‌شود", "رد پیشنهاد", "دستگاه همان که هست می‌ماند."),
    "withdraw": (
        "این پیشنهاد پس گرفته می‌شود",
        "پس گرفتن پیشنهاد",
        "دستگاه همان که هست می‌ماند.",
    ),
}
# A kind of right → the list of the document that it stands in, and what its end leaves.
_REVOKED = {
    "key": ("keys", "دستگاه با این کلید دیگر پذیرفته نمی‌شود و دوباره ثبت نمی‌شود."),
    "certificate": ("certificates", "دستگاه با این گواهی دیگر پذیرفته نمی‌شود."),
    "exception": (
        "exceptions",
        "قاعده سخت‌گیرانه هم‌اکنون باز می‌گردد؛ آنچه با این استثنا گرفته شده نیز پذیرفته نمی‌شود.",
    ),
    "key_set": ("key_sets", "کلیدهای این نشانی هم‌اکنون پایان می‌یابد."),
    "grant": ("grants", "دستگاه دیگر پاسخی از این قرارداد نمی‌گیرد."),
    "delegation": ("delegations", "دستگاه دیگر از سوی این دستگاه نمی‌پرسد."),
    "serving": ("", "پرسش‌های در راه به این دستگاه بی‌پاسخ می‌ماند."),
    "hearing": ("", "دستگاه دیگر این رویدادها را نمی‌شنود."),
}


def decision(name: str, change: Change, reason: str) -> Preview:
    """The page before a proposal is approved, refused or taken back."""
    title, button, leaves = _DECISIONS[name]
    named = (change.after or change.before or {}).get("name_fa")
    agency = f"{named} ({change.code})" if named else change.code
    facts = [Fact("دستگاه", agency), Fact("دلیل پیشنهاد", change.reason)]
    if change.after:
        facts += [
            Fact(KINDS[difference.kind], difference.sentence)
            for difference in differences(change.before, change.after)
        ]
    if reason:
        facts.append(Fact("دلیل", reason))
    sentences = [leaves]
    if change.stale:
        sentences.append("دستگاه پس از این پیشنهاد تغییر کرده است؛ تأیید آن پذیرفته نمی‌شود.")
    return Preview(
        title=title,
        button=button,
        facts=tuple(facts),
        leaves=tuple(sentences),
        danger=name == "refuse",
        again=name == "refuse",
    )


def revocation(agency: AgencyWhole, message: Revoke) -> Preview:
    """The page before a right, or all rights of an agency, are revoked."""
    kind, id_ = message.what, message.id
    document = agency.document or {}
    if kind == "agency":
        facts = [
            Fact(label, str(len(document.get(name) or [])))
            for name, label in words.RIGHTS.items()
            if document.get(name)
        ]
        leaves = ["همه کلیدها و مجوزها و زیرسامانه‌های آن هم‌اکنون پایان می‌یابد."]
    else:
        name, sentence = _REVOKED[kind]
        facts = [Fact(words.ACTS[f"revoke {kind}"], _named(agency, name, id_))]
        leaves = [sentence]
        if kind == "key":
            leaves.append(_keys_left(document, id_))
    leaves.append("بازگرداندن آن پیشنهاد تازه و تأیید نفر دوم می‌خواهد.")
    return Preview(
        title=f"{words.ACTS[f'revoke {kind}']}: {document.get('name_fa') or agency.code}",
        button="لغو هم‌اکنون",
        facts=(*facts, Fact("دلیل", message.reason)),
        leaves=tuple(leaves),
        basis={"version": agency.version},
        danger=True,
    )


def _named(agency: AgencyWhole, name: str, id_: str) -> str:
    """The right as people call it, and its last day."""
    document = agency.document or {}
    ids = (agency.ids or {}).get(name)
    rights = document.get(name) or []
    for number, right in enumerate(rights):
        names = (right.get(member) for member in ("id", "allows", "url"))
        if (ids[number] if ids else next(filter(None, names), None)) == id_:
            label = words.contract_label(right["contract"]) if "contract" in right else id_
            label = exception_label(id_) if "allows" in right else label
            return f"{label}، تا {shown(right.get('until'))}"
    return words.contract_label(id_)


def _keys_left(document: Json, id_: str | None) -> str:
    """What an agency proves itself by without this key."""
    left = sum(
        key["id"] != id_ and not words.has_ended(key["until"]) for key in document.get("keys") or []
    )
    if left:
        return f"{left} کلید دیگر برایش می‌ماند."
    return "کلید دیگری که در اجرا باشد ندارد: تا کلید تازه ثبت نشود درخواستی از آن پذیرفته نمی‌شود."
