"""Civic apps: what was done with their reports, and what their users write."""
