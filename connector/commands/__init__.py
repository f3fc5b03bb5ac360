"""The commands of `python -m connector`, their options and what they print."""
