"""E-mails that come in: the SMTP server, the queue, and where each e-mail is filed."""
