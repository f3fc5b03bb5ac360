"""The book of the desk, changed at the desk: proposals, decisions, the day they come in force."""
