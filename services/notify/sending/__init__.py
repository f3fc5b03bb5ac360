"""Messages: accepted, handed over, followed to their end, accounted for."""
