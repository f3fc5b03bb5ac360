"""Calls that are answered later (RFC 7240): accepted, run by this face, read by their agency."""
