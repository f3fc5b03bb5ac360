"""The rules of notices: parts of an SMS, templates, states, consents, quiet hours; pure."""
