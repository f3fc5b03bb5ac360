"""The board: whether all is well, what is wrong, and what to do about it."""
