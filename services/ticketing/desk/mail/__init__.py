"""E-mails that came in, and senders whose e-mails are set aside, as colleagues work on them."""
