"""Keys, digests and HTTP message signatures."""
