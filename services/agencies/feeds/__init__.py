"""What agencies read about themselves: the feed of their events, and their refused requests."""
