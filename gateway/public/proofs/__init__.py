"""Proofs that people hold: verified by anybody, and made of an own answer field by field."""
