"""The ticket: its rows, one act on it, its views and its visits."""
