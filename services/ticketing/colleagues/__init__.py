"""What colleagues tell each other: notices, absences, tickets that are handed over."""
