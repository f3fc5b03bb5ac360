"""The bus towards the database: transactions, inbox, outbox, rows of work, migrations."""
