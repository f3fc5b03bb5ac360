"""The scanner of viruses, by which files of citizens are judged."""

from bus.clamd import SECONDS, Clamd

__all__ = ["SECONDS", "Clamd"]
