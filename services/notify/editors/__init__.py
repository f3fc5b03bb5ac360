"""Editors of notices: who they are, and the log of looks at personal data."""
