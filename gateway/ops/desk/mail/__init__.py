"""Letters that came in, and senders whose letters are set aside."""
