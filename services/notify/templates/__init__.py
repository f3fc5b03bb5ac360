"""Templates: drafted, approved, filled in."""
