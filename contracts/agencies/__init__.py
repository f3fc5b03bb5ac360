"""Contracts of the agencies context: the register, deferred calls, events that are heard."""
