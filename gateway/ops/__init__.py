"""The operators' face, on a private network, and the pages that colleagues use at the desk."""
