"""The staff desk: sign-in, queue, tickets, calendar, figures; on the ops network."""
