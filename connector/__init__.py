"""The kit with which an outside agency asks over Mirab; see README.md beside."""

from connector.caller import Answer, Caller, Refused, Unreachable

__all__ = ["Answer", "Caller", "Refused", "Unreachable"]
