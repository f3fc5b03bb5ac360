"""Iranian text, calendar, hours and identifiers; pure, below everything else."""
