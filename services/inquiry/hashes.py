"""Hashes by which persons are found again; with the service's secret, and without it never."""

import hmac

from bus.sealing import derived


def person_hash(log_key: str, mobile: str, national_id: str) -> bytes:
    """Hash a person by mobile and national ID together."""
    return _mac(log_key, "person", f"{mobile}\0{national_id}")


def token_hash(log_key: str, token: str) -> bytes:
    """Hash the token of a session, as it is kept."""
    return _mac(log_key, "session", token)


def entry_reference(log_key: str, seq: int) -> str:
    """Name an entry of the log by 20 hexadecimal digits; unlike its number it tells nothing of how
    many others there are, which may be withheld.
    """
    return _mac(log_key, "entry", str(seq)).hex()[:20]


def _mac(log_key: str, purpose: str, text: str) -> bytes:
    return hmac.digest(derived(log_key, f"mirab.inquiry.{purpose}"), text.encode(), "sha256")
