"""What mail servers, receivers and the post report of messages that were handed over."""
