"""Comparison with the banks: their files, and the close of a day."""
