"""Pages about us: laws, the agreement, figures, privacy."""
