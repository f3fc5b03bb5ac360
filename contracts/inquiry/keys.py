"""The kinds of keys by which a subscriber or a source is looked up."""

from collections.abc import Callable

from iran import identifiers

KEY_KINDS: dict[str, Callable[[str], str]] = {
    "national_id": identifiers.national_id,
    "legal_id": identifiers.legal_id,
    "foreigner_id": identifiers.foreigner_id,
    "licence_no": lambda text: identifiers.register_number(text, "licence_no"),
    "file_no": lambda text: identifiers.register_number(text, "file_no"),
    "subscription_code": lambda text: identifiers.register_number(text, "subscription_code"),
    "electricity_subscription": lambda text: identifiers.register_number(
        text, "electricity_subscription"
    ),
}


def canonical_key(kind: str, text: str) -> str:
    """Bring the key of a subscriber into canonical form; raises identifiers.Malformed.

    >>> canonical_key("national_id", "۹۹۰۰۰۰۰۰۱۳")
    '9900000013'
    """
    return KEY_KINDS[kind](text)
