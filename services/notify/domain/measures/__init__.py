"""How long parts were up, how fast promises burn, how many messages are in time; pure."""
