"""Statements that each connection has planned once: for those that are sent again and again."""

import itertools
from typing import Any, Protocol

from sqlalchemy import Connection as Open
from sqlalchemy import CursorResult

from bus.database.connection import Connection

PREPARED = "prepared"
Rows = CursorResult[*tuple[Any, ...]]  # Any: rows differ


class Prepared:
    """A statement under a name; its places are ``%s``, each cast where its type does not show.

    Many rows come as arrays or as one JSON document, so that its text does not depend on how many
    they are. A connection that is not a Store's runs it as it stands.
    """

    def __init__(self, name: str, statement: str) -> None:
        self.name, self.statement = name, statement
        texts = statement.split("%s")
        numbered = (f"{text}${n}" for n, text in zip(itertools.count(1), texts[:-1], strict=False))
        self._prepare = f"prepare {name} as {''.join(numbered)}{texts[-1]}"
        places = ", ".join(["%s"] * (len(texts) - 1))
        self._execute = f"execute {name}({places})" if places else f"execute {name}"

    def run(self, conn: Open, *values: object) -> Rows:
        """Run it with these values."""
        return conn.exec_driver_sql(self.text(conn), values)

    def text(self, conn: Open) -> str:
        """What is to be sent on this connection, which prepares it at its first use there."""
        if not isinstance(conn.connection.dbapi_connection, Connection):
            return self.statement
        # Emptied by SQLAlchemy when the connection is replaced.
        prepared: set[str] = conn.info.setdefault(PREPARED, set())
        if self.name not in prepared:
            conn.exec_driver_sql(self._prepare)
            prepared.add(self.name)
        return self._execute


class Writer(Protocol):
    """Takes statements that travel with the commit: a Tx of store.py."""

    def write(self, statement: Prepared, *values: object) -> None: ...
