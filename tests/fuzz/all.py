"""All parsers, by name."""

from tests.fuzz import evidence, files, http, mail, messages, words
from tests.fuzz.parsers import PARSERS

__all__ = ["PARSERS", "evidence", "files", "http", "mail", "messages", "words"]
