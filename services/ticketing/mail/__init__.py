"""How e-mails are read: strangers' bytes to text, addresses and files; pure, linear, bounded."""
