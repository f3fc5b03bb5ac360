"""The client library and command of outside agencies; see README.md beside."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.caller import Answer, Caller, Refused, Unreachable
    from connector.certificates import tls_session
    from connector.evidence import Evidence
    from connector.keys import load_key, read_server_keys
    from connector.later import Later

__all__ = [
    "Answer",
    "Caller",
    "Evidence",
    "Later",
    "Refused",
    "Unreachable",
    "load_key",
    "read_server_keys",
    "tls_session",
]
# Imported when they are first asked for: a command that verifies a file needs nothing of HTTP.
_PLACES = {
    "tls_session": "certificates",
    "Evidence": "evidence",
    "load_key": "keys",
    "read_server_keys": "keys",
    "Later": "later",
    **dict.fromkeys(("Answer", "Caller", "Refused", "Unreachable"), "caller"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
