"""What legal holds of the desk protect here, beside the tables of tables.py."""

from sqlalchemy import BigInteger, Column, Date, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from services.inquiry.signal_tables import MOMENT, metadata

__all__ = ["LEGAL_HOLDS", "metadata"]

# A person by ID as the log hashes it, or by mobile and ID together; a matter by its codes.
LEGAL_HOLDS = Table(
    "legal_holds",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("as_of", MOMENT, nullable=False),
    Column("until", Date),
    Column("key_hash", Text),
    Column("persons", ARRAY(LargeBinary), nullable=False),
    Column("refs", ARRAY(Text), nullable=False),
)
