"""Tests of the status pages and of their open data."""
