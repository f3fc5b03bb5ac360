"""Senders whose letters are set aside: the list, and which of its rows a letter meets."""
