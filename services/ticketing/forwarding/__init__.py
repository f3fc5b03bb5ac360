"""Tickets that are another city's: sent to its Open311 endpoint once, and followed there."""
