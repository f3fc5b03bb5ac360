"""Bills: issuance and changes, search, due dates, previews and replies."""
