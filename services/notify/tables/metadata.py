"""What all tables of the context share."""

from sqlalchemy import DateTime, MetaData
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
MOMENT = DateTime(timezone=True)
# A nullable document: None is the database's null, never JSON's.
DOCUMENT = JSONB(none_as_null=True)
