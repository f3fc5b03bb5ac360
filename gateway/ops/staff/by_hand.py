"""Forms of messages by hand: the values that were typed, and what the page before sending shows."""

from collections.abc import Mapping, Sequence

from contracts.notify.editors.by_hand import HandForm
from contracts.notify.messages import MessagePreview
from gateway.forms.values import Values, value_of
from gateway.ops.staff.previews import Fact

VALUE = "value-"


def values_of(values: Values) -> dict[str, str]:
    """Return the values of the placeholders by their names, as a form has them."""
    return {
        name.removeprefix(VALUE): value_of(values, name).strip()
        for name in values
        if name.startswith(VALUE) and value_of(values, name).strip()
    }


def chosen_form(forms: Sequence[HandForm], id_: str) -> HandForm | None:
    """Return the form that was chosen; None for none."""
    return next((form for form in forms if form.id == id_), None)


def facts_of(preview: MessagePreview) -> tuple[Fact, ...]:
    """Return what a message costs, where it is an SMS, and its subject, where it has one."""
    facts = []
    if preview.subject:
        facts.append(Fact("عنوان", preview.subject))
    if preview.parts is not None:
        facts.append(Fact("بخش‌های پیامک", str(preview.parts)))
    if preview.cost_rials is not None:
        facts.append(Fact("هزینه", f"{preview.cost_rials:,} ریال"))
    return tuple(facts)


def language_of(form: HandForm, chosen: str) -> str:
    """Return the language that was chosen, if the form has it; else its first one."""
    return chosen if chosen in form.languages else form.languages[0]


def typed_values(typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed for the placeholders, to be shown again."""
    return {
        name.removeprefix(VALUE): text for name, text in typed.items() if name.startswith(VALUE)
    }
