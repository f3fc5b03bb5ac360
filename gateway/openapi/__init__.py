"""What the faces tell machines of themselves: OpenAPI 3.1 documents and JSON Schemas."""
