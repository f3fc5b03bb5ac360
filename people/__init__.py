"""People who act: officers of a context, one-time codes, tracking codes, the company."""
