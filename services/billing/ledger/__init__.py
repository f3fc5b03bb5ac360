"""The ledger: entries in the database, and the monthly statement of an agency."""
