"""The HTTP faces on the bus: public, agency, ops, desk, notify. No database, no business rule."""
