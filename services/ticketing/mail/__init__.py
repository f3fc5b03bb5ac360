"""How letters are read: strangers' bytes to text, addresses and files; pure, linear, bounded."""
