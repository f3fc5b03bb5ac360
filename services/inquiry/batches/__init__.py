"""Batches: uploaded in parts, answered in the background, read in pages."""
