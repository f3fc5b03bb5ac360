"""Rows of a registry export: how each cell is read, and what the row says."""
