"""The reference of an interface as pages, made from the OpenAPI document of its face."""
