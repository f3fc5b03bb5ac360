"""Rules of tickets: what may be done when, by when it must be done, and why then; pure."""
