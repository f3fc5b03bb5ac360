"""How long parts were up, and how fast promises use up what they may miss."""
