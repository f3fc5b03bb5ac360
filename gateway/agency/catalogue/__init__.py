"""Documents about this face: OpenAPI, AsyncAPI, JSON Schemas, OAuth metadata."""
