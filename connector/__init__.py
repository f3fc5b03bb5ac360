"""The client library and command of outside agencies; see README.md beside."""

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
