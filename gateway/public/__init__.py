"""The citizens' face: pages, JSON API, Open311, feeds, receipts of SMS providers."""
