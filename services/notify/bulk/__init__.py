"""Bulk jobs: a file of rows comes in, is checked, started, and becomes messages."""
