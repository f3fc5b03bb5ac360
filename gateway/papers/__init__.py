"""Papers that people print or save: PDF documents and CSV tables."""
