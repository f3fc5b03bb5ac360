"""Our unsubscribe link in e-mails of senders: its address, what it ends, and who reads of that."""
