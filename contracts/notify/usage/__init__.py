"""What senders of messages use: figures, limits, days of keeping, who wants no more of them."""
