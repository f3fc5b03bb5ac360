"""Limits of senders a day and a year, and for how long their messages are kept."""
