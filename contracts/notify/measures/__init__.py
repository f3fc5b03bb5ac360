"""How fast promises use up what they may miss."""
