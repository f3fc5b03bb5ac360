"""Figures of senders: messages by day, channel, template, door and state."""
