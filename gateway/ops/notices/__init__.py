"""The editors' pages of notices: board, templates, jobs, announcements, messages, letters."""
