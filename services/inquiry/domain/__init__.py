"""The rules of inquiry: pure functions over values; nothing here knows a database or a message."""
