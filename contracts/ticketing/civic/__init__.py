"""Civic apps and other cities: updates of reports, and tickets that are forwarded."""
