"""Measures Mirab as an agency meets it: over HTTP, signed, logged, answered, signed."""
