"""What comes from outside of the bus: files, letters, HTTP answers, spreadsheets."""
