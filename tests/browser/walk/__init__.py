"""Judges every page of a running demo."""
