"""What all pages of the portal stand on: services, texts, access by code and secret."""
