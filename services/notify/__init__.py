"""Notices: messages to people, by SMS, e-mail, inbox, news and letter, each handed over once."""
