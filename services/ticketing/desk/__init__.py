"""What colleagues do at the desk: the queue, tickets, incoming e-mails, the calendar."""
