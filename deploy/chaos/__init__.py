"""Faults made one after another on a running installation of its own, and what was counted."""
