"""Pages of notices at the desk."""
