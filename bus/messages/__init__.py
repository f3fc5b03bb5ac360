"""How a message is written, checked and carried as JSON (start with message.py)."""
