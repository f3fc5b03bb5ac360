"""Worked examples: an agency that serves, in Python and in Node."""
