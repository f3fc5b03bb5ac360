"""What senders use, at the desk: figures, limits, days of keeping."""
