"""What the loaded registry holds about a key at a moment."""
