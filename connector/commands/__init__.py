"""The commands of `python -m connector`, their options, what they print, and how they end."""

GOOD, REFUSED, UNABLE, STOPPED = 0, 1, 2, 130  # exit codes
