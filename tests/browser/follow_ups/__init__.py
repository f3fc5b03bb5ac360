"""The question weeks after the end, in a real browser."""
