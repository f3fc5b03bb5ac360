"""E-mails and SMS about tickets to citizens and units."""
