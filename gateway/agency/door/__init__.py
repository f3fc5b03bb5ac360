"""The door: identifies the agency, checks each request in one order, calls the service, signs."""
