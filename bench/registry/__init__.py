"""A register of water sources as a clerk's spreadsheet exports it, of people that do not exist."""
