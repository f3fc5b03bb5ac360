"""What all tables of ticketing share."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    MetaData,
    Text,
)

metadata = MetaData()
MOMENT = DateTime(timezone=True)


def id_column(name: str = "id") -> Column[int]:
    return Column(name, BigInteger, Identity(always=True), primary_key=True)


def ticket_column() -> Column[int]:
    return Column("ticket", BigInteger, ForeignKey("tickets.id"), nullable=False)


def username_column() -> Column[str]:
    return Column("username", Text, ForeignKey("staff.username"), nullable=False)
