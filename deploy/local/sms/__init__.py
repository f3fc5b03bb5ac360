"""The played providers of SMS, and the telephones."""
