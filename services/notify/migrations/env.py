"""Runs the migrations of the notify context on the connection that migrate.py gives it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
