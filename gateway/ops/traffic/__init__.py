"""Agencies as operators see them: how much each calls, and what it is refused."""
